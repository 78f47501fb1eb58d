"""Judge an order before it is sent: is the market still where the plan thought, are stop and target sane?

The guard answers with a value and never sends anything.  Rules (seed document, "Validation Rules"), with
the market price as the entry that is really to be had:

1. A price that is not a finite number above zero: refused.
2. Slippage = |planned - market| / market above the limit: refused.  Above the leverage threshold the limit
   is multiplied by the leverage factor.  A deviation in our favour counts as well, since the plan is stale, unless
   ``allow_favourable_deviation`` says that buying below or selling above the plan is welcome.  With
   ``slippage_volatility_factor`` the limit is max(``max_slippage_pct``, factor x one standard deviation of the price
   over the time an order is expected to take).
3. A stop on the wrong side of the entry, or nearer than the buffer: moved to the buffer's distance from
   the planned or the market price, whichever is further, so that it is right for both.
4. A stop further from the entry than the distance limit: refused.  So is, with ``liquidation_margin_pct`` above 0 and
   a known leverage, one nearer than that margin to liquidation, which is taken to come at 1 / leverage -
   ``maintenance_margin_pct`` of the entry (isolated margin; binance-facts 3).
5. A target on the wrong side: moved to the buffer's distance in the same way.
6. A target further than its distance limit: a warning and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from .events import Emitter, Hook, VerdictGiven
from .policy_keys import Settings
from .policy_store import SupportsGetPolicy, settings_of
from .prices import last_price
from .values import dollars, is_long, positive_number
from .volatility import Volatility

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """Answer of the guard; an ``adjusted_*`` price is None when the given one stands."""

    is_valid: bool
    reason: str
    adjusted_entry: float | None = None
    adjusted_sl: float | None = None
    adjusted_tp: float | None = None


class _Question(NamedTuple):
    """Carry one order's checked prices through the rules."""

    symbol: str
    long: bool
    planned: float
    market: float
    settings: Settings
    leverage: float | None

    def beyond(self, *, below: bool) -> float:
        """Return the nearest price that clears plan and market by the buffer on the given side."""
        buffer = self.settings.min_sl_buffer_pct * self.market
        if below:
            return min(self.planned, self.market) - buffer
        return max(self.planned, self.market) + buffer

    @property
    def is_favourable(self) -> bool:
        """Tell whether the market is better for us than the plan."""
        return self.market < self.planned if self.long else self.market > self.planned

    def distance(self, price: float) -> float:
        """Return how far a price stands from the market, as a fraction of it."""
        return abs(self.market - price) / self.market


class ExecutionSafetyGuard:
    """Check planned orders against the market and the policy, and move stops and targets within it.

    ``policy_store`` None means the policy ``safe``; ``logger_instance`` decides where the lines go; ``hooks``
    receive a :class:`VerdictGiven` for every answer.  ``volatility`` is what a limit that follows it is taken from.
    """

    def __init__(
        self,
        policy_store: SupportsGetPolicy | None = None,
        logger_instance: Any = None,
        *,
        hooks: Iterable[Hook] = (),
        volatility: Volatility | None = None,
    ) -> None:
        self._policy_store = policy_store
        self._volatility = volatility if volatility is not None else Volatility()
        self._emit = Emitter(logger_instance or _logger, hooks)

    async def validate_and_adjust_order(
        self,
        symbol: str,
        side: str,
        planned_entry_price: float,
        current_market_price: float,
        sl_price: float | None = None,
        tp_price: float | None = None,
        leverage: float | None = None,
    ) -> ValidationResult:
        """Answer whether the order may be sent, with the prices it should be sent with.

        ``side`` is the position's (buy, long, sell, short).  Raises ValueError for another side and
        PolicyError for an unusable policy value; unusable prices are an answer, not an error.
        """
        settings = settings_of(self._policy_store, symbol)
        long = is_long(side)
        for name, value, optional in (
            ("planned_entry_price", planned_entry_price, False),
            ("current_market_price", current_market_price, False),
            ("sl_price", sl_price, True),
            ("tp_price", tp_price, True),
            ("leverage", leverage, True),
        ):
            if not (optional and value is None) and positive_number(value) is None:
                reason = f"Invalid {name} for {symbol}: {value!r:.80}, expected a finite number above 0"
                return self._answer(
                    VerdictGiven(
                        symbol, side, planned_entry_price, current_market_price, None, None,
                        ValidationResult(False, reason),
                    )
                )  # fmt: skip
        question = _Question(
            symbol,
            long,
            float(planned_entry_price),
            float(current_market_price),
            settings,
            None if leverage is None else float(leverage),
        )
        limit = self.slippage_limit(symbol, settings, question.leverage)
        slippage = question.distance(question.planned)
        warnings: tuple[str, ...] = ()
        if slippage > limit and not (settings.allow_favourable_deviation and question.is_favourable):
            verdict = ValidationResult(
                False,
                f"Excessive slippage for {symbol}: {slippage:.3%} > {limit:.3%} "
                f"(planned={dollars(question.planned)}, current={dollars(question.market)})",
            )
        else:
            verdict, warnings = _judge_levels(
                question,
                None if sl_price is None else float(sl_price),
                None if tp_price is None else float(tp_price),
            )
        return self._answer(
            VerdictGiven(symbol, side, question.planned, question.market, slippage, limit, verdict, warnings)
        )

    def slippage_limit(self, symbol: str, settings: Settings, leverage: float | None) -> float:
        """Return how far plan and market may be apart (rule 2), as a fraction of the market price."""
        limit = settings.max_slippage_pct
        if settings.slippage_volatility_factor:
            move = self._volatility.move(symbol, self._volatility.delay_s)
            limit = max(limit, settings.slippage_volatility_factor * move)
        if leverage is not None and leverage > settings.high_leverage_threshold:
            return limit * settings.high_leverage_factor
        return limit

    async def get_current_market_price(self, symbol: str, client: Any) -> float:
        """Read the last traded price; the mark stands in only where the client has no ticker.

        Raises PriceUnavailable when the reply holds no finite price above zero; exceptions of the client
        pass through.
        """
        return await last_price(client, symbol)

    def _answer(self, event: VerdictGiven) -> ValidationResult:
        self._emit(event)
        return event.verdict


