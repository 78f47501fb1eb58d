"""Carry a caller's wishes through the flow, and judge the entry by a fresh price before each of its attempts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from .client_ids import new_intent_id
from .events import Emitter, SideCallFailed
from .execution_safety import ExecutionSafetyGuard, ValidationResult
from .hybrid_levels import ProtectiveOrder, calculate_hybrid_levels, plan_protection
from .outcomes import Failure, attempt, attempt_within
from .patience import ReplyTimes
from .placement import BeforeAttempt, OrderResult
from .policy_keys import Settings
from .precision import decimal_of, known_filters, plain, round_down, round_up
from .values import is_long
from .volatility import Volatility

Status = Literal["refused", "failed", "open"]


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """Report what became of an intent, as far as the client knows.

    *refused*: the guard said no, nothing was sent.  *failed*: no position is believed to be open, either
    because the price or the entry failed, or because an unprotected position was closed again (then
    ``exit`` holds the close).  *open*: the entry was accepted; ``protected`` tells whether stop and base
    target rest.  ``entry_price`` is the price the protection was computed from, not the fill.
    ``quantity`` is the size asked for at the venue (base asset), which the slippage model may have reduced; None when
    nothing was sent.
    """

    status: Status
    verdict: ValidationResult | None = None
    entry: OrderResult | None = None
    protected: bool = False
    entry_price: float | None = None
    exit: OrderResult | None = None
    error_message: str | None = None
    intent_id: str | None = None
    quantity: float | None = None


class Intent(NamedTuple):
    """Carry the caller's checked wishes; percentages are fractions of the entry price."""

    symbol: str
    side: str
    quantity: Decimal
    planned_price: float
    sl_percent: float
    tp_percent: float
    leverage: float | None
    confidence: float
    ai_tp_percent: float | None
    ai_trail_percent: float | None
    intent_id: str | None


class EntryChecks:
    """Ask the guard about an intent, with the price read from the client just before."""

    def __init__(
        self,
        client: Any,
        guard: ExecutionSafetyGuard,
        volatility: Volatility,
        emit: Emitter,
        replies: ReplyTimes | None = None,
    ) -> None:
        self._client = client
        self._guard = guard
        self._volatility = volatility
        self._emit = emit
        self._read_s: dict[str, float] = {}
        self._replies = replies if replies is not None else ReplyTimes()

    @staticmethod
    def intent_id(given: str | None, settings: Settings) -> str | None:
        """Return the name of an intent, a new one where the policy wants orders that can be found again, else None."""
        # The careful way cannot do without, whatever the key for ids says.
        wanted = settings.client_ids or settings.protect_deadline_sec > 0.0
        return given or (new_intent_id() if wanted else None)

    def stands_aside(self, symbol: str, settings: Settings) -> str | None:
        """Return why nothing is entered now: the venue refuses what a position would need; None: it does not.

        Stops and closes are documented as exempt from throttling (binance-facts 1.3).  Where one was throttled all the
        same, the next position may find no protection in time either.
        """
        within_s = settings.stand_aside_sec
        if not within_s or not self._replies.was_throttled(within_s):
            return None
        reason = f"a stop or a close was throttled less than {within_s:g} s ago"
        self._emit(SideCallFailed(symbol, "entry", reason, "the intent is given up"))
        return reason

    async def fresh_price(self, symbol: str, settings: Settings) -> float | Failure:
        """Read the market; a price that took longer to come than the policy lets it be old is no price."""
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        # What the limiter held back was not asked yet: the limit runs from when the request leaves, and is the age.
        limit_s = settings.attempt_timeout_sec and settings.max_price_age_sec
        price: float | Failure = await attempt_within(
            limit_s, self._guard.get_current_market_price, symbol, self._client
        )
        if isinstance(price, Failure):
            return price
        self._volatility.note(symbol, price)
        self._read_s[symbol] = asked_s
        now_s = loop.time()
        age_s = now_s - asked_s
        # Longer than the limit means that the limiter held it back, which says nothing of the venue.
        if not limit_s or age_s <= limit_s:
            self._replies.note(age_s, now_s)
        if not limit_s and age_s > settings.max_price_age_sec:
            return Failure("error", None, f"the price of {symbol} is {age_s:.3f} s old")
        return price

    async def judge(
        self, intent: Intent, market: float, *, sl_percent: float, tp_percent: float
    ) -> ValidationResult:
        """Ask the guard about the plan, with stop and target where they would be placed: from the market."""
        sign = 1.0 if is_long(intent.side) else -1.0
        return await self._guard.validate_and_adjust_order(
            symbol=intent.symbol,
            side=intent.side,
            planned_entry_price=intent.planned_price,
            current_market_price=market,
            sl_price=market * (1.0 - sign * sl_percent),
            tp_price=market * (1.0 + sign * tp_percent),
            leverage=intent.leverage,
        )

    def before_resend(self, intent: Intent, settings: Settings) -> BeforeAttempt | None:
        """Return what asks the guard again before an entry is resent, if the policy wants that."""
        if not settings.recheck_each_attempt:
            return None

        async def recheck(number: int, params: dict[str, Any]) -> str | None:
            del number, params
            if (unwell := self.stands_aside(intent.symbol, settings)) is not None:
                return unwell
            asked_s = asyncio.get_running_loop().time()
            read_s = self._read_s.get(intent.symbol, float("-inf"))
            if settings.attempt_timeout_sec and asked_s - read_s < settings.max_price_age_sec:
                # The verdict's price is not old yet: a crowd that reads it again uses up the weight of all.
                return None
            market = await self.fresh_price(intent.symbol, settings)
            held_s = asyncio.get_running_loop().time() - asked_s
            if held_s > settings.max_price_age_sec:
                # The wait before a resend is the policy's; one the limiter adds is none of it.
                return f"the price of {intent.symbol} came after {held_s:.3f} s"
            if isinstance(market, Failure):
                return market.message
            verdict = await self.judge(
                intent, market, sl_percent=intent.sl_percent, tp_percent=intent.tp_percent
            )
            return None if verdict.is_valid else verdict.reason

        return recheck

    async def judge_after_trade(
        self, intent: Intent, verdict: ValidationResult | None
    ) -> ValidationResult | None:
        """Report the deviation once the trade is done and protected; it changes nothing any more."""
        market: float | Failure = await attempt(
            self._guard.get_current_market_price, intent.symbol, self._client
        )
        if isinstance(market, Failure):
            self._emit(
                SideCallFailed(intent.symbol, "price look-up", market.message, "slippage is not known")
            )
            return verdict
        after = await self._guard.validate_and_adjust_order(
            symbol=intent.symbol,
            side=intent.side,
            planned_entry_price=intent.planned_price,
            current_market_price=market,
            leverage=intent.leverage,
        )
        return verdict or after

    def entry_params(self, intent: Intent, settings: Settings) -> dict[str, Any]:
        """Return the entry's parameters: MARKET, or a LIMIT IOC at the guard's bound, which then holds at the fill."""
        params = market_params(intent)
        if settings.entry_style == "limit_ioc":
            long = intent.side == "buy"
            bound = decimal_of(intent.planned_price) * _share_beyond(self._limit(intent, settings), long)
            tick = known_filters(self._client, intent.symbol).tick
            price = round_down(bound, tick) if long else round_up(bound, tick)
            params.update(type="LIMIT", timeInForce="IOC", price=plain(price))
        return params

    def _limit(self, intent: Intent, settings: Settings) -> float:
        # A guard of the caller's own may know no limit to be asked for.
        limit = getattr(self._guard, "slippage_limit", None)
        if limit is None:
            return settings.max_slippage_pct
        return float(limit(intent.symbol, settings, intent.leverage))


