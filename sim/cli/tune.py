"""``sim tune``: search policy values, judge the best on held-out dates, and write it with its evidence."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.api.folders import REPORTS, WRITABLE, as_input_error, new_folder
from sim.api.progress import progress_bar
from sim.api.values import whole_number
from sim.cli.options import Json, Out, Quiet
from sim.cli.output import after_writing, print_table

if TYPE_CHECKING:
    from sim.tune import Recommendation, Tuning

_MOST_ROWS = 10


def tune(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="SCENARIO...", help="Names of shipped scenarios, or files.")
    ],
    space: Annotated[
        str,
        typer.Option(metavar="FILE", help="Knobs, assumed values, held-out dates, what is allowed (TOML)."),
    ],
    trials: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=whole_number("--trials", least=1),
            help="Search until the study has so many trials.",
        ),
    ],
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL|FILE",
            help="Where trials are kept, to go on later: a journal file (default: DIR.journal) or a database.",
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=whole_number("--seeds", least=3),
            help="Runs of each scenario in a full evaluation, each with a seed of its own.",
        ),
    ] = 16,
    baseline: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="The policy the recommendation is held against.")
    ] = "d7",
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=whole_number("--jobs", least=1),
            help="Processes (default: all cores); the answer does not depend on it.",
        ),
    ] = None,
    edge_bps: Annotated[
        float | None,
        typer.Option(
            "--edge-bps", metavar="X", help="What an intent is worth when decided, bps of its price."
        ),
    ] = None,
    half_life_s: Annotated[
        float | None,
        typer.Option("--half-life-s", metavar="Y", help="How long until half of that is gone, in seconds."),
    ] = None,
    out: Out = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search for the policy values that lose least money without being unsafe.

    Trials are raced on paired seeds and days.  Of the best, the one whose worst neighbour is best is judged, once, on
    days and seeds the search never saw, and written with its evidence: recommended.toml and evidence.json in
    reports/tune-SCENARIOS (or --out).  Keys that decide which intents are entered, execution.max_slippage_pct above
    all, need signals with an edge, or --edge-bps and --half-life-s.  Exit code 1: no trial was safe.

    \b
    Examples:
      sim tune d7_claims --space space.toml --trials 60
      sim tune lossy_network read_fog --space space.toml --trials 100 --seeds 32 --storage sqlite:///tune.db
    """
    from sim.report import publish_tuning
    from sim.tune import declared_edge, evidence, publish
    from sim.tune import tune as tune_policy

    edge = declared_edge(edge_bps, half_life_s)
    target = out or REPORTS / ("tune-" + "-".join(Path(name).stem for name in scenarios))
    kept = storage or f"{target}.journal"
    with new_folder(target) as folder:
        with progress_bar(not quiet) as advance:
            tuning = tune_policy(
                scenarios,
                space,
                trials=trials,
                storage=kept,
                seeds=seeds,
                baseline=baseline,
                jobs=jobs or len(os.sched_getaffinity(0)),
                edge=edge,
                told=advance,
            )
        with as_input_error("--out", target, WRITABLE):
            publish(tuning, folder)
            publish_tuning(folder, name=target.name)
    with after_writing(str(target)):
        if as_json:
            print(
                json.dumps({**evidence(tuning), "folder": str(target)}, ensure_ascii=False, allow_nan=False)
            )
        elif quiet:
            print(target)
        else:
            _print(tuning)
            print(f"\nfolder  {target}\npage    {target / 'index.html'}\ntrials  {kept}")
    if tuning.recommendation is None:
        raise SystemExit(1)


def _print(tuning: Tuning) -> None:
    from sim.report.printing import wrapped

    states = ("complete", "unsafe", "pruned")
    counts = ", ".join(f"{sum(one.state == state for one in tuning.trials)} {state}" for state in states)
    print(f"{len(tuning.trials)} trials: {counts}; {len(tuning.split.search)} runs in a full evaluation\n")
    columns = ("trial", "loss", "CVaR95", "naked", "missed", "values")
    rows = [
        (one.number, *(f"{goal:.3f}" for goal in one.score.goals), _values(one.point))
        for one in tuning.front[:_MOST_ROWS]
    ]
    goals = [f"{goal:.3f}" for goal in tuning.baseline_score.goals]
    print_table(columns, [*rows, (tuning.baseline, *goals, "the baseline")], right=columns[1:5])
    print("\n".join(wrapped("Per intent: loss against the ideal executor and missed value in bps of planned notional, "
                            "naked beyond what the wire forces in quote x s.")))  # fmt: skip
    if tuning.recommendation is None:
        print("\nNothing is recommended: no trial kept within the space's [safety].")
    else:
        _print_recommendation(tuning, tuning.recommendation)


def _print_recommendation(tuning: Tuning, found: Recommendation) -> None:
    from sim.report.printing import wrapped
    from sim.tune import day_text, evidence_lines, verdict_text

    print(f"\nrecommended: trial {found.choice.number}, {_values(found.choice.point)}")
    for name, one in (("search", found.search), ("held out", found.hold_out)):
        print("\n".join(wrapped(f"{name}: {verdict_text(one, tuning.baseline)}")))
    base = Path(tuning.space.space.base).stem
    print("\n".join(wrapped(f"held out, the base untuned: {verdict_text(found.untuned, base)}")))
    print(f"held-out data looked at {tuning.looks} time{'s' if tuning.looks != 1 else ''} under this study")
    signs = ", ".join(f"{day_text(day)} {sign}" for day, _, _, sign in found.hold_out.dates)
    print("\n".join(wrapped(f"by date (- means less lost): {signs}")))
    for line in (*tuning.split.notes, *evidence_lines(tuning, found)):
        print("\n".join(wrapped(line)))


def _values(point: object) -> str:
    from sim.tune.question import text_of

    pairs = point.items() if isinstance(point, dict) else ()
    return ", ".join(
        f"{name.removeprefix('execution.')} = {f'{value:.4g}' if isinstance(value, float) else text_of(value)}"
        for name, value in pairs
    )
