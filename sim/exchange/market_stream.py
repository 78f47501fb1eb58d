"""Feed market data streams from the price paths: ``symbol@bookTicker``, ``@aggTrade``, ``@trade``, ``@markPrice[@1s]``.

Assumptions.  The path knows when and where trades printed, not their sizes: an aggregate trade carries its bar's
volume divided by the bar's prints, and its maker is told by the direction of the last move.  The best prices change
only when something prints; the sizes at the touch are the book's depth, which is what a taker meets.  The index price
is shown as mark.  Each stream has a latency of its own, drawn for (stream, number of the event), and keeps its order.
A stream costs nothing while nobody listens to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from typing import Any, Final

from sim.chance import key_of, mix
from sim.clock import Handle, VirtualLoop
from sim.exchange.book import Book
from sim.exchange.latency import Leg
from sim.exchange.orders import decimal_text
from sim.exchange.troubles import MarketStreamTroubles

_SECOND_US: Final = 1_000_000
_SHOWN_DEPTH: Final = 1_000.0
"""What is shown where a book, or a bar's volume, has no end (base asset)."""

Deliver = Callable[[dict[str, Any]], None]
_Event = tuple[int, int, dict[str, Any]]
"""(when it leaves, its number within the stream, its body)."""


class MarketStreams:
    """Hand market events of the symbols in ``books`` to listeners; ``leg`` draws their delays."""

    def __init__(self, loop: VirtualLoop, epoch_us: int, books: Mapping[str, Book], leg: Leg) -> None:
        self._loop = loop
        self._epoch_us = epoch_us
        self._books = books
        self._leg = leg
        self.troubles: MarketStreamTroubles | None = None

    def attach(self, name: str, deliver: Deliver) -> Callable[[], None] | None:
        """Feed the stream ``name`` to ``deliver`` from now on; return what ends it, None for an unknown name."""
        symbol, _, kind = name.partition("@")
        book = self._books.get(symbol.upper())
        make = _KINDS.get(kind)
        if book is None or make is None:
            return None
        feed = _Feed(
            self._loop, make(book, self._epoch_us, self._loop.now_us), self._leg, name, deliver, self.troubles
        )
        feed.appoint()
        return feed.end


class _Feed:
    """Deliver one stream's events one appointment at a time, so that a long tape costs no more than its events."""

    def __init__(
        self,
        loop: VirtualLoop,
        events: Iterator[_Event],
        leg: Leg,
        name: str,
        deliver: Deliver,
        troubles: MarketStreamTroubles | None,
    ) -> None:
        self._loop = loop
        self._events = events
        self._leg = leg
        self._name = name
        self._key = key_of(name)
        self._troubles = troubles
        self._deliver_to: Deliver | None = deliver
        self._arrives_us = 0
        self._due: Handle | None = None

    def appoint(self) -> None:
        for at_us, number, body in self._events:
            delay_us, shown = self._leg.sample_us(mix(self._key, number), at_us), body
            if self._troubles is not None:
                fate = self._troubles.fate(self._name, number, at_us, body)
                if fate is None:
                    continue
                delay_us, shown = delay_us + fate[0], fate[1]
            self._arrives_us = max(self._arrives_us, at_us + delay_us)
            self._due = self._loop.at_us(self._arrives_us, self._deliver, shown)
            return

    def _deliver(self, body: dict[str, Any]) -> None:
        if self._deliver_to is None:
            return
        self._deliver_to(body)
        self.appoint()

    def end(self) -> None:
        self._deliver_to = None
        if self._due is not None:
            self._due.cancel()


def _prints(book: Book, from_us: int) -> Iterator[tuple[int, float, int, float]]:
    """Yield (time, price, number, size) of the prints after ``from_us``; numbers do not depend on when one asks."""
    path = book.path
    bar_us = path.bar_us
    for bar in count(from_us // bar_us):
        begin_us = bar * bar_us
        if begin_us >= path.end_us:
            return
        times, prices = path.prints(begin_us, min(begin_us + bar_us, path.end_us))
        if not times.size:
            continue
        size = path.bar_volume(begin_us) / times.size
        for place, (at_us, price) in enumerate(zip(times.tolist(), prices.tolist(), strict=True)):
            if at_us > from_us:
                yield at_us, price, bar * 1_000_000 + place, size


def _trades(name: str, book: Book, epoch_us: int, from_us: int) -> Iterator[_Event]:
    symbol = book.path.symbol
    before = book.path.last(from_us)
    falling = False
    for at_us, price, number, size in _prints(book, from_us):
        falling = price < before or (price == before and falling)
        before = price
        at_ms = (epoch_us + at_us) // 1000
        if name == "aggTrade":
            ids: dict[str, Any] = {"a": number, "f": number, "l": number}
        else:
            ids = {"t": number, "X": "MARKET"}
        yield (
            at_us,
            number,
            {
                "e": name,
                "E": at_ms,
                "T": at_ms,
                "s": symbol,
                "p": decimal_text(price),
                "q": decimal_text(size, 3) if math.isfinite(size) else decimal_text(_SHOWN_DEPTH),
                "m": falling,
                **ids,
            },
        )


def _book_tickers(book: Book, epoch_us: int, from_us: int) -> Iterator[_Event]:
    symbol = book.path.symbol
    shown: tuple[str, str] = ("", "")
    for at_us, _, number, _ in _prints(book, from_us):
        best = (decimal_text(book.touch(-1, at_us)), decimal_text(book.touch(1, at_us)))
        if best == shown:
            continue
        shown = best
        at_ms = (epoch_us + at_us) // 1000
        depth = decimal_text(min(book.depth(at_us), _SHOWN_DEPTH), 3)
        yield (
            at_us,
            number,
            {
                "e": "bookTicker",
                "u": number,
                "E": at_ms,
                "T": at_ms,
                "s": symbol,
                "b": best[0],
                "B": depth,
                "a": best[1],
                "A": depth,
            },
        )


def _marks(every_us: int, book: Book, epoch_us: int, from_us: int) -> Iterator[_Event]:
    path = book.path
    first_us = from_us + (-(epoch_us + from_us)) % every_us
    for at_us in range(first_us, path.end_us, every_us):
        at_ms = (epoch_us + at_us) // 1000
        mark = decimal_text(path.mark(at_us))
        yield (
            at_us,
            at_us // _SECOND_US,
            {
                "e": "markPriceUpdate",
                "E": at_ms,
                "s": path.symbol,
                "p": mark,
                "i": mark,
                "P": mark,
                "r": "0.00010000",
                "T": 0,
            },
        )


_KINDS: Final[dict[str, Callable[[Book, int, int], Iterator[_Event]]]] = {
    "aggTrade": partial(_trades, "aggTrade"),
    "trade": partial(_trades, "trade"),
    "bookTicker": _book_tickers,
    "markPrice": partial(_marks, 3 * _SECOND_US),
    "markPrice@1s": partial(_marks, _SECOND_US),
}
