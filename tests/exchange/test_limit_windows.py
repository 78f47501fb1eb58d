"""Fixed windows of weight and orders, asked without a venue: who shares what, and the laws every window keeps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.exchange.account import Account
from sim.exchange.attribution import IntentSlot
from sim.exchange.clock_rules import ClockRules
from sim.exchange.limits import MINUTE_US, TEN_SECONDS_US, Limits
from sim.exchange.limits_spec import VenueLimits
from sim.exchange.replies import Reply
from sim.exchange.request import Request

EPOCH_US = 1_705_276_800_000_000
ORDER, PRICE = "/fapi/v1/order", "/fapi/v1/ticker/price"
READ = {"symbol": "BTCUSDT"}


def arrival(slot: IntentSlot, method: str = "GET", path: str = PRICE, at_us: int = 0) -> Request:
    return Request(1, slot, "none", method, path, dict(READ), at_us)


def slots(*accounts: int) -> list[IntentSlot]:
    return [
        IntentSlot(number, "BTCUSDT", 1, Account(account, 1e4)) for number, account in enumerate(accounts)
    ]


def make_limits(**values: Any) -> Limits:
    return Limits(VenueLimits(**values), EPOCH_US, "2025-01", ClockRules(EPOCH_US))


def status_of(reply: Reply | None) -> int:
    return 200 if reply is None else reply[0]


# -- who shares what --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shared", "expected"), [(True, [200, 200, 429, 429]), (False, [200, 200, 200, 200])]
)
def test_one_address_is_shared_by_all_intents_unless_said_otherwise(
    shared: bool, expected: list[int]
) -> None:
    """Weight belongs to the address: also intents with accounts of their own ask from one."""
    limits, (one, other) = make_limits(weight_per_min=2, shared_ip=shared), slots(1, 2)
    assert [status_of(limits.refuse(arrival(slot), 0)) for slot in (one, other, one, other)] == expected


def test_a_ban_meets_everybody_at_the_address() -> None:
    """One intent's storm silences the others; with an address of their own it does not."""
    for shared, expected in ((True, 418), (False, 200)):
        limits, (one, other) = make_limits(weight_per_min=1, ban_after=0, shared_ip=shared), slots(1, 2)
        assert [status_of(limits.refuse(arrival(one), 0)) for _ in range(2)] == [200, 418]
        assert status_of(limits.refuse(arrival(other), 0)) == expected


def test_orders_are_counted_by_account() -> None:
    """Intents of one account share its counts; those of another have their own."""
    limits = make_limits(orders_per_10s=2)
    first, second, other = slots(1, 1, 2)
    order = [
        status_of(limits.refuse(arrival(slot, "POST", ORDER), 0)) for slot in (first, second, first, other)
    ]
    assert order == [200, 200, 429, 200]
    assert limits.order_counts(1, 0) == (2, 2)
    assert limits.order_counts(2, TEN_SECONDS_US) == (0, 1)


# -- laws -------------------------------------------------------------------------------------------------

CALLS = (("GET", PRICE), ("GET", "/fapi/v2/positionRisk"), ("POST", ORDER), ("POST", "/fapi/v1/batchOrders"))


@given(
    st.lists(st.tuples(st.integers(0, 9_000_000), st.sampled_from(CALLS), st.integers(0, 2)), max_size=120),
    st.integers(0, 59_999_999),
)
def test_no_window_ever_holds_more_than_its_limit(
    steps: list[tuple[int, tuple[str, str], int]], offset_us: int
) -> None:
    """Recounted by hand from what was let through: weight by address, orders by account, fixed Unix windows."""
    epoch_us = EPOCH_US + offset_us
    limits = Limits(
        VenueLimits(weight_per_min=12, orders_per_10s=7, orders_per_min=9, ban_after=10_000),
        epoch_us, "2025-01", ClockRules(epoch_us),
    )  # fmt: skip
    everybody, now_us = slots(1, 1, 2), 0
    sums: dict[tuple[str, int, int], int] = {}
    costs = {PRICE: (1, 0, 0), "/fapi/v2/positionRisk": (5, 0, 0), ORDER: (0, 1, 1)}
    for wait_us, (method, path), who in steps:
        now_us += wait_us
        slot = everybody[who]
        weight, ten, one = costs.get(path, (5, 5, 1))
        minute, tens = (epoch_us + now_us) // MINUTE_US, (epoch_us + now_us) // TEN_SECONDS_US
        keys = (
            ("weight", 0, minute),
            ("ten", slot.account.number, tens),
            ("one", slot.account.number, minute),
        )
        before = [sums.get(key, 0) for key in keys]
        reply = limits.refuse(arrival(slot, method, path, now_us), now_us)
        sums[keys[0]] = before[0] + weight
        full = before[0] + weight > 12
        many = ten and (before[1] + ten > 7 or before[2] + one > 9)
        assert status_of(reply) == (429 if full or many else 200)
        if reply is None:
            sums[keys[1]], sums[keys[2]] = before[1] + ten, before[2] + one
        elif not full:
            assert reply[1]["code"] == -1015
    assert all(
        amount <= {"ten": 7, "one": 9}[name] for (name, *_), amount in sums.items() if name != "weight"
    )


@given(st.integers(1, 10_000), st.floats(1.0, 100.0), st.floats(1.0, 259_200.0), st.integers(0, 200))
def test_bans_never_shrink_nor_pass_the_longest(
    first_s: int, growth: float, more_s: float, earlier: int
) -> None:
    """Whatever the growth, the next ban is at least as long and at most the longest."""
    spec = VenueLimits(ban_first_s=float(first_s), ban_growth=growth, ban_longest_s=first_s + more_s)
    this, following = spec.bans_us(earlier), spec.bans_us(earlier + 1)
    assert spec.bans_us(0) == first_s * 1_000_000
    assert this <= following <= round((first_s + more_s) * 1e6)
