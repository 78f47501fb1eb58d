"""Whose request is it: by client id, by context, by guess, or nobody's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.exchange.account import Account
from sim.exchange.attribution import CURRENT_INTENT, Attribution, IntentSlot, role_of

ORDER = ("POST", "/fapi/v1/order")
HOUSE = IntentSlot(-1, "", 0, Account(0, 0.0))


@pytest.mark.parametrize(
    ("method", "path", "params", "direction", "role"),
    [
        ("POST", "/fapi/v1/order", {"type": "MARKET", "side": "BUY"}, 1, "entry"),
        ("POST", "/fapi/v1/order", {"type": "MARKET", "side": "SELL"}, -1, "entry"),
        ("POST", "/fapi/v1/order", {"type": "MARKET", "side": "SELL", "reduceOnly": "true"}, 1, "flatten"),
        ("POST", "/fapi/v1/order", {"type": "MARKET", "side": "SELL", "reduceOnly": True}, 1, "flatten"),
        ("POST", "/fapi/v1/order", {"type": "MARKET", "side": "SELL"}, 1, "flatten"),
        ("POST", "/fapi/v1/order", {"type": "MARKET", "side": "SELL"}, 0, "entry"),
        ("POST", "/fapi/v1/order", {"type": "STOP_MARKET", "side": "SELL"}, 1, "sl"),
        ("POST", "/fapi/v1/algoOrder", {"type": "STOP_MARKET", "side": "SELL"}, 1, "sl"),
        ("POST", "/fapi/v1/algoOrder", {"type": "TAKE_PROFIT_MARKET", "side": "SELL"}, 1, "tp"),
        ("POST", "/fapi/v1/order", {"type": "TRAILING_STOP_MARKET", "side": "SELL"}, 1, "trailing"),
        ("DELETE", "/fapi/v1/order", {"type": "MARKET"}, 1, "none"),
        ("GET", "/fapi/v1/order", {}, 1, "none"),
        ("POST", "/fapi/v1/leverage", {"leverage": 5}, 1, "none"),
    ],
)
def test_roles_are_read_from_the_order(
    method: str, path: str, params: Any, direction: int, role: str
) -> None:
    """Entry, sl, tp, trailing and flatten for new orders; an opposite MARKET order is an exit; none otherwise."""
    assert role_of(method, path, params, direction) == role


def opened(*slots: IntentSlot) -> Attribution:
    attribution = Attribution(HOUSE)
    for slot in slots:
        attribution.opened(slot)
    return attribution


def slot(number: int, symbol: str = "BTCUSDT", direction: int = 1) -> IntentSlot:
    return IntentSlot(number, symbol, direction, Account(number + 1, 0.0))


def inside(owner: IntentSlot, attribution: Attribution, params: dict[str, Any]) -> IntentSlot:
    async def main() -> IntentSlot:
        CURRENT_INTENT.set(owner)
        # A task started by the flow inherits whose it is.
        return await asyncio.create_task(ask())

    async def ask() -> IntentSlot:
        return attribution.slot_of(*ORDER, params)

    return run_virtual(main())


def test_the_context_says_whose_flow_runs() -> None:
    """Inside an intent's flow, and in tasks it starts, requests are its own."""
    one, other = slot(0), slot(1)
    attribution = opened(one, other)
    assert inside(other, attribution, {"symbol": "BTCUSDT"}) is other
    assert (attribution.total, attribution.unattributed) == (1, 0)


@pytest.mark.parametrize("name", ["newClientOrderId", "clientAlgoId", "origClientOrderId"])
def test_a_client_id_seen_before_goes_first(name: str) -> None:
    """A background task that asks by client id is attributed to the order's intent."""
    one, other = slot(0), slot(1)
    attribution = opened(one, other)
    inside(other, attribution, {"symbol": "BTCUSDT", "newClientOrderId": "abc"})
    assert attribution.slot_of("GET", "/fapi/v1/order", {"symbol": "BTCUSDT", name: "abc"}) is other
    assert inside(one, attribution, {"symbol": "BTCUSDT", name: "abc"}) is other


def test_without_context_the_oldest_intent_that_lacks_the_role_is_meant() -> None:
    """Symbol, role and order of decision decide; each intent has one entry, one stop and so on."""
    one, other, elsewhere = slot(0), slot(1), slot(2, "ETHUSDT")
    attribution = opened(elsewhere, one, other)
    entry = {"symbol": "BTCUSDT", "type": "MARKET", "side": "BUY"}
    stop = {"symbol": "BTCUSDT", "type": "STOP_MARKET", "side": "SELL"}
    found = [attribution.slot_of(*ORDER, params) for params in (entry, stop, entry, entry, stop)]
    assert found == [one, one, other, HOUSE, other]
    assert attribution.unattributed == 1


def test_an_ended_intent_is_not_guessed() -> None:
    """Once its flow is over nothing is attributed to it by guess."""
    one, other = slot(0), slot(1)
    attribution = opened(one, other)
    attribution.closed(one)
    assert one.over
    assert attribution.slot_of(*ORDER, {"symbol": "BTCUSDT", "type": "MARKET", "side": "BUY"}) is other


@pytest.mark.parametrize(
    ("method", "path", "params"),
    [
        ("GET", "/fapi/v1/order", {"symbol": "BTCUSDT", "origClientOrderId": "never seen"}),
        ("GET", "/fapi/v1/exchangeInfo", {}),
        ("POST", "/fapi/v1/order", {"symbol": "NOSUCH", "type": "MARKET", "side": "BUY"}),
    ],
)
def test_what_fits_nobody_is_counted(method: str, path: str, params: dict[str, Any]) -> None:
    """The unattributed share is known, so that a report can say when pairing is degraded."""
    attribution = opened(slot(0))
    assert attribution.slot_of(method, path, params) is HOUSE
    assert (attribution.total, attribution.unattributed) == (1, 1)


def test_the_ids_of_an_intent_whose_books_are_closed_are_forgotten() -> None:
    """A long run would otherwise keep every intent for its orders' ids; those of others still find theirs."""
    one, other = slot(0), slot(1)
    attribution = opened(one, other)
    for number, owner in enumerate((one, other)):
        token = CURRENT_INTENT.set(owner)
        attribution.slot_of(*ORDER, {"symbol": "BTCUSDT", "newClientOrderId": f"id-{number}"})
        CURRENT_INTENT.reset(token)
    attribution.forget(one)
    found = [attribution.slot_of("GET", "/fapi/v1/order", {"origClientOrderId": f"id-{n}"}) for n in range(2)]
    assert found == [HOUSE, other]
    assert one.client_ids == []
