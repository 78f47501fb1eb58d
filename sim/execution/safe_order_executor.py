"""Place an order and do not give up at the first failure: classify, move a refused stop, back off, resend.

One call of ``place_order_with_safety`` is a *placement*; each call of its ``submit_func`` an *attempt*.
What a placement does is decided by the ``execution.*`` keys, read once when it starts.  Known limits, kept
because the seed document's production code has them: no client order id is added and nothing is looked up,
so resending after silence can place an order twice (failures F04).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .backoff import backoff_s
from .batch import unwrap
from .events import (
    AttemptFailed,
    BackoffStarted,
    Emitter,
    Hook,
    PlacementEnded,
    PlacementStarted,
    SideCallFailed,
    StopAdjusted,
)
from .execution_safety import ExecutionSafetyGuard
from .outcomes import CLASSIFIERS, WOULD_TRIGGER, Failure, attempt, order_id_or_failure
from .policy_keys import Settings
from .policy_store import SupportsGetPolicy, settings_of
from .precision import decimal_of, known_filters, plain, stop_price
from .prices import reference_price
from .values import is_long, positive_number

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OrderResult:
    """Report what a placement believes: an order id, or the last failure; never an exception.

    ``duration_sec`` is the loop's time from the first attempt to the end, waits included.
    """

    success: bool
    order_id: str | None = None
    error_code: int | None = None
    error_message: str | None = None
    attempts: int = 0
    duration_sec: float = 0.0


class SafeOrderExecutor:
    """Submit orders through any callable, resending what the policy's classifier calls worth it.

    ``policy_store`` None means the defaults.  ``safety_guard`` is kept for code that reaches it through
    the executor.  ``logger_instance`` decides where the lines go; ``hooks`` receive every event.
    """

    def __init__(
        self,
        policy_store: SupportsGetPolicy | None = None,
        safety_guard: ExecutionSafetyGuard | None = None,
        logger_instance: Any = None,
        *,
        hooks: Iterable[Hook] = (),
    ) -> None:
        self.policy_store = policy_store
        self.safety_guard = safety_guard
        self.emit = Emitter(logger_instance or _logger, hooks)

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
    ) -> OrderResult:
        """Call ``submit_func(**order_params)`` until it brings an order id or the policy stops.

        ``side`` is the position's, also for its exits.  A stop (``order_type`` "sl") refused with -2021 is
        sent again at a price taken from the mark that ``client`` reads; ``sl_price`` is its trigger, by
        default the one in the parameters.  ``tp_price`` is accepted for symmetry: targets are not moved.
        ``order_params`` is never changed.  Raises PolicyError for an unusable policy value and ValueError
        for an unknown side, both before anything is sent; failures of the venue are in the result.
        """
        settings = settings_of(self.policy_store)
        is_long(side)
        classifier = CLASSIFIERS[settings.classifier]
        params = dict(order_params)
        limit = settings.max_order_retries
        loop = asyncio.get_running_loop()
        self.emit(PlacementStarted(symbol, side, order_type, limit))
        started_s = loop.time()
        attempts = 0
        while True:
            attempts += 1
            reply = await attempt(submit_func, **params)
            outcome = reply if isinstance(reply, Failure) else order_id_or_failure(reply)
            if isinstance(outcome, str):
                result = OrderResult(True, outcome, None, None, attempts, loop.time() - started_s)
                self.emit(PlacementEnded(symbol, side, order_type, result, False))
                return result
            resend = classifier.resends(outcome, retry_timeouts=settings.retry_timeouts)
            again = resend and attempts < limit
            code, message = outcome.code, outcome.message
            self.emit(AttemptFailed(symbol, order_type, attempts, limit, code, message, again))
            if not again:
                result = OrderResult(False, None, code, message, attempts, loop.time() - started_s)
                self.emit(PlacementEnded(symbol, side, order_type, result, resend))
                return result
            if code == WOULD_TRIGGER and order_type == "sl" and settings.adjust_sl_on_2021:
                sl_price = await self._move_stop(settings, params, symbol, side, sl_price, client)
            await self._back_off(settings, symbol, order_type, attempts)

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
            buffer = settings_of(self.policy_store).sl_adjustment_buffer_pct
        long = is_long(side)
        share = decimal_of(buffer)
        target = decimal_of(market) * (1 - share if long else 1 + share)
        new = float(stop_price(target, known_filters(client, symbol).tick, long=long))
        self.emit(StopAdjusted(symbol, side, current_sl, new, market))
        return new

    async def _move_stop(
        self,
        settings: Settings,
        params: dict[str, Any],
        symbol: str,
        side: str,
        sl_price: float | str | None,
        client: Any,
    ) -> float | str | None:
        """Write an adjusted trigger into ``params`` and return it; without any trigger change nothing."""
        field = _trigger_field(params)
        current = positive_number(sl_price if sl_price is not None else params.get(field))
        if current is None:
            self._keep_stop(symbol, "stop adjustment", f"no usable {field} or sl_price")
            return sl_price
        new = await self._adjust_sl_for_2021(
            symbol, side, current, client, buffer=settings.sl_adjustment_buffer_pct
        )
        if new != current:
            # The venue's decimals travel as text where the caller sent text, as a number where not.
            params[field] = plain(decimal_of(new)) if isinstance(params.get(field), str) else new
        return new

    async def _back_off(self, settings: Settings, symbol: str, order_type: str, failed: int) -> None:
        delay_s = backoff_s(
            failed,
            base_s=settings.retry_backoff_base_sec,
            growth=settings.retry_backoff_growth,
            cap_s=settings.max_retry_backoff_sec,
        )
        self.emit(BackoffStarted(symbol, order_type, delay_s, failed + 1))
        await asyncio.sleep(delay_s)

    def _keep_stop(self, symbol: str, what: str, message: str) -> None:
        self.emit(SideCallFailed(symbol, what, message, "the stop price stays"))


def _trigger_field(params: Mapping[str, Any]) -> str:
    """Name the field that holds a stop's trigger on the endpoint these parameters are meant for."""
    return "triggerPrice" if "triggerPrice" in params or "algoType" in params else "stopPrice"
