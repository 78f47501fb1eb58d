"""``sim hunt``: the shortest scripts of faults and price moves under which code breaks a rule."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.api.folders import REPORTS, WRITABLE, as_input_error
from sim.api.inputs import load_reaction
from sim.api.progress import progress_bar
from sim.api.values import whole_number
from sim.cli.options import AppDir, Code, Json, Out, Policy, Quiet, Seed, Set
from sim.cli.output import after_writing, print_table

if TYPE_CHECKING:
    from sim.hunt import Hunt
    from sim.hunt.ablation import Loss
    from sim.scenario import LoadedPolicy


def hunt(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="The scenario whose market and rules are used.")
    ] = "quickstart",
    policy: Policy = None,
    code: Code = None,
    app_dir: AppDir = None,
    depth: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=whole_number("--depth", least=0),
            help="Every script of at most so many outcomes is run.",
        ),
    ] = 2,
    budget: Annotated[
        str,
        typer.Option(
            metavar="60s|10m|N",
            help="Begin no round of scripts after that: a time, or a number of scripts.",
        ),
    ] = "60s",
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=whole_number("--jobs", least=1),
            help="Processes (default: all cores); the findings do not depend on it.",
        ),
    ] = None,
    seed: Seed = None,
    overrides: Set = None,
    ablate: Annotated[
        bool,
        typer.Option("--ablate", help="Remove each safeguard of the policy, and say what is then found."),
    ] = False,
    out: Out = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Hunt for the shortest script of faults and price moves that makes your code break a rule.

    First every script of up to --depth outcomes over the calls of one bracket, and every crash; then, while the
    budget lasts, random scripts with moves of the price over other intents and scenarios.  Each defect is shrunk to
    a few events and written to the folder as a scenario with its expectation: it fails under sim check until the
    defect is mended.  What was done is kept there: the same command goes on where the last one stopped.  Exit code 1:
    something was found.

    \b
    Examples:
      sim hunt quickstart --policy d7 --budget 60s
      sim hunt my/scenario.toml --code executor=bot.trader:Trader --app-dir ~/bot
      sim hunt quickstart --policy safe --depth 3 --budget 2h
      sim hunt quickstart --policy safe --ablate
    """
    from sim.code import code_overrides, factory_for
    from sim.hunt import Bracket, Budget
    from sim.hunt.ablation import ablate as hunt_without
    from sim.hunt.hunting import hunt as hunt_down
    from sim.hunt.publish import keep
    from sim.report.hunt_page import write_hunt_page
    from sim.scenario import load_scenario, split_overrides

    to_scenario, to_policy = split_overrides(overrides or [])
    bound = Budget.read(budget)
    loaded = load_scenario(scenario, [*to_scenario, *code_overrides(code, app_dir)])
    reaction = load_reaction(loaded, policy, to_policy)
    processes = jobs or len(os.sched_getaffinity(0))

    def without(changes: Sequence[str]) -> LoadedPolicy:
        return load_reaction(loaded, policy, [*to_policy, *changes])

    bracket = Bracket(loaded, reaction, seed=seed, executor_factory=factory_for(loaded))
    if ablate:
        asked = partial(hunt_without, bracket, without, depth=depth, budget=bound, jobs=processes)
        return _ablate(asked, as_json=as_json, quiet=quiet)
    folder = out or REPORTS / f"hunt-{loaded.name}-{reaction.name}-seed{bracket.seed}"
    with as_input_error("--out", folder, WRITABLE):
        folder.mkdir(parents=True, exist_ok=True)
    with progress_bar(not quiet and not as_json, unit="scripts") as advance:
        found = hunt_down(
            bracket, depth=depth, budget=bound, jobs=processes, out=folder, random=True, progress=advance
        )
    with as_input_error("--out", folder, WRITABLE):
        record = keep(found, bracket, folder)
        page = write_hunt_page(record, folder)
    with after_writing(str(folder)):
        if as_json:
            print(json.dumps({**record, "folder": str(folder)}, ensure_ascii=False, allow_nan=False))
        elif quiet:
            print(folder)
        else:
            _print(found, record)
            print(f"\npage    {page}\nfolder  {folder}")
    return 1 if found.findings else 0


def _ablate(asked: Callable[..., tuple[Hunt, list[Loss]]], *, as_json: bool, quiet: bool) -> int:
    with progress_bar(not quiet and not as_json, unit="safeguards") as advance:
        whole, losses = asked(progress=advance)
    rows = [
        {
            "safeguard": loss.safeguard.name,
            "guards_against": loss.safeguard.guards,
            "without": [f"execution.{key}" for key in loss.safeguard.less],
            "scripts": loss.found.scripts,
            "new_findings": len(loss.new),
            "rules": sorted({one.cause.check for one in loss.new}),
            "at_stake_quote": max((one.stake for one in loss.new), default=0.0),
            "first": loss.new[0].words if loss.new else "",
        }
        for loss in losses
    ]
    if as_json:
        print(json.dumps({"findings_with_all": len(whole.findings), "safeguards": rows}, ensure_ascii=False))
    elif not quiet:
        _print_losses(whole, rows)
    return 1 if whole.findings else 0


def _print_losses(whole: Hunt, rows: list[dict[str, Any]]) -> None:
    from sim.report.printing import wrapped

    print(f"with all safeguards: {len(whole.findings)} findings in {whole.scripts:,} scripts\n")
    columns = ("without", "scripts", "findings", "at stake", "rules")
    table = [
        (
            row["safeguard"],
            f"{row['scripts']:,}",
            row["new_findings"],
            f"{row['at_stake_quote']:,.2f}",
            " ".join(row["rules"]) or "nothing found",
        )
        for row in rows
    ]
    print_table(columns, table, right=columns[1:4])
    for row in rows:
        if row["first"]:
            print()
            print("\n".join(wrapped(f"Without {row['safeguard']} ({row['guards_against']}): {row['first']}")))


def _print(found: Hunt, record: dict[str, Any]) -> None:
    from sim.report.printing import wrapped

    print(
        f"{record['scenario']}, policy {record['policy']}, seed {record['seed']}: {record['side']} "
        f"{record['symbol']}, decided at {record['decided_s']:g} s, held {record['hold_s']:g} s"
    )
    print(f"without an event: {found.clean.end}, {len(found.clean.calls)} calls\n")
    for level in found.levels:
        known = f", {level.known:,} known from another" if level.known else ""
        idle = f", {level.idle:,} struck nothing" if level.idle else ""
        print(
            f"  {level.title:<14} {level.run:>9,} of {level.there:,} scripts, {level.broke:,} broke a rule"
            f"{known}{idle}"
        )
    unrun = sum(level.known for level in found.levels)
    told = f", {unrun:,} of them known from another and not run" if unrun else ""
    print(f"{found.scripts:,} scripts in {found.spent_s:.1f} s{told}")
    if not found.findings:
        print("\nnothing found")
    for number, one in enumerate(record["findings"], start=1):
        alike = f", {one['alike']} scripts alike" if one["alike"] > 1 else ""
        where = ", ".join(word for word in (one["where"], one["outcome"]) if word) or "no event"
        print(f"\n{number}. {one['check']}, {one['stake_quote']:,.2f} at stake: {where}{alike}")
        print("\n".join(wrapped(one["words"], indent="   ")))
        print(f"   {one['command']}")
    for line in record["not_reached"]:
        print()
        print("\n".join(wrapped(line)))
