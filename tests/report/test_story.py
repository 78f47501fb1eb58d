"""The story of one intent: it says what was believed, what was true, and what came of the difference."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.experiment import Result, load_result, run_scenario, save_tables
from sim.report.story import StoryLine, rows_of, story_of, story_text

Tell = Callable[..., str]

ONE_ORDER = """\
title = "One long intent an hour on a straight line"
[market]
path = "line"
line = { start_price = 42000.0, pct_per_s = %(slope)s, for_s = 3600 }
[workload]
every_s = 3600
side = "long"
sl_pct = 0.004
tp_pct = 0.008
hold_s = 600
"""

FAULT = """
[[faults]]
name = "it"
how = { script = [1] }
match = { role = "%(role)s" }
%(fault)s
"""


@pytest.fixture
def tell(tmp_path: Path) -> Tell:
    """Return the function that runs one intent with one fault on its first request in a role, and tells it."""

    def story(fault: str = "", *, role: str = "entry", slope: float = 0.0, policy: str = "d7") -> str:
        text = ONE_ORDER % {"slope": slope} + (FAULT % {"role": role, "fault": fault} if fault else "")
        (tmp_path / "one.toml").write_text(text)
        return story_text(run_scenario(str(tmp_path / "one.toml"), policy, seed=1), 0)

    return story


def _in_order(text: str, *pieces: str) -> bool:
    """Tell whether the pieces stand in the text one after the other (lines folded into one)."""
    flat = " ".join(text.split())
    place = 0
    for piece in pieces:
        place = flat.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return True


def test_calm_intent(tell: Tell) -> None:
    """Nothing goes wrong: plan, verdict, entry, stop, target, the close when the time is up, and the result."""
    text = tell()
    assert _in_order(
        text,
        "Intent 0 of one-d7-seed1, decided at 2024-01-15 00:00:01.000 UTC",
        "+0.000 s belief strategy wants to be long 0.023 BTCUSDT at 42,000.00, stop 41,832.00, target 42,336.00",
        "executor reads the last price in",
        "guard sees 42,000.00, 0.000% from the plan; lets it through",
        "sends the entry order",
        "truth venue entry order 1 buys 0.023 at",
        "truth account naked from here: 0.023 without a stop",
        "believes the entry order is placed, as order 1 (1 attempt)",
        "sends the stop order",
        "stop order 2 rests at 41,832.00, as planned",
        "no longer naked",
        "target order 3 rests at 42,336.00",
        "+600.000 s belief executor sends the close order",
        "is done, and believes: closed, no position",
        "in the end: timed out, no position",
        "result -0.97, ideal -0.97, no loss against ideal",
    )
    # d7 gives its orders no ids: true in a calm run as well, and a rule of conduct that by itself loses nothing.
    assert re.findall(r"check +check +(\w+) broken", text) == ["I12"]
    assert "fault" not in text


def test_doubled_entry(tell: Tell) -> None:
    """The reply is lost, the executor sends again, and the account holds twice what was wanted."""
    text = tell('kind = "timeout"\ntruth = "applied"')
    assert _in_order(
        text,
        "fault wire it strikes (reply lost); the order WAS applied",
        "truth venue entry order 1 buys 0.023",
        "belief executor no answer within 10.00 s",
        "waits 0.50 s before attempt 2",
        "sends the entry order, attempt 2",
        "truth venue entry order 2 buys 0.023 at",
        "entry number 2",
        "check check I01 broken: 2 entries accepted, 0.046 filled.",
        "believes the entry order is placed, as order 2 (2 attempts)",
        "truth venue in truth 2 entry orders were accepted where one was wanted",
    )


def test_broken_connections(tell: Tell) -> None:
    """Nothing was sent, or nobody says what became of it: the story tells how the connection broke."""
    refused = tell('kind = "connect"\nfails = "refused"')
    assert _in_order(
        refused,
        "fault wire it strikes (connect refused); the order was not applied",
        "belief executor the connection broke",
        "after sending: refused",
    )
    reset = tell('kind = "reset"\napplied = 1.0')
    assert _in_order(
        reset,
        "fault wire it strikes (connection reset); the order WAS applied",
        "the connection broke",
        "reset by the peer",
    )


def test_unprotected_entry(tell: Tell) -> None:
    """The stop is given up: the story says from when on the position was naked, and that nobody closed it."""
    text = tell('kind = "code"\ncode = -2019', role="sl")
    assert _in_order(
        text,
        "truth account naked from here: 0.023 without a stop, for 599.92 s",
        "check check I03 broken: up to 0.023 without a stop for 599.92",
        "fault venue it strikes (-2019); the order was not applied",
        "gives the stop order up after 1 attempt: -2019 Margin is insufficient.",
        "+600.",
        "no longer naked",
    )


def test_entry_nobody_knows_of(tell: Tell) -> None:
    """The entry was applied, its owner gave up: belief and truth end apart, and both are told."""
    text = tell('kind = "unknown_503"\napplied = 1.0')
    assert _in_order(
        text,
        "it strikes (503 unknown); the order WAS applied",
        "gives the entry order up after 1 attempt",
        "in truth the entry order was accepted",
        "is done, and believes: failed, no position",
        "still naked when the books are closed",
        "in the end: unresolved, position +0.023, which nobody knows of",
    )


def test_moved_stop(tell: Tell) -> None:
    """A stop refused with -2021 is moved, and the story says where it came to rest against the plan."""
    text = tell("code = -2021", role="sl")
    assert _in_order(
        text,
        "it strikes (-2021); the order was not applied",
        "HTTP 400, -2021 Order would immediately trigger.",
        "reads the mark price in",
        "moves the stop from 41,832.00 to 41,958.00, then waits 0.50 s before attempt 2",
        "stop order 2 rests at 41,958.00, 0.30% nearer than planned",
    )


def test_stop_that_is_hit(tell: Tell) -> None:
    """A falling price crosses the stop: crossing, trigger, fill, what expires with it, and the belief after."""
    text = tell(slope=-0.01)
    assert _in_order(
        text,
        "market price the mark crosses the planned stop at 41,827.82",
        "truth venue stop order 2 is triggered",
        "truth venue stop order 2 sells 0.023 at",
        "target order 3 expires: position closed",
        "is done, and believes: closed by the venue, no position",
        "in the end: stopped, no position",
    )


def test_late_order(tell: Tell) -> None:
    """A late order is told where it struck and where it came to life."""
    late = 'kind = "timeout"\ntruth = "applied_late"\nlate_s = 12\nobey_recv_window = false'
    text = tell(late)
    assert _in_order(text, "the order WAS applied, late", "+10.", "no answer", "+12.", "entry number 2")


def test_refused_intent() -> None:
    """A refusal is told with what it spared or cost."""
    changes = ["workload.decision_delay_s=30", "execution.max_slippage_pct=0.0001"]
    text = story_text(run_scenario("quickstart", "d7", seed=1, intents=6, overrides=changes), 5)
    assert _in_order(
        text,
        "guard sees 41,754.50, 0.061% from the plan; refuses: Excessive slippage for BTCUSDT: 0.061% > 0.010%",
        "is done, and believes: refused, no position",
        "in the end: refused, no position",
        "guard unrefused it would have made +7.21: the refusal missed that",
    )


def test_shared_account() -> None:
    """Where intents share an account the story does not invent a result for one of them."""
    text = story_text(run_scenario("quickstart", "d7", seed=1, intents=6, overrides=["isolation=account"]), 5)
    assert "exposure and result are not defined for one intent" in " ".join(text.split())
    assert "naked" not in text


@cache
def _ordinary_day() -> Result:
    return run_scenario("quickstart", "d7", seed=1, intents=60)


def test_every_story_fits_and_is_in_order() -> None:
    """Each story of an ordinary day has lines of at most 100 columns, in time order, from the decision on."""
    result = _ordinary_day()
    rows = rows_of(result, result.frames["intents"]["intent"].tolist())
    for intent, own in rows.items():
        lines = story_of(result, intent, own)
        assert [line.at_us for line in lines] == sorted(line.at_us for line in lines)
        assert lines[0].actor == "strategy"
        assert all(isinstance(line, StoryLine) for line in lines)
        assert max(map(len, story_text(result, intent, own).splitlines())) <= 100


def test_story_is_the_same_from_a_folder(tmp_path: Path) -> None:
    """Stories are told from frames alone: a stored run tells the same ones."""
    result = _ordinary_day()
    save_tables(result, tmp_path)
    assert story_text(load_result(tmp_path), 6) == story_text(result, 6)


@pytest.mark.parametrize("number", [-1, 60])
def test_unknown_intent(number: int) -> None:
    """A number that no intent has is refused with the valid range."""
    with pytest.raises(
        InputError, match=f"--intent: given {number}, expected an intent's number, from 0 to 59"
    ):
        story_of(_ordinary_day(), number)
