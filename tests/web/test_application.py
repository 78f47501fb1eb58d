"""The application by itself: what it reads, whom it lets in, what it writes, and how it keeps silent."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")

import aiohttp

from sim.clock import PipedLoop, RealWorldCall, run_virtual
from sim.web import Answer, Deliver
from sim.web.application import make_application
from sim.web.clients import make_session, served

HOST = "https://fapi.binance.com"
SIGNED = "/fapi/v1/order"


class Fake:
    """Answer with what a test gives and remember what was asked."""

    def __init__(self, answer: Answer = (200, {}, {})) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, dict[str, Any], str]] = []
        self.given_up = 0
        self.feeds: dict[str, Deliver] = {}

    async def send(self, method: str, path: str, params: dict[str, Any], api_key: str) -> Answer:
        self.asked.append((method, path, params, api_key))
        return self.answer

    async def relay(self, answer: Answer) -> Answer:
        return answer

    def attach_user_stream(self, listen_key: str, deliver: Deliver) -> Callable[[], None] | None:
        return self._attach(listen_key, deliver) if listen_key == "LISTEN" else None

    def attach_market_stream(self, name: str, deliver: Deliver) -> Callable[[], None] | None:
        return self._attach(name, deliver)

    def _attach(self, name: str, deliver: Deliver) -> Callable[[], None]:
        self.feeds[name] = deliver
        return lambda: self.feeds.pop(name, None)  # type: ignore[return-value,arg-type]


def _with(
    fake: Fake,
    program: Callable[[aiohttp.ClientSession], Awaitable[Any]],
    secrets: Mapping[str, str] | None = None,
) -> Any:
    async def main() -> Any:
        async with (
            served(make_application(fake, {"key": "secret"} if secrets is None else secrets)),
            make_session() as session,
        ):
            return await program(session)

    return run_virtual(main(), loop=PipedLoop())


def _ask(
    fake: Fake, method: str, path: str, secrets: Mapping[str, str] | None = None, **keywords: Any
) -> Any:
    async def program(session: aiohttp.ClientSession) -> Any:
        async with session.request(method, HOST + path, **keywords) as response:
            return response.status, dict(response.headers), await response.text()

    return _with(fake, program, secrets)


def _sign(text: str, secret: str = "secret") -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_parameters_come_from_query_and_form() -> None:
    """Query string and form body are read alike, the query wins, and the signature goes no further."""
    fake = Fake()
    body = "symbol=ETHUSDT&side=BUY&timestamp=1&newClientOrderId=a%3Ab"
    query = "symbol=BTCUSDT&empty="
    status, _, _ = _ask(
        fake,
        "POST",
        f"{SIGNED}?{query}",
        data=f"{body}&signature={_sign(query + body)}",
        headers={"X-MBX-APIKEY": "key", "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert status == 200
    assert fake.asked == [
        (
            "POST",
            SIGNED,
            {
                "symbol": "BTCUSDT",
                "side": "BUY",
                "timestamp": "1",
                "newClientOrderId": "a:b",
                "empty": "",
            },
            "key",
        )
    ]


def test_a_parameter_sent_twice_is_refused() -> None:
    """The same name twice is -1101, and the exchange is not asked."""
    fake = Fake()
    status, _, text = _ask(fake, "GET", "/fapi/v1/ticker/price?symbol=A&symbol=B")
    assert (status, json.loads(text)["code"], fake.asked) == (400, -1101, [])


STAMPED = "symbol=BTCUSDT&timestamp=1"


@pytest.mark.parametrize(
    ("method", "path", "query", "key", "expected"),
    [
        pytest.param("GET", "/fapi/v1/time", "", None, (200, None), id="market data needs no key"),
        pytest.param("GET", SIGNED, STAMPED, None, (401, -2014), id="no key"),
        pytest.param("GET", SIGNED, STAMPED, "other", (401, -2015), id="a key nobody has"),
        pytest.param("POST", "/fapi/v1/listenKey", "", None, (401, -2014), id="a listen key needs a key"),
        pytest.param("POST", "/fapi/v1/listenKey", "", "other", (401, -2015), id="a listen key needs a known key"),
        pytest.param("POST", "/fapi/v1/listenKey", "", "key", (200, None), id="a listen key needs no signature"),
        pytest.param("GET", SIGNED, STAMPED, "key", (400, -1102), id="no signature"),
        pytest.param("GET", SIGNED, "signature=1", "key", (400, -1102), id="no timestamp"),
        pytest.param("GET", SIGNED, STAMPED + "&signature=0", "key", (400, -1022), id="a wrong signature"),
        pytest.param(
            "GET", SIGNED, f"{STAMPED}&signature={_sign(STAMPED)}", "key", (200, None), id="a right signature"
        ),
        pytest.param("GET", "/fapi/v1/nothing", "", None, (200, None), id="an unknown path is the exchange's affair"),
        pytest.param("GET", "/api/v3/ping", "", None, (200, None), id="the spot house's ping"),
        pytest.param(
            "GET", "/sapi/v1/capital/config/getall", STAMPED, "key", (200, None), id="the wallet's currencies"
        ),
    ],
)  # fmt: skip
def test_who_is_let_in(
    method: str, path: str, query: str, key: str | None, expected: tuple[int, int | None]
) -> None:
    """Key, signature and timestamp are asked for as the documents say, with their codes and statuses."""
    headers = {} if key is None else {"X-MBX-APIKEY": key}
    url = path + (f"?{query}" if query else "")
    status, _, text = _ask(Fake(), method, url, headers=headers)
    answer = json.loads(text)
    assert (status, answer.get("code") if isinstance(answer, dict) else None) == expected


def test_signatures_can_be_left_unverified() -> None:
    """With an empty secret a signature must be there, and any will do."""
    fake = Fake()
    for query, expected in ((STAMPED, 400), (STAMPED + "&signature=any", 200)):
        status, _, _ = _ask(fake, "GET", f"{SIGNED}?{query}", {"key": ""}, headers={"X-MBX-APIKEY": "key"})
        assert status == expected


def test_status_headers_and_body_go_out() -> None:
    """Status, headers and a JSON body arrive as given."""
    fake = Fake((429, {"X-MBX-USED-WEIGHT-1M": "2401", "Retry-After": "7"}, {"code": -1003, "msg": "wait"}))
    status, headers, text = _ask(fake, "GET", "/fapi/v1/time")
    assert (status, text) == (429, '{"code":-1003,"msg":"wait"}')
    assert headers["X-MBX-USED-WEIGHT-1M"] == "2401"
    assert headers["Retry-After"] == "7"
    assert headers["Content-Type"] == "application/json;charset=UTF-8"


@pytest.mark.parametrize(
    ("text", "kind"), [("<html>no</html>", "text/html"), ("Service Unavailable.", "text/plain")]
)
def test_a_body_of_text_goes_out_as_it_is(text: str, kind: str) -> None:
    """What is no JSON on the wire is none here either."""
    status, headers, got = _ask(Fake((503, {}, text)), "GET", "/fapi/v1/time")
    assert (status, got) == (503, text)
    assert headers["Content-Type"].startswith(kind)


def test_silence_lasts_until_the_client_gives_up() -> None:
    """Status 0 is never answered; the connection ends with the client, and the next request gets a new one."""
    fake = Fake((0, {}, None))

    async def program(session: aiohttp.ClientSession) -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        with pytest.raises(asyncio.TimeoutError):
            async with session.get(HOST + "/fapi/v1/time", timeout=aiohttp.ClientTimeout(total=2)):
                pass
        gave_up_s = loop.time()
        await asyncio.sleep(1)
        handlers = [task for task in asyncio.all_tasks() if "RequestHandler" in repr(task)]
        fake.answer = (200, {}, {})
        async with session.get(HOST + "/fapi/v1/time") as response:
            assert response.status == 200
        return gave_up_s, len(handlers)

    assert _with(fake, program) == (2.0, 0)


def test_a_client_without_patience_limit_is_cut_off_in_the_end() -> None:
    """After ten minutes of silence the connection is cut, so that no run waits for ever.

    Not a GET: aiohttp itself sends one of those again, once, when its connection is cut.
    """

    async def program(session: aiohttp.ClientSession) -> float:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            async with session.post(HOST + "/fapi/v1/time", timeout=aiohttp.ClientTimeout(total=None)):
                pass
        return asyncio.get_running_loop().time()

    assert _with(Fake((0, {}, None)), program) == 600.0


def test_nothing_but_the_application_can_be_reached() -> None:
    """A session that is not bound to the pipe raises before it leaves virtual time."""

    async def main() -> None:
        async with served(make_application(Fake(), {})), aiohttp.ClientSession() as session:
            with pytest.raises(RealWorldCall):
                async with session.get("http://127.0.0.1:1/fapi/v1/time"):
                    pass

    run_virtual(main(), loop=PipedLoop())


# -- streams --------------------------------------------------------------------------------------------------

STREAMS = "wss://fstream.binance.com"


async def _feed(fake: Fake, name: str, event: dict[str, Any]) -> None:
    await asyncio.sleep(0.001)
    fake.feeds[name](event)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/ws/btcusdt@aggTrade", "btcusdt@aggTrade"),
        ("/market/ws/btcusdt@markPrice@1s", "btcusdt@markPrice@1s"),
        ("/public/ws/btcusdt@bookTicker", "btcusdt@bookTicker"),
        ("/ws/LISTEN", "LISTEN"),
        ("/ws?listenKey=LISTEN", "LISTEN"),
        ("/private/ws?listenKey=LISTEN", "LISTEN"),
        ("/private/ws/LISTEN", "LISTEN"),
    ],
)
def test_streams_are_named_by_their_address(url: str, name: str) -> None:
    """Each address that clients use leads to its stream, whose events come as they are."""
    fake = Fake()

    async def program(session: aiohttp.ClientSession) -> Any:
        async with session.ws_connect(STREAMS + url) as socket:
            await _feed(fake, name, {"e": "event"})
            return await socket.receive_json()

    assert _with(fake, program) == {"e": "event"}
    assert fake.feeds == {}


def test_combined_streams_say_which_one_speaks() -> None:
    """/stream?streams= wraps each event with its stream's name."""
    fake = Fake()

    async def program(session: aiohttp.ClientSession) -> Any:
        async with session.ws_connect(STREAMS + "/stream?streams=a@trade/b@trade") as socket:
            await _feed(fake, "b@trade", {"e": "event"})
            return await socket.receive_json()

    assert _with(fake, program) == {"stream": "b@trade", "data": {"e": "event"}}


