"""Put the lines of interleaved flows together into placements, attempts and intents.

A waiting line names no order, so it belongs to the placement that failed last in its process and intent; an attempt
belongs to the open placement of its role whose turn it is.  What stays open too long is cut off, so that memory does
not grow with the log.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sim.calibrate.logs.declared import Heard
from sim.calibrate.logs.failures import SILENT, failure_class
from sim.calibrate.logs.said import Said

MOST_OPEN: Final = 4096
MOST_ATTEMPTS: Final = 1000
"""Of one placement; the first of more are forgotten, and it is not whole."""
LONGEST_MESSAGE: Final = 1000
"""What is kept of a failure's text; its class comes from all of it."""
STALE_US: Final = 900_000_000
ROUNDING_US: Final = 50_000
"""The document's lines round durations to 0.1 s: a start taken from one is known so far."""
WAIT_ROUNDING_US: Final = 6_000
"""Waits are rounded to 10 ms and times of lines to 1 ms."""


class Attempt(NamedTuple):
    """Hold one attempt.  ``sent_us`` is known within ``within_us``; ``failure`` is "" for one that brought an id."""

    placement: int
    attempt: int
    process: str
    intent: str
    symbol: str
    role: str
    sent_us: int
    within_us: int
    answered_us: int
    failure: str


class Placement(NamedTuple):
    """Hold one placement as its lines tell it; ``whole`` is false where lines of it are missing.

    ``loosening_bps``: how far its stop was moved away from where it was, in bps of that price.  ``message``: at most
    its first :data:`LONGEST_MESSAGE` letters.
    """

    placement: int
    process: str
    intent: str
    symbol: str
    role: str
    started_us: int
    ended_us: int
    success: bool
    order_id: str
    code: int
    message: str
    attempts: int
    failed_attempts: int
    first_failure: str
    met_2021: bool
    adjusted: int
    loosening_bps: float
    backoff_us: int
    whole: bool


class Intent(NamedTuple):
    """Hold one intent: the verdict that began it.  ``planned`` and ``current`` are 0 where no line says them."""

    intent: str
    process: str
    symbol: str
    decided_us: int
    refused: bool
    refused_for_deviation: bool
    planned: float
    current: float


class SideCall(NamedTuple):
    """Hold one failed call beside the orders."""

    at_us: int
    call: str
    failure: str


class LookUp(NamedTuple):
    """Hold one look-up of an order whose fate was unknown; only declared lines tell of them."""

    at_us: int
    process: str
    intent: str
    symbol: str
    role: str
    state: str


Event = Attempt | Placement | Intent | SideCall | LookUp


@dataclass(slots=True)
class _Open:
    number: int
    process: str
    intent: str
    symbol: str
    role: str
    seen_us: int
    last: int = 0
    due_us: int = 0
    failures: list[tuple[int, str]] = field(default_factory=list)
    sends: dict[int, int] = field(default_factory=dict)
    code: int = 0
    message: str = ""
    adjusted: int = 0
    loosening_bps: float = 0.0
    backoff_us: int = 0


_NOTHING: Final[OrderedDict[int, _Open]] = OrderedDict()


