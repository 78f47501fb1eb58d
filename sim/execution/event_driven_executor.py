"""Carry one intent from plan to protected position: guard, entry, protection, and the way out.

    price look-up ─► guard ─► MARKET entry ─► stop and target ─► (not protected: close, if the policy says so)

Each arrow is a call that can fail, and each failure has an answer in :class:`ExecutionResult`; only wrong
arguments and unusable policy values raise, before anything is sent.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from .entry_checks import EntryChecks, ExecutionResult, Intent, distance_of, market_params, protective_orders
from .events import Emitter, Hook, SideCallFailed
from .execution_safety import ExecutionSafetyGuard, ValidationResult
from .filter_loading import FilterLoader
from .hybrid_levels import check_distances
from .hybrid_tpsl import place_hybrid_orders
from .journal import IntentEntry, IntentJournal
from .lookup import cancel_all_of
from .outcomes import Failure
from .policy_keys import Settings
from .policy_store import SupportsGetPolicy, settings_of
from .precision import decimal_of, known_filters, plain, round_down
from .rate_limiter import GlobalRateLimiter, LimitedClient
from .safe_bracket import Bracket, SafeBracket
from .safe_order_executor import OrderResult, SafeOrderExecutor
from .size_limit import sized_entry
from .slippage_model import SlippageModel
from .values import is_long, positive_number
from .volatility import Volatility

__all__ = ["EventDrivenExecutor", "ExecutionResult"]

_logger = logging.getLogger(__name__)


class EventDrivenExecutor:
    """Open, protect and close positions through one client of python-binance's shape.

    ``safety_guard`` and ``executor`` are built from ``policy_store``, ``logger_instance`` and ``hooks``
    unless they are given; given ones keep their own.  ``journal`` is where intents are written down before their
    orders are sent (:class:`sim.execution.trade_store.TradeStore`), for :meth:`recover` after a crash.  ``limiter`` is
    shared by all that ask from one address; where the policy uses one and none is given, this has one of its own.
    ``slippage_model`` is what sizes are reduced by where the policy limits predicted slippage (None: the shipped one).
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
        journal: MutableMapping[str, str] | None = None,
        limiter: GlobalRateLimiter | None = None,
        slippage_model: SlippageModel | None = None,
    ) -> None:
        hooks = tuple(hooks)
        settings = settings_of(policy_store)
        if settings.use_limiter and client is not None:
            limiter = limiter or GlobalRateLimiter(
                share=settings.limiter_share,
                exit_reserve=settings.limiter_exit_reserve,
                entry_patience_s=settings.max_price_age_sec,
                store=journal if settings.keep_journal else None,
            )
            client = LimitedClient(client, limiter)
        self._journal = IntentJournal(journal)
        self._slippage_model = slippage_model
        self._client = client
        self._policy_store = policy_store
        volatility = Volatility() if executor is None else executor.volatility
        self._guard = safety_guard or ExecutionSafetyGuard(
            policy_store, logger_instance, hooks=hooks, volatility=volatility
        )
        self._executor = executor or SafeOrderExecutor(
            policy_store, self._guard, logger_instance, hooks=hooks, volatility=volatility
        )
        self._emit = Emitter(logger_instance or _logger, hooks)
        self._checks = EntryChecks(client, self._guard, volatility, self._emit, self._executor.replies)
        self._filters = FilterLoader(client, self._emit, self._executor.replies)
        self._brackets: dict[str, SafeBracket] = {}
        self._recovered: list[SafeBracket] = []

    async def prepare(self, symbols: Iterable[str]) -> None:
        """Load the venue's filters before the first order, so that no position waits for them.

        Where the journal holds something to :meth:`recover`, that does not wait for the filters either; else
        raises UnknownSymbol for a symbol the venue does not list; exceptions of the client pass through.
        A client without exchange information is accepted, its numbers then stay as they are.
        """
        names = list(symbols)
        begun = any(entry.symbol in names for entry in self._journal.entries())
        await self._filters.prepare(names, settings_of(self._policy_store), hurried=begun)

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
        intent_id: str | None = None,
    ) -> ExecutionResult:
        """Open a position at market and protect it; percentages are fractions of the entry price.

        ``intent_id`` names the intent in its client order ids (at most 32 letters, digits and ``.:/_-``); where the
        policy gives ids and none is given, one is made, and the result carries it.
        Raises ValueError for arguments that could not be placed and PolicyError for an unusable policy
        value, both before anything is sent.  Everything the venue does is in the result.
        """
        settings = settings_of(self._policy_store, symbol)
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
        if (unready := await self._filters.missing(symbol, settings)) is not None:
            return ExecutionResult("failed", error_message=unready)
        intent = Intent(
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
            intent_id=self._checks.intent_id(intent_id, settings),
        )
        if not intent.quantity:
            return ExecutionResult(
                "failed", error_message=f"quantity={quantity!r}: below one step of {symbol}"
            )
        if (unwell := self._checks.stands_aside(symbol, settings)) is not None:
            return ExecutionResult("refused", error_message=unwell)
        verdict: ValidationResult | None = None
        price = planned_price
        if settings.guard_entry:
            market = await self._checks.fresh_price(symbol, settings)
            if isinstance(market, Failure):
                self._report(symbol, "price look-up", market, "the intent is given up")
                return ExecutionResult("failed", error_message=market.message)
            price = market
            verdict = await self._checks.judge(intent, market, sl_percent=sl_percent, tp_percent=tp_percent)
            if not verdict.is_valid:
                return ExecutionResult("refused", verdict, error_message=verdict.reason)
        sized = sized_entry(
            self._slippage_model,
            settings,
            self._emit,
            symbol=symbol,
            quantity=intent.quantity,
            price=price,
            volatility=self._executor.volatility.sd(symbol),
            filters=known_filters(self._client, symbol),
        )
        if isinstance(sized, str):
            return ExecutionResult("refused", verdict, error_message=sized)
        result = await self._enter(intent._replace(quantity=sized), settings, verdict)
        return replace(result, quantity=float(sized))

    async def recover(self, symbols: Iterable[str]) -> dict[str, float]:
        """Take up what an earlier process had begun, from the journal; call it once, before anything is submitted.

        Returns the positions held and protected afterwards, signed, by symbol; where there is none, only once every
        entry's fate is certain, or was watched as long as the policy says.  ``symbols`` are those this process may
        trade; entries of others stay in the journal.  Raises ValueError for an entry that cannot be read.
        """
        held: dict[str, float] = {}
        known = set(symbols)
        begun = [entry for entry in self._journal.entries() if entry.symbol in known]
        brackets = self._recovered = [self._bracket_of(entry) for entry in begun]
        # A bare position does not wait until the fate of another's entry is certain.
        protected = await asyncio.gather(*map(SafeBracket.resume, brackets, begun))
        for bracket in itertools.compress(brackets, protected):
            shape = bracket.bracket
            self._brackets[shape.intent_id] = bracket
            held[shape.symbol] = held.get(shape.symbol, 0.0) + shape.sign * float(bracket.filled)
        if not held:
            # Nobody waits to be told, and until all is certain "nothing" would be a guess.
            await asyncio.gather(*map(SafeBracket.entry_is_settled, brackets))
        return held

    def _bracket_of(self, entry: IntentEntry) -> SafeBracket:
        quantity = Decimal(entry.quantity)
        shape = Bracket(intent_id=entry.intent_id, symbol=entry.symbol, side=entry.side, quantity=quantity)
        settings = settings_of(self._policy_store, entry.symbol)
        return SafeBracket(self._executor, self._client, settings, shape, self._journal)

    async def position_closed(self, intent_id: str) -> None:
        """Be told that an intent's position closed (a user stream says so): its leftovers are cancelled."""
        bracket = self._brackets.pop(intent_id, None)
        if bracket is not None:
            await bracket.gone()

    async def symbol_closed(self, symbol: str) -> None:
        """Be told the same of what :meth:`recover` took up of a symbol, by who does not know the intents' names."""
        for name in self._names_of(None, symbol):
            await self.position_closed(name)

    @property
    def listens(self) -> bool:
        """Tell whether the policy wants the user data stream."""
        return settings_of(self._policy_store).use_user_stream

    def handle_user_event(self, event: Mapping[str, Any]) -> None:
        """Take in one event of the user data stream, as python-binance hands it on."""
        self._executor.news.handle(event)

    async def close_position(
        self, *, symbol: str, side: str, quantity: float, intent_id: str | None = None
    ) -> OrderResult:
        """Close a position with a reduce-only MARKET order, then cancel what rests on the symbol.

        ``side`` is the position's.  Orders are cancelled only once the close was accepted: while it was
        not, the stop may be all that protects the position.  With the ``intent_id`` of a position opened here the
        close is verified, and only the intent's own orders are cancelled.
        """
        if names := self._names_of(intent_id, symbol, side):
            results = [await self._close_bracket(name) for name in names]
            return next((result for result in results if not result.success), results[-1])
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

    async def _close_bracket(self, name: str) -> OrderResult:
        bracket = self._brackets.pop(name)
        result = await bracket.close()
        if not bracket.flat:
            self._brackets[name] = bracket
        return result

    async def move_stop(self, intent_id: str, price: float) -> OrderResult:
        """Move the stop of an open position to a better price, in quote currency, without a gap.

        A price that is no better, or one the venue refuses, leaves the old stop where it is, and is no success.
        Raises ValueError for a price that is none, and for an intent without an open position.
        """
        if positive_number(price) is None:
            raise ValueError(f"price={price!r}: must be a finite number above 0")
        bracket = self._brackets.get(intent_id)
        if bracket is None:
            raise ValueError(f"intent_id={intent_id!r}: no position of this intent is open")
        return await bracket.move_stop(price)

    def _names_of(self, intent_id: str | None, symbol: str, side: str | None = None) -> list[str]:
        """Name the open brackets a close concerns: one intent's, or those of a symbol that were recovered."""
        if intent_id is not None:
            return [intent_id] if intent_id in self._brackets else []
        return [name for name, bracket in self._brackets.items() if bracket.took_up(symbol, side)]

    async def cancel_all(self, symbol: str) -> bool:
        """Cancel every resting order of a symbol, on both endpoints in use; tell whether all calls worked.

        Best effort: a failure goes to the log and to the hooks, since a leftover exit could reduce the next
        position (failures F14).
        """
        endpoint = settings_of(self._policy_store, symbol).conditional_endpoint
        failures = await cancel_all_of(self._client, symbol, endpoint)
        for name, failure in failures.items():
            self._report(symbol, name, failure, "orders may still rest")
        return not failures

    async def _enter(
        self, intent: Intent, settings: Settings, verdict: ValidationResult | None
    ) -> ExecutionResult:
        """Send the entry, protect what it opened, and close again what could not be protected."""
        if settings.protect_deadline_sec and intent.intent_id is not None:
            return await self._enter_safely(intent, settings, verdict, intent.intent_id)
        entry = await self._executor.place_order_with_safety(
            submit_func=self._client.futures_create_order,
            order_params=market_params(intent),
            symbol=intent.symbol,
            side=intent.side,
            client=self._client,
            order_type="entry",
        )
        if not entry.success:
            return ExecutionResult("failed", verdict, entry, error_message=entry.error_message)
        entry_price = (verdict.adjusted_entry if verdict else None) or float(intent.planned_price)
        sl_percent = distance_of(verdict.adjusted_sl if verdict else None, entry_price, intent.sl_percent)
        tp_percent = distance_of(verdict.adjusted_tp if verdict else None, entry_price, intent.tp_percent)
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
            can_close=settings.flatten_when_unprotected,
        )
        if settings.check_slippage_after_trade:
            verdict = await self._checks.judge_after_trade(intent, verdict)
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

    async def _enter_safely(
        self, intent: Intent, settings: Settings, verdict: ValidationResult | None, intent_id: str
    ) -> ExecutionResult:
        """Enter by :class:`SafeBracket`: a deadline from the fill, confirmed protection, a verified way out."""
        shape = Bracket(intent_id=intent_id, symbol=intent.symbol, side=intent.side, quantity=intent.quantity)
        bracket = SafeBracket(
            self._executor,
            self._client,
            settings,
            shape,
            self._journal if settings.keep_journal else IntentJournal(None),
        )
        entry = await bracket.enter(
            self._checks.entry_params(intent, settings), self._checks.before_resend(intent, settings)
        )
        if not entry.success:
            closed = OrderResult(True) if bracket.flat and bracket.filled else None
            return ExecutionResult(
                "failed", verdict, entry, exit=closed, error_message=entry.error_message, intent_id=intent_id
            )
        entry_price = (
            bracket.fill_price or (verdict.adjusted_entry if verdict else None) or intent.planned_price
        )
        orders = protective_orders(self._client, intent, verdict, entry_price, bracket.filled)
        if await bracket.protect(orders):
            self._brackets[intent_id] = bracket
            return ExecutionResult("open", verdict, entry, True, entry_price, intent_id=intent_id)
        if not bracket.flat:
            self._brackets[intent_id] = bracket
        return ExecutionResult(
            "failed" if bracket.flat else "open",
            verdict,
            entry,
            False,
            entry_price,
            bracket.exit_result,
            "the position could not be protected",
            intent_id,
        )

    def _on_step(self, symbol: str, quantity: float) -> Decimal:
        return round_down(decimal_of(quantity), known_filters(self._client, symbol).step)

    def _report(self, symbol: str, name: str, failure: Failure, consequence: str) -> None:
        self._emit(SideCallFailed(symbol, name, failure.message, consequence))
