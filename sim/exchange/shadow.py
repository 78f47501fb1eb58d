"""Play an intent's bracket on the same path without faults: the ideal, the floor, the refused (pure).

I1 ("ideal"): the entry leaves at the decision with the run's own latency draw, is never refused, its stop and
target rest with the fill.  I0 ("floor"): the same at zero latency.  "refused": the bracket of a refused intent,
leaving when its order would have left (metrics: refusal value, loss against ideal).

The stop and target watch mark, as the code under test sends them.  When both would fire, the first one does.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.exchange.filters import SymbolFilters
from sim.exchange.matching import FillSpec, fill_price
from sim.exchange.triggers import fires_rising, would_trigger
from sim.market import PricePath


@dataclass(frozen=True, slots=True)
class Bracket:
    """State what the intent wants: levels in price, ``deadline_us`` when it is closed at market."""

    direction: int
    quantity: float
    sl_price: float
    tp_price: float
    deadline_us: int


@dataclass(frozen=True, slots=True)
class Shadow:
    """Report what the bracket would have earned, in quote currency after fees.

    ``stop_crossed_us``: when the planned stop is first crossed between fill and deadline; -1 for never.
    """

    filled_us: int
    fill_price: float
    exit_us: int
    exit_price: float
    exit_reason: str
    pnl: float
    stop_crossed_us: int
    target_crossed_us: int


class Stage:
    """Play brackets of one symbol: its path, its fill rules, its filters."""

    def __init__(self, path: PricePath, fills: FillSpec, filters: SymbolFilters) -> None:
        self._path = path
        self._fills = fills
        self._tick = filters.tick_size
        self._delay_us = round(fills.trigger_delay_ms * 1000)

    def _taker(self, side: int, t_us: int, quantity: float) -> float:
        path = self._path
        return fill_price(self._fills, side, path.last(t_us), quantity, path.bar_volume(t_us), self._tick)

    def play(self, bracket: Bracket, arrives_us: int, earlier: Shadow | None = None) -> Shadow:
        """Return the result of ``bracket`` whose entry reaches the venue at ``arrives_us``.

        ``earlier`` is the same bracket's shadow from an earlier arrival: its crossings still hold when they lie
        after this arrival, so they need not be searched again.
        """
        direction, quantity = bracket.direction, bracket.quantity
        path = self._path
        entry = self._taker(direction, arrives_us, quantity)
        deadline = min(max(bracket.deadline_us, arrives_us + 1), path.end_us)
        if earlier is not None and _all_after(earlier, arrives_us):
            stop_us, target_us = earlier.stop_crossed_us, earlier.target_crossed_us
        else:
            stop_us = self._crossing("STOP_MARKET", -direction, bracket.sl_price, arrives_us, deadline)
            target_us = self._crossing(
                "TAKE_PROFIT_MARKET", -direction, bracket.tp_price, arrives_us, deadline
            )
        exit_us, reason = deadline, "timed_out"
        if stop_us >= 0:
            exit_us, reason = stop_us + self._delay_us, "stopped"
        if target_us >= 0 and target_us + self._delay_us < exit_us:
            exit_us, reason = target_us + self._delay_us, "target"
        exit_price = self._taker(-direction, exit_us, quantity)
        pnl = self._result(bracket, entry, exit_price)
        return Shadow(arrives_us, entry, exit_us, exit_price, reason, pnl, stop_us, target_us)

    def result_after(self, bracket: Bracket, shadow: Shadow, after_us: int) -> float:
        """Return the result had the bracket been closed ``after_us`` after its fill, unless it had ended before."""
        moment = shadow.filled_us + after_us
        if moment >= shadow.exit_us:
            return shadow.pnl
        exit_price = self._taker(-bracket.direction, moment, bracket.quantity)
        return self._result(bracket, shadow.fill_price, exit_price)

    def _result(self, bracket: Bracket, entry: float, exit_price: float) -> float:
        fees = (entry + exit_price) * bracket.quantity * self._fills.taker_fee
        return bracket.direction * bracket.quantity * (exit_price - entry) - fees

    def _crossing(self, order_type: str, side: int, level: float, from_us: int, until_us: int) -> int:
        if would_trigger(order_type, side, level, self._path.mark(from_us)):
            return from_us
        found = self._path.first_mark_crossing(level, fires_rising(order_type, side), from_us, until_us)
        return -1 if found is None else found


def _all_after(shadow: Shadow, t_us: int) -> bool:
    return all(at_us < 0 or at_us > t_us for at_us in (shadow.stop_crossed_us, shadow.target_crossed_us))
