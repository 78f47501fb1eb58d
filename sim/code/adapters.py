"""Let our executor work with parts of the user's: a guard, a placer, a bracket, a limiter, each as people shape them.

What a part of the user's does not have is ours; what it is called with is cut to the parameters it names; what it
returns is read by its attributes.  Each tells the run's hooks what it did, as ours do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Any

from sim.code.arguments import Fitted, fit, signature_of
from sim.execution import (
    EventDrivenExecutor,
    ExecutionResult,
    ExecutionSafetyGuard,
    GlobalRateLimiter,
    OrderResult,
    ValidationResult,
)
from sim.execution.entry_checks import Intent
from sim.execution.events import Hook, PlacementEnded, PlacementStarted, VerdictGiven
from sim.execution.policy_keys import Settings
from sim.execution.policy_store import SupportsGetPolicy
from sim.execution.rate_limiter import Priority
from sim.world.watched import WatchedPlacer

_UNKNOWN_CODES = frozenset({-1006, -1007})
"""Codes after which an order may be there all the same (binance-facts 1.3)."""


async def settled(value: Any) -> Any:
    """Return a value, awaited where it is to be."""
    return await value if isawaitable(value) else value


def trimmed(function: Callable[..., Any], keywords: dict[str, Any]) -> dict[str, Any]:
    """Leave out the keywords that a function does not name."""
    asked = signature_of(function)
    if asked.takes_rest:
        return keywords
    names = {one.name for one in asked.parameters}
    return {name: value for name, value in keywords.items() if name in names}


class GuardOfTheirs(ExecutionSafetyGuard):
    """Judge by a guard of the user's."""

    def __init__(self, theirs: Any, policy: SupportsGetPolicy | None, hooks: tuple[Hook, ...]) -> None:
        super().__init__(policy, hooks=hooks)
        self.theirs = theirs
        self._hooks = hooks

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
        """Answer what the user's guard answers: an object with ``is_valid``, or a bool."""
        judge = self.theirs.validate_and_adjust_order
        asked = {
            "symbol": symbol,
            "side": side,
            "planned_entry_price": planned_entry_price,
            "current_market_price": current_market_price,
            "sl_price": sl_price,
            "tp_price": tp_price,
            "leverage": leverage,
        }
        said = await settled(judge(**trimmed(judge, asked)))
        verdict = _verdict(said)
        slippage = abs(current_market_price - planned_entry_price) / planned_entry_price
        event = VerdictGiven(symbol, side, planned_entry_price, current_market_price, slippage, None, verdict)
        for hook in self._hooks:
            hook(event)
        return verdict

    async def get_current_market_price(self, symbol: str, client: Any) -> float:
        """Read the price as the user's guard reads it, or as ours does where it cannot."""
        read = getattr(self.theirs, "get_current_market_price", None)
        if read is None:
            return await super().get_current_market_price(symbol, client)
        price: float = await settled(read(**trimmed(read, {"symbol": symbol, "client": client})))
        return price


def _verdict(said: Any) -> ValidationResult:
    if isinstance(said, bool) or said is None:
        return ValidationResult(bool(said), "" if said else "the guard said no")
    if isinstance(said, tuple):
        valid, *rest = said
        return ValidationResult(bool(valid), str(rest[0]) if rest else "")
    part = said.get if isinstance(said, Mapping) else lambda name, default=None: getattr(said, name, default)
    return ValidationResult(
        bool(part("is_valid", False)),
        str(part("reason", "") or ""),
        part("adjusted_entry", None),
        part("adjusted_sl", None),
        part("adjusted_tp", None),
    )


class PlacerOfTheirs(WatchedPlacer):
    """Place orders by a placer of the user's."""

    def __init__(self, theirs: Any, policy: SupportsGetPolicy | None, hooks: tuple[Hook, ...]) -> None:
        super().__init__(policy, hooks=hooks)
        self.theirs = theirs

    async def place_order_with_safety(
        self, submit_func: Callable[..., Any], order_params: Mapping[str, Any], *args: Any, **keywords: Any
    ) -> OrderResult:
        """Place an order with the user's own method, given what it names, and read its result."""
        names = ("symbol", "side", "sl_price", "tp_price", "client", "order_type")
        asked: dict[str, Any] = {"order_type": "entry", **dict(zip(names, args, strict=False)), **keywords}
        symbol, side, kind = (
            str(asked.get("symbol", "")),
            str(asked.get("side", "")),
            str(asked["order_type"]),
        )
        asked.update(submit_func=submit_func, order_params=order_params)
        place = self.theirs.place_order_with_safety
        self.emit(PlacementStarted(symbol, side, kind, 0))
        result = order_result(await settled(place(**trimmed(place, asked))))
        self.emit(PlacementEnded(symbol, side, kind, result, False))
        return result


