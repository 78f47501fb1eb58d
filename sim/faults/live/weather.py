"""Let books thin out and the client's clock go wrong: conditions in time, the same for everybody."""

from __future__ import annotations

from sim.clock import VirtualLoop
from sim.exchange.book import Book
from sim.exchange.matching import FillSpec
from sim.faults.clock import ClockFault
from sim.faults.how import Timing
from sim.faults.injector import FaultInjector
from sim.faults.live.armed import armed
from sim.faults.thin_book import ThinBook

_MINUTE_US = 60_000_000


class LiveThinBook:
    """Be the :class:`~sim.exchange.troubles.ThinBook` of one symbol's book."""

    def __init__(self, book: Book, symbol: str, faults: list[tuple[ThinBook, Timing]]) -> None:
        self._spec = book.spec
        self._symbol = symbol
        self._faults = faults
        # The narrowest spread there is is one tick, whatever the fill rules say.
        half_tick_bps = 0.5 * book.path.tick / book.path.last(0) * 1e4
        self._half_bps = max(book.spec.half_spread_bps, half_tick_bps)
        self._known: dict[tuple[int, ...], FillSpec] = {(): book.spec}

    def spec_at(self, t_us: int) -> FillSpec:
        """Return the fill rules in force at ``t_us``."""
        active = tuple(
            place for place, (_, timing) in enumerate(self._faults) if timing.active(t_us, self._symbol)
        )
        spec = self._known.get(active)
        if spec is None:
            spec = self._known[active] = self._thinned([self._faults[place][0] for place in active])
        return spec

    def _thinned(self, faults: list[ThinBook]) -> FillSpec:
        depth, spread = 1.0, 1.0
        for fault in faults:
            depth /= fault.depth_divisor
            spread *= fault.spread_times
        own = self._spec
        wider = {} if spread == 1.0 else {
            "half_spread_bps": self._half_bps * spread,
            "spread_range_share": own.spread_range_share * spread,
        }  # fmt: skip
        return own.model_copy(update={"depth_multiplier": own.depth_multiplier * depth, **wider})


def thin_books(books: dict[str, Book], injector: FaultInjector, loop: VirtualLoop) -> None:
    """Put the run's thin stretches over its books, and write each stretch down when it opens."""
    faults = armed(injector, "thin_book", ThinBook)
    for symbol, book in books.items():
        of_symbol = [one for one in faults if one[0].match.symbol in (None, symbol)]
        if of_symbol:
            book.thin = LiveThinBook(book, symbol, of_symbol)
    for spec, timing in faults:
        told = f"book /{spec.depth_divisor:g}, spread x{spec.spread_times:g}"
        _write_openings(spec.name, told, timing, injector, loop, "core")


class LiveClock:
    """Be the :class:`~sim.exchange.troubles.ClientClock` of a run: what all its faults add up to."""

    def __init__(self, injector: FaultInjector, loop: VirtualLoop) -> None:
        self._faults = armed(injector, "clock", ClockFault)
        for spec, timing in self._faults:
            told = f"clock {spec.offset_ms:+g} ms {spec.drift_ms_per_min:+g} ms/min"
            _write_openings(spec.name, told, timing, injector, loop, "connect")

    @property
    def acts(self) -> bool:
        """Tell whether there is anything for it to do."""
        return bool(self._faults)

    def offset_us(self, now_us: int) -> int:
        """Return how far the clock is ahead at ``now_us``."""
        total = 0.0
        for spec, timing in self._faults:
            stretch = timing.stretch(now_us)
            if stretch is not None and timing.active(now_us):
                drifted = spec.drift_ms_per_min * (now_us - stretch[0]) / _MINUTE_US
                total += 1000 * (spec.offset_ms + drifted)
        return round(total)


def _write_openings(
    name: str, told: str, timing: Timing, injector: FaultInjector, loop: VirtualLoop, stage: str
) -> None:
    def write(at_us: int) -> None:
        injector.record(name, told, None, at_us=at_us, stage=stage)

    for opened, _ in timing.edges_us or ():
        loop.at_us(max(opened, loop.now_us), write, opened)
