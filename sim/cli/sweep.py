"""``sim sweep``: many policies, values and scenarios on the same seeds, on all cores, kept as they come."""

from __future__ import annotations

import hashlib
import json
import math
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sim.api.folders import REPORTS, WRITABLE, as_input_error
from sim.api.progress import progress_bar
from sim.api.values import comma_list, whole_number
from sim.cli.options import Intents, Json, Quiet, Set
from sim.cli.output import WIDTH, print_table
from sim.wording import counted

if TYPE_CHECKING:
    from sim.sweep import Asked, CellSummary, ExpectedLoss, SweepSummary

_LINE_EVERY_S: Final = 30.0
_LONGEST_NAME: Final = 120


def sweep(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="SCENARIO…", help="Names of shipped scenarios, or files.")
    ],
    policies: Annotated[
        str, typer.Option(metavar="A,B", help="Policies, names or files; the first is the baseline.")
    ],
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUES",
            help="Values of one key: a,b,c, low:high:n or low:high:nlog. May be repeated: every combination.",
        ),
    ] = None,
    overrides: Set = None,
    seeds: Annotated[
        int,
        typer.Option(
            metavar="N", parser=whole_number("--seeds", least=1), help="How many seeds each cell runs."
        ),
    ] = 200,
    first_seed: Annotated[
        int,
        typer.Option(metavar="N", parser=whole_number("--first-seed", least=0), help="The first of them."),
    ] = 1,
    intents: Intents = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=whole_number("--jobs", least=1),
            help="Processes (default: one for each core).",
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="A Dask scheduler to work on, instead of processes of this machine."
        ),
    ] = None,
    until_width: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC=W",
            help="Add seeds, at most --seeds, until the widest interval of a column of the intents is W.",
        ),
    ] = None,
    rates: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.toml",
            help="How often what each scenario forces comes by nature: adds expected losses.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder to write, or to go on with.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run every scenario under every policy at every grid point, all on the same seeds, and pair the results.

    Each batch of runs is kept as it ends, in reports/sweep-SCENARIOS-POLICIES (or --out): stopped at any moment, the
    same command goes on there and runs nothing twice.  The folder holds one row per intent and per run as partitioned
    parquet, summary.csv, summary.json, sweep.json and the page: the same bytes however many processes made them.

    \b
    Examples:
      sim sweep quickstart --policies d7,safe --seeds 100 --intents 20
      sim sweep quickstart lossy_network --policies d7 --grid execution.max_order_retries=1:5:5
      sim sweep quickstart --policies d7 --grid workload.every_s=5,60 --dask tcp://10.0.0.5:8786
      sim sweep quickstart --policies d7,safe --seeds 800 --until-width result_quote=0.5
      sim sweep ghost_entry drop_after_entry --policies d7,safe --rates rates.toml
    """
    from sim.report import publish_sweep
    from sim.sweep import Asked
    from sim.sweep import sweep as run_sweep

    asked = Asked(
        scenarios=tuple(scenarios),
        policies=tuple(comma_list("--policies", policies, "names or files")),
        grid=tuple(grid or ()),
        overrides=tuple(overrides or ()),
        seeds=seeds,
        first_seed=first_seed,
        intents=intents,
        until_width=until_width,
        rates=rates,
    )
    target = out or REPORTS / _name_of(asked)
    with as_input_error("--out", target, WRITABLE), _told(target), _shown(not quiet) as progress:
        summary = run_sweep(asked, target, jobs=jobs, dask=dask, progress=progress)
        publish_sweep(target)
    if as_json:
        print(json.dumps({**_facts(summary), "folder": str(target)}, ensure_ascii=False, allow_nan=False))
    elif quiet:
        print(target)
    else:
        _print_summary(summary)
        if summary.expected:
            _print_expected(summary)
        print(f"\nfolder  {target}\npage    {target / 'index.html'}")


def _name_of(asked: Asked) -> str:
    words = "+".join(Path(word).stem for word in asked.scenarios)
    name = f"sweep-{words}-{'-vs-'.join(Path(word).stem for word in asked.policies)}"
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Let an interruption say what is kept."""
    try:
        yield
    except KeyboardInterrupt:
        print(
            f"interrupted; what has ended is kept in {target}: the same command goes on there",
            file=sys.stderr,
        )
        raise SystemExit(130) from None