def _judge_levels(
    question: _Question, sl_price: float | None, tp_price: float | None
) -> tuple[ValidationResult, tuple[str, ...]]:
    """Apply rules 3 to 6 to an order whose entry is acceptable."""
    adjusted_entry = question.market if question.market != question.planned else None
    adjusted_sl = _moved_stop(question, sl_price) if sl_price is not None else None
    stop = sl_price if adjusted_sl is None else adjusted_sl
    limit = question.settings.max_sl_distance_pct
    if stop is not None and (stop <= 0.0 or question.distance(stop) > limit):
        reason = (
            f"SL too far for {question.symbol}: distance {question.distance(stop):.3%} > {limit:.3%} "
            f"(entry={dollars(question.market)}, sl={dollars(stop)})"
        )
        return ValidationResult(False, reason), ()
    reason = _liquidated_first(question, stop)
    if reason:
        return ValidationResult(False, reason), ()
    adjusted_tp = _moved_target(question, tp_price) if tp_price is not None else None
    target = tp_price if adjusted_tp is None else adjusted_tp
    if target is not None and target <= 0.0:
        # Only a policy that allows a plan far below the market together with a wide buffer gets here.
        reason = f"TP of {question.symbol} cannot be adjusted to the right side: no price above 0 is left"
        return ValidationResult(False, reason), ()
    changes = [
        f"{name} adjusted from {dollars(old)} to {dollars(new)}"
        for name, old, new in (("SL", sl_price, adjusted_sl), ("TP", tp_price, adjusted_tp))
        if old is not None and new is not None
    ]
    reason = "; ".join(changes) if changes else "Order validated successfully"
    return ValidationResult(True, reason, adjusted_entry, adjusted_sl, adjusted_tp), _warnings(
        question, target
    )


def _liquidated_first(question: _Question, stop: float | None) -> str:
    """Say why a stop would come too late: the position is liquidated before, or nearly so; "" where it would not."""
    settings, leverage = question.settings, question.leverage
    if stop is None or leverage is None or not settings.liquidation_margin_pct:
        return ""
    liquidation = 1.0 / leverage - settings.maintenance_margin_pct
    distance = question.distance(stop)
    if distance <= liquidation - settings.liquidation_margin_pct:
        return ""
    return (
        f"SL too near liquidation for {question.symbol}: distance {distance:.3%} > {liquidation:.3%} - "
        f"{settings.liquidation_margin_pct:.3%} at {leverage:g}x"
    )


def _moved_stop(question: _Question, sl_price: float) -> float | None:
    """Return where a misplaced stop belongs, or None when it stands well."""
    buffer = question.settings.min_sl_buffer_pct * question.market
    if question.long:
        misplaced = sl_price > question.market - buffer
    else:
        misplaced = sl_price < question.market + buffer
    return question.beyond(below=question.long) if misplaced else None


def _moved_target(question: _Question, tp_price: float) -> float | None:
    """Return where a target on the wrong side belongs, or None when it stands well."""
    wrong = tp_price <= question.market if question.long else tp_price >= question.market
    return question.beyond(below=not question.long) if wrong else None


def _warnings(question: _Question, target: float | None) -> tuple[str, ...]:
    limit = question.settings.max_tp_distance_pct
    if target is None or question.distance(target) <= limit:
        return ()
    return (
        f"TP distance {question.distance(target):.3%} > {limit:.3%} "
        f"(entry={dollars(question.market)}, tp={dollars(target)})",
    )
