"""Play an intent's bracket on the same path without faults: the ideal, the floor, the refused (pure).

I1 ("ideal"): the entry leaves at the decision with the run's own latency draw, is never refused, its stop and
target rest with the fill.  I0 ("floor"): the same at zero latency.  "refused": the bracket of a refused intent,
leaving when its order would have left (metrics: refusal value, loss against ideal).

The stop and target watch mark, as the code under test sends them.  When both would fire, the first one does.

The venue's own limits bind the ideal too: what the market take bound cuts off an entry is not entered, an entry
during a halt is refused, a trigger met in a halt is judged anew by the first price after it, and exits wait for
that price.  What the bound cuts off a stop or target is closed at the deadline.  What cannot be closed there is
valued at last less the cost of leaving, as open positions are everywhere.

So does margin: an entry that the wallet cannot post is not filled, and a position whose liquidation price mark reaches
before its exit ends there, by the rules of :mod:`sim.exchange.liquidation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan

from sim.exchange.account import Position
from sim.exchange.book import Book
from sim.exchange.filters import SymbolFilters
from sim.exchange.margin import forced_close, liquidation_price
from sim.exchange.matching import TriggerDelay
from sim.exchange.triggers import fires_rising, would_trigger


@dataclass(frozen=True, slots=True)
class Bracket:
    """State what the intent wants: levels in price, ``deadline_us`` when it is closed at market.

    ``leverage`` 0: margin does not bind.  ``intent`` keys the draw of its trigger delays, the same as at the venue.
    """

    direction: int
    quantity: float
    sl_price: float
    tp_price: float
    deadline_us: int
    intent: int = -1
    leverage: int = 0


@dataclass(frozen=True, slots=True)
class Shadow:
    """Report what the bracket would have earned, in quote currency after fees.

    ``exit_reason``: stopped, target, timed_out, liquidated, or not_filled with prices NaN and nothing earned.
    ``quantity`` entered.
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
    quantity: float


