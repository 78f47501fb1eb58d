"""Carry one placement from its first attempt to a result: attempt, settle what is unknown, move a stop, wait, again.

What happens after a failure is decided in one place, :meth:`Placement._answer`:

    unknown or "it is there" ─► look the order up (client id, both endpoints, with patience) ─► there: success
                                                                                          └► absent: as below
    not worth another attempt, or none left ─► failure
    a stop refused by the price ─► the price has reached it: give up, to close · stands clear: as it is · else moved
    wait as the failure's class and the policy say ─► next attempt
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .classifiers import CLASSIFIERS
from .client_ids import client_id_in, client_order_id, id_field, new_intent_id, share_of
from .clock_sync import BAD_TIMESTAMP, set_clock
from .events import AttemptFailed, BackoffStarted, OrderLookedUp, PlacementEnded, PlacementStarted
from .lookup import Sighting, can_look_up, find_conditional, find_order, sighting_of
from .order_result import OrderResult, Outcome
from .outcome_classes import OutcomeClass, outcome_class
from .outcomes import WOULD_TRIGGER, Failure, attempt, attempt_under, order_id_or_failure
from .patience import patience_s, slow_answer_s
from .policy_keys import Settings
from .refused_stop import RefusedStop
from .schedules import attempt_limit_s, is_too_late, wait_s
from .time_limit import AskedLimit

if TYPE_CHECKING:
    from .safe_order_executor import SafeOrderExecutor

__all__ = ["BeforeAttempt", "OrderResult", "Outcome", "Placement"]

BeforeAttempt = Callable[[int, dict[str, Any]], Awaitable[str | None]]
"""Called before every attempt but the first with its number and the parameters (which it may replace values in);
a text withdraws the order, and says why."""

_CONDITIONAL = frozenset({"sl", "tp", "trailing"})
_THROTTLED = -1008
"""Documented as not applied, and seen to be placed (binance-facts 1.3): entries are looked up before a resend."""

_EXITS = _CONDITIONAL | {"exit"}
_NOT_SEEN = Sighting("there")


class Placement:
    """Hold one placement's state; :meth:`run` runs it once."""

    __slots__ = (
        "_attempts", "_before_attempt", "_can_close", "_chance", "_client", "_client_id", "_executor", "_holds_slot",
        "_listens", "_loop", "_market_tries", "_order_type", "_params", "_planned_stop", "_previous_s", "_sent_s",
        "_settings", "_side", "_sl_price", "_started_s", "_submit", "_symbol", "_was_unknown",
    )  # fmt: skip

    def __init__(
        self,
        executor: SafeOrderExecutor,
        settings: Settings,
        submit_func: Callable[..., Any],
        params: dict[str, Any],
        symbol: str,
        side: str,
        sl_price: float | str | None,
        client: Any,
        order_type: str,
        before_attempt: BeforeAttempt | None,
        can_close: bool,
    ) -> None:
        self._executor = executor
        self._settings = settings
        self._submit = submit_func
        self._params = params
        self._symbol = symbol
        self._side = side
        self._sl_price = sl_price
        self._planned_stop = (
            sl_price if sl_price is not None else params.get("stopPrice", params.get("triggerPrice"))
        )
        self._client = client
        self._order_type = order_type
        self._before_attempt = before_attempt
        self._can_close = can_close
        self._loop = asyncio.get_running_loop()
        self._started_s = self._sent_s = self._loop.time()
        self._attempts = self._market_tries = 0
        self._was_unknown = self._holds_slot = False
        self._previous_s = 0.0
        self._client_id = client_id_in(params)
        if settings.client_ids and self._client_id is None:
            self._client_id = client_order_id(new_intent_id(), order_type)
            params[id_field(params)] = self._client_id
        # Orders without an id that start together must not come back together either.
        self._chance = self._client_id or f"{symbol}{self._started_s!r}/{executor.next_number()}"
        # Whoever already listens for this order goes on doing so when the placement is over.
        self._listens = (
            self._client_id is not None and settings.look_up_unknown and executor.news.expect(self._client_id)
        )

    async def run(self) -> OrderResult:
        """Place the order and tell what is believed of it."""
        limit = self._settings.max_order_retries
        self._executor.emit(PlacementStarted(self._symbol, self._side, self._order_type, limit))
        try:
            return await self._run()
        except asyncio.CancelledError:
            # Whoever cuts a placement off (a deadline) knows less than nobody: the order may rest all the same.
            self._failure(Failure("silent", None, "cut off"), False, "cut_off")
            raise
        finally:
            self._release_slot()
            if self._listens and self._client_id is not None:
                self._executor.news.forget(self._client_id)

    async def _run(self) -> OrderResult:
        while True:
            if not self._executor.lets_through(self._symbol, self._settings):
                return self._failure(
                    Failure("error", None, "held back by the breaker"), False, self._not_sent
                )
            failure, reply = await self._attempt()
            if isinstance(failure, str):
                return self._accepted(failure, reply)
            if (result := await self._answer(failure)) is not None:
                return result

    async def _attempt(self) -> tuple[str | Failure, Any]:
        """Send the order once; return its id or the failure, and the reply."""
        executor, settings, submit, params = self._executor, self._settings, self._submit, self._params
        self._attempts += 1
        self._sent_s = self._loop.time()
        if self._attempts == 1:
            executor.note_request(settings)
        elif self._client_id is not None:
            # The end of an earlier attempt's order is none of this one's.
            executor.news.renew(self._client_id)
        has_limit = settings.attempt_timeout_sec or settings.placement_timeout_sec
        limit = AskedLimit(self._limit_s) if has_limit else None
        try:
            if limit is not None and self._client_id is not None and settings.look_up_unknown:
                # News of the order makes the rest of the wait short (failures F20).
                executor.news.awaited[self._client_id] = limit
            reply = await (attempt_under(limit, submit, **params) if limit else attempt(submit, **params))
        except asyncio.CancelledError:
            executor.note_call(True, settings)
            raise
        finally:
            if self._client_id is not None:
                executor.news.awaited.pop(self._client_id, None)
            self._release_slot()
        outcome = reply if isinstance(reply, Failure) else order_id_or_failure(reply)
        if limit is not None:
            answered = not (isinstance(reply, Failure) and reply.kind == "silent")
            executor.replies.take_in(self._sent_s, limit.given_s, self._loop.time(), answered=answered)
        if settings.buffer_volatility_factor or settings.slippage_volatility_factor:
            executor.volatility.note_delay(self._loop.time() - self._sent_s)
        executor.note_call(isinstance(outcome, Failure), settings)
        if isinstance(outcome, Failure) and outcome.code == _THROTTLED and not self._opens:
            executor.replies.note_throttled()
        return outcome, reply

    def _release_slot(self) -> None:
        if self._holds_slot:
            self._holds_slot = False
            self._executor.release_retry()

    # -- what an attempt brought ------------------------------------------------------------------------

    def _accepted(self, order_id: str, reply: Any) -> OrderResult:
        if not self._settings.read_back:
            return self._success(order_id)
        sighting = sighting_of(reply)
        if sighting.state == "ended":
            return self._ended(sighting)
        return self._success(order_id, sighting)

    async def _answer(self, failure: Failure) -> OrderResult | None:
        """Return the placement's result after a failed attempt, or None when another attempt is due."""
        settings = self._settings
        kind = outcome_class(failure)
        self._was_unknown = self._was_unknown or kind == "unknown" or failure.code == _THROTTLED
        settled = await self._settle(failure, kind) if settings.look_up_unknown else None
        if settled is not None:
            if settled.state == "there":
                return self._success(settled.order_id or "", settled)
            if settled.state == "ended" and self._order_type != "sl":
                return self._ended(settled)
        uncertain = settings.look_up_unknown and (kind == "unknown" or kind == "applied")
        if uncertain and not self._may_resend_unknown(settled):
            return self._failed(failure, False, "unknown")
        resend = self._resends(failure, kind)
        if resend:
            self._executor.note_transient(settings)
        again = resend and self._attempts < settings.max_order_retries
        self._say_failed(failure, again)
        if not again:
            return self._failure(failure, resend, self._refused)
        if settings.look_up_unknown and failure.code in BAD_TIMESTAMP and self._client is not None:
            await set_clock(self._client, timeout_s=settings.attempt_timeout_sec)
        delay_s = self._wait_s(failure, kind)
        refused_stop = failure.code == WOULD_TRIGGER and self._order_type == "sl"
        if refused_stop and settings.adjust_sl_on_2021 and await self._stop_is_passed(delay_s):
            return self._failure(failure, False, "stop_passed")
        if is_too_late(settings, self._loop.time() - self._started_s + delay_s):
            return self._failure(failure, True, self._refused)
        if not self._executor.grants_retry(self._symbol, failure, settings, exits=not self._opens):
            return self._failure(failure, False, self._refused)
        self._holds_slot = bool(settings.max_parallel_retries)
        emit = self._executor.emit
        emit(BackoffStarted(self._symbol, self._order_type, delay_s, self._attempts + 1))
        heard = await self._wait(delay_s)
        if heard is not None:
            return (
                self._ended(heard) if heard.state == "ended" else self._success(heard.order_id or "", heard)
            )
        return await self._withdrawn(failure)

    async def _wait(self, delay_s: float) -> Sighting | None:
        """Wait, unless the stream says meanwhile what became of the order: then nothing is resent (failures F20)."""
        if self._client_id is None or not self._settings.look_up_unknown or delay_s <= 0.0:
            await asyncio.sleep(delay_s)
            return None
        news = self._executor.news
        until_s = self._loop.time() + delay_s
        while (left_s := until_s - self._loop.time()) > 0.0:
            await news.wait((self._client_id,), left_s)
            heard = news.latest(self._client_id)
            if heard is not None and (heard.state == "there" or self._order_type != "sl"):
                return heard
        return None

    async def _withdrawn(self, failure: Failure) -> OrderResult | None:
        if self._before_attempt is None:
            return None
        reason = await self._before_attempt(self._attempts + 1, self._params)
        if reason is None:
            return None
        # An exit's earlier attempt may rest all the same; an entry's has been looked up until that was certain.
        outcome: Outcome = "cut_off" if self._was_unknown and not self._opens else "withdrawn"
        return self._failure(Failure(failure.kind, failure.code, reason), False, outcome)

    def _resends(self, failure: Failure, kind: OutcomeClass) -> bool:
        settings = self._settings
        if not CLASSIFIERS[settings.classifier].resends(failure, retry_timeouts=settings.retry_timeouts):
            return False
        if kind != "market" or settings.schedule == "one":
            return True
        # A target the price has passed cannot be moved; a way out is tried as long as there are attempts.
        if self._order_type in ("tp", "trailing"):
            return False
        self._market_tries += 1
        return self._order_type == "exit" or self._market_tries <= settings.market_max_retries

    def _wait_s(self, failure: Failure, kind: OutcomeClass) -> float:
        share = 0.0 if self._settings.jitter == "none" else share_of(self._chance, self._attempts)
        delay_s = wait_s(
            self._settings,
            self._attempts,
            kind,
            share,
            previous_s=self._previous_s,
            retry_after_s=failure.retry_after_s,
            exits=not self._opens,
        )
        self._previous_s = delay_s
        return delay_s

    async def _stop_is_passed(self, delay_s: float) -> bool:
        """Move a stop the price refused; True where the price has reached it, or it may not be moved far enough."""
        refused = RefusedStop(
            self._params, self._symbol, self._side, self._sl_price, self._planned_stop, self._client, delay_s,
            self._can_close,
        )  # fmt: skip
        if self._settings.judge_refused_stop:
            if self._can_close and slow_answer_s(self._settings, self._executor.replies):
                # No price read there is fresh, and reading one takes as long as the way out: the venue's word counts.
                return True
            passed, self._sl_price = await self._executor.judge_refused_stop(self._settings, refused)
            return passed
        self._sl_price = await self._executor.move_stop(self._settings, refused)
        return False

    # -- what became of an order nobody answered for -----------------------------------------------------

    @property
    def _refused(self) -> Outcome:
        # A refusal after an attempt nobody answered for is no proof: -2022 may mean that the first one closed it.
        return "unknown" if self._was_unknown else "refused"

    @property
    def _not_sent(self) -> Outcome:
        return "refused" if not self._attempts else "unknown" if self._was_unknown else "withdrawn"

    @property
    def _opens(self) -> bool:
        return self._order_type not in _EXITS

    def _may_resend_unknown(self, settled: Sighting | None) -> bool:
        """Tell whether an order of unknown fate may be sent again: an exit may, since the venue refuses the second."""
        if settled is not None and settled.state == "unreadable":
            return False
        return not self._opens or (settled is not None and self._settings.resend_unknown_entry)

    async def _settle(self, failure: Failure, kind: OutcomeClass) -> Sighting | None:
        """Look the order up until it is certain what became of it, or until the policy's patience ends.

        None: nothing to look up, or no way to.  Only an opening order waits for the deadline after which the venue
        cannot execute it any more (binance-facts 4); a documented failure is looked at a few times, since such orders
        have been seen to live (binance-facts 1.3).
        """
        worth = kind in ("unknown", "applied") or (kind == "documented" and failure.phase != "connect")
        worth = worth or (self._opens and failure.code == _THROTTLED)
        if not worth or self._client_id is None or not can_look_up(self._client):
            return None
        settings, loop = self._settings, self._loop
        certain_s = self._sent_s + settings.unknown_deadline_sec if self._opens and kind == "unknown" else 0.0
        gives_up_s = loop.time() + settings.unreadable_sec
        # A second exit is refused by the venue (-4116, -4130) or reduces nothing: one look is enough before it is sent.
        patient = self._opens and failure.code != _THROTTLED
        looks = settings.look_up_min if patient or settings.max_order_retries == 1 else 1
        missed, wait_for_s = 0, settings.look_up_base_sec
        while True:
            news = self._executor.news
            sighting = news.latest(self._client_id) or await news.unless_heard(self._client_id, self._look())
            if sighting is None:
                continue
            self._executor.emit(
                OrderLookedUp(self._symbol, self._order_type, self._client_id, sighting.state)
            )
            if sighting.mute:
                return None
            now_s = loop.time()
            if sighting.state in ("there", "ended"):
                return sighting
            if sighting.state == "absent":
                missed += 1
                if missed >= looks and now_s >= certain_s:
                    return sighting
            elif now_s >= gives_up_s or (kind == "documented" and not self._opens):
                # A venue that serves nobody cannot be asked: what only reduces is sent again until it does.
                return sighting
            await self._executor.news.wait((self._client_id,), wait_for_s)
            wait_for_s = min(wait_for_s * settings.look_up_growth, settings.look_up_cap_sec)

    def _patience_s(self) -> float:
        return patience_s(self._settings, self._executor.replies, exits=not self._opens)

    def _limit_s(self) -> float:
        return attempt_limit_s(self._settings, self._sent_s - self._started_s, self._patience_s())

    async def _look(self) -> Sighting:
        assert self._client_id is not None
        client_id, timeout_s = self._client_id, self._patience_s()
        if self._order_type in _CONDITIONAL:
            endpoint = self._settings.conditional_endpoint
            asked = find_conditional(self._client, self._symbol, client_id, endpoint, timeout_s=timeout_s)
        else:
            asked = find_order(self._client, self._symbol, client_id, algo=False, timeout_s=timeout_s)
        return await self._executor.replies.timed(asked, timeout_s) if timeout_s else await asked

    # -- results -----------------------------------------------------------------------------------------

    def _success(self, order_id: str, sighting: Sighting | None = None) -> OrderResult:
        seen = sighting or _NOT_SEEN
        result = OrderResult(
            True, order_id, None, None, self._attempts, self._loop.time() - self._started_s, "applied",
            self._client_id, seen.executed, seen.average_price, seen.status,
        )  # fmt: skip
        self._executor.note_success(self._symbol, self._settings)
        self._end(result, False)
        return result

    def _ended(self, sighting: Sighting) -> OrderResult:
        message = f"the order ended as {sighting.status} without a fill"
        return self._failed(Failure("error", None, message), False, "ended")

    def _failed(self, failure: Failure, exhausted: bool, outcome: Outcome) -> OrderResult:
        self._say_failed(failure, False)
        return self._failure(failure, exhausted, outcome)

    def _failure(self, failure: Failure, exhausted: bool, outcome: Outcome) -> OrderResult:
        result = OrderResult(
            False, None, failure.code, failure.message, self._attempts, self._loop.time() - self._started_s, outcome,
            self._client_id,
        )  # fmt: skip
        self._end(result, exhausted)
        return result

    def _say_failed(self, failure: Failure, again: bool) -> None:
        self._executor.emit(
            AttemptFailed(
                self._symbol, self._order_type, self._attempts, self._settings.max_order_retries, failure.code,
                failure.message, again,
            )
        )  # fmt: skip

    def _end(self, result: OrderResult, exhausted: bool) -> None:
        self._executor.emit(PlacementEnded(self._symbol, self._side, self._order_type, result, exhausted))
