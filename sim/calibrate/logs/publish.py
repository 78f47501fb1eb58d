"""Write a calibration into a folder: its scenarios, signals, tables, and numbers; run them at both ends."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sim.calibrate.logs.ends import EndRun, run_end
from sim.calibrate.logs.failures import WOULD_TRIGGER
from sim.calibrate.logs.fit import Calibration
from sim.calibrate.logs.kept import seal
from sim.calibrate.logs.scenario_file import (
    SIGNALS,
    Assumed,
    applied_share,
    has_two_ends,
    scenario_text,
)
from sim.calibrate.logs.source import Log
from sim.calibrate.logs.workday import Workday, signal_lines, workday
from sim.scenario import LoadedPolicy

SCENARIO = "scenario.toml"
OTHER_END = "scenario-applied-1.toml"
NUMBERS = "calibration.json"
_SETTLE_S = 60.0


def publish(
    log: Log,
    found: Calibration,
    folder: Path,
    *,
    klines: str,
    assumed: Assumed,
    command: str,
    policy: LoadedPolicy | None,
    intents: int | None = None,
    written_by: str = "d7",
) -> list[EndRun]:
    """Write SCENARIO, and OTHER_END where P(applied) is open, into ``folder``; run each once under ``policy``.

    ``policy`` None runs nothing.  The share of -2021 that the tape itself makes is measured by a first run.
    ``written_by``: the policy behind the log, as a file in ``folder`` names it; ``[check]`` holds the day to it.
    """
    day = day_of(log, klines, assumed)
    if day.rows:
        (folder / SIGNALS).write_text("\n".join(signal_lines(day)) + "\n", encoding="utf-8")
    ends = [(SCENARIO, applied_share(found))]
    if has_two_ends(found):
        ends.append((OTHER_END, 1.0))
    own = 0.0

    def write(name: str, applied: float) -> Path:
        text = scenario_text(
            found, day, assumed, applied=applied, command=command, own_2021=own, per_hour=_per_hour(log),
            policy=written_by,
        )  # fmt: skip
        (folder / name).write_text(text, encoding="utf-8")
        return folder / name

    if policy is not None and any(rate.failure == WOULD_TRIGGER for rate in found.rates):
        own = 1.0
        own = run_end(write(*ends[0]), 0.0, policy, intents=intents).met_2021
    files = [(write(name, applied), applied) for name, applied in ends]
    runs = [] if policy is None else [run_end(file, end, policy, intents=intents) for file, end in files]
    facts = {
        **facts_of(log, found),
        "runs": [asdict(run) for run in runs],
        "tape": day.klines,
        "day": day.date,
    }
    (folder / NUMBERS).write_text(
        json.dumps(plain(facts), indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )
    seal(folder, command)
    return runs


def day_of(log: Log, klines: str, assumed: Assumed) -> Workday:
    """Return the day of ``log`` that a scenario replays, on the tape ``klines`` or whatever is at hand."""
    return workday(log.tally, klines, assumed.hold_s, _SETTLE_S)


def facts_of(log: Log, found: Calibration) -> dict[str, Any]:
    """Return all that was read and fitted, as plain values."""
    counts = log.counts
    lines = {
        "lines": counts.lines,
        "read": counts.read,
        "other": counts.other,
        "refused": dict(counts.refused.most_common()),
        "without_zone": counts.unzoned,
        "clock_set_back": counts.set_back,
        "placements_cut_off": log.cut_off,
        "first_us": counts.first_us,
        "last_us": counts.last_us,
    }
    return {"lines": lines, **asdict(found)}


def plain(value: Any) -> Any:
    """Return ``value`` as JSON can hold it: what is no number is null."""
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _per_hour(log: Log) -> float:
    hours = max(1.0 / 6.0, (log.counts.last_us - log.counts.first_us) / 3.6e9)
    entries = log.tally.total("checked") or log.tally.total("placements") / 3.0
    return max(0.01, round(entries / hours, 3))
