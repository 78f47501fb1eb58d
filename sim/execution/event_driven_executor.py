"""Carry one intent from plan to protected position: guard, entry, protection, and the way out.

    price look-up ─► guard ─► MARKET entry ─► stop and target ─► (not protected: close, if the policy says so)

Each arrow is a call that can fail, and each failure has an answer in :class:`ExecutionResult`; only wrong
arguments and unusable policy values raise, before anything is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from .conditional import uses_algo
from .errors import UnknownSymbol, nearest_name
from .events import Emitter, Hook, SideCallFailed
from .execution_safety import ExecutionSafetyGuard, ValidationResult
from .hybrid_levels import check_distances
from .hybrid_tpsl import place_hybrid_orders
from .outcomes import Failure, attempt, order_id_or_failure
from .policy_keys import Settings
from .policy_store import SupportsGetPolicy, settings_of
from .precision import NO_FILTERS, decimal_of, known_filters, load_filters, plain, round_down
from .safe_order_executor import OrderResult, SafeOrderExecutor
from .values import is_long, positive_number

_logger = logging.getLogger(__name__)

Status = Literal["refused", "failed", "open"]


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """Report what became of an intent, as far as the client knows.

    *refused*: the guard said no, nothing was sent.  *failed*: no position is believed to be open, either
    because the price or the entry failed, or because an unprotected position was closed again (then
    ``exit`` holds the close).  *open*: the entry was accepted; ``protected`` tells whether stop and base
    target rest.  ``entry_price`` is the price the protection was computed from, not the fill.
    """

    status: Status
    verdict: ValidationResult | None = None
    entry: OrderResult | None = None
    protected: bool = False
    entry_price: float | None = None
    exit: OrderResult | None = None
    error_message: str | None = None


class _Intent(NamedTuple):
    """Carry the caller's checked wishes through the flow."""

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


