"""One account couples its intents; several symbols do not couple theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Rows = Callable[..., list[dict[str, Any]]]


def test_one_account_couples_its_intents(day: Any, rows_of: Rows) -> None:
    """In one account intents meet refusals that only others' positions and stops can cause, and net."""
    record = day.run(loaded=day.loaded(isolation="account"), intents=100)
    assert (record.ended, record.errors) == ("finished", ())
    codes = {row["code"] for row in rows_of(record.trace, "request")}
    assert {-2022, -4130} <= codes
    apart = {row["code"] for row in rows_of(day.run(intents=100).trace, "request")}
    assert -4130 not in apart
    exposure = rows_of(record.trace, "exposure")
    largest = max(row["quantity"] for row in rows_of(record.trace, "intent"))
    assert {row["account"] for row in exposure} == {0}
    assert max(abs(row["position"]) for row in exposure) > 1.5 * largest
    entries = rows_of(record.trace, "fill", role="entry")
    netted = [row for row in entries if row["realised"]]
    assert netted


def test_one_account_conserves_money(day: Any, rows_of: Rows) -> None:
    """Wallet = opening + realised - fees, and what is realised is the cash that flowed, once flat."""
    record = day.run(loaded=day.loaded(isolation="account"), intents=100)
    (book,) = rows_of(record.trace, "account_end")
    fills = rows_of(record.trace, "fill")
    assert book["wallet"] == pytest.approx(1e6 + book["realised"] - book["fees"], abs=1e-6)
    assert book["fees"] == pytest.approx(sum(row["fee"] for row in fills), abs=1e-9)
    assert book["position"] == pytest.approx(sum(row["side"] * row["quantity"] for row in fills), abs=1e-9)
    cash = -sum(row["side"] * row["quantity"] * row["price"] for row in fills)
    entry = cash + book["position"] * fills[-1]["reference"]
    assert book["realised"] == pytest.approx(cash, abs=1e-5) if not book["position"] else entry


def test_intents_apart_have_an_account_each(day: Any, rows_of: Rows) -> None:
    """Each intent trades in its own account and never holds more than it wished for, faults aside."""
    trace = day.run(loaded=day.loaded(faults=[])).trace
    wish = {row["intent"]: row["quantity"] for row in rows_of(trace, "intent")}
    for row in rows_of(trace, "exposure"):
        assert row["account"] == row["intent"] + 1
        assert abs(row["position"]) <= wish[row["intent"]] + 1e-9


@pytest.mark.parametrize("isolation", ["intent", "account"])
def test_two_symbols_share_a_clock_and_nothing_else(day: Any, rows_of: Rows, isolation: str) -> None:
    """BTC and ETH trade side by side, each at its own prices and filters, and every book balances."""
    names = ["embedded:BTCUSDT-1m-2024-01-15", "embedded:ETHUSDT-1m-2024-01-15"]
    loaded = day.loaded(market={"klines": names}, isolation=isolation)
    record = day.run(loaded=loaded)
    assert (record.ended, record.errors, record.unattributed) == ("finished", (), 0)
    symbol = {row["intent"]: row["symbol"] for row in rows_of(record.trace, "intent")}
    assert set(symbol.values()) == {"BTCUSDT", "ETHUSDT"}
    near = {"BTCUSDT": 42_500.0, "ETHUSDT": 2_520.0}
    fills = rows_of(record.trace, "fill")
    for row in fills:
        assert row["price"] == pytest.approx(near[symbol[row["intent"]]], rel=0.1)
    for book in rows_of(record.trace, "account_end"):
        assert book["wallet"] == pytest.approx(1e6 + book["realised"] - book["fees"], abs=1e-6)
        own = [row for row in fills if row["account"] == book["account"]]
        assert book["realised"] == pytest.approx(sum(row["realised"] for row in own), abs=1e-6)


def test_a_second_symbol_leaves_the_first_ones_prices_alone(day: Any) -> None:
    """BTC prints the same path whether or not ETH is traded beside it."""
    both = ["embedded:BTCUSDT-1m-2024-01-15", "embedded:ETHUSDT-1m-2024-01-15"]
    worlds = [day.world(loaded=day.loaded(market={"klines": names})) for names in (both[:1], both)]
    one, other = (world.venue.paths["BTCUSDT"].prints(0, 1_800_000_000) for world in worlds)
    assert all((a == b).all() for a, b in zip(one, other, strict=True))
