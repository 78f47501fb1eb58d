"""Tell observers what guard and executor did, as frozen records; the log is one observer among others.

Hooks are plain callables, called synchronously inside the task that places the order, in a fixed order.
:class:`LoggingHook` is always the first of them and writes the seed document's lines, letter for letter.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .values import dollars, side_name

if TYPE_CHECKING:
    from .execution_safety import ValidationResult
    from .placement import OrderResult


@dataclass(frozen=True, slots=True)
class Event:
    """Base of every event."""

    symbol: str


@dataclass(frozen=True, slots=True)
class VerdictGiven(Event):
    """The guard answered; ``slippage`` and ``limit`` are fractions, None when prices were unusable."""

    side: str
    planned_price: Any
    current_price: Any
    slippage: float | None
    limit: float | None
    verdict: ValidationResult
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlacementStarted(Event):
    """A placement begins; its first attempt follows in the same step."""

    side: str
    order_type: str
    max_attempts: int


@dataclass(frozen=True, slots=True)
class AttemptFailed(Event):
    """An attempt brought no order id; ``will_retry`` is false for the last one."""

    order_type: str
    attempt: int
    max_attempts: int
    code: int | None
    message: str
    will_retry: bool


@dataclass(frozen=True, slots=True)
class BackoffStarted(Event):
    """The executor waits ``delay_s`` seconds before attempt ``next_attempt``."""

    order_type: str
    delay_s: float
    next_attempt: int


@dataclass(frozen=True, slots=True)
class OrderLookedUp(Event):
    """An order of unknown fate was looked up; ``state`` is there, ended, absent or unreadable."""

    order_type: str
    client_order_id: str
    state: str


@dataclass(frozen=True, slots=True)
class StopLooked(Event):
    """The stop of an open position was looked at; ``status`` is the venue's word."""

    client_order_id: str
    state: str
    status: str


@dataclass(frozen=True, slots=True)
class StopAdjusted(Event):
    """A stop refused with -2021 will be sent at ``new`` instead of ``old``."""

    side: str
    old: float
    new: float
    reference_price: float


@dataclass(frozen=True, slots=True)
class PlacementEnded(Event):
    """A placement ended; ``exhausted`` says that the failure was worth resending but attempts ran out."""

    side: str
    order_type: str
    result: OrderResult
    exhausted: bool


@dataclass(frozen=True, slots=True)
class SizeReduced(Event):
    """An entry leaves smaller than wished, or not at all (``quantity`` 0); ``predicted_bps`` is at the wished size."""

    wished: Decimal
    quantity: Decimal
    predicted_bps: float
    limit_bps: float


@dataclass(frozen=True, slots=True)
class SideCallFailed(Event):
    """A call beside the orders (price, filters, cancel) failed; ``consequence`` says what follows."""

    call: str
    message: str
    consequence: str


Hook = Callable[[Event], None]


