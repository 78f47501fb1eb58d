"""``sim power``: how many seeds it takes to see an effect between two policies."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.api.progress import progress_bar
from sim.api.values import comma_list, whole_number
from sim.cli.options import Intents, Json, Set
from sim.cli.output import print_table

if TYPE_CHECKING:
    from sim.experiment.pilot import Pilot


def power(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="The name of a shipped scenario, or a file.")
    ],
    policies: Annotated[
        str, typer.Option(metavar="A,B", help="Two policies, names or files; the first is the baseline.")
    ],
    effect: Annotated[
        float, typer.Option(metavar="E", help="The difference per intent to see, in the column's unit.")
    ],
    metric: Annotated[
        str, typer.Option(metavar="COLUMN", help="A column of the intents that holds a number.")
    ] = "result_quote",
    wanted: Annotated[
        float, typer.Option("--power", metavar="SHARE", help="How often the effect is to be seen.")
    ] = 0.8,
    confidence: Annotated[float, typer.Option(metavar="SHARE", help="The confidence of the test.")] = 0.95,
    seeds: Annotated[
        int,
        typer.Option(
            metavar="N", parser=whole_number("--seeds", least=5), help="How many seeds the pilot runs."
        ),
    ] = 20,
    intents: Intents = None,
    overrides: Set = None,
    as_json: Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print no progress, and only the number of seeds.")
    ] = False,
) -> None:
    """Run a pilot of two policies and say how many seeds a comparison of them needs.

    The cluster is the seed.  Printed with it: what intents of one seed have in common (intra-class correlation), and
    how much less a paired difference varies than one of policies on seeds of their own.  Nothing is written.

    \b
    Examples:
      sim power quickstart --policies d7,safe --effect 0.5
      sim power quickstart --policies d7,safe --metric naked_s --effect -1 --power .9 --seeds 40 --intents 20
    """
    from sim.experiment.pilot import run_pilot

    names = comma_list("--policies", policies, "names or files")
    with progress_bar(not quiet, "runs") as advance:
        pilot = run_pilot(
            scenario,
            names,
            metric=metric,
            effect=effect,
            seeds=range(1, seeds + 1),
            power=wanted,
            confidence=confidence,
            intents=intents,
            overrides=overrides or [],
            progress=advance,
        )
    if as_json:
        print(json.dumps(_plain(asdict(pilot)), ensure_ascii=False, allow_nan=False))
    elif quiet:
        print(pilot.seeds_careful)
    else:
        _print(pilot)


def _print(pilot: Pilot) -> None:
    found = pilot.interval
    share = f"{pilot.confidence * 100:g} %"
    print(
        f"pilot     {pilot.scenario}, {pilot.policies[1]} against {pilot.policies[0]}: {pilot.seeds} seeds, "
        f"{pilot.intents:,} intents"
    )
    print(
        f"measured  {pilot.metric} {found.value:+.4g} per intent ({share}: {found.low:.4g} … {found.high:.4g}; "
        f"{found.discordant} of {found.clusters} clusters differ)"
    )
    print(f"needed    to see {pilot.effect:+.4g} with power {pilot.power:g} at {share}:")
    print(
        f"          {pilot.seeds_needed:>8,} seeds, on the deviation measured ({pilot.deviation:.4g} per seed)"
    )
    print(f"          {pilot.seeds_careful:>8,} seeds, on its upper 80 % bound: plan with these")
    print(f"          {pilot.seeds_unpaired:>8,} seeds, were the two not paired")
    print(f"          {pilot.seeds:>8,} seeds, those of the pilot, see {pilot.smallest:.4g} and more")
    print()
    rows = [
        (
            one.metric,
            f"{one.difference:+.4g}",
            "never differs" if math.isinf(one.variance_ratio) else f"{one.variance_ratio:,.1f} ×",
            "" if math.isnan(one.intraclass) else f"{one.intraclass:.2f}",
        )
        for one in pilot.pairings
        if not math.isnan(one.difference)
    ]
    columns = ("column", "difference", "variance, unpaired / paired", "intra-class correlation")
    print_table(columns, rows, right=columns[1:])
    if found.note:
        print(
            f"\nnote      {found.note}: {found.dates} date{'s' * (found.dates != 1)}; seeds do not replace markets"
        )


def _plain(value: Any) -> Any:
    """Return what JSON can hold: what is no number is null."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
