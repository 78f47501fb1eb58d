"""``sim sweep-calls``: one bracket, failed in every way at every call and killed at every await."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from sim.api.folders import WRITABLE, as_input_error
from sim.api.inputs import load_reaction
from sim.api.progress import progress_bar
from sim.api.values import whole_number
from sim.cli.options import AppDir, Code, Json, Policy, Seed, Set
from sim.cli.output import print_table
from sim.errors import unknown_name

if TYPE_CHECKING:
    from sim.hunt import Bracket, SweepResult

_Item = TypeVar("_Item")


def sweep_calls(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="The scenario whose market and rules are used.")
    ] = "quickstart",
    policy: Policy = None,
    overrides: Set = None,
    code: Code = None,
    app_dir: AppDir = None,
    seed: Seed = None,
    intent: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=whole_number("--intent", least=0),
            help="The intent to fail (default: the first of 32 that makes the most calls).",
        ),
    ] = None,
    only_faults: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="NAME", help="Only this class of fault. May be repeated."),
    ] = None,
    only_calls: Annotated[
        list[str] | None, typer.Option("--call", metavar="NAME", help="Only this call. May be repeated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write every cell as CSV.")
    ] = None,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no tables.")] = False,
) -> int:
    """Fail one bracket in every way: each API call x each class of fault, and a crash at each await.

    The scenario's own faults are left out; each cell of the tables is a run of its own, with one fault on exactly one
    call, or one crash at one await and a restart after 1, 60 or 600 s.  Nothing is drawn, so a table is complete.
    With --fault or --call only those cells are run, and no crashes.

    \b
    Examples:
      sim sweep-calls
      sim sweep-calls quickstart --policy legacy-sltp --out sweep.csv
      sim sweep-calls quickstart --call entry --fault "reply lost"
      sim sweep-calls my/scenario.toml --set execution.retry_timeouts=false --json
    """
    from sim.code import code_overrides, factory_for
    from sim.hunt import CLASSES, Bracket, records
    from sim.hunt import sweep_calls as sweep
    from sim.hunt import sweep_crashes as crash
    from sim.scenario import load_scenario, split_overrides

    kinds = _chosen("--fault", "a class of fault", only_faults, {kind.name: kind for kind in CLASSES})
    overrides = [*(overrides or []), *code_overrides(code, app_dir)]
    to_scenario, to_policy = split_overrides(overrides)
    loaded = load_scenario(scenario, to_scenario)
    bracket = Bracket(
        loaded,
        load_reaction(loaded, policy, to_policy),
        seed=seed,
        intent=intent,
        executor_factory=factory_for(loaded),
    )
    calls = _chosen(
        "--call", "a call of the fault-free run", only_calls, {call.name: call for call in bracket.calls}
    )
    with progress_bar(not quiet) as advance:

        def over(name: str) -> Callable[[int, int], None] | None:
            return None if advance is None else lambda done, total: advance(name, done, total)

        swept = {"each call x each fault": sweep(bracket, kinds, calls=calls, progress=over("calls"))}
        if not only_faults and not only_calls:
            swept["a crash at each await"] = crash(bracket, progress=over("crashes"))
    cells = [cell for result in swept.values() for cell in records(result)]
    if out is not None:
        with as_input_error("--out", out, WRITABLE):
            _write_csv(out, cells)
    if as_json:
        print(json.dumps({**bracket.facts, "cells": cells}, ensure_ascii=False, allow_nan=False))
        return 0
    if not quiet:
        _print(bracket, swept)
    if out is not None:
        print(out)
    return 0


def _chosen(option: str, kind: str, names: list[str] | None, there: dict[str, _Item]) -> list[_Item]:
    for name in names or ():
        if name not in there:
            raise unknown_name(option, name, kind, tuple(there))
    return [item for name, item in there.items() if not names or name in names]


def _print(bracket: Bracket, swept: dict[str, SweepResult]) -> None:
    from sim.hunt import LEGEND, blocks

    facts, clean = bracket.facts, next(iter(swept.values())).clean
    print(
        f"{facts['scenario']}, policy {facts['policy']}, seed {facts['seed']}: intent {facts['intent']}, "
        f"{facts['side']} {facts['symbol']}, decided at {facts['decided_s']:g} s"
    )
    print(f"without a fault: {clean.end}, {clean.requests} calls, {clean.money:+.2f}\n")
    for title, result in swept.items():
        count = Counter(row.verdict for row in result.rows)
        print(
            f"{title}: {len(result.rows)} runs, {count['fine']} fine, {count['damaged']} damaged, "
            f"{count['breach']} with a broken invariant, {count['no strike']} n/a"
        )
        for columns, rows in blocks(result):
            print()
            print_table(columns, rows)
        print()
    for line in LEGEND:
        print(line)


def _write_csv(file: Path, cells: list[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(cells[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(cells)
