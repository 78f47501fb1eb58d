"""Say which archive files hold a span of days, by the layout of data.binance.vision (binance-facts 9)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sim.errors import InputError, nearest, unknown_name
from sim.market.bars import INTERVALS_US

BASE_URL: Final = "https://data.binance.vision"
KINDS: Final = ("klines", "markPriceKlines", "aggTrades")

_DAY: Final = timedelta(days=1)
_SYMBOL: Final = re.compile(r"[A-Z0-9]{2,30}(_[A-Z0-9]{1,10})?")
_DATE: Final = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")
_DATE_EXPECTED: Final = "a date such as 2024-01-15, or a month such as 2024-01"
_LONGER_INTERVALS: Final = ("3d", "1w", "1mo")


@dataclass(frozen=True, slots=True)
class Market:
    """Describe one market's part of the archives: its folder, what we can read of it, its first month."""

    folder: str
    kinds: tuple[str, ...]
    intervals: tuple[str, ...]
    first_day: date


MARKETS: Final[dict[str, Market]] = {
    # No one-second klines are published for futures (binance-facts 9).
    "um": Market(
        "data/futures/um", KINDS, tuple(name for name in INTERVALS_US if name != "1s"), date(2019, 9, 1)
    ),
    # Spot's aggTrades have an eighth column, and spot has no mark price.
    "spot": Market("data/spot", ("klines",), tuple(INTERVALS_US), date(2017, 7, 1)),
}


@dataclass(frozen=True, slots=True)
class Series:
    """Name what is asked for, apart from when: ``interval`` is None for trades, which have none."""

    market: str
    kind: str
    symbol: str
    interval: str | None

    def file_name(self, period: str) -> str:
        """Return the archive's file name for ``YYYY-MM`` or ``YYYY-MM-DD``."""
        return f"{self.symbol}-{self.interval or self.kind}-{period}.zip"

    def path(self, period: str) -> str:
        """Return the path under the archive's root."""
        length = "daily" if period.count("-") == 2 else "monthly"
        parts = [MARKETS[self.market].folder, length, self.kind, self.symbol]
        return "/".join([*parts, *([self.interval] if self.interval else []), self.file_name(period)])


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """Name one file of a plan by the days it holds, both inclusive."""

    first: date
    last: date

    @property
    def is_month(self) -> bool:
        """Tell a monthly file from a daily one."""
        return self.first != self.last

    @property
    def period(self) -> str:
        """Return the date in the file's name."""
        return f"{self.first:%Y-%m}" if self.is_month else f"{self.first:%Y-%m-%d}"

    def days(self) -> list[Piece]:
        """Return the daily files that hold the same days."""
        return [Piece(day, day) for day in _days(self.first, self.last)]


def series_of(market: str, kind: str, symbol: str, interval: str | None) -> Series:
    """Check the words that name a series; ``interval`` of trades may be ``-`` or None.

    Raises :class:`InputError` for a name that is in no archive we can read.
    """
    if market not in MARKETS:
        raise unknown_name("--market", market, "a market", MARKETS)
    place = MARKETS[market]
    if kind not in KINDS:
        raise unknown_name("KIND", kind, "a kind of data", KINDS)
    if kind not in place.kinds:
        raise InputError("KIND", kind, f"one of {', '.join(place.kinds)}, with --market {market}")
    if not _SYMBOL.fullmatch(symbol):
        close = re.sub(r"[^A-Z0-9_]", "", symbol.upper())
        hint = close if _SYMBOL.fullmatch(close) else None
        raise InputError("SYMBOL", symbol, "a symbol as Binance writes it, such as BTCUSDT", hint)
    if kind == "aggTrades":
        if interval not in (None, "-"):
            raise InputError("INTERVAL", interval, "- (or nothing): trades have no interval")
        return Series(market, kind, symbol, None)
    if interval not in place.intervals:
        raise _unknown_interval(interval, market, place)
    return Series(market, kind, symbol, interval)


def _unknown_interval(interval: str | None, market: str, place: Market) -> InputError:
    valid = ", ".join(place.intervals)
    if interval in _LONGER_INTERVALS:
        return InputError("INTERVAL", interval, f"one of {valid}: no path is made of longer bars")
    if interval in INTERVALS_US:
        return InputError("INTERVAL", interval, f"one of {valid}, with --market {market}")
    return InputError(
        "INTERVAL", interval or "-", f"one of {valid}", nearest(interval or "", place.intervals)
    )


def looks_like_date(text: str) -> bool:
    """Tell a date from an interval, where the interval may be left out."""
    return _DATE.fullmatch(text) is not None


def span_of(first: str, last: str, *, market: str, today: date) -> tuple[date, date]:
    """Return the first and last day meant by two dates or months, both inclusive; ``today`` is UTC's.

    A day's file appears the day after, so the last day there can be is yesterday: a month that still runs
    ends there.  Raises :class:`InputError` for what is no date, lies ahead, precedes the market, or runs backwards.
    """
    begin, _ = _days_meant("FROM", first)
    end_begin, end = _days_meant("TO", last)
    yesterday = today - _DAY
    earliest = MARKETS[market].first_day
    if begin < earliest:
        raise InputError("FROM", first, f"a day from {earliest} on, when the market's archives begin")
    if begin > yesterday:
        raise InputError(
            "FROM", first, f"a day up to {yesterday}: a day's file is published on the day after"
        )
    if end < begin:
        raise InputError("TO", last, f"a day from FROM ({begin}) on")
    if end > yesterday:
        if end_begin == end or end_begin > yesterday:
            raise InputError(
                "TO", last, f"a day up to {yesterday}: a day's file is published on the day after"
            )
        end = yesterday
    return begin, end


def _days_meant(where: str, text: str) -> tuple[date, date]:
    match = _DATE.fullmatch(text) if text.isascii() else None
    if match is None:
        raise InputError(where, text, _DATE_EXPECTED)
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        begin = date(year or 0, month or 0, day or 1)
    except ValueError as error:
        raise InputError(where, text, f"{_DATE_EXPECTED} ({error})") from error
    return begin, begin if day else _month_end(begin)


def plan(begin: date, end: date) -> list[Piece]:
    """Cover the days from ``begin`` to ``end`` with monthly files where a whole month is asked for, else daily."""
    pieces: list[Piece] = []
    day = begin
    while day <= end:
        month_end = _month_end(day)
        if day.day == 1 and month_end <= end:
            pieces.append(Piece(day, month_end))
        else:
            pieces += [Piece(single, single) for single in _days(day, min(month_end, end))]
        day = month_end + _DAY
    return pieces


def shown_periods(pieces: Sequence[Piece]) -> list[str]:
    """Write pieces in order, runs of days as one text: ``2024-01-15 to 2024-01-17``."""
    runs: list[list[Piece]] = []
    for piece in sorted(pieces):
        follows = runs and not piece.is_month and not runs[-1][-1].is_month
        if follows and runs[-1][-1].last + _DAY == piece.first:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [run[0].period + (f" to {run[-1].period}" if len(run) > 1 else "") for run in runs]


def _days(begin: date, end: date) -> Iterator[date]:
    return (begin + number * _DAY for number in range((end - begin).days + 1))


def _month_end(day: date) -> date:
    # The 28th plus four days is in the next month, whatever the month.
    return (day.replace(day=28) + 4 * _DAY).replace(day=1) - _DAY
