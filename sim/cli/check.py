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
from sim.api.values import comma_list, seed_list, whole_number
from sim.cli.options import AppDir, Code
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
    seeds: Annotated[
        str | None,
        typer.Option("--seeds", metavar="A,B,…", help="Run these seeds instead of those of the check."),
    ] = None,
    code: Code = None,
    app_dir: AppDir = None,
    junit: Annotated[
        str | None, typer.Option("--junit", metavar="FILE", help="Also write JUnit XML, for CI.")
    ] = None,
    markdown: Annotated[
        str | None,
        typer.Option("--markdown", metavar="FILE", help="Also write a comment for a pull request."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --coverage: print the table alone, as JSON.")
    ] = False,
) -> int:
    """Rerun scenarios and hold them against the expected results beside them (NAME.expected.json).

    With the same code, data and versions the runs must be equal byte for byte.  Otherwise a metric fails that got
    worse by more than its tolerance and not by chance (at most 1 % false alarms for all together), and any unsafe
    case where there was none.  Exits with 1 on any difference, which it names with the command that reproduces it.
    --update prints what changed, to say in the commit.  Shipped scenarios on recordings that are not there are skipped,
    and said to be.

    \b
    Examples:
      sim check
      sim check quickstart
      sim check my/scenario.toml --update
      sim check quickstart --seeds 101,102,103
      sim check --junit check.xml --markdown check.md
      sim check --coverage
      sim check quickstart --code placer=bot.orders:Placer --app-dir ~/bot
    """
    from sim.code import code_overrides

    changed = code_overrides(code, app_dir)
    if changed and update:
        raise InputError(
            "--code", code, "no --update with it: expectations are of the scenario as it is written"
        )
    if as_json and not coverage:
        raise InputError("--json", True, "--coverage with it")
    if seeds is not None and update:
        raise InputError("--seeds", seeds, "no --update with it: expectations are of the seeds of the check")
    chosen = None if seeds is None else seed_list("--seeds", comma_list("--seeds", seeds, "whole numbers"))
    given = scenarios or []
    names = with_expectations(given, update=update)
    if jobs is None:
        jobs = 1 if given else os.cpu_count() or 1
    passed = True
    reports: list[GateReport] = []
    updated: list[str] = []
    missing: list[tuple[str, str]] = []
    try:
        for name, report in _reports(names, jobs, update=update, seeds=chosen, overrides=changed):
            if report is None:
                missing.append((name, str(skipped(name))))
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
    if update and not as_json:
        _print_changes(reports)
    _write_files(reports, missing, junit=junit, markdown=markdown)
    if coverage:
        _print_coverage(reports, as_json=as_json)
    return 0 if passed else 1


def _write_files(
    reports: Sequence[GateReport],
    missing: Sequence[tuple[str, str]],
    *,
    junit: str | None,
    markdown: str | None,
) -> None:
    from sim.cli import check_files

    if junit is not None:
        check_files.write_file("--junit", junit, check_files.junit(reports, missing))
    if markdown is not None:
        check_files.write_file("--markdown", markdown, check_files.markdown(reports, missing))


def _print_changes(reports: Sequence[GateReport]) -> None:
    changes = [line for report in reports for line in report.changes]
    if changes:
        print("\nWhat changed, to say in the commit together with why:\n")
        for line in changes:
            print(textwrap.fill(f"- {line}", WIDTH, subsequent_indent="  ", break_on_hyphens=False))


def _reports(
    names: Sequence[str], jobs: int, *, update: bool, seeds: Sequence[int] | None, overrides: Sequence[str]
) -> Iterator[tuple[str, GateReport | None]]:
    """Yield each scenario's report in the order of ``names``; None for one that is skipped."""
    there = [name for name in names if not skipped(name)]
    asked = partial(_check_one, update=update, seeds=seeds, scenarios=len(there), overrides=overrides)
    if jobs == 1 or len(there) < 2:
        for name in names:
            yield name, (asked(name) if name in there else None)
        return
    # A fresh process has no loop or thread of this one to inherit.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(there)), mp_context=context) as pool:
        try:
            found = pool.map(partial(asked, quiet=True), there)
            for name in names:
                yield name, (next(found) if name in there else None)
        except BaseException:
            # What has not begun shall not begin: somebody has interrupted, or a scenario cannot be run.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


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


def _check_one(
    name: str,
    *,
    update: bool,
    seeds: Sequence[int] | None,
    scenarios: int,
    overrides: Sequence[str],
    quiet: bool = False,
) -> GateReport:
    from sim.experiment import check_scenario
    from sim.scenario import load_scenario

    spec = load_scenario(name).scenario.check
    with progress_bar(not quiet) as advance:
        progress = None if quiet else over_runs(advance, len(spec.policies) * len(seeds or spec.seeds))
        return check_scenario(
            name, update=update, seeds=seeds, scenarios=scenarios, overrides=overrides, progress=progress
        )


def _print(report: GateReport) -> None:
    runs = f"{report.runs} run" + ("s" if report.runs > 1 else "")
    if report.updated:
        print(f"updated  {report.scenario}: {runs}")
    elif report.passed:
        print(f"ok       {report.scenario}: {runs} as expected, {report.exact} byte for byte")
    else:
        print(f"differs  {report.scenario}: {runs}, {len(report.differences)} differences")
    for (policy, seed, command), group in groupby(
        report.differences, key=lambda item: (item.policy, item.seed, item.command)
    ):
        differences = list(group)
        print(f"\n  scenario {report.scenario}, policy {policy}, seed {seed}; reproduce with\n    {command}")
        rows = [
            (item.metric, _short(item.expected), _short(item.got), item.tolerance) for item in differences
        ]
        print_table(("metric", "expected", "got", "tolerance"), rows, right=("expected", "got"))
        for item in differences:
            if item.reason:
                line = f"  {item.metric}: {item.reason}"
                print(textwrap.fill(line, WIDTH, subsequent_indent="    "))


def _short(value: str) -> str:
    # Twelve digits tell two hashes apart and leave room for the rest of the line.
    is_hash = len(value) == _SHA_DIGITS and value.isalnum()
    return f"{value[:12]}…" if is_hash else value
