"""``sim calibrate``: from production logs to a scenario that reproduces their day."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.api.folders import REPORTS, new_folder
from sim.cli.log_options import JsonLines, Regex, Timezone, each_once, line_counts, read_into
from sim.cli.options import Intents, Json, Out, Quiet
from sim.cli.output import after_writing, print_table
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.calibrate.logs import Calibration, Log
    from sim.calibrate.logs.workday import Workday

_RATES = ("failure", "role", "failed", "of", "rate", "95 %", "exact 95 %")
_OUTAGES = ("outage", "seen", "mean length", "95 %", "mean gap", "95 % of the gap", "fit p")
_NUMBERS = ("number", "log", "95 %", "n", "simulated", "true", "applied = 1", "true at 1")

_LONGEST_HOLD_S = 31_622_400.0
_POLICY, _TIMEZONE, _SL_PCT, _TP_PCT, _HOLD_S = "d7", "UTC", 0.004, 0.008, 900.0
"""What the options are unless stated."""


def calibrate(
    logs: Annotated[
        list[Path], typer.Argument(metavar="LOG...", help="Log files, also .gz; rotated ones in any order.")
    ],
    regex: Regex = None,
    json_lines: JsonLines = None,
    timezone: Timezone = _TIMEZONE,
    klines: Annotated[
        str,
        typer.Option("--klines", metavar="TAPE", help="The day's own tape, as a scenario's market names it."),
    ] = "",
    policy: Annotated[
        str,
        typer.Option(
            "--policy",
            metavar="NAME|FILE",
            help="The policy that wrote the logs, for the runs and the check.",
        ),
    ] = _POLICY,
    sl_pct: Annotated[
        float, typer.Option("--sl-pct", metavar="SHARE", help="The stop's distance.")
    ] = _SL_PCT,
    tp_pct: Annotated[
        float, typer.Option("--tp-pct", metavar="SHARE", help="The target's distance.")
    ] = _TP_PCT,
    hold_s: Annotated[
        float, typer.Option("--hold-s", metavar="S", help="The longest holding time.")
    ] = _HOLD_S,
    intents: Intents = None,
    runs: Annotated[bool, typer.Option("--runs/--no-runs", help="Run the scenario at both ends.")] = True,
    out: Out = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read logs, fit what their venue did, and write a scenario that sim run accepts.

    Lines are those of the seed document behind any usual prefix; each is read, none of ours, or refused with its
    reason, in constant memory.  Fits: failure rates by code and role, outages from the moments at which the log
    looked, the round trip, the lag of look-ups; what a log cannot tell is said, and shown at both ends.  Writes
    scenario.toml, signals.csv, tables and calibration.json to reports/calibrate-LOG (or --out), in place of an earlier
    calibration that nobody has written into since.

    \b
    Examples:
      sim calibrate night.log
      sim calibrate night.log --out scenarios/night --sl-pct 0.006 --tp-pct 0.012 --hold-s 600
      sim calibrate bot.log.1.gz bot.log --timezone Europe/Zurich --klines BTCUSDT-1m-2025-10-10.zip
      sim calibrate events.jsonl --json-lines mapping.toml --no-runs --json
      sim run reports/calibrate-night/scenario.toml --policy safe
    """
    from dataclasses import asdict

    each_once(logs)
    _check_assumed(sl_pct, tp_pct, hold_s)
    from sim.calibrate.logs import (
        Assumed,
        check_tape,
        day_of,
        facts_of,
        plain,
        publish,
        refuse_changed,
        seen_from,
    )
    from sim.calibrate.logs import calibrate as fitted
    from sim.scenario import load_policy_named

    chosen = load_policy_named(policy, ())
    target = out or REPORTS / f"calibrate-{logs[0].name.split('.')[0]}"
    refuse_changed(target)
    tape = seen_from(klines, target)
    assumed = Assumed(sl_pct=sl_pct, tp_pct=tp_pct, hold_s=hold_s)
    command = _command(
        logs,
        {
            "--regex": (regex, None),
            "--json-lines": (json_lines, None),
            "--timezone": (timezone, _TIMEZONE),
            "--klines": (klines, ""),
            "--policy": (policy, _POLICY),
            "--sl-pct": (sl_pct, _SL_PCT),
            "--tp-pct": (tp_pct, _TP_PCT),
            "--hold-s": (hold_s, _HOLD_S),
        },
    )
    with new_folder(target) as folder:
        log = read_into(logs, regex, json_lines, timezone, folder, quiet=quiet)
        day = day_of(log, tape, assumed)
        if klines:
            check_tape(klines, day)
        found = fitted(log.tally)
        ends = publish(
            log,
            found,
            folder,
            klines=tape,
            assumed=assumed,
            command=command,
            policy=chosen if runs else None,
            intents=intents,
            written_by=seen_from(policy, target) if "/" in policy or policy.endswith(".toml") else policy,
        )
    with after_writing(str(target)):
        if as_json:
            facts = {**facts_of(log, found), "runs": [asdict(end) for end in ends], "folder": str(target)}
            print(json.dumps(plain(facts), ensure_ascii=False, allow_nan=False))
            return
        if not quiet:
            from sim.report.printing import wrapped

            print("\n".join(wrapped(line_counts(log.counts, log.cut_off, timezone))))
            print("\n".join(wrapped(_replayed(log, day))))
            _print(found, ends)
        print(target / "scenario.toml")


