"""Limits in whole runs: quiet by default, and what a tight address, one account or a wrong clock do to intents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Rows = Callable[..., list[dict[str, Any]]]


@pytest.mark.parametrize("isolation", ["intent", "account"])
def test_an_ordinary_day_never_meets_the_limits(day: Any, isolation: str) -> None:
    """With limits and without, every byte is the same, and the fullest minute is far below what is allowed."""
    on, off = (
        day.run(loaded=day.loaded(isolation=isolation, limits={"enforce": enforce}), intents=100)
        for enforce in (True, False)
    )
    assert on.trace.sha256() == off.trace.sha256()
    assert on.load == off.load
    assert (on.load.refusals, on.load.bans) == ({}, ())
    assert 0 < on.load.weight_most < 240
    assert 0 < on.load.orders_1m_most < 120


def burst(make_plan: Any, count: int) -> list[Any]:
    return [make_plan(number, 1_000_000, quantity=0.02, hold_us=5_000_000) for number in range(count)]


def codes(rows_of: Rows, record: Any) -> set[tuple[int, int]]:
    return {(row["status"], row["code"]) for row in rows_of(record.trace, "request")}


def test_intents_of_one_account_share_its_order_counts(make_plan: Any, make_line: Any, rows_of: Rows) -> None:
    """Ten entries at once in one account of five orders per 10 s: half are refused with -1015 at first."""
    limits = {"orders_per_10s": 5, "ban_after": 1_000}
    world = make_line(burst(make_plan, 10), limits=limits, isolation="account")
    record = world.run()
    assert (429, -1015) in codes(rows_of, record)
    assert record.load.orders_10s_most == 5
    first = [row for row in rows_of(record.trace, "request", role="entry") if row["n"] == 0]
    assert sorted(row["code"] for row in first) == [-1015] * 5 + [0] * 5
    apart = make_line(burst(make_plan, 10), limits=limits).run()
    assert (429, -1015) not in codes(rows_of, apart), (
        "an account each: three orders never fill a window of five"
    )


@pytest.mark.parametrize("shared", [True, False])
def test_intents_apart_still_share_their_address(
    shared: bool, make_plan: Any, make_line: Any, rows_of: Rows
) -> None:
    """Ten intents read prices from one address of five weights a minute; with ten addresses nobody is refused."""
    limits = {"weight_per_min": 5, "ban_after": 1_000, "shared_ip": shared}
    record = make_line(burst(make_plan, 10), limits=limits).run()
    assert ((429, -1003) in codes(rows_of, record)) is shared
    assert ("-1003" in record.load.refusals) is shared


def test_a_storm_ends_in_a_ban_that_serves_nobody(make_plan: Any, make_line: Any, rows_of: Rows) -> None:
    """Whoever resends into 429 gets 418 with the time in its text, and is told nothing else until then."""
    limits = {"weight_per_min": 4, "ban_after": 2, "ban_first_s": 30.0}
    record = make_line(burst(make_plan, 10), limits=limits).run()
    (ban,) = record.load.bans[:1]
    assert ban.until_us - ban.from_us == 30_000_000
    during = [
        row
        for row in rows_of(record.trace, "request")
        if ban.from_us < row["sent_us"] + row["request_leg_us"] < ban.until_us and row["status"]
    ]
    assert during
    assert {(row["status"], row["code"]) for row in during} == {(418, -1003)}
    assert all("banned until" in row["message"] for row in during)
    banned_writes = [
        row for row in rows_of(record.trace, "write") if ban.from_us < row["at_us"] < ban.until_us
    ]
    assert {row["truth"] for row in banned_writes} <= {"not_applied"}


@pytest.mark.parametrize(
    ("offset_ms", "reached"),
    [(0.0, True), (900.0, True), (1_500.0, False), (-4_900.0, True), (-6_000.0, False)],
)
def test_a_wrong_clock_refuses_every_order(
    offset_ms: float, reached: bool, make_plan: Any, make_line: Any, rows_of: Rows
) -> None:
    """More than a second ahead, or more than recvWindow behind: -1021 for all that is signed, nothing at the venue."""
    record = make_line(burst(make_plan, 1), client={"clock_offset_ms": offset_ms}).run()
    assert bool(rows_of(record.trace, "fill")) is reached
    assert ((400, -1021) in codes(rows_of, record)) is not reached
    assert record.ended == "finished"


def test_the_code_under_test_reads_the_wrong_clock(make_plan: Any, make_line: Any) -> None:
    """time.time() inside a run is the client's clock, not the venue's."""
    import time

    world = make_line(burst(make_plan, 1), client={"clock_offset_ms": 900.0})
    seen: list[float] = []
    submit = world.executor.submit_order

    async def reading(**keywords: Any) -> Any:
        seen.append(time.time())
        return await submit(**keywords)

    world.executor.submit_order = reading
    world.run()
    assert seen == [pytest.approx(world.epoch_us / 1e6 + 1.0 + 0.9, abs=1e-3)]


def test_a_slow_gateway_makes_a_crowd_wait(make_plan: Any, make_line: Any, rows_of: Rows) -> None:
    """Ten entries served one after the other: the last reaches the venue nine services after the first."""
    record = make_line(burst(make_plan, 10), limits={"service_ms": 50.0}).run()
    first = [row for row in rows_of(record.trace, "request", role="entry") if row["n"] == 0]
    numbers = {row["request"] for row in first}
    at_us = sorted(row["at_us"] for row in rows_of(record.trace, "write") if row["request"] in numbers)
    assert len(at_us) == 10
    assert at_us[-1] - at_us[0] == 9 * 50_000