@lru_cache(64)
def _share_beyond(limit: float, above: bool) -> Decimal:
    """Return 1 +- a limit, exactly: most entries have the same."""
    share = decimal_of(limit)
    return 1 + share if above else 1 - share


def market_params(intent: Intent) -> dict[str, Any]:
    """Return the parameters of a MARKET entry."""
    return {
        "symbol": intent.symbol,
        "side": intent.side.upper(),
        "type": "MARKET",
        "quantity": plain(intent.quantity),
    }


def protective_orders(
    client: Any, intent: Intent, verdict: ValidationResult | None, entry_price: float, filled: Decimal
) -> tuple[ProtectiveOrder, ...]:
    """Return the orders that protect what was filled, at the distances the guard left."""
    # What the guard moved, it moved away from the price it saw: the distance is kept, not the level.
    seen = (verdict.adjusted_entry if verdict else None) or float(intent.planned_price)
    levels = calculate_hybrid_levels(
        entry_price=entry_price,
        side=intent.side,
        risk_sl_percent=distance_of(verdict.adjusted_sl if verdict else None, seen, intent.sl_percent),
        base_tp_percent=distance_of(verdict.adjusted_tp if verdict else None, seen, intent.tp_percent),
        ai_tp_percent=intent.ai_tp_percent,
        ai_trail_percent=intent.ai_trail_percent,
        confidence=intent.confidence,
    )
    return plan_protection(
        levels,
        symbol=intent.symbol,
        side=intent.side,
        entry_price=entry_price,
        qty=float(filled),
        base_tp_percent=intent.tp_percent,
        filters=known_filters(client, intent.symbol),
    )


def distance_of(price: float | None, entry_price: float, otherwise: float) -> float:
    """Return how far a price moved by the guard stands from the entry, as a fraction of it."""
    return otherwise if price is None else abs(entry_price - price) / entry_price
