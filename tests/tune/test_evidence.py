"""A recommendation says at which assumption it flips, what it may cost in the declared box, and whence its gain is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sim.tune.cases import Case
from sim.tune.evidence import Flip, flips, regret, shares, verdict
from sim.tune.question import Policy, Question
from sim.tune.runs import Outcome
from sim.tune.space import Assumed

Make = Callable[..., Outcome]
MINE, RIVAL = Policy(word="mine"), Policy(word="rival")
CASES = [Case(1, 0, 0), Case(2, 0, 0)]


@pytest.fixture
def asked(outcome: Make) -> Callable[..., Question]:
    """Return a question whose losses are a function of the policy, the assumed values and what is left out."""

    def make(loss: Callable[..., float], **assumed: Assumed) -> Question:
        base = {name: one.base for name, one in assumed.items()}

        def outcomes(
            policy: Policy, cases: Sequence[Case], values: Any = None, without: tuple[str, ...] = ()
        ) -> list[Outcome]:
            return [outcome(loss(policy, {**base, **(values or {})}, without)) for _ in cases]

        from sim.tune.score import score

        return cast(
            Question,
            SimpleNamespace(
                outcomes=outcomes,
                score=lambda *words: score(outcomes(*words)),
                rival=RIVAL,
                space=SimpleNamespace(assumed=assumed),
            ),
        )

    return make


def found_flips(question: Question) -> list[Flip]:
    """Find the flips of the policy under test."""
    return flips(question, MINE, CASES)


def test_the_value_at_which_it_flips_is_found(asked: Callable[..., Question]) -> None:
    """The gain 0.62 - x turns at 0.62, to a 64th of the range between two grid points and less."""
    box = {"rate": Assumed(low=0.0, high=1.0, base=0.1), "delay": Assumed(low=0.0, high=5.0, base=0.0)}
    question = asked(
        lambda policy, values, _: (values["rate"] - 0.62) if policy is MINE else 0.0 * values["delay"], **box
    )
    rate, delay = found_flips(question)
    assert rate.flips_at == pytest.approx([0.62], abs=0.01)
    assert delay.flips_at == ()
    assert delay.inert
    assert "does not flip in [0, 5]" in delay.text


def test_a_gain_that_holds_throughout_does_not_flip(asked: Callable[..., Question]) -> None:
    """The sentence names the range that was looked at."""
    question = asked(
        lambda policy, values, _: -values["rate"] - 1 if policy is MINE else 0.0,
        rate=Assumed(low=0.0, high=1.0, base=0.5),
    )
    assert found_flips(question)[0].text == "does not flip in [0, 1]"


def test_regret_is_taken_at_the_worst_corner(asked: Callable[..., Question]) -> None:
    """At the corner where the rival loses three less, the regret is three."""
    question = asked(
        lambda policy, values, _: 2.0 if policy is MINE else 5 - 3 * values["a"] - 3 * values["b"],
        a=Assumed(low=0.0, high=1.0, base=0.0),
        b=Assumed(low=0.0, high=1.0, base=0.0),
    )
    found = regret(question, MINE, {"rival": RIVAL}, CASES)
    assert found is not None
    assert (found.regret_bps, found.at, found.best, found.points) == (3.0, {"a": 1.0, "b": 1.0}, "rival", 4)


def test_the_shares_of_a_gain_add_up(asked: Callable[..., Question]) -> None:
    """One on the bare tape, two more with shocks, four more with faults."""

    def loss(policy: Policy, _: object, without: tuple[str, ...]) -> float:
        gain = 1.0 + 2.0 * ("shocks" not in without) + 4.0 * ("faults" not in without)
        return -gain if policy is MINE else 0.0

    found = shares(asked(loss), MINE, CASES)
    assert (found.gain_bps, found.tape_bps, found.shock_bps, found.assumption_bps) == (7.0, 1.0, 2.0, 4.0)


def test_a_verdict_has_the_sign_of_every_date(outcome: Make) -> None:
    """Negative differences mean less lost; few dates are called conditional."""
    mine = [outcome(1.0, 1.0, date=1), outcome(3.0, 3.0, date=2)]
    rival = [outcome(2.0, 2.0, date=1), outcome(2.0, 2.0, date=2)]
    found = verdict(mine, rival, [1, 2])
    assert [sign for *_, sign in found.dates] == ["-", "+"]
    assert found.better_dates == 1
    assert found.difference.value == pytest.approx(0.0)
    assert found.difference.note == "conditional on this tape"
