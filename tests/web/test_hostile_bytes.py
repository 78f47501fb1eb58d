"""Requests and parameters at random: whatever arrives, nothing breaks on our side and the next caller is served."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.exchange.door.left_out import LEFT_OUT
from sim.exchange.door.routes import ROUTES

OURS = re.compile(rb"HTTP/1.1 5|Traceback|\bNone\b|<class|aiohttp|Python")
PING = b"GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = (
    b"GET /fapi/v1/time HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    b"5\r\nhello\r\n0\r\n\r\n"
)
SOCKET = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x85\0\0\0\0hello"
)
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
WHOLE = {
    **ORDER, "type": "STOP", "timeInForce": "GTC", "price": "49000", "triggerPrice": "49500", "stopPrice": "49500",
    "algoType": "CONDITIONAL", "interval": "1m", "callbackRate": "1", "orderId": "1", "leverage": "5",
}  # fmt: skip
NAMES = st.sampled_from(
    [
        *WHOLE, "activationPrice", "activatePrice", "reduceOnly", "closePosition", "positionSide", "workingType",
        "priceProtect", "newClientOrderId", "clientAlgoId", "newOrderRespType", "priceMatch", "goodTillDate",
        "origClientOrderId", "algoId", "orderIdList", "origClientOrderIdList", "batchOrders", "limit", "startTime",
        "endTime", "fromId", "marginType", "dualSidePosition", "incomeType", "listenKey", "recvWindow",
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(
        [
            "", "0", "-1", "NaN", "Infinity", "1e400", "9" * 5000, "0." + "9" * 5000, "9" * 20, "%00", "%ff", "%D9%A1",
            "true", "null", "[]", "{}", "[[[[", '["a"]', "LIMIT", "STOP_MARKET", "TRAILING_STOP_MARKET", "FOK", "GTX",
            "LONG", "BOTH", "MARK_PRICE", "RESULT", "ISOLATED", "1705276800000", "BTCUSDT", "50000", "1.", ".", "+1",
        ]
    ),
    st.text(st.characters(codec="utf-8"), max_size=12),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | VALUES | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
ITEMS = st.lists(
    st.dictionaries(NAMES, JSON, max_size=3).map(lambda changes: {**ORDER, **changes}) | JSON, max_size=6
)
QUICK = settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)  # fmt: skip


async def _heard(wire: Any, data: bytes, ends: bool) -> bytes:
    reader, writer = await wire.connect()
    writer.write(data)
    if ends:
        writer.write_eof()
    try:
        heard: bytes = await asyncio.wait_for(reader.read(), 5)
    except TimeoutError:
        heard = b""
    writer.close()
    return heard


@st.composite
def mutated(draw: Any) -> bytes:
    """Draw a request of which some bytes were changed, taken out, put in or said twice."""
    data = bytearray(draw(st.sampled_from([CHUNKED, SOCKET, PING, PING.replace(b"GET", b"POST")])))
    for _ in range(draw(st.integers(1, 5))):
        place = draw(st.integers(0, len(data)))
        taken, put = draw(st.integers(0, 8)), draw(st.binary(max_size=5))
        data[place : place + taken] = put or data[draw(st.integers(0, len(data))) :][:30]
    return bytes(data)


@QUICK
@given(requests=st.lists(st.tuples(mutated(), st.booleans()), min_size=5, max_size=5))
def test_requests_of_broken_bytes(memory_wire: Any, requests: list[tuple[bytes, bool]]) -> None:
    """Bytes at random are answered with a page, or the connection ends; nothing fails on our side."""
    wire = memory_wire()

    async def program() -> tuple[list[bytes], Any]:
        heard = [await _heard(wire, data, ends) for data, ends in requests]
        return heard, await wire.ask(PING)

    heard, after = wire.run(program)
    assert after == [(200, "{}")]
    for answer in heard:
        assert not OURS.search(answer), answer


@QUICK
@given(
    asked=st.lists(
        st.tuples(
            st.sampled_from([*ROUTES, *LEFT_OUT]), st.dictionaries(NAMES, VALUES, max_size=4), st.none() | ITEMS
        ),
        min_size=8, max_size=8,
    )
)  # fmt: skip
def test_signed_requests_of_any_parameters(memory_wire: Any, asked: list[Any]) -> None:
    """Whatever parameters a signed request has, on any route, the answer is one of the venue's, as JSON."""
    wire = memory_wire()

    async def program() -> list[tuple[int, str]]:
        heard = []
        for (method, path), changes, items in asked:
            params = {**WHOLE, **changes}
            if items is not None:
                params["batchOrders"] = json.dumps(items)
            heard += await wire.ask(wire.signed(method, path, params, body=True))
        return heard

    for status, body in wire.run(program):
        assert status < 500, body
        assert not OURS.search(body.encode()), body
        json.loads(body)
