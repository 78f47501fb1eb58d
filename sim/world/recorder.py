"""Write what guard and executor say of themselves into the trace, under the intent that acts."""

from __future__ import annotations

import math
from typing import Any, Final

from sim.clock import VirtualLoop
from sim.exchange.attribution import CURRENT_INTENT, CURRENT_PLACEMENT
from sim.execution.events import (
    AttemptFailed,
    BackoffStarted,
    Event,
    PlacementEnded,
    PlacementStarted,
    StopAdjusted,
    VerdictGiven,
)
from sim.trace import Trace
from sim.world.watched import CallerOrderChanged

_ROLE_OF: Final = {"exit": "flatten"}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


class _Placement:
    __slots__ = ("adjusted", "attempt", "backoff_us", "number", "started_us")

    def __init__(self, number: int, started_us: int) -> None:
        self.number = number
        self.started_us = started_us
        self.backoff_us = 0
        self.adjusted = 0
        self.attempt = 1


class Recorder:
    """Be a hook of guard and executor: one call per event, in the task that acts."""

    def __init__(self, loop: VirtualLoop, trace: Trace) -> None:
        self._loop = loop
        self._last = 0
        self._live: dict[int, _Placement] = {}
        self._write_verdict = trace.writer("verdict")
        self._write_placement = trace.writer("placement")
        self._write_attempt = trace.writer("attempt")
        self._write_backoff = trace.writer("backoff")
        self._write_stop_moved = trace.writer("stop_moved")
        self._write_caller_changed = trace.writer("caller_changed")
        self._handlers: dict[type[Event], Any] = {
            VerdictGiven: self._verdict,
            PlacementStarted: self._started,
            AttemptFailed: self._attempt_failed,
            BackoffStarted: self._backoff,
            StopAdjusted: self._stop_adjusted,
            PlacementEnded: self._ended,
            CallerOrderChanged: self._caller_changed,
        }

    def __call__(self, event: Event) -> None:
        """Record ``event``; kinds it does not know are nobody's loss."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    @staticmethod
    def _intent() -> int:
        slot = CURRENT_INTENT.get()
        return slot.number if slot is not None else -1

    def _verdict(self, event: VerdictGiven) -> None:
        verdict = event.verdict
        self._write_verdict(
            (
                self._intent(), self._loop.now_us, verdict.is_valid, verdict.reason, _number(event.current_price),
                _number(event.slippage), _number(verdict.adjusted_entry), _number(verdict.adjusted_sl),
                _number(verdict.adjusted_tp),
            )
        )  # fmt: skip

    def _started(self, event: PlacementStarted) -> None:
        self._last += 1
        CURRENT_PLACEMENT.set(self._last)
        self._live[self._last] = _Placement(self._last, self._loop.now_us)

    def _attempt_failed(self, event: AttemptFailed) -> None:
        placement = self._live[CURRENT_PLACEMENT.get()]
        self._write_attempt(
            (
                self._intent(), placement.number, event.attempt, self._loop.now_us,
                event.code if event.code is not None else 0, event.message,
            )
        )  # fmt: skip
        placement.attempt = event.attempt

    def _backoff(self, event: BackoffStarted) -> None:
        placement = self._live[CURRENT_PLACEMENT.get()]
        delay_us = round(event.delay_s * 1e6)
        placement.backoff_us += delay_us
        self._write_backoff(
            (self._intent(), placement.number, event.next_attempt - 1, self._loop.now_us, delay_us)
        )

    def _stop_adjusted(self, event: StopAdjusted) -> None:
        placement = self._live[CURRENT_PLACEMENT.get()]
        placement.adjusted += 1
        self._write_stop_moved(
            (
                self._intent(), placement.number, self._loop.now_us, event.old, event.new, event.reference_price,
            )
        )  # fmt: skip

    def _caller_changed(self, event: CallerOrderChanged) -> None:
        # Its placement is over; the latest one of this task is not asked for any more.
        self._write_caller_changed((self._intent(), self._loop.now_us, " ".join(event.fields)))

    def _ended(self, event: PlacementEnded) -> None:
        placement = self._live.pop(CURRENT_PLACEMENT.get())
        CURRENT_PLACEMENT.set(-1)
        result = event.result
        self._write_placement(
            (
                self._intent(), placement.number, _ROLE_OF.get(event.order_type, event.order_type),
                placement.started_us, self._loop.now_us, result.success, result.order_id or "",
                result.error_code or 0, result.error_message or "", result.attempts, placement.backoff_us,
                placement.adjusted, result.outcome,
            )
        )  # fmt: skip