def _check_assumed(sl_pct: float, tp_pct: float, hold_s: float) -> None:
    for option, share in (("--sl-pct", sl_pct), ("--tp-pct", tp_pct)):
        if not 0.0 < share < 1.0:
            raise InputError(option, share, "a share of the price between 0 and 1, as 0.004 for 0.4 %")
    if not 0.0 < hold_s <= _LONGEST_HOLD_S:
        raise InputError("--hold-s", hold_s, f"seconds, more than 0 and at most {_LONGEST_HOLD_S:,.0f}")


def _command(logs: list[Path], options: dict[str, tuple[object, object]]) -> str:
    """Return the command line; of each option what was given and what it usually is, which is left out."""
    words = ["sim", "calibrate", *map(str, logs)]
    for option, (given, usual) in options.items():
        words += [option, str(given)] if given != usual else []
    return shlex.join(words)


def _replayed(log: Log, day: Workday) -> str:
    """Say which day the scenario replays, and on which prices."""
    text = f"replayed: {day.date}, {len(day.rows):,} of {log.tally.all_decided:,} decisions, on {day.klines}"
    if not day.own:
        return (
            f"{text}, as {day.symbol} of that day is not at hand: failures and times are the log's, prices are not "
            f"(sim klines fetch {day.symbol} klines 1m {day.date}; then --klines names the file)"
        )
    if Path(day.klines).is_absolute():
        return (
            f"{text}: a path of this machine alone; to commit the scenario, keep the tape below this folder"
        )
    return text


def _print(found: Calibration, ends: list[Any]) -> None:
    from sim.report.printing import wrapped

    if found.rates:
        print(f"\nfailures by role; clusters are stretches of one {found.unit}" if found.unit != "ten minutes"
              else "\nfailures by role; clusters are stretches of ten minutes")  # fmt: skip
        rows = [
            (
                rate.failure,
                rate.role,
                f"{rate.count:,}",
                f"{rate.n:,}",
                _share(rate.rate),
                f"{_share(rate.low)} to {_share(rate.high)}",
                f"{_share(rate.exact_low)} to {_share(rate.exact_high)}",
            )
            for rate in found.rates[:20]
        ]
        print_table(_RATES, rows, right=_RATES[2:5])
    if found.outages:
        print("\noutages, seen only at the log's own attempts")
        print_table(_OUTAGES, [_outage(outage) for outage in found.outages], right=_OUTAGES[1:])
    trip = found.trip
    if trip is not None:
        fit = f"; fit p = {trip.fit_p:.2f}" if math.isfinite(trip.fit_p) else ""
        print(
            f"\nround trip: median {trip.p50_ms:.1f} ms ({trip.p50_low_ms:.1f} to {trip.p50_high_ms:.1f}), "
            f"99th percentile {trip.p99_ms:.0f} ms ({trip.p99_low_ms:.0f} to {trip.p99_high_ms:.0f}){fit}"
        )
    if found.lag is not None:
        lag = found.lag
        print(
            f"look-ups: {lag.late:,} of {lag.n:,} orders were seen late, after {_number(lag.mean_s)} s on average "
            f"({_number(lag.low_s)} to {_number(lag.high_s)}); "
            f"P(applied) {lag.applied:.2f} ({lag.applied_low:.2f} to {lag.applied_high:.2f})"
        )
    print("\nthe document's numbers: the log's, and those of its scenario"
          + (" with P(applied) 0 and 1" if len(ends) > 1 else ""))  # fmt: skip
    print_table(_NUMBERS[: 4 + 2 * len(ends)], _number_rows(found, ends), right=_NUMBERS[1:])
    for end in ends:
        print(
            f"{end.file}: {end.intents:,} intents, {end.over_filled:,} hold more than intended, "
            f"{end.naked_charged_s:.2f} s on average without a stop"
        )
    if found.unidentified:
        print("\nNot to be had from this log:")
        for item in found.unidentified:
            print("\n".join(wrapped(f"- {item}")))


def _number_rows(found: Calibration, ends: list[Any]) -> list[tuple[str, ...]]:
    rows = []
    for place, measured in enumerate(found.document):
        row = [
            measured.metric,
            _number(measured.value),
            f"{_number(measured.low)} to {_number(measured.high)}",
            f"{measured.n:,}",
        ]
        for end in ends:
            row += [_number(end.numbers[place].claimed), _number(end.numbers[place].true)]
        rows.append(tuple(row))
    return rows


def _outage(outage: Any) -> tuple[str, ...]:
    return (
        outage.failure,
        str(outage.seen),
        f"{outage.length_s:.1f} s",
        f"{outage.length_low_s:.1f} to {outage.length_high_s:.1f}",
        f"{outage.gap_s:.0f} s",
        f"{outage.gap_low_s:.0f} to {outage.gap_high_s:.0f}",
        _number(outage.fit_p),
    )


def _share(value: float) -> str:
    return "-" if not math.isfinite(value) else f"{value:.2%}"


def _number(value: float) -> str:
    return "-" if not math.isfinite(value) else f"{value:.3f}"
