"""L03: no task dies unseen, no coroutine is left without being awaited, the loop stands for less than ``block_s``.

(Failures F16, F42.)  Stands of the loop are in the record where its process is simulated: *blocked* until *released*.
"""

from __future__ import annotations

from sim.checks.case import NO_INTENT, Case, Finding
from sim.checks.s08_real_world import LEFT


def find_lost_work(case: Case) -> list[Finding]:
    """Return one finding per error that the run reported beside its trace, and per long stand of the loop (s)."""
    lost = [
        Finding(NO_INTENT, -1, 1.0, "errors", error, "nobody noticed")
        for error in case.errors
        if not error.startswith(LEFT)
    ]
    return lost + _long_stands(case)


def _long_stands(case: Case) -> list[Finding]:
    rows = case.table("process")
    since: dict[int, int] = {}
    findings = []
    for kind, owner, at_us in zip(
        rows["kind"].tolist(), rows["intent"].tolist(), rows["at_us"].tolist(), strict=True
    ):
        if kind == "blocked":
            since.setdefault(owner, at_us)
        elif owner in since:
            stood_us = at_us - since.pop(owner)
            if stood_us > round(case.bounds.block_s * 1e6):
                findings.append(
                    Finding(
                        owner, at_us - stood_us, stood_us / 1e6, "s",
                        f"the event loop stood for {stood_us / 1e6:.3f} s", "timers and replies are served",
                    )
                )  # fmt: skip
    return findings
