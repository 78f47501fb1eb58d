"""Show that what ``sim calibrate`` and ``sim backcast`` say is true where the truth is known.

``python -m tests.campaigns.calibrate recover --repetitions 200``  injected parameters inside their 95 % intervals
``python -m tests.campaigns.calibrate backcast --weeks 40``        next days inside their prediction intervals
``python -m tests.campaigns.calibrate changed --weeks 40``         a changed venue flagged, an unchanged one not
``python -m tests.campaigns.calibrate stream --megabytes 1000``    one long damaged log in level memory

Logs are written by simulated runs on a straight line, where the price itself makes no -2021.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from sim.calibrate.logs import Tally, calibrate, simulated_log, tally_of_lines
from sim.calibrate.logs.change import LEVEL, changes
from sim.calibrate.logs.declared import document_line
from sim.calibrate.logs.predict import predict_day
from sim.calibrate.logs.rates import exact
from sim.calibrate.logs.scenario_file import Assumed
from sim.calibrate.logs.source import read_log
from sim.chance import Stream
from sim.experiment.prepare import load_market_of
from sim.scenario import LoadedScenario, load_policy_named, load_scenario

_Found = TypeVar("_Found")

TRUTH = {
    "internal_error.rate": 0.05,
    "would_trigger.rate": 0.10,
    "lost.mean_length_s": 8.0,
    "lost.mean_gap_s": 120.0,
    "round_trip.p50_ms": 40.0,
    "round_trip.p99_ms": 200.0,
}
_VENUE = """
title = "A venue whose parameters are known"
[market]
path = "line"
line = {{ start_price = 50000.0, pct_per_s = 0.0, for_s = {for_s} }}
[workload]
every_s = {every_s}
sl_pct = 0.004
tp_pct = 0.008
hold_s = 30
[latency]
request = {{ law = "lognormal", p50_ms = {p50_ms}, p99_ms = {p99_ms} }}
reply = {{ law = "constant", ms = 0 }}
[[faults]]
name = "internal_error"
code = -1001
applied = 0.0
how = {{ rate = {error} }}
match = {{ call = "order" }}
[[faults]]
name = "would_trigger"
code = -2021
how = {{ rate = {trigger} }}
match = {{ role = "sl" }}
"""
_OUTAGES = """
[[faults]]
name = "lost"
kind = "timeout"
truth = "not_applied"
how = { burst = { mean_gap_s = 120, mean_length_s = 8 } }
match = { call = "order" }
"""


def venue(
    folder: Path, *, intents: int, every_s: float = 8.0, outages: bool = True, **values: float
) -> LoadedScenario:
    """Return a scenario with known parameters that has room for ``intents``."""
    known = {"p50_ms": 40.0, "p99_ms": 200.0, "error": 0.05, "trigger": 0.10} | values
    text = _VENUE.format(for_s=every_s * intents + 400.0, every_s=every_s, **known)
    file = folder / "venue.toml"
    file.write_text(text + (_OUTAGES if outages else ""), encoding="utf-8")
    return load_scenario(str(file))


def recovered(seed: int, intents: int = 300) -> dict[str, tuple[float, float, float]]:
    """Return (fitted, low, high) of every parameter in TRUTH, from the log of one run without intents' numbers."""
    with tempfile.TemporaryDirectory() as folder:
        loaded = venue(Path(folder), intents=intents)
        lines = simulated_log(
            loaded,
            load_policy_named("d7", ()),
            load_market_of(loaded),
            seed=seed,
            intents=intents,
            with_intent=False,
        )
    found = calibrate(tally_of_lines(lines))
    result: dict[str, tuple[float, float, float]] = {}
    for rate in found.rates:
        if rate.failure == "-2021":
            result["would_trigger.rate"] = (rate.rate, rate.low, rate.high)
        if (rate.failure, rate.role) == ("-1001", "entry"):
            result["internal_error.rate"] = (rate.rate, rate.low, rate.high)
    for outage in found.outages:
        if outage.failure == "time-out":
            result["lost.mean_length_s"] = (outage.length_s, outage.length_low_s, outage.length_high_s)
            result["lost.mean_gap_s"] = (outage.gap_s, outage.gap_low_s, outage.gap_high_s)
    trip = found.trip
    if trip is not None:
        result["round_trip.p50_ms"] = (trip.p50_ms, trip.p50_low_ms, trip.p50_high_ms)
        result["round_trip.p99_ms"] = (trip.p99_ms, trip.p99_low_ms, trip.p99_high_ms)
    return result


