"""Tune the hardened policy on the scenario library and hold it against d7: ``python -m tests.campaigns.tuning``.

Prints the sign of the difference on every held-out date (- means less lost).  Exit code 1: the recommended policy did
not lose less over the held-out dates, or was not safe on them.  It needs the recordings that SIM_KLINES names, and a
quarter of an hour on two cores; stopped, it goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from sim.tune import day_text, evidence_lines, publish, tune, verdict_text

SPACE: Final = Path(__file__).with_name("tuning.toml")
KEPT: Final = Path(".campaigns/tuning")
SCENARIOS: Final = ("ghost_entry", "double_trap", "lossy_network")


def main(words: list[str]) -> int:
    """Tune, print and judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.tuning", description=__doc__)
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    parser.add_argument("--space", default=str(SPACE))
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args(words)
    tuning = tune(
        asked.scenarios.split(","),
        asked.space,
        trials=asked.trials,
        seeds=asked.seeds,
        storage=f"{KEPT}.journal",
        jobs=asked.jobs,
    )
    KEPT.mkdir(parents=True, exist_ok=True)
    publish(tuning, KEPT)
    found = tuning.recommendation
    if found is None:
        print("no trial was safe")
        return 1
    print(f"search:   {verdict_text(found.search, tuning.baseline)}")
    print(f"held out: {verdict_text(found.hold_out, tuning.baseline)}")
    for day, intents, difference, sign in found.hold_out.dates:
        print(f"  {day_text(day)}  {sign}  {difference:+9.3f} bps  {intents} intents")
    print("\n".join([*tuning.split.notes, *evidence_lines(tuning, found)]))
    safe = found.hold_out.recommended.is_safe(tuning.space.space.safety)
    return 0 if safe and found.hold_out.difference.value < 0.0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
