"""``sim backcast``: would the days before have told of this one?"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.api.progress import progress_bar
from sim.api.values import whole_number
from sim.cli.log_options import JsonLines, Regex, Timezone, each_once, line_counts
from sim.cli.options import Intents, Json
from sim.cli.output import print_table
from sim.errors import InputError

_COLUMNS = ("date", "number", "predicted", "95 %", "came", "covered", "score")
_CHANGES = ("date", "changed", "before", "now", "p")


def backcast(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG...", help="Logs of at least three days.")],
    regex: Regex = None,
    json_lines: JsonLines = None,
    timezone: Timezone = "UTC",
    days: Annotated[
        int,
        typer.Option(
            "--days", metavar="N", parser=whole_number("--days", least=1), help="Predict the last N days."
        ),
    ] = 1,
    draws: Annotated[
        int,
        typer.Option(
            "--draws",
            metavar="N",
            parser=whole_number("--draws", least=39),
            help="Simulated days per prediction.",
        ),
    ] = 39,
    policy: Annotated[
        str, typer.Option("--policy", metavar="NAME|FILE", help="The policy that wrote the logs.")
    ] = "d7",
    klines: Annotated[
        str, typer.Option("--klines", metavar="TAPE", help="The predicted day's own tape.")
    ] = "",
    level: Annotated[
        float, typer.Option("--level", metavar="SHARE", help="How often an unchanged venue may be flagged.")
    ] = 0.01,
    intents: Intents = None,
    as_json: Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print no progress, only what was flagged.")
    ] = False,
) -> None:
    """Calibrate on earlier days, predict the next one, and score the prediction intervals.

    Predicted are refusals, -2021, attempts, stop slippage and the guard's rejections, given when the day decided.  A
    draw is a simulated day whose rates, outages and latency are drawn as the earlier days leave them in doubt.  A
    venue that has changed - other rules, other latency - is flagged by tests that hold their level together.

    \b
    Examples:
      sim backcast week/*.log
      sim backcast month.log.gz --days 5 --draws 99 --intents 300
    """
    import tempfile
    from dataclasses import asdict

    each_once(logs)
    from sim.calibrate.logs import line_of, plain
    from sim.calibrate.logs.change import changes
    from sim.calibrate.logs.days import date_of
    from sim.calibrate.logs.predict import predict_day
    from sim.calibrate.logs.source import read_days
    from sim.report.printing import wrapped
    from sim.scenario import load_policy_named
    from sim.scenario.files import resolve

    if not 0.0 < level < 1.0:
        raise InputError("--level", level, "a share between 0 and 1")
    chosen = load_policy_named(policy, ())
    tape = resolve(klines, Path.cwd()) if klines else ""
    log, tallies = read_days(logs, line_of(regex, json_lines, timezone))
    order = sorted(tallies)
    if len(order) < days + 2:
        least = f"at least {days + 2}: two to learn from before the first predicted"
        raise InputError("LOG", f"logs of {len(order)} days", least)
    predictions: list[Any] = []
    flagged: list[tuple[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, progress_bar(not quiet, "days") as advance:
        for number, day in enumerate(order[-days:], start=1):
            earlier = [tallies[one] for one in order if one < day]
            predictions += predict_day(
                earlier, tallies[day], day, Path(folder), chosen, klines=tape, draws=draws, intents=intents
            )
            flagged += [
                (date_of(day), change)
                for change in changes(earlier, tallies[day])
                if change.is_flagged(level)
            ]
            if advance is not None:
                advance("predicting", number, days)
    if as_json:
        facts = {
            "predictions": [asdict(one) for one in predictions],
            "changes": [{"date": date, **asdict(change)} for date, change in flagged],
            "level": level,
        }
        print(json.dumps(plain(facts), ensure_ascii=False, allow_nan=False))
        return
    if not quiet:
        print("\n".join(wrapped(line_counts(log.counts, log.cut_off, timezone))), end="\n\n")
        print_table(_COLUMNS, [_row(one) for one in predictions], right=_COLUMNS[2:])
        known = [one for one in predictions if math.isfinite(one.score)]
        print(f"\n{sum(one.covered for one in known)} of {len(known)} numbers lie in their intervals")
        print("score: the interval's width, and 40 times what it missed by; smaller is better")
    for date, change in flagged:
        print(f"{date}: {change.what}: {change.before:.4g} before, {change.now:.4g} now (p = {change.p:.2g})")
    if not flagged:
        print(f"no change of the venue at level {level:g}")


def _row(one: Any) -> tuple[str, ...]:
    return (
        one.date,
        one.metric,
        _number(one.median),
        f"{_number(one.low)} to {_number(one.high)}",
        _number(one.actual),
        "-" if not math.isfinite(one.score) else "yes" if one.covered else "no",
        _number(one.score),
    )


def _number(value: float) -> str:
    return "-" if not math.isfinite(value) else f"{value:.4f}"