def recover(repetitions: int, first: int, jobs: int) -> bool:
    """Print how often each parameter lay in its interval."""
    inside: dict[str, int] = defaultdict(int)
    sums: dict[str, float] = defaultdict(float)
    for number, found in enumerate(_map(recovered, range(first, first + repetitions), jobs), start=1):
        if number % 20 == 0:
            print(f"  {number} of {repetitions}", file=sys.stderr, flush=True)
        for name, truth in TRUTH.items():
            value, low, high = found.get(name, (math.nan, math.nan, math.nan))
            inside[name] += low <= truth <= high
            if not low <= truth <= high:
                print(f"  {name}: {value:.4g}, {low:.4g} to {high:.4g}", file=sys.stderr, flush=True)
            sums[name] += value
    print(f"{'parameter':24} {'truth':>8} {'mean fit':>9} {'inside':>7}   share (exact 95 %)")
    for name, truth in TRUTH.items():
        low, high = exact(inside[name], repetitions)
        print(
            f"{name:24} {truth:8g} {sums[name] / repetitions:9.4g} {inside[name]:7}   "
            f"{inside[name] / repetitions:.1%} ({low:.1%} to {high:.1%})"
        )
    total = sum(inside.values())
    print(f"together {total} of {repetitions * len(TRUTH)}: {total / (repetitions * len(TRUTH)):.1%}")
    return total >= 0.93 * repetitions * len(TRUTH)


def _week(folder: Path, week: int, days: int, intents: int, last: dict[str, float]) -> list[Tally]:
    """Return the tallies of days whose venue differs a little from day to day; ``last`` changes the last one's."""
    chance, policy, tallies = Stream(week, "campaign.week"), load_policy_named("d7", ()), []
    for day in range(days):
        values = {
            "error": 0.05 * math.exp(0.3 * chance.normal(4 * day)),
            "trigger": 0.10 * math.exp(0.3 * chance.normal(4 * day + 1)),
            "p50_ms": 40.0 * math.exp(0.1 * chance.normal(4 * day + 2)),
        }
        if day == days - 1:
            values |= last
        loaded = venue(folder, intents=intents, every_s=60.0, outages=False, **values)
        lines = simulated_log(loaded, policy, load_market_of(loaded), seed=1000 * week + day, intents=intents)
        tallies.append(tally_of_lines(lines))
    return tallies