def order_result(said: Any) -> OrderResult:
    """Read what a placer returned; the attributes that it lacks say nothing."""
    if isinstance(said, OrderResult):
        return said
    if isinstance(said, bool) or said is None:
        return OrderResult(bool(said), outcome="applied" if said else "unknown")
    part = said.get if isinstance(said, Mapping) else lambda name, default=None: getattr(said, name, default)
    order_id = part("order_id", None) or part("orderId", None)
    said_so = part("success", None)
    success = bool(order_id) if said_so is None else bool(said_so)
    code = part("error_code", None)
    refused = isinstance(code, int) and code < 0 and code not in _UNKNOWN_CODES
    words = part("error_message", None)
    return OrderResult(
        success=success,
        order_id=None if order_id is None else str(order_id),
        error_code=code,
        error_message=None if words is None else str(words),
        attempts=int(part("attempts", 0) or 0),
        duration_sec=float(part("duration_sec", 0.0) or 0.0),
        outcome=part("outcome", "") or ("applied" if success else "refused" if refused else "unknown"),
    )


class LimiterOfTheirs(GlobalRateLimiter):
    """Ask a limiter of the user's before each call: its ``acquire``, with what that names."""

    def __init__(self, theirs: Any) -> None:
        super().__init__()
        self.theirs = theirs

    async def acquire(self, weight: int, orders: int, priority: Priority) -> None:
        """Wait as the user's limiter makes one wait."""
        ask = self.theirs.acquire
        await settled(ask(**trimmed(ask, {"weight": weight, "orders": orders, "priority": priority})))


class ExecutorWithBracket(EventDrivenExecutor):
    """Be our executor with a protection of the user's: ``bracket(client=…, symbol=…, side=…, entry_price=…, …)``."""

    their_bracket: Callable[[dict[str, Any]], Awaitable[Any]]

    async def _enter(
        self, intent: Intent, settings: Settings, verdict: ValidationResult | None
    ) -> ExecutionResult:
        entry = await self._executor.place_order_with_safety(
            submit_func=self._client.futures_create_order,
            order_params=self._checks.entry_params(intent, settings),
            symbol=intent.symbol,
            side=intent.side,
            client=self._client,
            order_type="entry",
        )
        if not entry.success:
            return ExecutionResult("failed", verdict, entry, error_message=entry.error_message)
        price = entry.average_price or float(intent.planned_price)
        protected = await self.their_bracket(
            {
                "symbol": intent.symbol,
                "side": intent.side,
                "direction": 1 if intent.side == "buy" else -1,
                "entry_price": price,
                "qty": float(intent.quantity),
                "quantity": float(intent.quantity),
                "risk_sl_percent": intent.sl_percent,
                "base_tp_percent": intent.tp_percent,
                "sl_percent": intent.sl_percent,
                "tp_percent": intent.tp_percent,
                "sl_price": price * (1 - intent.sl_percent * (1 if intent.side == "buy" else -1)),
                "tp_price": price * (1 + intent.tp_percent * (1 if intent.side == "buy" else -1)),
                "ai_tp_percent": intent.ai_tp_percent,
                "ai_trail_percent": intent.ai_trail_percent,
                "confidence": intent.confidence,
                "leverage": intent.leverage,
            }
        )
        if protected or not settings.flatten_when_unprotected:
            return ExecutionResult("open", verdict, entry, bool(protected), price)
        closed = await self.close_position(
            symbol=intent.symbol, side=intent.side, quantity=float(intent.quantity)
        )
        words = "the position could not be protected"
        return ExecutionResult(
            "failed" if closed.success else "open", verdict, entry, False, price, closed, words
        )


def bracket_call(
    where: str, function: Callable[..., Any], offers: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Callable[[dict[str, Any]], Awaitable[Any]]:
    """Return what calls the user's bracket with an entry's facts and whatever else it asks for."""
    fitted: list[Fitted] = []

    async def call(facts: dict[str, Any]) -> Any:
        at_hand = {**offers, **facts}
        if not fitted:
            fitted.append(fit(where, function, at_hand, arguments, rest=tuple(facts)))
        return await settled(fitted[0].call(at_hand))

    return call
