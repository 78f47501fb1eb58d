"""``sim check``: rerun what has expected results and say what differs."""

from __future__ import annotations

import sys
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from sim.api.inputs import with_expectations
from sim.api.progress import over_runs, progress_bar
from sim.cli.output import print_table

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
) -> int:
    """Rerun scenarios and hold them against the expected results beside them (NAME.expected.json).

    With the same code, data and versions the runs must be equal byte for byte; otherwise each metric must be
    within its tolerance.  Exits with 1 on any difference, which it names with the command that reproduces it.

    \b
    Examples:
      sim check
      sim check quickstart
      sim check my/scenario.toml --update
    """
    names = with_expectations(scenarios or [], update=update)
    passed = True
    updated: list[str] = []
    try:
        for name in names:
            report = _check_one(name, update=update)
            _print(report)
            passed = passed and report.passed
            updated += [name] if report.updated else []
    except KeyboardInterrupt:
        if not updated:
            raise
        print(f"interrupted; written before: {', '.join(updated)}", file=sys.stderr)
        raise SystemExit(130) from None
    return 0 if passed else 1


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
