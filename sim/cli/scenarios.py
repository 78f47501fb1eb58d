"""``sim scenarios``: the shipped scenarios with their stories, and what a suite of them covers."""

from __future__ import annotations

import json
import textwrap
from typing import Annotated

import typer

from sim.cli.output import WIDTH


def scenarios(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON list instead of the table.")
    ] = False,
) -> None:
    """List the shipped scenarios, each with its title and its story.

    Those that stand on recordings which are not there say so; `sim check` skips them.

    \b
    Examples:
      sim scenarios
      sim scenarios --json | jq -r '.[].name'
      sim run ghost_entry
    """
    from sim.api.catalogue import scenario_rows

    rows = scenario_rows()
    if as_json:
        print(json.dumps([row._asdict() for row in rows], ensure_ascii=False, indent=2))
        return
    for row in rows:
        print(row.name)
        _print_indented(f"{row.title}. {row.story}" if row.story else row.title)
        if row.skipped:
            _print_indented(f"Not here: {row.skipped}.")


def _print_indented(text: str) -> None:
    margin = "    "
    print(textwrap.fill(text, WIDTH, initial_indent=margin, subsequent_indent=margin))
