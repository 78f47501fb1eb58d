"""House guard: a guard of our own, to stand in front of the shipped executor.  Nothing planted."""

import logging
import math

from sim.execution.execution_safety import ValidationResult

log = logging.getLogger("house_guard")

MAX_GAP = 0.004


class HouseGuard:
    """Refuse what strayed from its plan; leave stop and target as they are planned."""

    async def validate_and_adjust_order(
        self,
        symbol,
        side,
        planned_entry_price,
        current_market_price,
        sl_price=None,
        tp_price=None,
        leverage=None,
    ):
        prices = (planned_entry_price, current_market_price)
        if not all(isinstance(price, float) and math.isfinite(price) and price > 0 for price in prices):
            return ValidationResult(False, f"{symbol}: no usable price in {prices}")
        gap = abs(current_market_price - planned_entry_price) / planned_entry_price
        if gap > MAX_GAP:
            log.warning("%s %s: %.2f%% away from the plan", symbol, side, gap * 100)
            return ValidationResult(False, f"{symbol}: {gap:.3%} away from the plan")
        long = side.lower() in ("buy", "long")
        if sl_price is not None and (sl_price < current_market_price) != long:
            return ValidationResult(False, f"{symbol}: the stop at {sl_price} is on the wrong side")
        log.info("%s %s ok at %s", symbol, side, current_market_price)
        return ValidationResult(True, "house rules")
