"""``sim check``: rerun what has expected results and say what differs."""

from __future__ import annotations

import multiprocessing
import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from sim.api.inputs import skipped, with_expectations
from sim.api.progress import over_runs, progress_bar
from sim.api.values import whole_number
from sim.cli.output import WIDTH, print_table
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.experiment import GateReport

_SHA_DIGITS = 64


def check(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(metavar="SCENARIO", help="Names or files (default: all shipped with expectations)."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Write what is found as the new expectations.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            parser=whole_number("--jobs", least=1),
            help="Processes (default: one, and as many as there are cores when all shipped ones run).",
        ),
    ] = None,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Also tell which fault met which position, and what came of it."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --coverage: print the table alone, as JSON.")
    ] = False,
) -> int:
    """Rerun scenarios and hold them against the expected results beside them (NAME.expected.json).

    With the same code, data and versions the runs must be equal byte for byte; otherwise each metric must be
    within its tolerance.  Exits with 1 on any difference, which it names with the command that reproduces it.
    Shipped scenarios on recordings that are not there are skipped, and said to be.

    \b
    Examples:
      sim check
      sim check quickstart
      sim check my/scenario.toml --update
      sim check --coverage
    """
    if as_json and not coverage:
        raise InputError("--json", True, "--coverage with it")
    given = scenarios or []
    names = with_expectations(given, update=update)
    if jobs is None:
        jobs = 1 if given else os.cpu_count() or 1
    passed = True
    reports: list[GateReport] = []
    updated: list[str] = []
    try:
        for name, report in _reports(names, jobs, update=update):
            if report is None:
                _say_skipped(name, quiet=as_json)
                continue
            if not as_json:
                _print(report)
            passed = passed and report.passed
            reports.append(report)
            updated += [name] if report.updated else []
    except KeyboardInterrupt:
        if not updated:
            raise
        print(f"interrupted; written before: {', '.join(updated)}", file=sys.stderr)
        raise SystemExit(130) from None
    if coverage:
        _print_coverage(reports, as_json=as_json)
    return 0 if passed else 1


def _reports(names: Sequence[str], jobs: int, *, update: bool) -> Iterator[tuple[str, GateReport | None]]:
    """Yield each scenario's report in the order of ``names``; None for one that is skipped."""
    there = [name for name in names if not skipped(name)]
    if jobs == 1 or len(there) < 2:
        for name in names:
            yield name, (_check_one(name, update=update) if name in there else None)
        return
    # A fresh process has no loop or thread of this one to inherit.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(there)), mp_context=context) as pool:
        try:
            found = pool.map(partial(_check_quietly, update=update), there)
            for name in names:
                yield name, (next(found) if name in there else None)
        except BaseException:
            # What has not begun shall not begin: somebody has interrupted, or a scenario cannot be run.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _check_quietly(name: str, *, update: bool) -> GateReport:
    from sim.experiment import check_scenario

    return check_scenario(name, update=update)


def _say_skipped(name: str, *, quiet: bool) -> None:
    line = f"skipped  {name}: {skipped(name)}"
    print(textwrap.fill(line, WIDTH, subsequent_indent=" " * 9), file=sys.stderr if quiet else sys.stdout)


def _print_coverage(reports: Sequence[GateReport], *, as_json: bool) -> None:
    from sim.faults import KINDS
    from sim.metrics import STATES, empty_cells, matrix, together

    table = matrix(together(report.coverage for report in reports), KINDS)
    if as_json:
        print(table.to_json(orient="records", indent=2))
        return
    print("\nWhich fault met which position, and what came of the write behind it (requests; - is never):\n")
    rows = [(row[0], row[1], *(count or "-" for count in row[2:])) for row in table.itertuples(index=False)]
    print_table(("fault", "outcome", *STATES), rows, right=STATES)
    print(f"\n{len(empty_cells(table))} of {len(table) * len(STATES)} cells are empty")


def _check_one(name: str, *, update: bool) -> GateReport:
    from sim.experiment import check_scenario
    from sim.scenario import load_scenario

    spec = load_scenario(name).scenario.check
    with progress_bar(True) as advance:
        progress = over_runs(advance, len(spec.policies) * len(spec.seeds))
        return check_scenario(name, update=update, progress=progress)


def _print(report: GateReport) -> None:
    runs = f"{report.runs} run" + ("s" if report.runs > 1 else "")
    if report.updated:
        print(f"updated  {report.scenario}: {runs}")
    elif report.passed:
        print(f"ok       {report.scenario}: {runs} as expected, {report.exact} byte for byte")
    else:
        print(f"differs  {report.scenario}: {runs}, {len(report.differences)} differences")
    for (policy, seed, command), differences in groupby(
        report.differences, key=lambda item: (item.policy, item.seed, item.command)
    ):
        print(f"\n  scenario {report.scenario}, policy {policy}, seed {seed}; reproduce with\n    {command}")
        rows = [
            (item.metric, _short(item.expected), _short(item.got), item.tolerance) for item in differences
        ]
        print_table(("metric", "expected", "got", "tolerance"), rows, right=("expected", "got"))


def _short(value: str) -> str:
    # Twelve digits tell two hashes apart and leave room for the rest of the line.
    is_hash = len(value) == _SHA_DIGITS and value.isalnum()
    return f"{value[:12]}…" if is_hash else value