class Stage:
    """Play brackets of one symbol on its book, with the venue's own trigger delays.

    ``filters`` hold the symbol's tiers: without them margin does not bind.  ``wallet`` is what each bracket's account
    holds, in quote currency.
    """

    def __init__(
        self, book: Book, delay: TriggerDelay, filters: SymbolFilters | None = None, wallet: float = inf
    ) -> None:
        self._book = book
        self._path = book.path
        self._taker_fee = book.spec.taker_fee
        self._delay = delay
        self._filters = filters
        self._wallet = wallet

    def play(self, bracket: Bracket, arrives_us: int, earlier: Shadow | None = None) -> Shadow:
        """Return the result of ``bracket`` whose entry reaches the venue at ``arrives_us``.

        ``earlier`` is the same bracket's shadow from an earlier arrival: its crossings still hold when they lie
        after this arrival, so they need not be searched again.
        """
        direction, path = bracket.direction, self._path
        quantity, entry = 0.0, nan
        if path.halt_end_us(arrives_us) is None:
            quantity, entry = self._book.take(direction, bracket.quantity, arrives_us)
        margin_binds = bracket.leverage > 0 and self._filters is not None
        if margin_binds and quantity * entry > self._wallet * bracket.leverage:
            quantity, entry = 0.0, nan
        deadline = min(max(bracket.deadline_us, arrives_us + 1), path.end_us)
        if earlier is not None and _all_after(earlier, arrives_us):
            stop_us, target_us = earlier.stop_crossed_us, earlier.target_crossed_us
        else:
            stop_us = self._crossing("STOP_MARKET", -direction, bracket.sl_price, arrives_us, deadline)
            target_us = self._crossing(
                "TAKE_PROFIT_MARKET", -direction, bracket.tp_price, arrives_us, deadline
            )
        if quantity == 0.0:
            return Shadow(arrives_us, nan, arrives_us, nan, "not_filled", 0.0, stop_us, target_us, 0.0)
        exit_us, reason = deadline, "timed_out"
        if stop_us >= 0:
            exit_us, reason = self._child_us(bracket.intent, "sl", stop_us), "stopped"
        if target_us >= 0:
            at_us = self._child_us(bracket.intent, "tp", target_us)
            if at_us < exit_us:
                exit_us, reason = at_us, "target"
        exit_us = self._book.trades_from(exit_us)
        if margin_binds:
            dead = self._liquidated(bracket, quantity, entry, arrives_us, stop_us, exit_us)
            if dead is not None:
                return Shadow(arrives_us, entry, *dead, stop_us, target_us, quantity)
        exit_price = self._leave(-direction, quantity, exit_us, deadline)
        pnl = self._result(direction, quantity, entry, exit_price)
        return Shadow(arrives_us, entry, exit_us, exit_price, reason, pnl, stop_us, target_us, quantity)

    def result_after(self, bracket: Bracket, shadow: Shadow, after_us: int) -> float:
        """Return the result had the bracket been closed ``after_us`` after its fill, unless it had ended before."""
        moment = shadow.filled_us + after_us
        if moment >= shadow.exit_us:
            return shadow.pnl
        exit_price = self._book.leave(-bracket.direction, shadow.quantity, moment)
        return self._result(bracket.direction, shadow.quantity, shadow.fill_price, exit_price)

    def _child_us(self, intent: int, role: str, crossed_us: int) -> int:
        return crossed_us + self._delay.view_us + self._delay.of_us(intent, role, 0)

    def _leave(self, side: int, quantity: float, t_us: int, deadline: int) -> float:
        """Return the average exit price: what the bound cuts off at ``t_us`` goes at the deadline."""
        filled, price = self._book.take(side, quantity, t_us)
        if filled == quantity:
            return price
        later = self._book.trades_from(max(t_us, deadline))
        rest = self._book.leave(side, quantity - filled, later)
        return rest if filled == 0.0 else (filled * price + (quantity - filled) * rest) / quantity

    def _liquidated(
        self, bracket: Bracket, quantity: float, entry: float, arrives_us: int, stop_us: int, exit_us: int
    ) -> tuple[int, float, str, float] | None:
        """Return when, at what price, "liquidated", and the result, where margin ends before ``exit_us``; else None."""
        filters, direction = self._filters, bracket.direction
        assert filters is not None
        posted = quantity * entry / bracket.leverage
        isolated = posted - quantity * entry * self._taker_fee
        level = liquidation_price(direction * quantity, entry, isolated, filters.tiers)
        if level == 0.0:
            return None
        from_us = arrives_us
        if (bracket.sl_price - level) * direction > 0:
            # Mark must pass the stop first, so margin can only end while the stop's child is on its way.
            if stop_us < 0:
                return None
            from_us = stop_us
        dead_us = self._crossing("STOP_MARKET", -direction, level, from_us, exit_us)
        if not 0 <= dead_us < exit_us:
            return None
        position = Position(direction * quantity, entry, isolated=isolated)
        price = self._book.leave(-direction, quantity, dead_us)
        close = forced_close(position, price, self._taker_fee, filters.liquidation_fee)
        return dead_us, close.price, "liquidated", close.left - posted

    def _result(self, direction: int, quantity: float, entry: float, exit_price: float) -> float:
        fees = (entry + exit_price) * quantity * self._taker_fee
        return direction * quantity * (exit_price - entry) - fees

    def _crossing(self, order_type: str, side: int, level: float, from_us: int, until_us: int) -> int:
        path = self._path
        rising = fires_rising(order_type, side)
        while True:
            if would_trigger(order_type, side, level, path.mark(from_us)):
                found: int | None = from_us
            else:
                found = path.first_mark_crossing(level, rising, from_us, until_us)
            if found is None:
                return -1
            opens_us = self._book.trades_from(found)
            if opens_us == found:
                return found
            if opens_us > until_us:
                return -1
            from_us = opens_us


def _all_after(shadow: Shadow, t_us: int) -> bool:
    return all(at_us < 0 or at_us > t_us for at_us in (shadow.stop_crossed_us, shadow.target_crossed_us))