class EventDrivenExecutor:
    """Open, protect and close positions through one client of python-binance's shape.

    ``safety_guard`` and ``executor`` are built from ``policy_store``, ``logger_instance`` and ``hooks``
    unless they are given; given ones keep their own.
    """

    def __init__(
        self,
        client: Any,
        policy_store: SupportsGetPolicy | None = None,
        *,
        safety_guard: ExecutionSafetyGuard | None = None,
        executor: SafeOrderExecutor | None = None,
        logger_instance: Any = None,
        hooks: Iterable[Hook] = (),
    ) -> None:
        hooks = tuple(hooks)
        self._client = client
        self._policy_store = policy_store
        self._guard = safety_guard or ExecutionSafetyGuard(policy_store, logger_instance, hooks=hooks)
        self._executor = executor or SafeOrderExecutor(
            policy_store, self._guard, logger_instance, hooks=hooks
        )
        self._emit = Emitter(logger_instance or _logger, hooks)

    async def prepare(self, symbols: Iterable[str]) -> None:
        """Load the venue's filters before the first order, so that no position waits for them.

        Raises UnknownSymbol for a symbol the venue does not list; exceptions of the client pass through.
        A client without exchange information is accepted, its numbers then stay as they are.
        """
        filters = await load_filters(self._client)
        for symbol in symbols:
            if filters and symbol not in filters:
                near = nearest_name(symbol, filters)
                hint = f" (did you mean {near!r}?)" if near else ""
                raise UnknownSymbol(f"symbol {symbol!r} is not in the exchange information{hint}")

    async def submit_order(
        self,
        *,
        symbol: str,
        side: str,
        quantity: float,
        planned_price: float,
        sl_percent: float,
        tp_percent: float,
        leverage: float | None = None,
        confidence: float = 0.0,
        ai_tp_percent: float | None = None,
        ai_trail_percent: float | None = None,
    ) -> ExecutionResult:
        """Open a position at market and protect it; percentages are fractions of the entry price.

        Raises ValueError for arguments that could not be placed and PolicyError for an unusable policy
        value, both before anything is sent.  Everything the venue does is in the result.
        """
        settings = settings_of(self._policy_store)
        check_distances(
            side=side,
            risk_sl_percent=sl_percent,
            base_tp_percent=tp_percent,
            ai_tp_percent=ai_tp_percent,
            ai_trail_percent=ai_trail_percent,
            confidence=confidence,
        )
        if positive_number(quantity) is None:
            raise ValueError(f"quantity={quantity!r}: must be a finite number above 0")
        if not settings.guard_entry and positive_number(planned_price) is None:
            raise ValueError(f"planned_price={planned_price!r}: must be a finite number above 0")
        await self._load_filters(symbol)
        intent = _Intent(
            symbol=symbol,
            side="buy" if is_long(side) else "sell",
            quantity=self._on_step(symbol, quantity),
            planned_price=planned_price,
            sl_percent=sl_percent,
            tp_percent=tp_percent,
            leverage=leverage,
            confidence=confidence,
            ai_tp_percent=ai_tp_percent,
            ai_trail_percent=ai_trail_percent,
        )
        if not intent.quantity:
            return ExecutionResult(
                "failed", error_message=f"quantity={quantity!r}: below one step of {symbol}"
            )
        verdict: ValidationResult | None = None
        if settings.guard_entry:
            market: float | Failure = await attempt(
                self._guard.get_current_market_price, symbol, self._client
            )
            if isinstance(market, Failure):
                self._report(symbol, "price look-up", market, "the intent is given up")
                return ExecutionResult("failed", error_message=market.message)
            verdict = await self._judge(intent, market, sl_percent=sl_percent, tp_percent=tp_percent)
            if not verdict.is_valid:
                return ExecutionResult("refused", verdict, error_message=verdict.reason)
        return await self._enter(intent, settings, verdict)

    async def close_position(self, *, symbol: str, side: str, quantity: float) -> OrderResult:
        """Close a position with a reduce-only MARKET order, then cancel what rests on the symbol.

        ``side`` is the position's.  Orders are cancelled only once the close was accepted: while it was
        not, the stop may be all that protects the position.
        """
        params = {
            "symbol": symbol,
            "side": "SELL" if is_long(side) else "BUY",
            "type": "MARKET",
            "quantity": plain(self._on_step(symbol, quantity)),
            "reduceOnly": "true",
        }
        result = await self._executor.place_order_with_safety(
            submit_func=self._client.futures_create_order,
            order_params=params,
            symbol=symbol,
            side=side,
            client=self._client,
            order_type="exit",
        )
        if result.success:
            await self.cancel_all(symbol)
        return result

    async def cancel_all(self, symbol: str) -> bool:
        """Cancel every resting order of a symbol, on both endpoints in use; tell whether all calls worked.

        Best effort: a failure goes to the log and to the hooks, since a leftover exit could reduce the next
        position (failures F14).
        """
        calls = ["futures_cancel_all_open_orders"]
        if uses_algo(self._client, settings_of(self._policy_store).conditional_endpoint):
            calls.append("futures_cancel_all_algo_open_orders")
        worked = True
        for name in calls:
            method = getattr(self._client, name, None)
            if method is None:
                reply = Failure("error", None, "the client has no such method")
            else:
                reply = await attempt(method, symbol=symbol)
            # A cancel carries no order id; only a negative code in its reply means refusal.
            outcome = reply if isinstance(reply, Failure) else order_id_or_failure(reply)
            if isinstance(outcome, Failure) and (reply is outcome or outcome.kind == "refused"):
                self._report(symbol, name, outcome, "orders may still rest")
                worked = False
        return worked

    async def _enter(
        self, intent: _Intent, settings: Settings, verdict: ValidationResult | None
    ) -> ExecutionResult:
        """Send the entry, protect what it opened, and close again what could not be protected."""
        entry = await self._executor.place_order_with_safety(
            submit_func=self._client.futures_create_order,
            order_params={
                "symbol": intent.symbol,
                "side": intent.side.upper(),
                "type": "MARKET",
                "quantity": plain(intent.quantity),
            },
            symbol=intent.symbol,
            side=intent.side,
            client=self._client,
            order_type="entry",
        )
        if not entry.success:
            return ExecutionResult("failed", verdict, entry, error_message=entry.error_message)
        entry_price = (verdict.adjusted_entry if verdict else None) or float(intent.planned_price)
        sl_percent = _distance(verdict.adjusted_sl if verdict else None, entry_price, intent.sl_percent)
        tp_percent = _distance(verdict.adjusted_tp if verdict else None, entry_price, intent.tp_percent)
        protected = await place_hybrid_orders(
            client=self._client,
            symbol=intent.symbol,
            side=intent.side,
            entry_price=entry_price,
            qty=float(intent.quantity),
            risk_sl_percent=sl_percent,
            base_tp_percent=tp_percent,
            ai_tp_percent=intent.ai_tp_percent,
            ai_trail_percent=intent.ai_trail_percent,
            confidence=intent.confidence,
            policy_store=self._policy_store,
            executor=self._executor,
        )
        if settings.check_slippage_after_trade:
            verdict = await self._judge_after_trade(intent, verdict)
        if protected or not settings.flatten_when_unprotected:
            return ExecutionResult("open", verdict, entry, protected, entry_price)
        closed = await self.close_position(
            symbol=intent.symbol, side=intent.side, quantity=float(intent.quantity)
        )
        return ExecutionResult(
            "failed" if closed.success else "open",
            verdict,
            entry,
            False,
            entry_price,
            closed,
            "the position could not be protected",
        )

    async def _judge(
        self, intent: _Intent, market: float, *, sl_percent: float, tp_percent: float
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

    async def _judge_after_trade(
        self, intent: _Intent, verdict: ValidationResult | None
    ) -> ValidationResult | None:
        """Report the deviation once the trade is done and protected; it changes nothing any more."""
        market: float | Failure = await attempt(
            self._guard.get_current_market_price, intent.symbol, self._client
        )
        if isinstance(market, Failure):
            self._report(intent.symbol, "price look-up", market, "slippage is not known")
            return verdict
        after = await self._guard.validate_and_adjust_order(
            symbol=intent.symbol,
            side=intent.side,
            planned_entry_price=intent.planned_price,
            current_market_price=market,
            leverage=intent.leverage,
        )
        return verdict or after

    async def _load_filters(self, symbol: str) -> None:
        """Load the filters if nobody did; without them the order goes out unrounded, and the log says so."""
        table = await attempt(load_filters, self._client)
        if isinstance(table, Failure):
            self._report(symbol, "exchange information", table, "numbers are sent unrounded")

    def _on_step(self, symbol: str, quantity: float) -> Decimal:
        filters = known_filters(self._client, symbol) if self._client is not None else NO_FILTERS
        return round_down(decimal_of(quantity), filters.step)

    def _report(self, symbol: str, name: str, failure: Failure, consequence: str) -> None:
        self._emit(SideCallFailed(symbol, name, failure.message, consequence))


def _distance(price: float | None, entry_price: float, otherwise: float) -> float:
    """Return how far a price moved by the guard stands from the entry, as a fraction of it."""
    return otherwise if price is None else abs(entry_price - price) / entry_price
