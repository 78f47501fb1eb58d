"""Whatever is thrown at the port is answered as the venue answers it: no crash, no trace, no word of Python.

Each row is what is sent, byte by byte, and what must come back for the last of it.  The same rows go through the pipe
in memory and through a real port of ``sim serve``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")

ORDER = "/fapi/v1/order"
BATCH = "/fapi/v1/batchOrders"
ALGO = "/fapi/v1/algoOrder"
LISTEN = "/fapi/v1/listenKey"
KLINES = "/fapi/v1/klines"
FORM = "Content-Type: application/x-www-form-urlencoded"
NINES = "9" * 5000
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
LIMIT = {**MARKET, "type": "LIMIT", "timeInForce": "GTC", "price": "49000"}
STOP = {**MARKET, "side": "SELL", "type": "STOP_MARKET", "algoType": "CONDITIONAL", "triggerPrice": "49000"}
BAD = (400, None, "400 Bad Request")
QUERY = {"symbol": "BTCUSDT", "orderId": "1"}

# repr() of something, an exception's name, a frame: what no venue's answer holds.
PYTHON = re.compile(
    r"Traceback|Error\(|Exception|\bNone\b|\bTrue\b|\bFalse\b|<class|object at 0x|\bb'|\.py\b|aiohttp|got itself"
)

Build = Callable[[Any], bytes]


class Row(NamedTuple):
    """State what is sent, and the status, code (None: no JSON) and a piece of the text that must come back."""

    name: str
    sends: list[Build]
    status: int
    code: int | None
    text: str = ""
    answers: int = 1
    """How many answers the last piece brings; 0: the connection ends without one."""


def signed(method: str, path: str, params: dict[str, Any], **how: Any) -> Build:
    return lambda wire: wire.signed(method, path, params, **how)


def raw(text: str | bytes) -> Build:
    data = text if isinstance(text, bytes) else text.encode()
    return lambda wire: data


def get(target: str, *lines: str, version: str = "1.1") -> Build:
    return raw(
        f"GET {target} HTTP/{version}\r\nHost: x\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n"
    )


def post(*lines: str, body: str | bytes = b"") -> Build:
    """Return a POST of an order that nobody signed, with these headers."""
    head = f"POST {ORDER} HTTP/1.1\r\nHost: x\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n"
    return raw(head.encode() + (body if isinstance(body, bytes) else body.encode()))


def sent(params: dict[str, Any], path: str = ORDER, method: str = "POST", **changes: Any) -> list[Build]:
    """Return a signed request whose parameters are in the body: room for long ones."""
    return [signed(method, path, {**params, **changes}, body=True)]


def market(**changes: Any) -> list[Build]:
    return [signed("POST", ORDER, _changed(MARKET, changes))]


def limit(**changes: Any) -> list[Build]:
    return [signed("POST", ORDER, _changed(LIMIT, changes))]


def stop(**changes: Any) -> list[Build]:
    return [signed("POST", ALGO, _changed(STOP, changes))]


def query(**changes: Any) -> list[Build]:
    return [signed("GET", ORDER, _changed(QUERY, changes))]


def batch(orders: Any) -> list[Build]:
    text = orders if isinstance(orders, str) else json.dumps(orders)
    return [signed("POST", BATCH, {"batchOrders": text})]


def klines(**changes: Any) -> list[Build]:
    params = {"symbol": "BTCUSDT", "interval": "1m", **changes}
    return [get(KLINES + "?" + "&".join(f"{name}={value}" for name, value in params.items()))]


def _changed(params: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**params, **changes}.items() if value is not None}


def _twice(build: Build) -> Build:
    return lambda wire: build(wire) * 2


def _half_of_a_body(wire: Any) -> bytes:
    return b"POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\nsymbol=BTC"


REPLAYED = signed("POST", ORDER, {**LIMIT, "newClientOrderId": "replayed"}, frozen="replayed")
DONE = signed("POST", ORDER, {**MARKET, "newClientOrderId": "done"}, frozen="done")

ROWS = [
    # -- addresses and methods
    Row("an unknown path",
        [get("/fapi/v1/nothing")], 404, -5000, "Path /fapi/v1/nothing, Method GET is invalid"),
    Row("the root", [get("/")], 404, -5000),
    Row("a path out of the house", [get("/../../etc/passwd")], 404, -5000),
    Row("a wrong method", [signed("PATCH", ORDER, LIMIT)], 404, -5000),
    Row("a method that is none", [raw("FROB /fapi/v1/time HTTP/1.1\r\nHost: x\r\n\r\n")], *BAD),
    Row("options", [raw("OPTIONS /fapi/v1/time HTTP/1.1\r\nHost: x\r\n\r\n")], 404, -5000),
    Row("amending an order",
        [signed("PUT", ORDER, {**LIMIT, "orderId": "1"})], 400, -1020, "PUT /fapi/v1/order (amending"),
    Row("a test order", [signed("POST", ORDER + "/test", MARKET)], 400, -1020, "test orders"),
    Row("another version of a path", [get("/fapi/v9/time")], 404, -5000),
    Row("a slash too many", [get("/fapi/v1/time/")], 404, -5000),
    # -- bytes
    Row("a path of bad escapes", [get("/fapi/v1/%zz%")], 404, -5000),
    Row("a NUL in the path", [get("/fapi/v1/time%00")], 404, -5000),
    Row("a path that is no UTF-8", [raw(b"GET /fapi/v1/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n")], *BAD),
    Row("an escaped path that is no UTF-8", [get("/fapi/v1/%ff%fe")], 404, -5000),
    Row("a query of bad escapes", [get("/fapi/v1/ticker/price?symbol=%zz%")], 400, -1121),
    Row("a NUL in the symbol", [get("/fapi/v1/ticker/price?symbol=BTC%00USDT")], 400, -1121),
    Row("a symbol that is no UTF-8", [get("/fapi/v1/ticker/price?symbol=%ff%fe")], 400, -1121),
    Row("a query of raw bytes",
        [raw(b"GET /fapi/v1/ticker/price?symbol=\xff HTTP/1.1\r\nHost: x\r\n\r\n")], *BAD),
    Row("a body that is no UTF-8", sent(MARKET, newClientOrderId=b"\xff\xfe"), 400, -4015),
    Row("a NUL in a client id", market(newClientOrderId="a%00b"), 400, -4015),
    Row("a client id of spaces", market(newClientOrderId="a%20b"), 400, -4015),
    Row("a client id of 5000", sent(MARKET, newClientOrderId="x" * 5000), 400, -4015),
    Row("a client id in another script", market(newClientOrderId="%D0%B6"), 400, -4015),
    Row("a client id that is empty", market(newClientOrderId=""), 400, -1105),
    # -- sizes and framing
    Row("a body beyond 1 MiB",
        [post("Content-Length: 1048577", body=b"x" * 1_048_577)], 413, None, "413 Request Entity Too Large"),
    Row("a query beyond 8 KiB",
        [get("/fapi/v1/time?x=" + "y" * 10_000)], 414, None, "414 Request-URI Too Large"),
    Row("a body of 1 MiB of parameters",
        [post(FORM, "Content-Length: 1000000", body=b"a&" * 500_000)], 400, -1101, "Too many parameters"),
    Row("no HTTP at all", [raw("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")], *BAD),
    Row("a header without a colon", [raw("GET /fapi/v1/time HTTP/1.1\r\nHost: x\r\njunk\r\n\r\n")], *BAD),
    Row("a header of control bytes",
        [raw("GET /fapi/v1/time HTTP/1.1\r\nHost: x\r\nX: a\x01\x02b\r\n\r\n")], *BAD),
    Row("two lengths", [post("Content-Length: 1", "Content-Length: 2", body="ab")], *BAD),
    Row("a length and chunks",
        [post("Content-Length: 5", "Transfer-Encoding: chunked", body="0\r\n\r\n")], *BAD),
    Row("a length that is no number", [post("Content-Length: -1")], *BAD),
    Row("a bad chunk", [post("Transfer-Encoding: chunked", body="zz\r\n")], *BAD),
    Row("a body that says it is gzip",
        [post("Content-Encoding: gzip", "Content-Length: 4", body="junk")], *BAD),
    Row("an expectation that is none", [post("Expect: cake", "Content-Length: 0")], 417, None, "417"),
    Row("an expectation of raw bytes", [raw(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: \xff\r\n\r\n")], 417, None, "417"),
    Row("HTTP/1.0", [get("/fapi/v1/ping", version="1.0")], 200, None),
    Row("HTTP/3.7", [get("/fapi/v1/ping", version="3.7")], *BAD),
    Row("two requests in one piece", [_twice(get("/fapi/v1/nothing"))], 404, -5000, answers=2),
    Row("a body half sent, and gone", [_half_of_a_body], 0, None, answers=0),
    Row("a GET with a body", sent(QUERY, method="GET"), 400, -2013),
    Row("a DELETE with a body", sent(QUERY, method="DELETE"), 400, -2011),
    Row("a body of JSON",
        [signed("POST", ORDER, MARKET, content="application/json", as_json=True)], 400, -1102),
    Row("another content type",
        [signed("POST", ORDER, {**MARKET, "side": "UP"}, body=True, content="image/png")], 400, -1117),
    # -- who asks
    Row("no key", [signed("POST", ORDER, MARKET, key=None)], 401, -2014),
    Row("a key nobody has", [signed("POST", ORDER, MARKET, key="nobody")], 401, -2015),
    Row("a key of raw bytes", [signed("POST", ORDER, MARKET, key=b"\xff\xfe")], 401, -2015),
    Row("no signature", [signed("POST", ORDER, MARKET, signature=None)], 400, -1102, "'signature'"),
    Row("a signature of nothing", [signed("POST", ORDER, MARKET, signature="")], 400, -1102, "'signature'"),
    Row("a wrong signature", [signed("POST", ORDER, MARKET, signature="0" * 64)], 400, -1022),
    Row("a signature in another script", [signed("POST", ORDER, MARKET, signature="%C3%A9")], 400, -1022),
    Row("a signature of raw bytes", [signed("POST", ORDER, MARKET, signature=b"\xe9", body=True)], 400, -1022),
    Row("the signature of other parameters",
        [signed("POST", ORDER, MARKET, after={"quantity": "1"}, tamper=True)], 400, -1022),
    Row("a signature with another secret", [signed("POST", ORDER, MARKET, secret="other")], 400, -1022),
    Row("a parameter twice", [signed("POST", ORDER, MARKET, after={"side": "BUY"})], 400, -1101),
    Row("the signature twice", [signed("POST", ORDER, MARKET, after={"signature": "0"})], 400, -1101),
    # -- when
    Row("no timestamp", [signed("POST", ORDER, MARKET, stamp=None)], 400, -1102, "'timestamp'"),
    Row("a timestamp of text", [signed("POST", ORDER, MARKET, stamp="now")], 400, -1102, "'timestamp'"),
    Row("a timestamp of 5000 digits",
        [signed("POST", ORDER, MARKET, stamp=NINES, body=True)], 400, -1102, "'timestamp'"),
    Row("a timestamp in other digits",
        [signed("POST", ORDER, MARKET, stamp="%D9%A1%D9%A2")], 400, -1102, "'timestamp'"),
    Row("a negative timestamp", [signed("POST", ORDER, MARKET, stamp="-1")], 400, -1102, "'timestamp'"),
    Row("a timestamp of seconds",
        [signed("POST", ORDER, MARKET, stamp="1705276800")], 400, -1021, "outside of the recvWindow"),
    Row("a timestamp too old",
        [signed("POST", ORDER, MARKET, ahead_ms=-5200)], 400, -1021, "outside of the recvWindow"),
    Row("a timestamp too far ahead",
        [signed("POST", ORDER, MARKET, ahead_ms=2500)], 400, -1021, "1000ms ahead"),
    Row("a window of nought", market(recvWindow="0"), 400, -1021),
    Row("a negative window", market(recvWindow="-1"), 400, -1102, "'recvWindow'"),
    Row("a window of text", market(recvWindow="long"), 400, -1102, "'recvWindow'"),
    Row("a window too long", market(recvWindow="60001"), 400, -1131, "less than 60000"),
    Row("a window of 5000 digits", sent(MARKET, recvWindow=NINES), 400, -1102, "'recvWindow'"),
    # -- orders
    Row("no symbol", market(symbol=None), 400, -1102, "'symbol'"),
    Row("an empty symbol", market(symbol=""), 400, -1102, "'symbol'"),
    Row("an unknown symbol", market(symbol="NOPEUSDT"), 400, -1121),
    Row("a symbol in small letters", market(symbol="btcusdt"), 400, -1121),
    Row("a side in small letters", market(side="buy"), 400, -1117),
    Row("a type in small letters", market(type="market"), 400, -1116),
    Row("a time in force in small letters", limit(timeInForce="gtc"), 400, -1115),
    Row("a negative quantity", market(quantity="-0.01"), 400, -4003),
    Row("a quantity of nought", market(quantity="0"), 400, -4003),
    Row("an empty quantity", market(quantity=""), 400, -1102, "'quantity'"),
    Row("a quantity that is no number", market(quantity="NaN"), 400, -1102, "'quantity'"),
    Row("an endless quantity", market(quantity="Infinity"), 400, -1102, "'quantity'"),
    Row("a quantity with an exponent", market(quantity="1e400"), 400, -1102, "'quantity'"),
    Row("a quantity of 5000 digits", sent(MARKET, quantity=NINES), 400, -4005),
    Row("a quantity of 5000 decimals", sent(MARKET, quantity="0." + NINES), 400, -1111),
    Row("a quantity in other digits", market(quantity="%D9%A1"), 400, -1102, "'quantity'"),
    Row("a negative price", limit(price="-1"), 400, -4001),
    Row("a price of nought", limit(price="0"), 400, -4001),
    Row("a price that is no number", limit(price="nan"), 400, -1102, "'price'"),
    Row("an endless price", limit(price="-Infinity"), 400, -1102, "'price'"),
    Row("a price with an exponent", limit(price="1e400"), 400, -1102, "'price'"),
    Row("a price of 5000 digits", sent(LIMIT, price=NINES), 400, -4002),
    Row("a price of 5000 decimals", sent(LIMIT, price="49000." + NINES), 400, -1111),
    Row("a price with two points", limit(price="49.0.0"), 400, -1102, "'price'"),
    Row("a MARKET order with a price", market(price="49000"), 400, -1106),
    Row("a trigger of 5000 digits", sent(STOP, ALGO, triggerPrice=NINES), 400, -4007),
    Row("a negative trigger", stop(triggerPrice="-1"), 400, -4006),
    Row("a trigger on the wrong side", stop(triggerPrice="90000"), 400, -2021),
    Row("a stop at the old address",
        [signed("POST", ORDER, {**MARKET, "type": "STOP_MARKET", "stopPrice": "1"})], 400, -4120),
    Row("a conditional order of no kind", stop(algoType="VP"), 400, -1102, "'algotype'"),
    Row("reduceOnly neither true nor false", market(reduceOnly="maybe"), 400, -4062),
    Row("an exit without a position",
        [signed("POST", ORDER, {**MARKET, "side": "SELL", "reduceOnly": "true"}, key="idle")], 400, -2022),
    Row("a position side in one-way mode", market(positionSide="LONG"), 400, -4061),
    Row("a leverage of 5000 digits",
        sent({"symbol": "BTCUSDT", "leverage": NINES}, "/fapi/v1/leverage"), 400, -4028),
    Row("a leverage of text",
        [signed("POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": "ten"})], 400, -4028),
    # -- batches
    Row("a batch that is no JSON", batch("[{"), 400, -1102, "'batchorders'"),
    Row("a batch of nothing", batch([]), 400, -4082),
    Row("a batch of six", batch([MARKET] * 6), 400, -4082),
    Row("no batch", [signed("POST", BATCH, {})], 400, -1102, "'batchorders'"),
    Row("a batch that is an object", batch({"a": 1}), 400, -1102, "'batchorders'"),
    Row("a batch of numbers", batch([1, 2]), 400, -1102, "'batchorders'"),
    Row("a batch in Python's own words",
        batch("[{'symbol': 'BTCUSDT', 'reduceOnly': True}]"), 400, -1102, "'batchorders'"),
    Row("a batch nested without end",
        sent({"batchOrders": "[" * 100_000}, BATCH), 400, -1102, "'batchorders'"),
    Row("a batch with a number of 5000 digits",
        sent({"batchOrders": '[{"quantity":' + NINES + "}]"}, BATCH), 400, -1102, "'batchorders'"),
    Row("a batch of junk",
        batch([{"symbol": ["x"], "type": {"a": []}, "side": None, "quantity": [1]}, {}]), 200, None, '{"code":-1102'),
    Row("a batch of nested junk",
        batch([{**MARKET, "type": ["MARKET"]}, {**MARKET, "quantity": {"x": 1}}]), 200, None, '{"code":-1116'),
    Row("a batch of odd numbers",
        batch('[{"symbol":"BTCUSDT","side":"BUY","type":"MARKET","quantity":NaN}]'), 200, None, '{"code":-1102'),
    Row("a batch with half a character",
        batch([{**MARKET, "newClientOrderId": "\ud800"}]), 200, None, '{"code":-4015'),
    Row("a list to cancel that is none",
        [signed("DELETE", BATCH, {"symbol": "BTCUSDT", "orderIdList": "[1,"})], 400, -1102),
    Row("a list to cancel of 5000 digits",
        sent({"symbol": "BTCUSDT", "orderIdList": f'["{NINES}"]'}, BATCH, "DELETE"), 400, -1130),
    Row("a list to cancel of junk",
        [signed("DELETE", BATCH, {"symbol": "BTCUSDT", "orderIdList": '[{"a":1},null]'})], 400, -1130),
    Row("a list to cancel of eleven",
        [signed("DELETE", BATCH, {"symbol": "BTCUSDT", "orderIdList": str(list(range(11)))})], 400, -1130),
    # -- look-ups
    Row("an order id of text", query(orderId="abc"), 400, -1100, "'orderId'"),
    Row("a negative order id", query(orderId="-1"), 400, -1100, "'orderId'"),
    Row("an order id of 30 digits", query(orderId="9" * 30), 400, -1100, "'orderId'"),
    Row("an order id nobody has", query(orderId="9" * 19), 400, -2013),
    Row("neither id", query(orderId=None), 400, -1102, "'origClientOrderId' or 'orderId'"),
    Row("a cancel of nothing", [signed("DELETE", ORDER, QUERY)], 400, -2011),
    Row("a limit too large", klines(limit="1501"), 400, -1130, "'limit'"),
    Row("a limit of nought", klines(limit="0"), 400, -1130, "'limit'"),
    Row("a limit of text", klines(limit="all"), 400, -1100, "'limit'"),
    Row("a limit of 5000 digits",
        [get(f"{KLINES}?symbol=BTCUSDT&interval=1m&limit={NINES}")], 400, -1100, "'limit'"),
    Row("an interval that is none", klines(interval="7m"), 400, -1120),
    Row("an interval of a second", klines(interval="1s"), 400, -1120),
    Row("a start after the end", klines(startTime="2", endTime="1"), 400, -1023),
    Row("a start at the end of time", klines(startTime="9" * 20), 200, None, "[]"),
    Row("orders from after their end",
        [signed("GET", "/fapi/v1/allOrders", {"symbol": "BTCUSDT", "startTime": "2", "endTime": "1"})], 400, -1023),
    Row("orders of too long",
        [signed("GET", "/fapi/v1/allOrders", {"symbol": "BTCUSDT", "startTime": 0, "endTime": "9" * 13})], 400, -1127),
    # -- listen keys
    Row("a listen key without a key",
        [raw("POST /fapi/v1/listenKey HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")], 401, -2014),
    Row("keeping a listen key that does not live",
        [signed("PUT", LISTEN, {"listenKey": "junk"}, key="idle")], 400, -1125),
    # -- again
    Row("a request sent again while its order is open",
        [REPLAYED, REPLAYED], 400, -4116, "ClientOrderId is duplicated."),
    Row("a request sent again when its order is done", [DONE, DONE], 200, None, '"clientOrderId":"done"'),
]  # fmt: skip


def test_the_table_is_long_and_each_row_has_a_name() -> None:
    """More than 45 rows, none twice."""
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names)) > 100


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_hostile_requests_get_the_venues_answer(row: Row, wire: Any) -> None:
    """Status, code and text are the venue's, the body holds no word of Python, and the next caller is served."""

    async def program() -> tuple[list[Any], Any]:
        for build in row.sends[:-1]:
            assert (await wire.ask(build(wire)))[0][0] == 200
        last = await wire.ask(row.sends[-1](wire), row.answers)
        return last, await wire.ask(get("/fapi/v1/ping")(wire))

    answers, after = wire.run(program)
    assert after[0][0] == 200
    assert len(answers) == row.answers
    for status, body in answers:
        assert (status, row.text in body) == (row.status, True), body
        assert not PYTHON.search(body), body
        told = json.loads(body) if body[:1] in "{[" else None
        assert (told.get("code") if isinstance(told, dict) else None) == row.code, body
