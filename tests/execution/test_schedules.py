"""How long a placement waits: by one schedule or by outcome, with each jitter, and what spreads a crowd."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.execution import SafeOrderExecutor
from sim.execution.client_ids import share_of
from sim.execution.policy_keys import Jitter
from sim.execution.schedules import attempt_limit_s, is_too_late, jittered_s, wait_s
from tests.policies import d7_policy

SHARES = st.floats(0.0, 1.0, exclude_max=True)
JITTERS: tuple[Jitter, ...] = ("none", "full", "equal", "decorrelated", "proportional", "additive")


@pytest.mark.parametrize(
    ("jitter", "low_s", "high_s"),
    [
        ("none", 4.0, 4.0),
        ("full", 0.0, 4.0),
        ("equal", 2.0, 4.0),
        ("decorrelated", 0.5, 6.0),
        ("proportional", 3.2, 4.8),
        ("additive", 4.0, 4.1),
    ],
)
def test_each_jitter_has_its_range(jitter: Jitter, low_s: float, high_s: float) -> None:
    """A planned wait of 4 s after one of 2 s, base 0.5 s, becomes one in the jitter's own range."""

    def jittered(share: float) -> float:
        return jittered_s(jitter, 4.0, share, base_s=0.5, cap_s=10.0, previous_s=2.0)

    assert jittered(0.0) == pytest.approx(low_s)
    assert jittered(math.nextafter(1.0, 0.0)) == pytest.approx(high_s)
    assert jittered(0.5) == pytest.approx((low_s + high_s) / 2)


@given(st.sampled_from(JITTERS), st.integers(1, 60), SHARES, st.floats(0.0, 20.0))
def test_no_wait_is_negative_or_beyond_the_cap(
    jitter: Jitter, failed: int, share: float, previous_s: float
) -> None:
    """Whatever the jitter, a wait lies between 0 and the cap; proportional may leave it by its share."""
    settings = d7_policy(jitter=jitter, jitter_share=0.2, jitter_max_sec=1.0).settings
    delay_s = wait_s(settings, failed, "wait", share, previous_s=previous_s)
    assert 0.0 <= delay_s <= 10.0 * (1.2 if jitter == "proportional" else 1.0)


def test_decorrelated_begins_between_the_base_and_three_times_the_base() -> None:
    """The first decorrelated wait has no wait before it to go by."""
    first = [jittered_s("decorrelated", 0.5, share, base_s=0.5, cap_s=10.0) for share in (0.0, 0.5)]
    assert first == [0.5, 1.0]


def test_by_outcome_has_a_base_for_each_kind() -> None:
    """The market is not waited for, a documented failure a little, everything else by the plain schedule."""
    settings = d7_policy(schedule="by-outcome", market_backoff_base_sec=0.05).settings
    waits = {kind: wait_s(settings, 2, kind, 0.0) for kind in ("market", "documented", "wait", "unknown")}
    assert waits == {"market": 0.1, "documented": 0.4, "wait": 1.0, "unknown": 1.0}
    assert wait_s(d7_policy().settings, 2, "market", 0.0) == 1.0


def test_what_the_venue_asks_is_a_floor_where_it_is_honoured() -> None:
    """Retry-After lengthens a shorter wait, beyond the cap too, never shortens a longer one, and can be ignored."""
    honours = d7_policy(honour_retry_after=True).settings
    assert wait_s(honours, 1, "wait", 0.0, retry_after_s=30.0) == 30.0
    assert wait_s(honours, 4, "wait", 0.0, retry_after_s=1.0) == 4.0
    assert wait_s(honours, 1, "wait", 0.0, retry_after_s=None) == 0.5
    assert wait_s(d7_policy().settings, 1, "wait", 0.0, retry_after_s=30.0) == 0.5


@given(st.text(max_size=36), st.integers(0, 100))
def test_the_share_of_an_id_repeats_and_stays_below_one(client_id: str, number: int) -> None:
    """Chance without a state: the same id and count give the same share, from 0 to below 1."""
    share = share_of(client_id, number)
    assert 0.0 <= share < 1.0
    assert share == share_of(client_id, number)


@pytest.mark.parametrize("number", [0, 1, 2, 3, 99])
def test_shares_of_like_ids_spread_evenly(number: int) -> None:
    """A thousand ids that differ in their last digits fill ten bins evenly, at every attempt."""
    bins = [0] * 10
    for bot in range(1000):
        bins[int(share_of(f"ik2j3h4g5f{bot:03d}-e", number) * 10)] += 1
    # Chi-square with nine degrees of freedom: 33.7 has a chance of 1 in 10 000.
    assert sum((count - 100) ** 2 / 100 for count in bins) < 33.7


def test_shares_of_one_id_do_not_follow_each_other() -> None:
    """Successive attempts of one order draw anew: their shares are uncorrelated over many orders."""
    pairs = [(share_of(f"i{bot}-s", 1) - 0.5, share_of(f"i{bot}-s", 2) - 0.5) for bot in range(2000)]
    correlation = sum(a * b for a, b in pairs) / len(pairs) * 12
    assert abs(correlation) < 0.1


