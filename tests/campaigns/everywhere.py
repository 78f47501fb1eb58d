"""Hold the hardened policy to every rule in every scenario, and count what the baselines break beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sim.report.printing import Heading, PrintedTable, printed, text_table
from sim.scenario import scenario_names
from tests.campaigns.ledger import runnable
from tests.campaigns.runs import Case, Row

JUDGED: Final = "safe"
BASELINES: Final = ("d7", "legacy-entry", "legacy-sltp", "legacy-immediate-sl")
OTHER_ISOLATION: Final = {
    "calm_baseline": "account",
    "quickstart": "account",
    "drop_after_entry": "account",
    "quick_reentry": "intent",
}
"""Scenarios that are run under the other isolation as well: intents that overlap in one account, and apart."""

CALM_TRADING: Final = 0.95
"""The share of intents that must trade where nothing fails and no price runs away."""


def all_cases(only: Sequence[str] = ()) -> list[Case]:
    """Return every scenario under the hardened policy; ``only`` names scenarios and policies to keep."""
    known = scenario_names()
    names = runnable([name for name in known if name in only] or known)
    policies = [name for name in (JUDGED, *BASELINES) if name in only] or [JUDGED]
    places: list[tuple[str, tuple[str, ...]]] = [(name, ()) for name in names]
    places += [(name, (f"isolation={OTHER_ISOLATION[name]}",)) for name in names if name in OTHER_ISOLATION]
    return [
        Case(scenario=name, policy=policy, changes=changes) for policy in policies for name, changes in places
    ]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Count what a policy's runs showed; ``open`` are intents whose fate was unknown when their books were closed."""

    name: str
    runs: int
    decided: int
    traded: int
    open: int
    broken: Counter[str]
    failed: int

    @property
    def share(self) -> float:
        """Return the share of intents that traded."""
        return self.traded / self.decided if self.decided else float("nan")


def tally(name: str, rows: Sequence[Row]) -> Tally:
    """Add rows up."""
    broken: Counter[str] = Counter()
    for row in rows:
        broken.update(row.counts)
    return Tally(
        name=name,
        runs=len(rows),
        decided=sum(row.decided for row in rows),
        traded=sum(row.traded for row in rows),
        open=sum(row.orphaned + row.unresolved for row in rows),
        broken=broken,
        failed=sum(row.failed for row in rows),
    )


def scenario_table(rows: Sequence[Row], policy: str = JUDGED) -> PrintedTable:
    """Return one row per scenario: what a policy broke there."""
    mine = [row for row in rows if row.policy == policy]
    names = sorted({row.scenario for row in mine})
    tallies = [tally(name, [row for row in mine if row.scenario == name]) for name in names]
    return _table(f"{policy}: every scenario", "scenario", [*tallies, tally("all", mine)])


def policy_table(rows: Sequence[Row]) -> PrintedTable:
    """Return one row per policy over the scenarios and seeds that all policies have run."""
    policies = [name for name in (JUDGED, *BASELINES) if any(row.policy == name for row in rows)]
    keys = [{(row.scenario, row.seed) for row in rows if row.policy == name} for name in policies]
    shared = set.intersection(*keys) if keys else set()
    same = [row for row in rows if (row.scenario, row.seed) in shared]
    tallies = [tally(name, [row for row in same if row.policy == name]) for name in policies]
    return _table("Policies on the same runs", "policy", tallies)


def _table(title: str, first: str, tallies: Sequence[Tally]) -> PrintedTable:
    headings = (
        Heading(name=first, numeric=False),
        Heading(name="runs"),
        Heading(name="failed"),
        Heading(name="intents"),
        Heading(name="traded", unit="%"),
        Heading(name="open"),
        Heading(name="broken rules", numeric=False),
    )
    cells = tuple(
        (
            one.name,
            printed(one.runs),
            printed(one.failed),
            printed(one.decided),
            printed(one.share, "share"),
            printed(one.open),
            " ".join(f"{check}:{count}" for check, count in sorted(one.broken.items())) or "none",
        )
        for one in tallies
    )
    return PrintedTable(title=title, headings=headings, rows=cells)


def report(rows: Sequence[Row]) -> tuple[str, bool]:
    """Return the tables as text, and whether the hardened policy broke nothing and traded when all was calm."""
    tables = [scenario_table(rows), policy_table(rows)]
    lines = [line for table in tables for line in (table.title.upper(), *text_table(table), "")]
    mine = [row for row in rows if row.policy == JUDGED]
    calm = tally("calm", [row for row in mine if row.scenario == "calm_baseline"])
    traded = not calm.runs or calm.share >= CALM_TRADING
    return "\n".join(lines), traded and not any(row.failed for row in mine)
