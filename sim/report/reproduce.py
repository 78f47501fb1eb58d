"""Say how to see each broken rule again: the run that shows it, and the story of the intent it hit worst."""

from __future__ import annotations

import shlex

from sim.experiment import Result


def reproducing_lines(result: Result) -> list[str]:
    """Return, for each broken check, the command that shows its worst violation again and the one that tells it.

    The story is that of this result's own folder, wherever ``sim run`` put it.
    """
    lines = []
    found = result.violations.sort_values("amount", ascending=False, na_position="last", kind="stable")
    for check, rows in found.groupby("check", sort=True):
        worst = rows.iloc[0]
        lines.append(f"{check}  {worst['reproduce'] or result.manifest['command']}")
        if worst["intent"] >= 0:
            lines.append(f"     sim show {shlex.quote(result.name)} --intent {worst['intent']}")
    return lines