def test_orders_without_an_id_that_fail_together_do_not_come_back_together(run: Any, error: Any) -> None:
    """Ten orders of one symbol sent at one instant are sent again at ten different times."""
    executor = SafeOrderExecutor(d7_policy(jitter="full", max_order_retries=2))
    sent_s: list[float] = []

    async def submit(**params: Any) -> Any:
        sent_s.append(asyncio.get_running_loop().time())
        raise error(-1001, "Internal error")

    async def crowd() -> None:
        placed = (executor.place_order_with_safety(submit, {}, "BTCUSDT", "buy") for _ in range(10))
        await asyncio.gather(*placed)

    run(crowd())
    assert len(set(sent_s[:10])) == 1
    assert len(set(sent_s[10:])) == 10


def test_a_wait_is_too_late_when_it_ends_beyond_the_total_or_at_the_placements_end() -> None:
    """The total may be used up to the last second; the placement's time leaves none for an attempt at its end."""
    total = d7_policy(max_total_time_sec=30.0).settings
    assert [is_too_late(total, end_s) for end_s in (0.0, 30.0, 30.1)] == [False, False, True]
    timed = d7_policy(max_total_time_sec=30.0, placement_timeout_sec=0.5).settings
    assert [is_too_late(timed, end_s) for end_s in (0.0, 0.4, 0.5)] == [False, False, True]


@pytest.mark.parametrize(
    ("attempt_s", "placement_s", "elapsed_s", "limit_s"),
    [
        (0.0, 0.0, 9.0, 0.0),
        (2.0, 0.0, 9.0, 2.0),
        (0.0, 15.0, 9.0, 6.0),
        (2.0, 15.0, 9.0, 2.0),
        (2.0, 15.0, 14.5, 0.5),
        (0.0, 15.0, 15.0, 1e-6),
        (2.0, 15.0, 16.0, 1e-6),
    ],
)
def test_an_attempt_may_take_its_own_limit_or_what_is_left(
    attempt_s: float, placement_s: float, elapsed_s: float, limit_s: float
) -> None:
    """0 means without a limit; nothing left is a limit."""
    settings = d7_policy(attempt_timeout_sec=attempt_s, placement_timeout_sec=placement_s).settings
    assert attempt_limit_s(settings, elapsed_s, attempt_s) == limit_s


def test_an_exit_waits_as_after_a_documented_failure_and_never_longer_than_its_cap() -> None:
    """By outcome: a throttled exit comes back soon, and an exit's cap holds; by one schedule it is like any order."""
    settings = d7_policy(schedule="by-outcome", exit_backoff_cap_sec=1.0).settings
    kinds = ("market", "documented", "wait", "unknown")
    assert [wait_s(settings, 2, kind, 0.0, exits=True) for kind in kinds] == [
        wait_s(settings, 2, "market", 0.0), 0.4, 0.4, 1.0,
    ]  # fmt: skip
    assert wait_s(settings, 4, "unknown", 0.0, exits=True) == 1.0
    assert wait_s(settings, 4, "unknown", 0.0) == 4.0
    one = d7_policy(exit_backoff_cap_sec=1.0).settings
    assert wait_s(one, 4, "wait", 0.0, exits=True) == 4.0


def test_decorrelated_goes_by_the_wait_before_down_to_the_base() -> None:
    """Three times the wait before, never below the base, capped."""
    before_s = {0.1: 0.5, 0.5: 1.0, 2.0: 3.25, 20.0: 10.0}
    for previous_s, expected_s in before_s.items():
        found_s = jittered_s("decorrelated", 4.0, 0.5, base_s=0.5, cap_s=10.0, previous_s=previous_s)
        assert found_s == pytest.approx(expected_s)
    assert jittered_s("additive", 10.0, 0.5, base_s=0.5, cap_s=10.0) == 10.0


@pytest.mark.parametrize(
    ("order_type", "sent"),
    [
        ("exit", 6),
        ("entry", 3),
        ("tp", 1),
        ("trailing", 1),
    ],
)
def test_what_only_the_price_decides_is_tried_again_as_far_as_it_is_of_use(
    run: Any, script: Any, error: Any, order_type: str, sent: int
) -> None:
    """A way out as long as there are attempts, an entry twice more, a target not at all."""
    store = d7_policy(
        classifier="outcomes",
        schedule="by-outcome",
        max_order_retries=6,
        market_max_retries=2,
        max_total_time_sec=0.0,
    )
    venue = script(
        [error(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")]
    )
    placed = SafeOrderExecutor(store).place_order_with_safety(
        venue.method, {}, "BTCUSDT", "buy", order_type=order_type, can_close=True
    )
    assert not run(placed).success
    assert len(venue.calls) == sent