def test_streams_can_be_changed_by_message() -> None:
    """SUBSCRIBE, LIST_SUBSCRIPTIONS and UNSUBSCRIBE are answered with their id; nonsense with an error."""
    fake = Fake()

    async def program(session: aiohttp.ClientSession) -> list[Any]:
        heard = []
        async with session.ws_connect(STREAMS + "/ws") as socket:
            for message in (
                '{"method":"SUBSCRIBE","params":["a@trade","b@trade"],"id":1}',
                '{"method":"UNSUBSCRIBE","params":["a@trade"],"id":2}',
                '{"method":"LIST_SUBSCRIPTIONS","id":3}',
                '{"method":"DANCE","id":4}',
                '{"method":"SUBSCRIBE","params":7,"id":5}',
                "[]",
                "{",
            ):
                await socket.send_str(message)
                heard.append(await socket.receive_json())
        return heard

    heard = _with(fake, program)
    assert heard[:3] == [
        {"result": None, "id": 1},
        {"result": None, "id": 2},
        {"result": ["b@trade"], "id": 3},
    ]
    assert [answer["error"]["code"] for answer in heard[3:]] == [2, 2, 3, 3]


def test_the_server_pings_and_cuts_who_does_not_answer() -> None:
    """A connection that answers pings stays; one that does not is closed."""

    async def program(session: aiohttp.ClientSession) -> tuple[bool, bool]:
        async with session.ws_connect(STREAMS + "/ws") as socket:
            listening = asyncio.create_task(socket.receive())
            await asyncio.sleep(3600)
            stays = not socket.closed
            listening.cancel()
        async with session.ws_connect(STREAMS + "/ws", autoping=False) as deaf:
            await asyncio.sleep(1)
            kinds = [(await deaf.receive()).type for _ in range(2)]
        return stays, aiohttp.WSMsgType.PING in kinds and kinds[-1] is not aiohttp.WSMsgType.PING

    assert _with(Fake(), program) == (True, True)