@dataclass(slots=True)
class Flows:
    """Follow the flows of all processes; :meth:`events` yields whole things as they end."""

    cut_off: int = 0
    crowded_out: int = 0
    """Of those cut off, how many only because :data:`MOST_OPEN` others were open."""
    _number: int = 0
    _open: OrderedDict[int, _Open] = field(default_factory=OrderedDict)
    _of_flow: dict[tuple[str, str], OrderedDict[int, _Open]] = field(default_factory=dict)
    _of_process: dict[str, OrderedDict[int, _Open]] = field(default_factory=dict)

    def events(self, heard: Iterable[Heard]) -> Iterator[Event]:
        """Yield attempts (with their placement, in order), placements, intents, failed side calls and look-ups."""
        for item in heard:
            yield from self._hear(item)
            while self._open and (one := self._overdue(item.prefix.process, item.prefix.at_us)) is not None:
                yield from self._cut(one)
        while self._open:
            yield from self._cut(next(iter(self._open.values())))

    def _overdue(self, process: str, at_us: int) -> _Open | None:
        """Return a placement to cut off; only its own process's clock can make one too old, as zones may differ."""
        mine = self._of_process.get(process)
        if mine and at_us - (one := next(iter(mine.values()))).seen_us > STALE_US:
            return one
        if len(self._open) > MOST_OPEN:
            self.crowded_out += 1
            return next(iter(self._open.values()))
        return None

    def _hear(self, item: Heard) -> Iterable[Event]:
        (at_us, _, process, intent), told = item
        match told.kind:
            case "verdict":
                refused = not told.accepted
                return (
                    Intent(intent, process, told.symbol, at_us, refused, told.deviation, told.old, told.new),
                )
            case "attempt_failed":
                self._failed_attempt(item)
            case "waiting":
                self._waiting(at_us, process, intent, told)
            case "adjusted":
                self._adjusted(process, intent, told)
            case "placed" | "failed":
                return self._end(item)
            case "side_call":
                return (SideCall(at_us, told.role, failure_class(None, told.message)),)
            case "looked_up":
                return (LookUp(at_us, process, intent, told.symbol, told.role, told.state),)
            case _:
                pass
        return ()

    def _find(self, item: Heard, last: int, *, is_silent: bool = False) -> _Open | None:
        """Return the open placement of the line's role whose latest attempt is ``last``.

        Of several that wait, the one sent last has the answer, and the one sent first has waited in vain.
        """
        (at_us, _, process, intent), told = item
        if (flow := self._of_flow.get((process, intent))) is None:
            return None
        found = [
            one
            for one in flow.values()
            if one.last == last
            and one.role == told.role
            and one.symbol == told.symbol
            and one.due_us <= at_us + WAIT_ROUNDING_US
        ]
        if not found:
            return None
        return min(found, key=_due) if is_silent else max(found, key=_due)

    def _new(self, at_us: int, process: str, intent: str, told: Said) -> _Open:
        self._number += 1
        return _Open(self._number, process, intent, told.symbol, told.role, at_us)

    def _keep(self, one: _Open) -> None:
        self._open[one.number] = one
        self._of_process.setdefault(one.process, OrderedDict())[one.number] = one
        self._of_flow.setdefault((one.process, one.intent), OrderedDict())[one.number] = one

    def _close(self, one: _Open) -> None:
        del self._open[one.number]
        mine = self._of_process[one.process]
        del mine[one.number]
        if not mine:
            del self._of_process[one.process]
        flow = self._of_flow[one.process, one.intent]
        del flow[one.number]
        if not flow:
            del self._of_flow[one.process, one.intent]

    def _latest_first(self, process: str, intent: str) -> Iterator[_Open]:
        return reversed(self._of_flow.get((process, intent), _NOTHING).values())

    def _failed_attempt(self, item: Heard) -> None:
        (at_us, _, process, intent), told = item
        failure = failure_class(told.code, told.message)
        one = self._find(item, told.attempt - 1, is_silent=failure in SILENT) if told.attempt > 1 else None
        if one is None:
            one = self._new(at_us, process, intent, told)
            self._keep(one)
        one.last, one.seen_us, one.due_us = told.attempt, at_us, 0
        one.code, one.message = told.code or 0, told.message[:LONGEST_MESSAGE]
        one.failures.append((at_us, failure))
        if len(one.failures) > MOST_ATTEMPTS:
            del one.failures[0]
            one.sends.pop(next(iter(one.sends), 0), None)
        self._open.move_to_end(one.number)
        self._of_process[process].move_to_end(one.number)
        self._of_flow[process, intent].move_to_end(one.number)

    def _waiting(self, at_us: int, process: str, intent: str, told: Said) -> None:
        for one in self._latest_first(process, intent):
            if one.last == told.attempt - 1 and not one.due_us:
                one.due_us = at_us + round(told.delay_s * 1e6)
                one.sends[told.attempt] = one.due_us
                one.backoff_us += round(told.delay_s * 1e6)
                return

    def _adjusted(self, process: str, intent: str, told: Said) -> None:
        for one in self._latest_first(process, intent):
            if one.role == "sl" and one.symbol == told.symbol and one.last:
                away = told.old - told.new if told.side.upper() in ("LONG", "BUY") else told.new - told.old
                one.adjusted += 1
                one.loosening_bps += away / told.old * 1e4 if told.old else 0.0
                return

    def _end(self, item: Heard) -> Iterable[Event]:
        (at_us, _, process, intent), told = item
        failed = told.kind == "failed"
        if told.attempt or not failed:
            one = self._ending(item, told.attempt) if failed else self._find(item, told.attempt - 1)
        else:
            # A failure that was not worth another attempt does not say how many there were: the latest it is.
            one = self._ending(item, 0)
        if one is None and told.attempt == 1 and not failed and told.duration_s >= 0.0:
            self._number += 1
            return _at_once(self._number, item)
        if one is None:
            one = self._new(at_us, process, intent, told)
        else:
            self._close(one)
        if not failed:
            one.code, one.message = 0, ""
        elif not one.failures:
            one.code, one.message = told.code or 0, told.message[:LONGEST_MESSAGE]
            one.failures.append((at_us, failure_class(told.code, told.message)))
            one.last = max(1, told.attempt)
        return _finished(one, at_us, told, not failed)

    def _ending(self, item: Heard, attempts: int) -> _Open | None:
        """Return the placement that failed last: its end is written in the same moment (``attempts`` 0: any number)."""
        (_, _, process, intent), told = item
        for one in self._latest_first(process, intent):
            if (one.symbol, one.role) == (told.symbol, told.role) and attempts in (0, one.last):
                return one
        return None

    def _cut(self, one: _Open) -> Iterator[Event]:
        self._close(one)
        self.cut_off += 1
        yield from _finished(one, one.seen_us, None, False)


