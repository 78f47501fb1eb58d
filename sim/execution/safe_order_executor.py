"""Place orders and do not give up at the first failure: one executor, and a policy that says how.

One call of ``place_order_with_safety`` is a *placement* (:mod:`sim.execution.placement`); each call of its
``submit_func`` an *attempt*.  What a placement does is decided by the ``execution.*`` keys, read once when it starts.
The seed document's production code (policy ``d7``) adds no client order id and looks nothing up, so that resending
after silence can place an order twice (failures F04); ``safe`` does both.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .batch import unwrap
from .breaker import CallBreaker, CircuitBreaker, circuit_of
from .events import Emitter, Hook, SideCallFailed, StopAdjusted
from .execution_safety import ExecutionSafetyGuard
from .order_news import OrderNews
from .outcomes import Failure, attempt, attempt_within
from .patience import ReplyTimes
from .placement import BeforeAttempt, OrderResult, Placement
from .policy_keys import Settings
from .policy_store import SupportsGetPolicy, settings_of
from .prices import reference_price
from .refused_stop import RefusedStop, buffer_of, decide, moved, within_budget
from .retry_budget import RetryBudget, RetrySlots, TokenBucket
from .values import is_long, positive_number
from .volatility import Volatility

__all__ = ["OrderResult", "SafeOrderExecutor"]

_logger = logging.getLogger(__name__)


class SafeOrderExecutor:
    """Submit orders through any callable, resending what the policy's classifier calls worth it.

    ``policy_store`` None means the policy ``safe``.  ``safety_guard`` is kept for code that reaches it through
    the executor.  ``logger_instance`` decides where the lines go; ``hooks`` receive every event.  ``volatility`` is
    shared with a guard whose limit follows it.
    """

    def __init__(
        self,
        policy_store: SupportsGetPolicy | None = None,
        safety_guard: ExecutionSafetyGuard | None = None,
        logger_instance: Any = None,
        *,
        hooks: Iterable[Hook] = (),
        volatility: Volatility | None = None,
    ) -> None:
        self.policy_store = policy_store
        self.safety_guard = safety_guard
        self.emit = Emitter(logger_instance or _logger, hooks)
        self.news = OrderNews()
        self.replies = ReplyTimes()
        self.volatility = volatility if volatility is not None else Volatility()
        self._breaker = CircuitBreaker()
        self._calls = CallBreaker()
        self._budget = RetryBudget()
        self._bucket = TokenBucket()
        self._slots = RetrySlots()
        self._placements = itertools.count(1)

    async def place_order_with_safety(
        self,
        submit_func: Callable[..., Any],
        order_params: Mapping[str, Any],
        symbol: str,
        side: str,
        sl_price: float | str | None = None,
        tp_price: float | str | None = None,
        client: Any = None,
        order_type: str = "entry",
        *,
        before_attempt: BeforeAttempt | None = None,
        can_close: bool = False,
    ) -> OrderResult:
        """Call ``submit_func(**order_params)`` until it brings an order id or the policy stops.

        ``side`` is the position's, also for its exits.  A stop (``order_type`` "sl") refused with -2021 is
        sent again at a price taken from the mark that ``client`` reads; ``sl_price`` is its trigger, by
        default the one in the parameters.  ``tp_price`` is accepted for symmetry: targets are not moved.
        ``order_params`` is never changed.  ``before_attempt`` may withdraw an order before it is resent.
        ``can_close`` says that the caller closes the position when told "stop_passed"; otherwise a stop that
        the price has reached is moved, never given up.
        Raises PolicyError for an unusable policy value and ValueError for an unknown side, both before
        anything is sent; failures of the venue are in the result.
        """
        settings = settings_of(self.policy_store, symbol)
        is_long(side)
        return await Placement(
            self,
            settings,
            submit_func,
            dict(order_params),
            symbol,
            side,
            sl_price,
            client,
            order_type,
            before_attempt,
            can_close,
        ).run()

    async def place_order_batch_with_safety(
        self,
        orders: Sequence[Mapping[str, Any]],
        submit_func: Callable[..., Any],
        symbol: str,
        client: Any = None,
    ) -> list[OrderResult]:
        """Place several orders one after another and return their results in the same order.

        Each order is either the parameters themselves or a mapping that holds them under ``order_params``
        or ``params``, with optional ``side`` (the position's), ``order_type``, ``sl_price`` and
        ``tp_price``.  What is not said is inferred, see :func:`sim.execution.batch.unwrap`; an order whose
        side cannot be known raises ValueError before anything is sent.  One failure does not stop the rest.
        """
        items = [unwrap(order) for order in orders]
        return [
            await self.place_order_with_safety(
                submit_func=submit_func,
                order_params=item.params,
                symbol=symbol,
                side=item.side,
                sl_price=item.sl_price,
                tp_price=item.tp_price,
                client=client,
                order_type=item.order_type,
            )
            for item in items
        ]

    async def _adjust_sl_for_2021(
        self,
        symbol: str,
        side: str,
        current_sl: float,
        client: Any,
        *,
        buffer: float | None = None,
    ) -> float:
        """Return a stop on the right side of the market: ``buffer`` below it for a long, above for a short.

        The price is the mark, else the last.  ``buffer`` is a fraction, by default the policy's.  Without a
        client, or when the read fails, the stop stays where it is and the log says so.  Where the client's
        filters are known the result is on tick; they are not loaded here, since the position is bare.
        """
        if client is None:
            self._keep_stop(symbol, "price look-up", "no client was given")
            return current_sl
        market: float | Failure = await attempt(reference_price, client, symbol)
        if isinstance(market, Failure):
            self._keep_stop(symbol, "price look-up", market.message)
            return current_sl
        if buffer is None:
            buffer = settings_of(self.policy_store, symbol).sl_adjustment_buffer_pct
        new = moved(RefusedStop({}, symbol, side, current_sl, current_sl, client, 0.0), market, buffer)
        self.emit(StopAdjusted(symbol, side, current_sl, new, market))
        return new

    async def move_stop(self, settings: Settings, refused: RefusedStop) -> float | str | None:
        """Write an adjusted trigger into the parameters and return it; without any trigger change nothing.

        One that would stand further from the planned stop than ``widen_budget_pct`` allows is not moved.
        """
        current = refused.current
        if current is None:
            self._keep_stop(refused.symbol, "stop adjustment", f"no usable {refused.field} or sl_price")
            return refused.trigger
        new = await self._adjust_sl_for_2021(
            refused.symbol,
            refused.side,
            current,
            refused.client,
            buffer=buffer_of(settings, self.volatility, refused.symbol, refused.delay_s),
        )
        planned = positive_number(refused.planned) or current
        if not within_budget(new, planned, settings.widen_budget_pct):
            self._keep_stop(refused.symbol, "stop adjustment", f"{new:g} is beyond widen_budget_pct")
            return current
        refused.write(new)
        return new

    async def judge_refused_stop(
        self, settings: Settings, refused: RefusedStop
    ) -> tuple[bool, float | str | None]:
        """Ask whether a refused stop would have fired; return that, and the trigger to go on with.

        True: close.  The rules are those of :mod:`sim.execution.refused_stop`.  Without a price the stop stays.
        """
        current, symbol, client = refused.current, refused.symbol, refused.client
        if current is None or client is None:
            self._keep_stop(symbol, "stop adjustment", f"no client, or no usable {refused.field}")
            return False, refused.trigger
        market: float | Failure = await attempt_within(
            settings.attempt_timeout_sec, reference_price, client, symbol
        )
        if isinstance(market, Failure):
            self._keep_stop(symbol, "price look-up", market.message)
            return False, current
        self.volatility.note(symbol, market)
        buffer = buffer_of(settings, self.volatility, symbol, refused.delay_s)
        decision = decide(refused, current, market, buffer, settings.widen_budget_pct)
        if decision.what == "move":
            self.emit(StopAdjusted(symbol, refused.side, current, decision.trigger, market))
            refused.write(decision.trigger)
        return decision.what == "passed", decision.trigger

    def next_number(self) -> int:
        """Return the running number of a placement: what tells apart, in chance, orders without a client id."""
        return next(self._placements)

    def lets_through(self, symbol: str, settings: Settings) -> bool:
        """Tell whether the breaker that judges all calls lets one more be made."""
        if not settings.breaker_window_calls or self._calls.lets_through(settings.breaker_trial_calls):
            return True
        self._keep(symbol, "circuit breaker", "too many of the last calls failed", "the order is not sent")
        return False

    def grants_retry(self, symbol: str, failure: Failure, settings: Settings, *, exits: bool) -> bool:
        """Tell whether breakers and budgets let a failed order be sent again; equal refusals never hold an exit back.

        With ``max_parallel_retries`` a granted retry holds a slot until :meth:`release_retry`.
        """
        spent = self._refuses_retry(symbol, failure, settings, exits)
        if spent is None:
            return True
        self._keep(symbol, *spent, "no further attempt")
        return False

    def _refuses_retry(
        self, symbol: str, failure: Failure, settings: Settings, exits: bool
    ) -> tuple[str, str] | None:
        opened = settings.breaker_failures and self._breaker.note_failure(
            circuit_of(symbol, failure.code, failure.message),
            settings.breaker_failures,
            settings.breaker_open_sec,
        )
        if opened and not exits:
            return "circuit breaker", f"{settings.breaker_failures} equal refusals"
        if settings.breaker_window_calls and self._calls.is_open():
            return "circuit breaker", "too many of the last calls failed"
        if settings.throttle_tokens and not self._bucket.grants(
            settings.throttle_tokens, settings.throttle_stop_share
        ):
            return "retry throttle", "too few tokens are left"
        if settings.retry_budget_ratio and not self._budget.withdraw(
            settings.retry_budget_ratio, settings.retry_budget_per_sec, settings.retry_budget_window_sec
        ):
            return "retry budget", "it is spent"
        if settings.max_parallel_retries and not self._slots.take(settings.max_parallel_retries):
            return "parallel retries", f"{settings.max_parallel_retries} are under way"
        return None

    def release_retry(self) -> None:
        """Give back the slot of a granted retry: its answer came, or it is not made."""
        self._slots.give_back()

    def note_request(self, settings: Settings) -> None:
        """Count the first attempt of a placement for the retry budget."""
        if settings.retry_budget_ratio:
            self._budget.deposit(settings.retry_budget_window_sec)

    def note_call(self, failed: bool, settings: Settings) -> None:
        """Count the outcome of an attempt for the breaker that judges all calls."""
        if settings.breaker_window_calls:
            self._calls.note(
                failed,
                settings.breaker_window_calls,
                settings.breaker_failure_share,
                settings.breaker_open_sec,
                settings.breaker_trial_calls,
            )

    def note_transient(self, settings: Settings) -> None:
        """Charge the throttle's bucket for a failure that is worth a retry, whether or not one follows."""
        if settings.throttle_tokens:
            self._bucket.charge(settings.throttle_tokens, settings.throttle_stop_share)

    def note_success(self, symbol: str, settings: Settings) -> None:
        """Close the symbol's circuits and fill the throttle's bucket: the venue takes orders again."""
        if settings.breaker_failures:
            self._breaker.note_success(symbol)
        if settings.throttle_tokens:
            self._bucket.put(settings.throttle_ratio)

    def _keep(self, symbol: str, what: str, message: str, consequence: str) -> None:
        self.emit(SideCallFailed(symbol, what, message, consequence))

    def _keep_stop(self, symbol: str, what: str, message: str) -> None:
        self._keep(symbol, what, message, "the stop price stays")
