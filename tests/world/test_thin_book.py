"""Whole runs where the book gives out: partial fills, their rests, and the accounts that hold them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from sim.checks import run_checks
from sim.metrics import build_frames

Rows = Callable[..., list[dict[str, Any]]]
TAPES = ["embedded:BTCUSDT-1m-2024-01-15", "embedded:ETHUSDT-1m-2024-01-15"]
# A thousandth of the measured depth and a bound of 4 bps: many an order of 1,000 USDT is cut short.
THIN = {"depth_multiplier": 1e-3, "market_take_bound": 0.0004, "trigger_jitter_ms": 20.0}


@pytest.fixture(scope="module", params=["intent", "account"])
def thin(request: pytest.FixtureRequest, day: Any) -> Any:
    """Run BTC and ETH side by side on thin books, apart and in one account."""
    world = day.world(loaded=day.loaded(market={"klines": TAPES}, isolation=request.param, fills=THIN))
    record = world.run()
    run_checks(
        record.trace,
        settings=world.executor._policy_store.settings,
        steps={symbol: float(filters.step) for symbol, filters in world.venue.filters.items()},
        isolation=request.param,
        opening_wallet=1e6,
        errors=record.errors,
    )
    return record


def test_orders_are_cut_short_and_the_simulator_stays_true(thin: Any, rows_of: Rows) -> None:
    """Some orders end EXPIRED with a part filled, some with nothing; no simulator check finds fault with it."""
    assert (thin.ended, thin.errors) == ("finished", ())
    reasons = {row["reason"] for row in rows_of(thin.trace, "order", status="EXPIRED")}
    assert {"remainder beyond the market take bound", "touch beyond the market take bound"} <= reasons
    assert rows_of(thin.trace, "violation", kind="simulator") == []


def test_filled_and_expired_add_up(thin: Any, rows_of: Rows) -> None:
    """FILLED means all of it (an exit: of the position); EXPIRED means one fill of less, or none."""
    fills = {row["order"]: row for row in rows_of(thin.trace, "fill")}
    for row in rows_of(thin.trace, "order", role="entry"):
        fill = fills.get(row["order"])
        if row["status"] == "FILLED":
            assert fill is not None
            assert fill["quantity"] == row["quantity"]
        elif row["status"] == "EXPIRED":
            assert fill is None or 0 < fill["quantity"] < row["quantity"]


def test_every_fill_lies_within_the_bound(thin: Any, rows_of: Rows) -> None:
    """No price is further from mark than the bound, in the direction that hurts."""
    fills = rows_of(thin.trace, "fill")
    assert fills
    for row in fills:
        assert row["side"] * (row["price"] / row["mark"] - 1) <= 0.0004 + 1e-9


def test_positions_and_naked_time_follow_each_symbols_own_fills(thin: Any, rows_of: Rows) -> None:
    """Per account and symbol the recorded position is the sum of fills, and its naked seconds are those of its rows."""
    symbol = {row["intent"]: row["symbol"] for row in rows_of(thin.trace, "intent")}
    held: dict[tuple[int, str], float] = defaultdict(float)
    by_time = sorted(rows_of(thin.trace, "fill"), key=lambda row: row["at_us"])
    ends = {row["account"]: row["at_us"] for row in rows_of(thin.trace, "account_end")}
    exposure: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(thin.trace, "exposure"):
        exposure[row["account"], symbol[row["intent"]]].append(row)
    for fill in by_time:
        held[fill["account"], symbol[fill["intent"]]] += fill["side"] * fill["quantity"]
    assert {name for _, name in held} == {"BTCUSDT", "ETHUSDT"}
    frame = build_frames(thin.trace, episode_us=3_600_000_000, seed=7)["protection"]
    told = frame.groupby(["account", "symbol"], observed=True)["naked_s"].sum()
    for key, rows in exposure.items():
        assert rows[-1]["position"] == pytest.approx(held[key], abs=1e-9)
        until = [row["at_us"] for row in rows[1:]] + [ends[key[0]]]
        naked_us = sum(
            max(end - row["at_us"], 0)
            for row, end in zip(rows, until, strict=True)
            if abs(row["position"]) - row["cover"] > 1e-9
        )
        assert told[key] == pytest.approx(naked_us / 1e6, abs=1e-6)


def test_a_stop_cut_short_shows_its_rest_as_naked(thin: Any, rows_of: Rows) -> None:
    """After a stop's child expired with a part filled, exposure holds the rest without that stop's cover."""
    cut = {
        row["order"]: row
        for row in rows_of(thin.trace, "order", status="EXPIRED", role="sl")
        if row["reason"].endswith("beyond the market take bound")
    }
    assert cut
    after = {(row["intent"], row["at_us"]): row for row in rows_of(thin.trace, "exposure")}
    assert any(
        abs(after[row["intent"], row["at_us"]]["position"]) > after[row["intent"], row["at_us"]]["cover"]
        for row in cut.values()
    )


def test_the_same_seed_gives_the_same_bytes_on_a_thin_book(day: Any) -> None:
    """Partial fills and drawn delays are keyed like everything else."""
    loaded = day.loaded(fills=THIN)
    assert len({day.run(loaded=loaded, intents=30).trace.sha256() for _ in range(2)}) == 1


def test_a_late_trigger_engine_is_no_false_trigger(day: Any, rows_of: Rows) -> None:
    """Judged on prices two seconds old a stop may fire after the price came back: that is what was declared."""
    world = day.world(loaded=day.loaded(fills={"trigger_view_delay_ms": 2_000.0}))
    record = world.run()
    run_checks(
        record.trace,
        settings=world.executor._policy_store.settings,
        steps={"BTCUSDT": 0.001},
        isolation="intent",
        opening_wallet=1e6,
        errors=record.errors,
        trigger_view_s=2.0,
    )
    assert rows_of(record.trace, "order", status="TRIGGERED")
    assert rows_of(record.trace, "violation", kind="simulator") == []
