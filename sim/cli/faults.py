"""``sim faults``: the kinds of fault, and what each of them may state."""

from __future__ import annotations

import json
import textwrap
from typing import Annotated

import typer

from sim.api.catalogue import FaultRow, fault_parameters, fault_row, fault_rows
from sim.cli.output import WIDTH, print_table


def faults(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A kind of fault: tell all of it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """List the kinds of fault with their stories; with NAME its parameters and an example that runs.

    \b
    Examples:
      sim faults
      sim faults timeout
      sim faults timeout --json | jq -r .example >> mine.toml
    """
    if name is None:
        rows = fault_rows()
        if as_json:
            print(json.dumps([row._asdict() for row in rows], ensure_ascii=False, indent=2))
        else:
            print_table(("kind", "what it does"), [(row.kind, row.story) for row in rows])
        return
    row = fault_row(name)
    if as_json:
        parameters = [parameter._asdict() for parameter in fault_parameters(name)]
        print(json.dumps({**row._asdict(), "parameters": parameters}, ensure_ascii=False, indent=2))
    else:
        _print_one(row)


def _print_one(row: FaultRow) -> None:
    print(textwrap.fill(f"{row.kind}: {row.story}", WIDTH))
    for paragraph in row.details.split("\n\n") if row.details else ():
        print()
        print(textwrap.fill(" ".join(paragraph.split()), WIDTH))
    print()
    print_table(("parameter", "what may stand there", "default"), fault_parameters(row.kind))
    print("\n`how` holds one way to happen: rate, burst, window, script or what else is listed above.")
    print("\nexample:\n")
    print(textwrap.indent(row.example, "  "))
