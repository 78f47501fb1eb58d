"""``sim power``: what a pilot says, and what it refuses."""

from __future__ import annotations

import json

import pytest

from sim.cli import main

PILOT = ["power", "quickstart", "--policies", "d7,safe", "--effect", "0.5", "--seeds", "5", "--intents", "2"]


def test_pilot_says_how_many_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON holds the plan, the interval it stands on, and what pairing saves for each column."""
    assert main([*PILOT, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seeds"] == 5
    assert 2 <= found["seeds_needed"] <= found["seeds_careful"]
    assert found["interval"]["dates"] == 1
    assert {one["metric"] for one in found["pairings"]} >= {"result_quote", "naked_s"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metric", "result_qote"], "did you mean 'result_quote'"),
        (["--effect", "0"], "a number other than 0"),
        (["--power", "1"], "a share between 0 and 1"),
        (["--policies", "d7"], "two policies"),
        (["--seeds", "4"], "a whole number from 5 on"),
    ],
)
def test_pilot_without_an_answer_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A column that is none, no effect, certain power: one line each, before anything runs."""
    assert main([*PILOT, *words]) == 2
    assert said in capsys.readouterr().err
