"""I21: laws that every guard must keep, whatever its limits (failures C1).

mirror      a long and the short that is its mirror image get the same answer, mirrored
scale       all prices times the same number: the same answer, times that number
superset    a tighter slippage limit refuses all that a looser one refuses
sides       an accepted stop lies on the losing side of the entry, an accepted target on the winning side
idempotent  what the guard gave out, it takes back unchanged

:func:`check_guard_laws` asks a guard about keyed draws, so that it finds the same breaches each time; each law is also
a function of one question, for property tests that draw their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from sim.chance import Stream
from sim.checks.case import NO_INTENT, Finding

LIMIT: Final = "execution.max_slippage_pct"
_TOLERANCE: Final = 1e-9
_STREAM: Final = "guard laws"


class Answer(Protocol):
    """Look like :class:`sim.execution.ValidationResult`."""

    @property
    def is_valid(self) -> bool:
        """Tell whether the order may be sent."""

    @property
    def adjusted_entry(self) -> float | None:
        """Return the entry to expect, None for the planned one."""

    @property
    def adjusted_sl(self) -> float | None:
        """Return the moved stop, None for the given one."""

    @property
    def adjusted_tp(self) -> float | None:
        """Return the moved target, None for the given one."""


class Guard(Protocol):
    """Look like :class:`sim.execution.ExecutionSafetyGuard`."""

    def validate_and_adjust_order(
        self,
        symbol: str,
        side: str,
        planned_entry_price: float,
        current_market_price: float,
        sl_price: float | None = None,
        tp_price: float | None = None,
        leverage: float | None = None,
    ) -> Coroutine[Any, Any, Answer]:
        """Answer about one order."""


GuardFactory = Callable[[Mapping[str, float]], Guard]
"""Build a guard from values of ``execution.*`` keys; the others keep their defaults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Ask about one order: prices in quote currency, ``leverage`` as a multiple."""

    long: bool
    planned: float
    market: float
    stop: float
    target: float
    leverage: float = 5.0

    @property
    def text(self) -> str:
        """Return the question as a reproducing call tells it."""
        side = "buy" if self.long else "sell"
        return (
            f"{side} planned={self.planned!r} market={self.market!r} sl={self.stop!r} tp={self.target!r} "
            f"leverage={self.leverage:g}"
        )


def check_guard_laws(
    guard_factory: GuardFactory, *, questions: int = 400, seed: int = 1, limit: float = 0.01
) -> list[Finding]:
    """Return, for each law, the first question on which a guard breaks it; amount is that question's number."""
    guard, tighter = guard_factory({LIMIT: limit}), guard_factory({LIMIT: limit / 2})
    findings: dict[str, Finding] = {}
    for number in range(questions):
        question = drawn(seed, number)
        for law, broken in (
            ("mirror", mirror_broken(guard, question)),
            ("scale", scale_broken(guard, question, 2.0 ** (number % 9 - 4))),
            ("superset", superset_broken(guard, tighter, question)),
            ("sides", sides_broken(guard, question)),
            ("idempotent", idempotence_broken(guard, question)),
        ):
            if broken:
                findings.setdefault(
                    law, Finding(NO_INTENT, -1, float(number), "question", f"{law}: {broken}", question.text)
                )
    return [findings[law] for law in sorted(findings)]


def drawn(seed: int, number: int) -> Question:
    """Draw a question around a price of 100: plan and market near each other, stops and targets on either side."""
    stream = Stream(seed, _STREAM)
    share = [stream.uniform(8 * number + place) for place in range(5)]
    market = 100.0 * (1 + (share[0] - 0.5) * 0.1)
    return Question(
        long=share[1] < 0.5,
        planned=market * (1 + (share[2] - 0.5) * 0.04),
        market=market,
        stop=market * (1 + (share[3] - 0.5) * 0.2),
        target=market * (1 + (share[4] - 0.5) * 0.2),
        leverage=5.0 if number % 3 else 20.0,
    )


