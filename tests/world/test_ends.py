"""A run ends in a named way, and its books are closed whichever way that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.checks import run_checks
from sim.scenario.account_spec import LARGE_WALLET

Rows = Callable[..., list[dict[str, Any]]]


def _assert_books(record: Any, world: Any, rows_of: Rows) -> list[dict[str, Any]]:
    """Hold every account's book against its fills and return the books."""
    run_checks(
        record.trace,
        settings=world.executor._executor.policy_store.settings,
        steps={symbol: float(rules.step) for symbol, rules in world.venue.filters.items()},
        isolation=world.scenario.isolation,
        opening_wallet=LARGE_WALLET,
        errors=record.errors,
    )
    assert [row for row in rows_of(record.trace, "violation") if row["kind"] == "simulator"] == []
    books = rows_of(record.trace, "account_end")
    accounts = [row["account"] for row in books]
    assert len(set(accounts)) == len(accounts)
    cash = dict.fromkeys(accounts, LARGE_WALLET)
    position = dict.fromkeys(accounts, 0.0)
    for fill in rows_of(record.trace, "fill"):
        cash[fill["account"]] -= fill["side"] * fill["quantity"] * fill["price"] + fill["fee"]
        position[fill["account"]] += fill["side"] * fill["quantity"]
    for row in books:
        assert row["position"] == pytest.approx(position[row["account"]], abs=1e-9)
        if abs(row["position"]) < 1e-9:
            assert row["wallet"] == pytest.approx(cash[row["account"]], abs=1e-5)
            assert row["leave_value"] == 0.0
    return books


@pytest.mark.parametrize("isolation", ["intent", "account"])
def test_a_run_that_may_go_on_finishes(day: Any, rows_of: Rows, isolation: str) -> None:
    """Without a limit in the way a run is called finished and has one book per account."""
    world = day.world(loaded=day.loaded(isolation=isolation))
    record = world.run()
    assert (record.ended, record.errors) == ("finished", ())
    books = _assert_books(record, world, rows_of)
    assert len(books) == (60 if isolation == "intent" else 1)
    assert len(rows_of(record.trace, "intent_end")) == 60


@pytest.mark.parametrize("isolation", ["intent", "account"])
@pytest.mark.parametrize("time_s", [30.0, 300.0, 1_000.0, 1_234.567])
def test_the_time_limit_is_a_named_end_that_closes_all_books(
    day: Any, rows_of: Rows, isolation: str, time_s: float
) -> None:
    """At the time limit the clock stands on it, and every intent that was decided has its book."""
    world = day.world(loaded=day.loaded(isolation=isolation, limits={"time_s": time_s}))
    record = world.run()
    assert record.ended == "time limit"
    assert record.ended_us == round(time_s * 1e6)
    books = _assert_books(record, world, rows_of)
    decided = len(rows_of(record.trace, "intent"))
    assert len(books) == (decided if isolation == "intent" else 1)
    assert record.errors == ()


@pytest.mark.parametrize("isolation", ["intent", "account"])
@pytest.mark.parametrize("events", [1, 50, 300, 777])
def test_the_event_limit_is_a_named_end_that_closes_all_books(
    day: Any, rows_of: Rows, isolation: str, events: int
) -> None:
    """A run that uses up its events is called so, and every intent that had begun has its book."""
    world = day.world(loaded=day.loaded(isolation=isolation, limits={"events": events}))
    record = world.run()
    assert record.ended == "event limit"
    books = _assert_books(record, world, rows_of)
    decided = len(rows_of(record.trace, "intent"))
    # The limit may strike between the beginning of an intent's flow and its first step, the decision.
    assert isolation == "account" or decided <= len(books) <= decided + 1
    assert record.errors == ()


def test_no_intent_means_a_run_that_is_over_at_once(day: Any, rows_of: Rows) -> None:
    """A run without intents finishes, with nothing on record but nothing missing."""
    world = day.world()
    world.plans = []
    world._unsettled = 0
    record = world.run()
    assert record.ended == "finished"
    assert rows_of(record.trace, "account_end") == []


def test_the_event_at_which_the_limit_strikes_is_not_lost(day: Any) -> None:
    """Whichever event the limit stops at, no flow loses its wake-up: all that had begun are over when the run is."""
    for events in range(100, 140):
        world = day.world(loaded=day.loaded(limits={"events": events}))
        assert world.run().ended == "event limit"
        assert world._tasks == {}, events
