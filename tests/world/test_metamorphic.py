"""Change the world in a way whose effect is known, and hold the run against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sim.exchange.filters import filters_of
from sim.scenario.market_spec import LINE_EPOCH_US

_SEVERAL: list[dict[str, Any]] = [
    {"name": "failed", "code": -1001, "applied": 0.0, "how": {"rate": 0.2}, "match": {"call": "order"}},
    {"name": "lost", "kind": "timeout", "truth": "applied", "how": {"rate": 0.1}, "match": {"call": "order"}},
    {"name": "unknown", "kind": "unknown_503", "applied": 0.5, "how": {"rate": 0.1}},
]
_TIMES = (
    "answered_us",
    "sent_us",
    "status",
    "code",
    "role",
    "call",
    "intent",
    "n",
    "request_leg_us",
    "reply_leg_us",
)
_LOGNORMAL = {
    "request": {"law": "lognormal", "p50_ms": 60.0, "p99_ms": 600.0},
    "reply": {"law": "lognormal", "p50_ms": 20.0, "p99_ms": 300.0},
}

Make = Callable[..., Any]
Rows = Callable[..., list[dict[str, Any]]]


@pytest.mark.parametrize("pct_per_s", [-0.02, 0.02, 0.0])
@pytest.mark.parametrize("target_pct", [0.003, 0.05])
def test_a_short_on_a_rising_line_is_a_long_on_a_falling_one(
    make_line: Make, make_plan: Make, rows_of: Rows, pct_per_s: float, target_pct: float
) -> None:
    """With a symmetric spread, mirrored price and side give the same requests at the same times, and the same money.

    The lines are mirrored about the plan price, so all intents are decided on it, at time 0.  Stops are not chased:
    a stop moved to a share of a falling price and one moved to a share of a rising one are no mirror images.
    """
    books, requests = [], []
    for direction in (1, -1):
        plans = [
            make_plan(number, 0, direction=direction, sl_pct=0.003, tp_pct=target_pct, hold_us=60_000_000)
            for number in range(40)
        ]
        world = make_line(
            plans, pct_per_s=direction * pct_per_s, faults=_SEVERAL, latency=_LOGNORMAL,
            policy={"adjust_sl_on_2021": False},
        )  # fmt: skip
        trace = world.run().trace
        books.append(rows_of(trace, "account_end"))
        requests.append([{name: row[name] for name in _TIMES} for row in rows_of(trace, "request")])
    assert requests[0] == requests[1]
    for one, other in zip(*books, strict=True):
        assert one["realised"] == pytest.approx(other["realised"], abs=1e-7)
        assert one["position"] == -other["position"]
        assert one["at_us"] == other["at_us"]
    reached_stop = pct_per_s < 0
    assert (sum(row["realised"] for row in books[0]) < 0) == reached_stop


def test_price_times_ten_and_quantity_by_ten_earn_the_same(
    make_line: Make, make_plan: Make, rows_of: Rows
) -> None:
    """Scaling price and tick up and quantity and step down changes prices and nothing else."""
    traces = []
    for factor in (1, 10):
        rules = filters_of("BTCUSDT", "2025-01")
        assert rules is not None
        scaled = replace(
            rules,
            tick=rules.tick * factor,
            price_decimals=rules.price_decimals - (factor == 10),
            step=rules.step / factor,
            quantity_decimals=rules.quantity_decimals + (factor == 10),
            min_quantity=rules.min_quantity / factor,
        )
        plans = [
            make_plan(
                number, 1_000_000 + number * 700_000, quantity=float(Decimal("0.02") / factor),
                direction=1 if number % 3 else -1, sl_pct=0.002, hold_us=30_000_000,
            )
            for number in range(40)
        ]  # fmt: skip
        # A rate that puts no print halfway between two ticks, where the last bit of a float would decide.
        world = make_line(
            plans, start_price=50_000.0 * factor, pct_per_s=-0.010307, filters=scaled, faults=_SEVERAL,
            latency=_LOGNORMAL,
            fills={"half_spread_bps": 0.5, "impact_bps": 0.0, "taker_fee": 0.0005, "trigger_delay_ms": 21.0},
        )  # fmt: skip
        traces.append(world.run().trace)
    one, ten = (rows_of(trace, "account_end") for trace in traces)
    assert [row["wallet"] for row in one] == pytest.approx([row["wallet"] for row in ten], abs=1e-6)
    assert [row["fees"] for row in one] == pytest.approx([row["fees"] for row in ten], abs=1e-9)
    fills, tenfold = (rows_of(trace, "fill") for trace in traces)
    assert [row["price"] * 10 for row in fills] == pytest.approx([row["price"] for row in tenfold])
    assert [row["at_us"] for row in fills] == [row["at_us"] for row in tenfold]


def test_three_times_the_quantity_earns_three_times_as_much(day: Any, rows_of: Rows) -> None:
    """Without impact, results and fees are linear in the quantity, faults and all."""
    books = []
    for quantity in (0.02, 0.06):
        workload = {"every_s": 30.0, "sl_pct": 0.002, "tp_pct": 0.004, "hold_s": 300.0, "quantity": quantity}
        trace = day.run(loaded=day.loaded(workload=workload, fills={"impact_bps": 0.0})).trace
        books.append(rows_of(trace, "account_end"))
    for one, other in zip(*books, strict=True):
        assert 3 * one["realised"] == pytest.approx(other["realised"], abs=1e-6)
        assert 3 * one["fees"] == pytest.approx(other["fees"], abs=1e-6)
        assert 3 * one["leave_value"] == pytest.approx(other["leave_value"], abs=1e-6)
    assert any(row["realised"] for row in books[0])


def test_another_date_gives_the_same_bytes(make_line: Make, make_plan: Make) -> None:
    """The same line on another day, shifted by whole seconds, gives the same run: times count from its start."""
    plans = [make_plan(number, number * 350_000, sl_pct=0.0005, hold_us=20_000_000) for number in range(40)]
    hashes = {
        make_line(plans, pct_per_s=-0.01, faults=_SEVERAL, latency=_LOGNORMAL, epoch_us=LINE_EPOCH_US + shift)
        .run()
        .trace.sha256()
        for shift in (0, 1_000_000, 86_400_000_000)
    }
    assert len(hashes) == 1


def test_cutting_off_the_hour_before_changes_nothing_after(day: Any, rows_of: Rows) -> None:
    """On a tape that begins an hour later the same moments have the same prices, fills and money."""
    hour_us = 3_600_000_000
    fills = []
    for begin, first_s in (("00:00:00", 3660.0), ("01:00:00", 60.0)):
        loaded = day.loaded(
            [f"market.from={begin}"],
            workload={"every_s": 20.0, "sl_pct": 0.002, "tp_pct": 0.002, "first_s": first_s, "hold_s": 300.0},
            latency={"request": {"law": "constant", "ms": 40.0}, "reply": {"law": "constant", "ms": 15.0}},
            faults=[],
        )
        fills.append(rows_of(day.run(loaded=loaded, intents=60).trace, "fill"))
    assert len(fills[0]) > 80
    for early, late in zip(*fills, strict=True):
        assert early.pop("at_us") - hour_us == late.pop("at_us")
        assert early == late
