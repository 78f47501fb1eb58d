"""Say what to do with a stop the price refused (-2021): it has been reached, stands clear, or has to be moved.

Rules (policies 1; failures F02, F23):

1. The price has reached the *planned* stop: it would have fired.  Moving it would only make the loss larger; close.
2. The stop stands clear of a fresh price by the buffer: it goes out unchanged.
3. Otherwise it is moved to the buffer's distance from the price, on tick, away from it; but never further than
   ``widen_budget_pct`` beyond the planned stop (1: no limit): then the position is closed as well.

Where nobody closes (``can_close`` False), giving a stop up would leave the position bare: it is then moved as the seed
document does, wherever the price is, and without a limit.

The buffer is ``sl_adjustment_buffer_pct``, or ``buffer_volatility_factor`` x the standard deviation of the price over
the time until the venue will compare again, whichever is more: the wait before the next attempt, its way to the venue,
and a second by which the mark that is read may be old.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from .policy_keys import Settings
from .precision import decimal_of, known_filters, plain, stop_price
from .values import is_long, positive_number
from .volatility import Volatility

MARK_AGE_S: Final = 1.0
"""How old the mark price may be when it is read: the venue publishes it every second."""


class RefusedStop(NamedTuple):
    """Carry a refused stop: ``trigger`` as sent, ``planned`` as meant at first, ``delay_s`` until the next attempt.

    ``can_close``: whoever asked closes the position when told that the stop was passed.
    """

    params: dict[str, Any]
    symbol: str
    side: str
    trigger: float | str | None
    planned: float | str | None
    client: Any
    delay_s: float
    can_close: bool = False

    @property
    def field(self) -> str:
        """Name the field that holds the trigger on the endpoint these parameters are meant for."""
        return "triggerPrice" if "triggerPrice" in self.params or "algoType" in self.params else "stopPrice"

    @property
    def current(self) -> float | None:
        """Return the trigger as a price, or None when there is none that is usable."""
        return positive_number(self.trigger if self.trigger is not None else self.params.get(self.field))

    def write(self, new: float) -> None:
        """Put a new trigger into the parameters, as text where the caller sent text."""
        if new != self.current:
            self.params[self.field] = plain(decimal_of(new)) if _is_text(self.params, self.field) else new


class Decision(NamedTuple):
    """Say what becomes of a refused stop: *passed* (close), *clear* (as it is) or *move* (to ``trigger``)."""

    what: Literal["passed", "clear", "move"]
    trigger: float


def buffer_of(settings: Settings, volatility: Volatility, symbol: str, delay_s: float) -> float:
    """Return how far from the price a refused stop is moved, as a fraction of the price."""
    fixed = settings.sl_adjustment_buffer_pct
    if not settings.buffer_volatility_factor:
        return fixed
    until_s = delay_s + volatility.delay_s + MARK_AGE_S
    # A buffer of the whole price would leave no stop at all.
    return min(0.5, max(fixed, settings.buffer_volatility_factor * volatility.move(symbol, until_s)))


def decide(refused: RefusedStop, current: float, market: float, buffer: float, budget: float) -> Decision:
    """Apply the rules to a fresh price; pure but for the tick it looks up."""
    long = is_long(refused.side)
    sign = 1.0 if long else -1.0
    planned = positive_number(refused.planned) or current
    if refused.can_close and sign * (market - planned) <= 0.0:
        return Decision("passed", current)
    edge = moved(refused, market, buffer)
    if sign * (edge - current) >= 0.0:
        return Decision("clear", current)
    if refused.can_close and not within_budget(edge, planned, budget):
        return Decision("passed", current)
    return Decision("move", edge)


def moved(refused: RefusedStop, market: float, buffer: float) -> float:
    """Return the price at the buffer's distance from the market, on tick."""
    long = is_long(refused.side)
    share: Decimal = decimal_of(buffer)
    target = decimal_of(market) * (1 - share if long else 1 + share)
    return float(stop_price(target, known_filters(refused.client, refused.symbol).tick, long=long))


def within_budget(trigger: float, planned: float, budget: float) -> bool:
    """Tell whether a trigger is no further from the planned one than ``budget`` (a fraction; 1: no limit) allows."""
    return budget >= 1.0 or abs(trigger - planned) <= budget * planned


def _is_text(params: Mapping[str, Any], field: str) -> bool:
    return isinstance(params.get(field), str)
