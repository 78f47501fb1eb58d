"""Say when a log's intents were decided, as signals on a tape: its own day's, else a stated other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sim.calibrate.logs.tally import Tally
from sim.chance import Stream
from sim.market import embedded_names

DAY_US: Final = 86_400_000_000
_OTHER_TAPE: Final = "embedded:BTCUSDT-1m-2024-01-15"
_OTHER_DAY: Final = "2024-01-15"
_OTHER_SYMBOL: Final = "BTCUSDT"


@dataclass(frozen=True, kw_only=True)
class Workday:
    """Hold one day of a log as a scenario's market and workload.

    ``klines``: the tape's reference; ``own`` whether it is the log's own day.  ``rows``: (time in µs since 1970 on
    the tape, symbol, side, planned price or 0).
    """

    date: str
    klines: str
    own: bool
    symbol: str
    rows: list[tuple[int, str, str, float]]


def workday(tally: Tally, klines: str, hold_s: float, settle_s: float) -> Workday:
    """Return the day of a log on which most was decided, or attempted, on the tape it calls for.

    ``klines`` is a stated tape of that very day, "" for whatever is at hand.  Sides are not in the document's lines:
    a coin is tossed for each.  Intents too late for the day's tape are left out.
    """
    days = Counter(at_us // DAY_US for at_us, _, _ in tally.decided)
    if not days:
        days = Counter({cell * 600_000_000 // DAY_US: counts.total() for cell, counts in tally.cells.items()})
    day = min(days, key=lambda one: (-days[one], one)) if days else 0
    date = datetime.fromtimestamp(day * DAY_US / 1e6, UTC).strftime("%Y-%m-%d")
    symbol = tally.symbols.most_common(1)[0][0] if tally.symbols else _OTHER_SYMBOL
    embedded = f"{symbol}-1m-{date}"
    own = bool(klines) or embedded in embedded_names()
    tape = klines or (f"embedded:{embedded}" if own else _OTHER_TAPE)
    first_us = day * DAY_US if own else _day_us(_OTHER_DAY)
    last_us = first_us + DAY_US - round((hold_s + 2 * settle_s + 1) * 1e6)
    toss = Stream(0, "calibrate.side")
    rows = []
    for number, (at_us, whose, planned) in enumerate(sorted(tally.decided)):
        on_tape_us = at_us - day * DAY_US + first_us
        if at_us // DAY_US != day or on_tape_us > last_us or (own and whose != symbol):
            continue
        side = "long" if toss.uniform(number) < 0.5 else "short"
        rows.append((on_tape_us, symbol if own else _OTHER_SYMBOL, side, planned if own else 0.0))
    return Workday(date=date, klines=tape, own=own, symbol=symbol, rows=rows)


def signal_lines(day: Workday) -> Iterator[str]:
    """Yield the lines of the signal file."""
    yield "time,symbol,side,planned_price"
    for at_us, symbol, side, planned in day.rows:
        moment = datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        yield f"{moment},{symbol},{side},{f'{planned:.10g}' if planned else ''}"


def _day_us(date: str) -> int:
    return round(datetime.fromisoformat(f"{date}T00:00:00+00:00").timestamp() * 1e6)
