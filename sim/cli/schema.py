"""``sim schema``: the JSON schema of a scenario file, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sim.api.folders import as_input_error


def schema(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead of printing it.")
    ] = None,
) -> None:
    """Print the JSON schema of a scenario file, so that an editor completes keys and marks wrong ones.

    Editors with taplo inside (Even Better TOML for VS Code, Helix, Neovim, Zed) take it when the scenario's
    first line names it:  #:schema ./scenario.schema.json

    \b
    Examples:
      sim schema --out scenario.schema.json
      sim schema | jq '."$defs".Shock'
      taplo check --schema "file://$PWD/scenario.schema.json" mine.toml
    """
    from sim.api.catalogue import scenario_schema

    text = json.dumps(scenario_schema(), ensure_ascii=False, indent=2) + "\n"
    if out is None:
        print(text, end="")
        return
    with as_input_error("--out", out, "a file that can be written"):
        out.write_text(text, encoding="utf-8")
    print(f"written  {out}; begin a scenario with  #:schema ./{out.name}")