def ask(guard: Guard, question: Question) -> Answer:
    """Get a guard's answer; a guard waits for nobody, so its coroutine ends at once."""
    coroutine = guard.validate_and_adjust_order(
        symbol="BTCUSDT",
        side="buy" if question.long else "sell",
        planned_entry_price=question.planned,
        current_market_price=question.market,
        sl_price=question.stop,
        tp_price=question.target,
        leverage=question.leverage,
    )
    try:
        coroutine.send(None)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    coroutine.close()
    raise TypeError("the guard waits for something: it must answer from what it is given")


def mirror_broken(guard: Guard, question: Question) -> str:
    """Compare with the mirror image at the market: every price p becomes 2·market - p, long becomes short."""
    mirrored = replace(
        question,
        long=not question.long,
        planned=2 * question.market - question.planned,
        stop=2 * question.market - question.stop,
        target=2 * question.market - question.target,
    )
    one, other = ask(guard, question), ask(guard, mirrored)
    if one.is_valid != other.is_valid:
        return f"{_verdict(one)}, and its mirror image {_verdict(other)}"
    return _differ(one, other, question.market, lambda price: 2 * question.market - price, "its mirror image")


def scale_broken(guard: Guard, question: Question, factor: float) -> str:
    """Compare with the same question in another unit of price; ``factor`` a power of two keeps it exact."""
    scaled = replace(
        question,
        planned=question.planned * factor,
        market=question.market * factor,
        stop=question.stop * factor,
        target=question.target * factor,
    )
    one, other = ask(guard, question), ask(guard, scaled)
    if one.is_valid != other.is_valid:
        return f"{_verdict(one)}, and {_verdict(other)} with all prices times {factor:g}"
    return _differ(one, other, question.market, lambda price: price / factor, f"all prices times {factor:g}")


def superset_broken(guard: Guard, tighter: Guard, question: Question) -> str:
    """Tell when the tighter limit accepts what the looser one refuses."""
    if not ask(guard, question).is_valid and ask(tighter, question).is_valid:
        return "the tighter limit accepts what the looser one refuses"
    return ""


def sides_broken(guard: Guard, question: Question) -> str:
    """Tell when what an accepted order would be sent with stands on the wrong side of the entry."""
    answer = ask(guard, question)
    if not answer.is_valid:
        return ""
    direction = 1.0 if question.long else -1.0
    stop = question.stop if answer.adjusted_sl is None else answer.adjusted_sl
    target = question.target if answer.adjusted_tp is None else answer.adjusted_tp
    if not direction * (question.market - stop) > 0 or not stop > 0:
        return f"accepted with the stop at {stop!r}, on the winning side of {question.market!r}"
    if not direction * (target - question.market) > 0 or not target > 0:
        return f"accepted with the target at {target!r}, on the losing side of {question.market!r}"
    return ""


def idempotence_broken(guard: Guard, question: Question) -> str:
    """Tell when a guard moves again, or refuses, what it has just given out."""
    first = ask(guard, question)
    if not first.is_valid:
        return ""
    given = replace(
        question,
        planned=question.planned if first.adjusted_entry is None else first.adjusted_entry,
        stop=question.stop if first.adjusted_sl is None else first.adjusted_sl,
        target=question.target if first.adjusted_tp is None else first.adjusted_tp,
    )
    second = ask(guard, given)
    if not second.is_valid:
        return "refuses what it gave out itself"
    for name, before, after in (
        ("entry", given.planned, second.adjusted_entry),
        ("stop", given.stop, second.adjusted_sl),
        ("target", given.target, second.adjusted_tp),
    ):
        if after is not None and not math.isclose(before, after, rel_tol=_TOLERANCE):
            return f"moves the {name} again, from {before!r} to {after!r}"
    return ""


def _verdict(answer: Answer) -> str:
    return "accepted" if answer.is_valid else "refused"


def _differ(one: Answer, other: Answer, market: float, back: Callable[[float], float], what: str) -> str:
    for name in ("adjusted_entry", "adjusted_sl", "adjusted_tp"):
        mine, theirs = getattr(one, name), getattr(other, name)
        if (mine is None) != (theirs is None):
            return f"{name} is {mine!r}, and {theirs!r} for {what}"
        if mine is not None and abs(mine - back(theirs)) > _TOLERANCE * market:
            return f"{name} is {mine!r}, and {back(theirs)!r} (brought back) for {what}"
    return ""
