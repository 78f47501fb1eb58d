"""Nakedness: the integral, its structural part, its cost, and when a position counts as covered."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.metrics import protection


def keyed(table: Any, key: Any = "metric") -> Any:
    return table.set_index(key)


def test_naked_from_fill_to_stop(story: Any) -> None:
    """Bare from the fill at 0.1 s to the stop at 0.2 s: 0.1 s times one unit times the mark."""
    story.plain()
    row = story.row()
    assert row.naked_s == pytest.approx(0.1)
    assert row.naked_notional_s == pytest.approx(0.1 * 100.0)


def test_structural_part_is_one_reply_and_one_request_leg(story: Any) -> None:
    """The entry's reply leg (10 ms) and the stop's request leg (90 ms) cannot be avoided; the rest is excess."""
    story.decide()
    story.enter(0.0, 0.1)
    story.protect(0.11, 0.2)
    assert story.row().naked_structural_s == pytest.approx(0.1)
    assert story.row().naked_excess_s == pytest.approx(0.0)


def test_waiting_before_the_stop_is_excess(story: Any) -> None:
    """A stop that leaves two seconds late makes two seconds of excess."""
    story.decide()
    story.enter(0.0, 0.1)
    story.protect(2.11, 2.2)
    row = story.row()
    assert row.naked_s == pytest.approx(2.1)
    assert row.naked_structural_s == pytest.approx(0.1)
    assert row.naked_excess_s == pytest.approx(2.0)
    assert row.naked_structural_notional_s + row.naked_excess_notional_s == pytest.approx(
        row.naked_notional_s
    )


def test_excused_time_is_told_apart_and_not_charged(story: Any) -> None:
    """Of 9.9 bare seconds eight lie in a halt and a lag that overlap: charged are 1.9, of which 0.1 is structural."""
    story.decide()
    story.enter(0.0, 0.1)
    story.write("outage", "halt", -1, 1_000_000, 6_000_000)
    story.write("outage", "read lag", 0, 5_000_000, 9_000_000)
    story.write("outage", "dead process", 1, 9_000_000, 10_000_000)
    story.protect(9.91, 10.0)
    row = story.row()
    assert row.naked_s == pytest.approx(9.9)
    assert row.naked_excused_s == pytest.approx(8.0)
    assert row.naked_charged_s == pytest.approx(1.9)
    assert row.naked_excess_s == pytest.approx(1.8)
    table = keyed(protection(story.frames(), protect_s=5.0))
    assert table.loc["naked longer than 5 s", "value"] == 0.0
    assert table.loc["naked: excused", "value"] == pytest.approx(8.0)


def test_notional_uses_mark_at_both_ends(story: Any) -> None:
    """Mark runs from 100 to 98 (102) over 10 s: the mean of the ends times the time; loss is two per unit."""
    story.decide(quantity=3.0)
    story.enter(0.0, 1.0, quantity=3.0)
    story.protect(10.0, 11.0, 97.0, mark=98.0)
    row = story.row()
    assert row.naked_notional_s == pytest.approx(3.0 * 10.0 * (100.0 + story.price(98.0)) / 2)
    assert row.naked_loss_quote == pytest.approx(6.0)


def test_partial_cover_leaves_the_rest_naked(story: Any) -> None:
    """A stop of 0.4 on a position of 1 leaves 0.6 bare, and the position is not protected."""
    story.decide()
    story.enter(0.0, 1.0)
    story.exposure(2.0, 1.0, 0.4, 100.0, stop=99.0)
    story.books(12.0, leave_price=99.0)
    row = story.row()
    assert row.naked_s == pytest.approx(11.0)
    assert row.naked_notional_s == pytest.approx(1.0 * 100.0 + 0.6 * 10.0 * (100.0 + story.price(99.0)) / 2)
    assert not row.protected
    assert row.naked_at_end


def test_flatten_ends_nakedness_when_filled(story: Any) -> None:
    """A close that was sent but not executed protects nothing."""
    story.decide()
    story.enter(0.0, 1.0)
    story.flatten(3.0, 6.0, 99.0)
    row = story.row()
    assert row.naked_s == pytest.approx(5.0)
    assert row.naked_loss_quote == pytest.approx(1.0)


def test_cover_lost_counts_again(story: Any) -> None:
    """A stop that vanishes leaves the position bare until the next one."""
    story.decide()
    story.enter(0.0, 1.0)
    story.protect(1.5, 2.0)
    story.exposure(20.0, 1.0, 0.0, 100.0)
    story.protect(24.5, 25.0)
    assert story.row().naked_s == pytest.approx(1.0 + 5.0)
    assert story.row().protected_us == 2_000_000


def test_leaving_price_is_recovered_from_the_books(story: Any) -> None:
    """An orphan of two fills with fees is marked where it could be left: the loss runs to that price."""
    story.fee_rate = 0.0005
    story.decide()
    story.enter(0.0, 1.0, 100.0, success=False)
    story.enter(1.0, 2.0, 101.0, success=False)
    story.books(50.0, leave_price=97.0)
    stretch = story.frames()["protection"]
    assert stretch["mark_to"].iloc[-1] == pytest.approx(story.price(97.0))
    assert stretch["to_us"].iloc[-1] == 50_000_000


def test_symbols_of_one_account_do_not_mix(new_story: Any) -> None:
    """In a shared account each symbol has its own stretches."""
    story = new_story(shared=True)
    for number, symbol in enumerate(("AAA", "BBB")):
        story.write("intent", number, 0, symbol, 1, 1.0, 100.0, 99.0, 102.0, 5.0, 900_000_000, 0.0)
    story.enter(0.0, 1.0, intent=0)
    story.enter(0.0, 2.0, intent=1)
    story.protect(2.5, 4.0, intent=0)
    story.shared_books(10.0, position=2.0)
    seconds = story.frames()["protection"].groupby("symbol")["naked_s"].sum()
    assert seconds.to_dict() == {"AAA": 3.0, "BBB": 8.0}


def test_table_counts_those_beyond_the_limit(new_story: Any) -> None:
    """One of two intents was naked for 20 s: half are beyond 5 s, none beyond 30 s; refused ones do not count."""
    story = new_story()
    story.plain(0)
    story.decide(1, 4000.0)
    story.enter(4000.0, 4001.0, intent=1)
    story.protect(4020.0, 4021.0, intent=1)
    story.decide(2, 8000.0)
    frames = story.frames()
    for limit, share in ((5.0, 0.5), (30.0, 0.0)):
        table = keyed(protection(frames, protect_s=limit), "metric")
        row = table.loc[f"naked longer than {limit:g} s"]
        assert (row.n, row.clusters, row.value) == (2, 2, share)
        assert row.note == "conditional on this tape"
    assert table.loc["naked", "worst"] == pytest.approx(20.0)
    assert table.loc["naked", "value"] == pytest.approx(10.05)
    assert table.loc["naked, all accounts of a run", "value"] == pytest.approx(20.1)


def test_shared_account_still_has_the_runs_own_rows(new_story: Any) -> None:
    """Per intent nothing is defined; the account's exposure is."""
    story = new_story(shared=True)
    story.decide()
    story.enter(0.0, 1.0)
    story.shared_books(11.0, position=1.0)
    table = keyed(protection(story.frames()), "metric")
    assert table.loc["naked", "n"] == 0
    assert math.isnan(table.loc["naked", "value"])
    assert table.loc["naked, all accounts of a run", "value"] == pytest.approx(10.0)
