"""``sim compare-logs``: what a deployment changed, from the logs before and after it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.log_options import JsonLines, Regex, Timezone, each_once, line_counts, read
from sim.cli.options import Json
from sim.cli.output import print_table
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.calibrate.logs.deployment import Deployment

_COLUMNS = ("number", "before", "after", "difference", "interval", "judged")


def compare_logs(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The log before the deployment.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The log after it.")],
    regex: Regex = None,
    json_lines: JsonLines = None,
    timezone: Timezone = "UTC",
    margin: Annotated[
        float, typer.Option("--margin", metavar="SHARE", help="A fall of a share that does not matter.")
    ] = 0.02,
    as_json: Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print no progress, only the verdict.")
    ] = False,
) -> None:
    """Compare the seed document's four numbers before and after, and say: keep, roll back or wait.

    Intervals are over days, hours or stretches of ten minutes, whichever is the longest of which both logs have ten.
    The rule for rolling back is printed with the verdict.  Exit code 1 says: roll back.

    \b
    Examples:
      sim compare-logs monday.log tuesday.log
      sim compare-logs before.log.gz after.log --margin 0.05 --json
    """
    from dataclasses import asdict

    each_once([before], "BEFORE")
    each_once([after], "AFTER")
    from sim.calibrate.logs import plain
    from sim.calibrate.logs.deployment import judge_deployment

    if not 0.0 < margin < 1.0:
        raise InputError("--margin", margin, "a share between 0 and 1")
    logs = [read([file], regex, json_lines, timezone, quiet=quiet) for file in (before, after)]
    found = judge_deployment(logs[0].tally, logs[1].tally, margin=margin)
    if as_json:
        print(json.dumps(plain(asdict(found)), ensure_ascii=False, allow_nan=False))
    else:
        from sim.report.printing import wrapped

        if not quiet:
            for name, log in (("before", logs[0]), ("after", logs[1])):
                print("\n".join(wrapped(f"{name}: {line_counts(log.counts, log.cut_off, timezone)}")))
            _print(found)
        print("\n".join(wrapped(found.verdict)))
        if not quiet:
            print("\n".join(wrapped(found.rule)))
    if found.decision == "roll back":
        raise typer.Exit(1)


def _print(found: Deployment) -> None:
    rows = [
        (
            moved.before.metric,
            f"{_number(moved.before.value)} ({moved.before.n:,})",
            f"{_number(moved.after.value)} ({moved.after.n:,})",
            _number(moved.difference, "+.3f"),
            f"{_number(moved.low, '+.3f')} to {_number(moved.high, '+.3f')}",
            moved.word,
        )
        for moved in found.moved
    ]
    print()
    print_table(_COLUMNS, rows, right=_COLUMNS[1:5])
    stretches = "stretches of ten minutes" if found.unit == "ten minutes" else f"{found.unit}s"
    note = f"; {found.note}" if found.note else ""
    print(
        f"{found.confidence:.1%} intervals over {found.clusters[0]} and {found.clusters[1]} {stretches}{note}\n"
    )


def _number(value: float, form: str = ".3f") -> str:
    return "-" if not math.isfinite(value) else format(value, form)
