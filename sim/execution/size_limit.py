"""Take an entry down in size before it is sent, where the model predicts more slippage than the policy allows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Final

from .events import Emitter, SideCallFailed, SizeReduced
from .policy_keys import Settings
from .precision import SymbolFilters, decimal_of, plain, round_down, round_up
from .slippage_model import SlippageModel

SHIPPED: Final = os.path.join(os.path.dirname(__file__), "slippage_model.toml")
_DAY_S: Final = 86_400.0
_SLACK: Final = Decimal("1e-9")


@cache
def shipped_model() -> SlippageModel:
    """Return the model that comes with the package, read once."""
    return SlippageModel.load(SHIPPED)


def sized_entry(
    model: SlippageModel | None,
    settings: Settings,
    emit: Emitter,
    *,
    symbol: str,
    quantity: Decimal,
    price: float,
    volatility: float,
    filters: SymbolFilters,
) -> Decimal | str:
    """Return the quantity to enter with, at most ``quantity`` (base asset), or the reason to refuse.

    ``model`` None: the shipped one.  ``price``: just read; ``volatility``: sd of the log price over one second.
    The quantity returned is on step, predicted to pay at most ``predicted_slippage_limit_pct`` and not below the
    venue's smallest order.  Without a limit nothing changes, nor by a model that is not enabled or does not know the
    symbol, which is said.
    """
    limit_bps = settings.predicted_slippage_limit_pct * 1e4
    if not limit_bps:
        return quantity
    model = model if model is not None else shipped_model()
    minute = model.typical_minute.get(symbol)
    if not model.enabled or minute is None:
        reason = f"it was not fitted on {symbol}" if model.enabled else "it did not win its held-out test"
        emit(SideCallFailed(symbol, "slippage model", reason, "the size is left as it is"))
        return quantity
    hour_utc = time.time() % _DAY_S / 3600.0
    quantile = settings.predicted_slippage_quantile

    def predicted(size: Decimal) -> float:
        return model.predict_bps(hour_utc, volatility, float(size) * price / minute, quantile=quantile)

    predicted_bps = predicted(quantity)
    if predicted_bps <= limit_bps:
        return quantity
    most = model.largest_share(hour_utc, volatility, limit_bps, quantile=quantile) * minute / price
    reduced = _on_step(
        min(quantity, decimal_of(most)), filters.step, lambda size: predicted(size) <= limit_bps
    )
    if reduced <= 0 or reduced < least_quantity(price, filters):
        emit(SizeReduced(symbol, quantity, Decimal(0), predicted_bps, limit_bps))
        return (
            f"predicted slippage {predicted_bps:.1f} bps exceeds {limit_bps:.1f} bps, and no size within it "
            f"reaches the venue's smallest order ({plain(quantity)} wished)"
        )
    emit(SizeReduced(symbol, quantity, reduced, predicted_bps, limit_bps))
    return reduced


def _on_step(most: Decimal, step: Decimal | None, fits: Callable[[Decimal], bool]) -> Decimal:
    """Return the largest size on step that fits, given one that is right but for its last bits; may be below 0."""
    size = round_down(most, step)
    if step is not None and fits(size + step):
        return size + step
    return size if fits(size) else size - (step or size * _SLACK)


def least_quantity(price: float, filters: SymbolFilters) -> Decimal:
    """Return the smallest quantity the venue takes at ``price``: by quantity and by notional, on step."""
    by_notional = round_up((filters.min_notional or Decimal(0)) / decimal_of(price), filters.step)
    return max(filters.min_quantity or Decimal(0), by_notional)
