"""Write a hunt to its folder: a scenario for each finding, and one JSON file that says all."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

from sim.hunt.bracket import Bracket
from sim.hunt.cause import Cause
from sim.hunt.hunting import Hunt
from sim.hunt.record import findings_of, record_of
from sim.hunt.save import save

RECORD: Final = "hunt.json"
SCENARIOS: Final = "findings"


def facts_of(bracket: Bracket, hold_s: float) -> dict[str, Any]:
    """Say what was hunted."""
    return {
        **bracket.facts,
        "title": bracket.loaded.scenario.title,
        "hold_s": hold_s,
        "notional_quote": round(bracket.notional, 2),
    }


def keep(hunt: Hunt, bracket: Bracket, folder: Path) -> dict[str, Any]:
    """Write findings and record under ``folder`` and return the record; raises OSError where it cannot be written.

    Scenarios of an earlier hunt in the same folder stay: what was found once is a test from then on.
    """
    saved: dict[Cause, Path] = {}
    names: Counter[str] = Counter()
    for found in hunt.findings:
        word = found.cause.text
        names[word] += 1
        name = word if names[word] == 1 else f"{word}_{names[word]}"
        saved[found.cause] = save(found, hunt.quarries[found.on], folder / SCENARIOS, name)
    findings = findings_of(hunt, saved, bracket.policy.name, bracket.seed)
    record = record_of(hunt, findings, facts_of(bracket, hunt.quarries[""].hold_s))
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / RECORD).write_text(text + "\n", encoding="utf-8")
    return record