class LoggingHook:
    """Write each event as the seed document's log line to one logger.

    Nothing is formatted when the logger's level is off.  Any object with info, warning and error will do.
    """

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        # A logger of another make may not have levels to ask for; then every line is handed over.
        self._enabled: Callable[[int], bool] = getattr(logger, "isEnabledFor", lambda level: True)
        self._lines: dict[type[Event], Callable[[Any], None]] = {
            VerdictGiven: self._verdict,
            AttemptFailed: self._attempt_failed,
            BackoffStarted: self._backoff,
            StopAdjusted: self._stop_adjusted,
            PlacementEnded: self._ended,
            SizeReduced: self._size_reduced,
            SideCallFailed: self._side_call_failed,
        }

    def __call__(self, event: Event) -> None:
        """Write the line of ``event``, if it has one."""
        line = self._lines.get(type(event))
        if line is not None:
            line(event)

    def _verdict(self, event: VerdictGiven) -> None:
        verdict = event.verdict
        if not verdict.is_valid:
            if self._enabled(logging.WARNING):
                self._logger.warning(f"[SAFETY-GUARD] ❌ {verdict.reason}")
            return
        if verdict.adjusted_sl is not None or verdict.adjusted_tp is not None:
            if self._enabled(logging.WARNING):
                self._logger.warning(f"[SAFETY-GUARD] ⚠️ {event.symbol}: {verdict.reason}")
        elif self._enabled(logging.INFO):
            self._logger.info(f"[SAFETY-GUARD] ✅ {event.symbol}: No adjustments needed")
        if event.warnings and self._enabled(logging.WARNING):
            for warning in event.warnings:
                self._logger.warning(f"[SAFETY-GUARD] ⚠️ {event.symbol}: {warning}")

    def _attempt_failed(self, event: AttemptFailed) -> None:
        if self._enabled(logging.WARNING):
            self._logger.warning(
                f"[SAFE-EXECUTOR] ❌ Attempt {event.attempt}/{event.max_attempts} failed for {event.symbol} "
                f"{event.order_type} order: code={event.code}, msg={event.message}"
            )

    def _backoff(self, event: BackoffStarted) -> None:
        if self._enabled(logging.INFO):
            self._logger.info(
                f"[SAFE-EXECUTOR] Waiting {event.delay_s:.2f}s before retry {event.next_attempt}"
            )

    def _stop_adjusted(self, event: StopAdjusted) -> None:
        if self._enabled(logging.WARNING):
            self._logger.warning(
                f"[SAFE-EXECUTOR] {event.symbol} {side_name(event.side)}: "
                f"current_price={dollars(event.reference_price)}, "
                f"adjusted SL from {dollars(event.old)} to {dollars(event.new)}"
            )

    def _ended(self, event: PlacementEnded) -> None:
        result = event.result
        if result.success:
            if self._enabled(logging.INFO):
                self._logger.info(
                    f"[SAFE-EXECUTOR] ✅ {event.symbol} {event.order_type} order placed: "
                    f"order_id={result.order_id}, attempts={result.attempts}, "
                    f"duration={result.duration_sec:.1f}s"
                )
        elif self._enabled(logging.ERROR):
            what = f"All {result.attempts} attempts failed" if event.exhausted else "Non-retryable failure"
            self._logger.error(
                f"[SAFE-EXECUTOR] ❌ {what} for {event.symbol} {event.order_type} order: "
                f"code={result.error_code}, msg={result.error_message}, duration={result.duration_sec:.1f}s"
            )

    def _size_reduced(self, event: SizeReduced) -> None:
        if self._enabled(logging.WARNING):
            self._logger.warning(
                f"[SAFE-EXECUTOR] {event.symbol}: size {event.wished} reduced to {event.quantity}, as its predicted "
                f"slippage of {event.predicted_bps:.1f} bps exceeds {event.limit_bps:.1f} bps"
            )

    def _side_call_failed(self, event: SideCallFailed) -> None:
        if self._enabled(logging.WARNING):
            self._logger.warning(
                f"[SAFE-EXECUTOR] ⚠️ {event.symbol}: {event.call} failed: {event.message}; {event.consequence}"
            )


class Emitter:
    """Hand each event to the logging hook and then to the caller's hooks.

    A hook only watches: one that raises is reported with its traceback and cannot stop an order on its way,
    since that could leave a position without its stop.
    """

    __slots__ = ("_hooks", "logger")

    def __init__(self, logger: Any, hooks: Iterable[Hook]) -> None:
        self.logger = logger
        self._hooks: tuple[Hook, ...] = (LoggingHook(logger), *hooks)

    def __call__(self, event: Event) -> None:
        """Show ``event`` to every hook, in order."""
        for hook in self._hooks:
            try:
                hook(event)
            except Exception:
                self.logger.error(f"[SAFE-EXECUTOR] hook {hook!r} failed on {event!r}", exc_info=True)