def _due(one: _Open) -> int:
    return one.due_us


def _at_once(number: int, item: Heard) -> tuple[Event, ...]:
    """Return what :func:`_finished` yields for an order that was placed at the first attempt, as most are."""
    (at_us, _, process, intent), told = item
    started_us = at_us - round(told.duration_s * 1e6)
    symbol, role = told.symbol, told.role
    return (
        Attempt(number, 1, process, intent, symbol, role, started_us, ROUNDING_US, at_us, ""),
        Placement(
            number, process, intent, symbol, role, started_us, at_us, True, told.order_id, 0, "", 1, 0, "", False, 0,
            0.0, 0, True,
        ),
    )  # fmt: skip


def _finished(one: _Open, ended_us: int, end: Said | None, success: bool) -> Iterator[Event]:
    """Yield a placement's attempts and then itself; ``end`` None means that its end was never logged."""
    duration_s = -1.0 if end is None else end.duration_s
    known = duration_s >= 0.0
    started_us = ended_us - round(duration_s * 1e6) if known else (one.failures or [(ended_us, "")])[0][0]
    attempts = max(len(one.failures) + success, end.attempt if end is not None else 0)
    first = attempts - len(one.failures) - success + 1
    whole = end is not None and first == 1
    sent_first = (started_us, ROUNDING_US if known else STALE_US)
    for place, (at_us, failure) in enumerate(one.failures):
        yield _attempt(one, first + place, sent_first, at_us, failure)
    if success:
        yield _attempt(one, attempts, sent_first, ended_us, "")
    names = [failure for _, failure in one.failures]
    yield Placement(
        one.number, one.process, one.intent, one.symbol, one.role, started_us, ended_us, success,
        end.order_id if end is not None else "", one.code, one.message, attempts, attempts - success,
        names[0] if names else "", "-2021" in names, one.adjusted, one.loosening_bps, one.backoff_us, whole,
    )  # fmt: skip


def _attempt(one: _Open, number: int, first: tuple[int, int], answered_us: int, failure: str) -> Attempt:
    due_us = one.sends.get(number, 0)
    if number > 1 and due_us:
        sent_us, within_us = due_us, WAIT_ROUNDING_US
    elif number == 1:
        sent_us, within_us = first
    else:
        sent_us, within_us = answered_us, STALE_US
    # A start before the first line's rounding may seem to lie after the answer; it does not.
    return Attempt(
        one.number, number, one.process, one.intent, one.symbol, one.role, min(sent_us, answered_us), within_us,
        answered_us, failure,
    )  # fmt: skip
