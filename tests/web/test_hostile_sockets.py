"""Whatever is thrown at a WebSocket is answered or ends that connection, and no other."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="


class Row(NamedTuple):
    """State the frames sent after the handshake and what comes back: JSON bodies, or the code of the close."""

    name: str
    frames: list[bytes]
    heard: list[Any]
    path: str = "/ws"


def frame(payload: bytes | str, opcode: int = TEXT, *, final: bool = True, masked: bool = True) -> bytes:
    """Return a frame as a client sends it; the mask is nought, so that the payload stands as it is."""
    data = payload if isinstance(payload, bytes) else payload.encode()
    head = bytes([(0x80 if final else 0) | opcode])
    mask = 0x80 if masked else 0
    if len(data) < 126:
        head += bytes([mask | len(data)])
    elif len(data) < 65_536:
        head += bytes([mask | 126]) + struct.pack("!H", len(data))
    else:
        head += bytes([mask | 127]) + struct.pack("!Q", len(data))
    return head + (b"\0\0\0\0" if masked else b"") + data


def asked(**message: Any) -> bytes:
    return frame(json.dumps(message))


def error(code: int, text: str, number: Any = None) -> dict[str, Any]:
    body: dict[str, Any] = {"error": {"code": code, "msg": text}}
    return body if number is None else {**body, "id": number}


NO_JSON = error(3, "Invalid JSON: expected value at line 1 column 1")
NO_REQUEST = error(3, "Invalid JSON: expected a request with a method")
VARIANTS = "expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
TOO_MANY = error(2, "Invalid request: too many subscriptions", 1)
NO_NAMES = "Invalid request: params must be a list of stream names"
NO_NUMBER = error(2, "Invalid request: request ID must be an unsigned integer")
LIST = asked(method="LIST_SUBSCRIPTIONS", id=9)


def no_variant(method: str) -> dict[str, Any]:
    return error(2, f"Invalid request: unknown variant `{method}`, {VARIANTS}", 1)


def listed(*names: str) -> dict[str, Any]:
    return {"result": list(names), "id": 9}


ROWS = [
    Row("no JSON", [frame("{"), LIST], [NO_JSON, listed()]),
    Row("nothing", [frame(""), LIST], [NO_JSON, listed()]),
    Row("JSON nested without end", [frame("[" * 60_000), LIST], [NO_JSON, listed()]),
    Row("a number of 5000 digits", [frame("9" * 5000), LIST], [NO_JSON, listed()]),
    Row("a list", [frame("[]"), LIST], [NO_REQUEST, listed()]),
    Row("no method", [frame("{}"), LIST], [NO_REQUEST, listed()]),
    Row("a method that is none",
        [asked(method="DANCE", id=1)], [no_variant("DANCE")]),
    Row("a method in small letters",
        [asked(method="subscribe", id=1)], [no_variant("subscribe")]),
    Row("a method that is a list",
        [asked(method=[None], id=1)], [no_variant("[null]")]),
    Row("names that are a number", [asked(method="SUBSCRIBE", params=7, id=1)], [error(2, NO_NAMES, 1)]),
    Row("names that are objects",
        [asked(method="SUBSCRIBE", params=[{"a": 1}], id=1), LIST], [error(2, NO_NAMES, 1), listed()]),
    Row("an id that is a list", [asked(method="SUBSCRIBE", params=[], id=[1])], [NO_NUMBER]),
    Row("an id that is true", [asked(method="SUBSCRIBE", params=[], id=True)], [NO_NUMBER]),
    Row("an unknown stream",
        [asked(method="SUBSCRIBE", params=["x@y", "@"], id=1), LIST], [{"result": None, "id": 1}, listed("x@y", "@")]),
    Row("a stream of half a character",
        [frame('{"method":"SUBSCRIBE","params":["\\ud800@trade"],"id":1}')], [{"result": None, "id": 1}]),
    Row("leaving what was never heard",
        [asked(method="UNSUBSCRIBE", params=["x@y"], id=1)], [{"result": None, "id": 1}]),
    Row("more streams than one may hear",
        [asked(method="SUBSCRIBE", params=[f"s{i}@trade" for i in range(1025)], id=1), LIST], [TOO_MANY, listed()]),
    Row("a listen key nobody has", [LIST], [listed("nobody")], "/ws/nobody"),
    Row("an address of unknown streams", [LIST], [listed("a@b", "c")], "/stream?streams=a@b/c"),
    Row("a binary frame", [frame(b"\x00\xff", BINARY), LIST], [NO_JSON, listed()]),
    Row("a binary frame that holds a message",
        [frame(b'{"method":"LIST_SUBSCRIPTIONS","id":9}', BINARY)], [listed()]),
    Row("a frame too large", [frame("x" * 70_000)], [1009]),
    Row("text that is no UTF-8", [frame(b"\xff\xfe")], [1007]),
    Row("a frame of no kind", [frame("x", 5)], [1002]),
    Row("a ping too large", [frame("x" * 126, PING)], [1002]),
    Row("a pong nobody asked for", [frame("x", PONG), LIST], [listed()]),
    Row("a message never finished", [frame("{", final=False), frame("x")], [1002]),
    Row("a close with a strange code", [frame(struct.pack("!H", 5), CLOSE)], [1002]),
]  # fmt: skip


async def hear(reader: asyncio.StreamReader) -> Any:
    """Return the body of the next frame, or the code it closes with (0: none); pongs are passed over."""
    while True:
        first, length = await reader.readexactly(2)
        if length == 126:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
        payload = await reader.readexactly(length)
        if first & 15 == CLOSE:
            return struct.unpack("!H", payload[:2])[0] if payload else 0
        if first & 15 == TEXT:
            return json.loads(payload)


async def open_socket(wire: Any, path: str, *lines: str) -> tuple[Any, Any, str]:
    reader, writer = await wire.connect()
    head = [f"GET {path} HTTP/1.1", "Host: x", *lines]
    writer.write(("\r\n".join(head) + "\r\n\r\n").encode(errors="surrogateescape"))
    return reader, writer, (await reader.readuntil(b"\r\n\r\n")).decode()


UPGRADE: Sequence[str] = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", KEY)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_hostile_frames_get_the_venues_answer(row: Row, wire: Any) -> None:
    """Each message is answered in order, or the connection ends with the code of the standard; another one works."""

    async def program() -> tuple[list[Any], Any]:
        reader, writer, head = await open_socket(wire, row.path, *UPGRADE)
        assert " 101 " in head
        for data in row.frames:
            writer.write(data)
        heard = [await hear(reader) for _ in row.heard]
        writer.close()
        other, writer, _ = await open_socket(wire, "/ws", *UPGRADE)
        writer.write(LIST)
        return heard, await hear(other)

    assert wire.run(program) == (row.heard, listed())


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        pytest.param((), "400", id="no upgrade at all"),
        pytest.param(("Upgrade: teapot", "Connection: Upgrade"), "400", id="an upgrade to something else"),
        pytest.param((*UPGRADE[:2], KEY), "400", id="no version"),
        pytest.param((*UPGRADE[:2], "Sec-WebSocket-Version: 99", KEY), "400", id="a version nobody speaks"),
        pytest.param((*UPGRADE[:3], "Sec-WebSocket-Key: \udcff\udcfe"), "400", id="a key of raw bytes"),
        pytest.param(("Upgrade: \udcff", "Connection: Upgrade"), "400", id="an upgrade of raw bytes"),
        pytest.param((*UPGRADE[:3], "Sec-WebSocket-Key: junk"), "400", id="a key that is none"),
        pytest.param(UPGRADE[:3], "400", id="no key"),
    ],
)
def test_what_is_no_handshake_gets_a_page(lines: tuple[str, ...], status: str, wire: Any) -> None:
    """An address of streams without a right upgrade answers with the front's page."""

    async def program() -> tuple[str, str]:
        reader, _, head = await open_socket(wire, "/ws/btcusdt@aggTrade", *lines)
        return head.split(" ")[1], (await reader.read()).decode()

    code, body = wire.run(program)
    assert (code, "<title>400 Bad Request</title>" in body) == (status, True)


def test_a_client_that_vanishes_leaves_nothing_behind(wire: Any) -> None:
    """A connection cut in the middle of a frame ends its handler; the next one is served."""

    async def program() -> Any:
        _, writer, _ = await open_socket(wire, "/ws/btcusdt@aggTrade", *UPGRADE)
        writer.write(asked(method="SUBSCRIBE", params=["btcusdt@markPrice"], id=1)[:20])
        writer.transport.abort()
        reader, writer, _ = await open_socket(wire, "/ws", *UPGRADE)
        writer.write(LIST)
        return await hear(reader)

    assert wire.run(program) == listed()