@contextmanager
def _shown(wanted: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield what shows runs done, their rate and the time left: a bar for a person, a line now and then for a log."""
    with progress_bar(wanted, "runs") as bar:
        if not wanted:
            yield None
        elif bar is not None:
            move = bar
            yield lambda done, total: move("runs", done, total)
        else:
            yield _log_lines()


def _log_lines() -> Callable[[int, int], None]:
    began_s = last_s = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s >= _LINE_EVERY_S:
            last_s = now_s
            rate = done / max(now_s - began_s, 1e-9)
            left = f", {(total - done) / rate:,.0f} s left" if done < total else ""
            print(f"{done:,} of {total:,} runs, {rate:.1f} runs/s{left}", file=sys.stderr, flush=True)

    return tell


def _facts(summary: SweepSummary) -> dict[str, Any]:
    from sim.sweep import record_of

    facts: dict[str, Any] = {
        "command": summary.command,
        "confidence": summary.confidence,
        "cells": [record_of(cell) for cell in summary.cells],
    }
    if summary.expected:
        facts["expected_loss"] = [record_of(expected) for expected in summary.expected]
    return facts


def _print_summary(summary: SweepSummary) -> None:
    columns = ("policy", "intents", "traded", "money", "interval", "CVaR95", "naked", "doubled", "broken", "")
    for scenario in dict.fromkeys(cell.scenario for cell in summary.cells):
        cells = [cell for cell in summary.cells if cell.scenario == scenario]
        first = cells[0]
        sizes = ((first.runs, "seed"), (first.clusters, "cluster"), (first.dates, "date"))
        print(f"{scenario}  ({', '.join(counted(number, noun) for number, noun in sizes)})")
        print_table(columns, [_row(cell) for cell in cells], right=columns[1:9])
        print()
    held = [cell for cell in summary.cells if not cell.is_baseline]
    shown = f"{100 * summary.confidence:.4g} % interval over dates × seeds"
    print("money     quote per 1,000 intents against the first policy in the same weather, paired by intent;")
    print(f"          {shown}; better or worse by Holm over all cells")
    print("CVaR95    mean result in quote of the worst twentieth of intents")
    print("naked     quote × s per intent beyond what the wire forces; doubled: intents filled twice")
    print("broken    violations of safety and liveness")
    ratios = [cell.variance_ratio for cell in held if math.isfinite(cell.variance_ratio)]
    if ratios:
        span = " to ".join(dict.fromkeys(f"{edge:.3g}" for edge in (min(ratios), max(ratios))))
        print(f"pairing   divides the variance of the difference by {span}")
    for note in dict.fromkeys(cell.note for cell in summary.cells if cell.note):
        print(f"note      {note}: with fewer than ten dates nothing is marked better or worse")
        several = len({cell.scenario for cell in held}) > 1
        signs = [
            f"{f'{cell.scenario} ' * several}{_name_of_cell(cell)} {cell.dates_better}/{cell.dates_worse}"
            for cell in held
            if cell.note == note
        ]
        if signs:
            text = f"dates     better/worse: {', '.join(signs)}"
            print(textwrap.fill(text, WIDTH, subsequent_indent=" " * 10, break_on_hyphens=False))


def _print_expected(summary: SweepSummary) -> None:
    """Print λ · c: what each policy is expected to lose at the rates of nature."""
    columns = ("policy", "loss", "interval", "against the first", "interval", "most of it")
    rows = []
    for expected in summary.expected:
        name, part = max(expected.parts.items(), key=lambda item: abs(item[1]))
        against = ("", "first")
        if math.isfinite(expected.difference):
            against = (
                _money(expected.difference),
                f"{_money(expected.difference_low)} … {_money(expected.difference_high)}",
            )
        edges = f"{_money(expected.low)} … {_money(expected.high)}"
        rows.append(
            (_name_of_cell(expected), _money(expected.value), edges, *against, f"{name} {_money(part)}")
        )
    print("\nexpected loss at natural rates")
    print_table(columns, rows, right=columns[1:5])
    print("loss      quote per 1,000 intents against the ideal executor: how often each fault comes, times")
    print("          what it costs an intent that meets it; both intervals are carried through")
    print("against   the same less the first policy's, over the same intents: below zero loses less")


def _money(value: float) -> str:
    # Rounded first: no zero has a sign.
    return f"{round(value, 2) + 0.0:,.2f}"


def _name_of_cell(cell: CellSummary | ExpectedLoss) -> str:
    point = " ".join(f"{key.rpartition('.')[2]}={value}" for key, value in cell.point.items())
    return f"{cell.policy} {point}".strip()


def _row(cell: CellSummary) -> tuple[str, ...]:
    interval = f"{cell.money_low:,.0f} … {cell.money_high:,.0f}"
    if cell.is_baseline or math.isnan(cell.money_low):
        interval = "baseline" if cell.is_baseline else "too few clusters"
    return (
        _name_of_cell(cell),
        f"{cell.intents:,}",
        f"{cell.traded_pct:.1f} %",
        "" if cell.is_baseline else f"{cell.money_per_1000:+,.0f}",
        interval,
        f"{cell.cvar95_quote:,.2f}",
        f"{cell.naked_excess_notional_s:,.0f}",
        str(cell.doubled),
        str(cell.violations),
        cell.mark,
    )