def _predicted(week: int) -> list[tuple[str, bool, float]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        *earlier, actual = _week(folder, week, 7, 60, {})
        found = predict_day(
            earlier, actual, 19_737, folder, load_policy_named("d7", ()), draws=39, seed=100_000 * week + 500,
            assumed=Assumed(hold_s=30.0),
        )  # fmt: skip
    return [(one.metric, one.covered, one.score) for one in found if math.isfinite(one.score)]


def backcast(weeks: int, first: int, jobs: int) -> bool:
    """Print how often the seventh day's numbers lay in the intervals that the first six gave."""
    inside: dict[str, list[bool]] = defaultdict(list)
    for found in _map(_predicted, range(first, first + weeks), jobs):
        print(
            "  " + ", ".join(f"{metric}: {covered}" for metric, covered, _ in found),
            file=sys.stderr,
            flush=True,
        )
        for metric, covered, _ in found:
            # A straight line makes the guard reject nothing, which anybody can predict.
            if metric != "slippage rejections":
                inside[metric].append(covered)
    for metric, flags in inside.items():
        print(f"{metric:24} {sum(flags)} of {len(flags)}: {sum(flags) / len(flags):.1%}")
    every = [flag for flags in inside.values() for flag in flags]
    low, high = exact(sum(every), len(every))
    share = sum(every) / len(every)
    print(f"together {sum(every)} of {len(every)}: {share:.1%} ({low:.1%} to {high:.1%})")
    return 0.90 <= share <= 0.98 or low <= 0.98 <= high


CHANGED: dict[str, dict[str, float]] = {
    "nothing": {},
    "latency doubled": {"p50_ms": 80.0, "p99_ms": 400.0},
    "-1001 at four times its rate": {"error": 0.20},
    "-2021 at four times its rate": {"trigger": 0.40},
}


def _flagged(week: int) -> dict[str, bool]:
    with tempfile.TemporaryDirectory() as name:
        *earlier, _ = days = _week(Path(name), week, 7, 60, {})
        found = {"nothing": any(change.is_flagged() for change in changes(earlier, days[-1]))}
        for what, values in CHANGED.items():
            if values:
                now = _week(Path(name), week + 50_000, 1, 60, values)[0]
                found[what] = any(change.is_flagged() for change in changes(earlier, now))
    return found


def changed(weeks: int, first: int, jobs: int) -> bool:
    """Print how often each change was flagged, and how often none was one."""
    flagged: dict[str, int] = defaultdict(int)
    for found in _map(_flagged, range(first, first + weeks), jobs):
        for what, flag in found.items():
            flagged[what] += flag
    for what in CHANGED:
        print(f"{what:30} flagged {flagged[what]} of {weeks} at level {LEVEL:g}")
    return flagged["nothing"] <= max(1, 3 * LEVEL * weeks)


GROWTH_MB = 12.0
"""How much memory may be higher at the end of a long log than it was after a quarter of it."""


def stream(megabytes: float) -> bool:
    """Write a long damaged log, read it, and print its rate, what memory it took, and what the caps left out."""
    marks_mb: list[float] = []

    def mark(done: int, total: int) -> None:
        if done >= total * (len(marks_mb) + 1) / 4:
            marks_mb.append(_peak_mb())

    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "long.log"
        with file.open("w", encoding="utf-8", errors="replace") as out:
            for text in _damaged(megabytes * 1e6):
                out.write(text)
        before_mb, started_s = _peak_mb(), time.process_time()
        log = read_log([file], document_line(ZoneInfo("UTC")), tables=Path(name), progress=mark)
        took_s = time.process_time() - started_s
        found = calibrate(log.tally)
        after_mb, size_mb = _peak_mb(), file.stat().st_size / 1e6
    print(
        f"{size_mb:.0f} MB, {log.counts.lines:,} lines in {took_s:.0f} s of CPU ({size_mb / took_s:.1f} MB/s, "
        f"{log.counts.lines / took_s:,.0f} lines/s)"
    )
    quarters = ", ".join(f"{one:.0f}" for one in marks_mb)
    print(f"memory, MB: {before_mb:.0f} before, {quarters} after each quarter, {after_mb:.0f} with the fits")
    print(f"read {log.counts.read:,}, others {log.counts.other:,}, refused {dict(log.counts.refused)}")
    print(f"unzoned {log.counts.unzoned:,}, cut off {log.cut_off:,}")
    for item in found.unidentified:
        print(f"- {item}")
    return after_mb - marks_mb[0] < GROWTH_MB


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _damaged(size: float) -> Iterator[str]:
    """Yield lines of four interleaved processes for many days: one in fifty cut, some in another zone, some noise."""
    written, t_s, number, chance = 0.0, 1_764_000_000.0, 0, Stream(0, "campaign.damage")
    while written < size:
        number += 1
        t_s += 0.05
        process = 4000 + number % 4
        fails, role = chance.uniform(number) < 0.1, ("entry", "sl", "tp")[number % 3]
        body = ["[SAFETY-GUARD] ✅ BTCUSDT: No adjustments needed"]
        if fails:
            body.append(
                f"[SAFE-EXECUTOR] ❌ Attempt 1/5 failed for BTCUSDT {role} order: code=-1001, msg=Internal error"
            )
            body.append("[SAFE-EXECUTOR] Waiting 0.50s before retry 2")
        body.append(
            f"[SAFE-EXECUTOR] ✅ BTCUSDT {role} order placed: order_id={number}, attempts={1 + fails}, "
            f"duration={0.6 if fails else 0.0:.1f}s"
        )
        body.append("another part of the program says something of no interest here")
        for place, text in enumerate(body):
            at_s = t_s + 0.55 * (fails and place == 3)
            moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at_s + 3600 * (process == 4003)))
            zone = "+01:00" if process == 4003 else ""
            line = f"{moment},{int(at_s % 1 * 1000):03d}{zone} INFO [{process}] executor: {text}"
            cut = chance.uniform(10 * number + place + 1_000_000_000) < 0.02
            line = line[: int(len(line) * 0.9)] if cut else line
            written += len(line) + 1
            yield line + "\n"


def _map(function: Callable[[int], _Found], arguments: Iterable[int], jobs: int) -> Iterator[_Found]:
    if jobs == 1:
        yield from map(function, arguments)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(function, arguments)


def main(words: list[str]) -> int:
    """Run one part and tell by the exit code whether it held."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.calibrate", description=__doc__)
    parser.add_argument("part", choices=("recover", "backcast", "changed", "stream"))
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--weeks", type=int, default=40)
    parser.add_argument("--megabytes", type=float, default=200.0)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args(words)
    if asked.part == "stream":
        return 0 if stream(asked.megabytes) else 1
    part = {"recover": recover, "backcast": backcast, "changed": changed}[asked.part]
    number = asked.repetitions if asked.part == "recover" else asked.weeks
    return 0 if part(number, asked.first, asked.jobs) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
