"""The limiter: fixed windows, a reserve for exits, silence while the venue says so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.errors import HeldBack
from sim.execution.outcome_classes import outcome_class
from sim.execution.outcomes import Failure, attempt_within
from sim.execution.rate_limiter import GlobalRateLimiter, LimitedClient
from tests.execution.venue_fake import VenueError

pytestmark = pytest.mark.usefixtures("wall_clock")


async def waited_s(limiter: GlobalRateLimiter, weight: int, orders: int, priority: Any) -> float:
    loop = asyncio.get_running_loop()
    before_s = loop.time()
    await limiter.acquire(weight, orders, priority)
    return loop.time() - before_s


def test_entries_wait_for_the_next_minute_while_exits_still_pass() -> None:
    """Weight: of 100 at 0.9 and a reserve of 0.3, entries get 63 and exits 90."""

    async def main() -> list[float]:
        limiter = GlobalRateLimiter(weight_per_min=100)
        waits = [await waited_s(limiter, 63, 0, "entry"), await waited_s(limiter, 27, 0, "exit")]
        return [*waits, await waited_s(limiter, 1, 0, "exit"), await waited_s(limiter, 60, 0, "entry")]

    assert run_virtual(main()) == pytest.approx([0.0, 0.0, 60.05, 0.0])


def test_orders_wait_for_the_next_ten_seconds_and_the_next_minute() -> None:
    """The shorter window rolls first; the longer one still counts."""

    async def main() -> list[float]:
        limiter = GlobalRateLimiter(orders_per_10s=10, orders_per_min=20, share=1.0, exit_reserve=0.0)
        waits = [await waited_s(limiter, 0, 10, "entry") for _ in range(3)]
        return [*waits, await waited_s(limiter, 5, 0, "entry")]

    assert run_virtual(main()) == pytest.approx([0.0, 10.05, 50.0, 0.0])


def test_a_request_larger_than_the_limit_leaves_alone() -> None:
    """It could never pass otherwise: an empty window lets it out."""

    async def main() -> float:
        return await waited_s(GlobalRateLimiter(weight_per_min=10), 50, 0, "entry")

    assert run_virtual(main()) == 0.0


def test_everybody_stays_away_as_long_as_told() -> None:
    """The longest silence asked for counts, for exits too."""

    async def main() -> float:
        limiter = GlobalRateLimiter()
        limiter.stay_away(30.0)
        limiter.stay_away(5.0)
        return await waited_s(limiter, 1, 0, "exit")

    assert run_virtual(main()) == 30.0


def test_the_venues_own_count_is_believed_where_it_is_higher() -> None:
    """Others ask from the same address; a header that is no number says nothing."""

    async def main() -> float:
        limiter = GlobalRateLimiter(weight_per_min=100, share=1.0, exit_reserve=0.0)
        limiter.observe({"X-MBX-USED-WEIGHT-1M": "99", "Date": "today"})
        limiter.observe({"x-mbx-used-weight-1m": "3"})
        limiter.observe({"x-mbx-used-weight-1m": "many"})
        return await waited_s(limiter, 2, 0, "entry")

    assert run_virtual(main()) == pytest.approx(60.05)


def test_limits_are_learnt_from_the_exchange_information() -> None:
    """Known spans are taken, others and nonsense are not."""
    limiter = GlobalRateLimiter()
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
        {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 150},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 1},
        {"rateLimitType": "ORDERS", "limit": "many"},
        "nonsense",
    ]
    limiter.learn_limits({"rateLimits": limits})
    limiter.learn_limits({})
    limiter.learn_limits(None)
    assert (limiter._weight.limit, [window.limit for window in limiter._orders]) == (6000, [50, 150])


class Client:
    """Record when calls arrive; refuse those that a script names."""

    base = "https://fapi"

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.arrived: list[tuple[str, float]] = []
        self.response: Any = None

    def _note(self, name: str) -> dict[str, Any]:
        self.arrived.append((name, asyncio.get_running_loop().time()))
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        return {"orderId": 1}

    async def futures_create_order(self, **params: Any) -> Any:
        return self._note("create")

    async def futures_symbol_ticker(self, **params: Any) -> Any:
        return self._note("ticker")

    async def futures_exchange_info(self) -> Any:
        self._note("info")
        return {
            "rateLimits": [{"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 1}]
        }

    async def _signed_request(self, method: str, path: str, params: dict[str, Any] | None = None) -> Any:
        return self._note(f"{method} {path}")

    def close_connection(self) -> str:
        return "closed"


def test_a_limited_client_is_the_client_but_for_its_calls() -> None:
    """Attributes and other methods pass through; a call's wrapper is made once."""
    client = Client()
    limited = LimitedClient(client, GlobalRateLimiter())
    assert (limited.base, limited.close_connection()) == ("https://fapi", "closed")
    assert limited.futures_create_order is limited.futures_create_order
    with pytest.raises(AttributeError):
        limited.futures_no_such_call  # noqa: B018


@pytest.mark.parametrize(
    ("error", "away_s"),
    [
        (VenueError(-1003, "Too many requests."), 4.0),
        (VenueError(-1015, "Too many new orders."), 4.0),
        (VenueError(-1003, "Way too many requests; IP banned until 0000000190000."), 130.0),
        (VenueError(-1003, "told"), 7.0),
        (VenueError(-2021, "Order would immediately trigger."), 0.0),
    ],
    ids=["untold", "orders", "banned until", "retry after", "another refusal"],
)
def test_a_refusal_for_too_many_requests_silences_everybody(error: VenueError, away_s: float) -> None:
    """429 and 418: as long as told by header or text, else for a while; other refusals silence nobody."""
    if error.message == "told":
        error.status_code, error.headers = 429, {"Retry-After": "7"}  # type: ignore[attr-defined]

    async def main() -> float:
        client = Client(error)
        limited = LimitedClient(client, GlobalRateLimiter())
        with pytest.raises(VenueError):
            await limited.futures_create_order(symbol="BTCUSDT")
        await limited._signed_request("GET", "/fapi/v3/positionRisk", {})
        return client.arrived[1][1]

    assert run_virtual(main()) == pytest.approx(away_s)


def test_headers_and_exchange_information_teach_the_limiter() -> None:
    """The response of the last call and the reply of futures_exchange_info are read."""

    async def main() -> list[tuple[str, float]]:
        client = Client()
        limited = LimitedClient(client, GlobalRateLimiter(share=1.0, exit_reserve=0.0))
        await limited.futures_exchange_info()
        await limited.futures_create_order(symbol="BTCUSDT")
        await limited._signed_request("POST", "/fapi/v1/order", {"reduceOnly": "true"})
        client.response = type("Response", (), {"headers": {"X-MBX-USED-WEIGHT-1M": "2400"}})()
        await limited.futures_symbol_ticker(symbol="BTCUSDT")
        await limited._signed_request("GET", "/fapi/v1/order")
        return client.arrived

    times = [at_s for _, at_s in run_virtual(main())]
    assert times == pytest.approx([0.0, 0.0, 10.05, 10.05, 60.05])


def test_exits_go_before_entries_through_a_limited_client() -> None:
    """With the entries' share used up, a reduce-only order leaves at once and an entry waits."""

    async def main() -> list[tuple[str, float]]:
        client = Client()
        limited = LimitedClient(client, GlobalRateLimiter(orders_per_10s=10, share=1.0, exit_reserve=0.5))
        for _ in range(5):
            await limited.futures_create_order(symbol="BTCUSDT")
        entry = asyncio.create_task(limited.futures_create_order(symbol="BTCUSDT"))
        await limited.futures_create_order(symbol="BTCUSDT", closePosition="true")
        await entry
        return client.arrived

    times = [at_s for _, at_s in run_virtual(main())]
    assert times[5:] == pytest.approx([0.0, 10.05])


def test_an_attempt_held_back_is_not_taken_for_silence() -> None:
    """Its time begins when it leaves: a second of patience outlasts a wait of nine; then it runs out as ever."""

    async def main() -> list[Any]:
        client = Client()
        limiter = GlobalRateLimiter()
        limited = LimitedClient(client, limiter)
        limiter.stay_away(9.0)
        answered = await attempt_within(1.0, limited.futures_create_order, symbol="BTCUSDT")

        async def hang(**params: Any) -> Any:
            await asyncio.sleep(100.0)

        client.futures_create_order = hang  # type: ignore[method-assign]
        limiter.stay_away(9.0)
        started_s = asyncio.get_running_loop().time()
        silent = await attempt_within(
            1.0, LimitedClient(client, limiter).futures_create_order, symbol="BTCUSDT"
        )
        return [answered, silent, asyncio.get_running_loop().time() - started_s]

    answered, silent, took_s = run_virtual(main())
    assert answered == {"orderId": 1}
    assert isinstance(silent, Failure)
    assert (silent.kind, took_s) == ("silent", pytest.approx(10.0))


@pytest.mark.parametrize(("reduces", "sent"), [("false", 0), ("true", 1)])
def test_an_entry_that_would_wait_too_long_is_not_sent_and_certainly_not_applied(
    reduces: str, sent: int
) -> None:
    """Its price would be stale; an exit waits as long as it takes."""

    async def main() -> tuple[Any, int]:
        client = Client()
        limiter = GlobalRateLimiter(entry_patience_s=2.0)
        limiter.stay_away(9.0)
        limited = LimitedClient(client, limiter)
        reply = await attempt_within(1.0, limited.futures_create_order, symbol="BTCUSDT", reduceOnly=reduces)
        return reply, len(client.arrived)

    reply, arrived = run_virtual(main())
    assert arrived == sent
    if not sent:
        assert outcome_class(reply) == "documented"


EXIT = {"reduceOnly": "true"}


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "cost"),
    [
        ("futures_position_information", (), {}, (5, 0, "exit")),
        ("futures_account", (), {}, (5, 0, "exit")),
        ("futures_account_balance", (), {}, (5, 0, "exit")),
        ("futures_get_all_orders", (), {}, (5, 0, "exit")),
        ("futures_get_order", (), {}, (1, 0, "exit")),
        ("futures_symbol_ticker", (), {}, (1, 0, "entry")),
        ("futures_mark_price", (), {}, (1, 0, "entry")),
        ("futures_exchange_info", (), {}, (1, 0, "entry")),
        ("futures_klines", (), {}, (1, 0, "entry")),
        ("futures_create_order", (), {}, (0, 1, "entry")),
        ("futures_create_order", (), EXIT, (0, 1, "exit")),
        ("futures_create_order", (), {"reduceOnly": "false"}, (0, 1, "entry")),
        ("futures_create_algo_order", (), {"closePosition": True}, (0, 1, "exit")),
        ("futures_place_batch_order", (), {}, (5, 1, "entry")),
        ("_signed_request", ("POST", "/fapi/v1/order", EXIT), {}, (0, 1, "exit")),
        ("_signed_request", ("POST", "/fapi/v1/order", {}), {}, (0, 1, "entry")),
        ("_signed_request", ("POST", "/fapi/v1/order"), {}, (0, 1, "entry")),
        ("_signed_request", ("GET", "/fapi/v1/order", {}), {}, (1, 0, "exit")),
        ("_request_futures_api", ("post", "algoOrder", True, 1), {"data": EXIT}, (0, 1, "exit")),
        ("_request_futures_api", ("get", "positionRisk", True, 3), {"data": {}}, (5, 0, "exit")),
        ("_signed_request", ("DELETE", "/fapi/v1/order", {}), {}, (1, 0, "exit")),
        ("_signed_request", ("GET", "/fapi/v3/positionRisk", {}), {}, (5, 0, "exit")),
    ],
)
def test_each_call_has_its_weight_and_its_place(name: str, args: Any, kwargs: Any, cost: Any) -> None:
    """Weights are the documented ones (binance-facts 4); orders are counted, exits and look-ups go before entries."""
    asked: list[Any] = []

    class Recorder(GlobalRateLimiter):
        def take(self, weight: int, orders: int, priority: Any) -> float:
            asked.append((weight, orders, priority))
            return 0.0

    class Anything:
        def __getattr__(self, name: str) -> Any:
            return lambda *args, **kwargs: {}

    run_virtual(getattr(LimitedClient(Anything(), Recorder()), name)(*args, **kwargs))
    assert asked == [cost]


def test_the_documented_limits_hold_where_nothing_else_was_said() -> None:
    """2400 of weight and 1200 orders a minute, 300 orders in ten seconds; 0.9 of it, and 0.3 of that for exits."""

    async def main() -> list[float]:
        waits = []
        for weight, orders in ((1, 0), (0, 1)):
            for priority, most in (("entry", 0.63), ("exit", 0.9)):
                limiter = GlobalRateLimiter()
                limit = 2400 if weight else 300
                full = int(limit * most)
                now_s = asyncio.get_running_loop().time()
                await asyncio.sleep(60.0 - now_s % 60.0)
                waits.append(await waited_s(limiter, weight * full, orders * full, priority))
                waits.append(await waited_s(limiter, weight, orders, priority))
        return waits

    assert run_virtual(main()) == pytest.approx([0.0, 60.05, 0.0, 60.05, 0.0, 10.05, 0.0, 10.05])


def test_a_shorter_stay_away_does_not_shorten_a_longer_one() -> None:
    """The longest that was said holds."""

    async def main() -> float:
        limiter = GlobalRateLimiter()
        limiter.stay_away(5.0)
        limiter.stay_away(1.0)
        return await waited_s(limiter, 1, 0, "exit")

    assert run_virtual(main()) == 5.0


@pytest.mark.parametrize(
    ("orders", "priority", "away_s", "sent"),
    [(1, "entry", 2.0, True), (1, "entry", 2.1, False), (0, "entry", 9.0, True), (1, "exit", 9.0, True)],
)
def test_only_an_entry_has_no_patience(orders: int, priority: Any, away_s: float, sent: bool) -> None:
    """As long as it may wait, it waits; reads and exits as long as it takes."""

    async def main() -> float:
        limiter = GlobalRateLimiter(entry_patience_s=2.0)
        limiter.stay_away(away_s)
        return await waited_s(limiter, 1, orders, priority)

    if sent:
        assert run_virtual(main()) == pytest.approx(away_s)
    else:
        with pytest.raises(HeldBack, match=r"held back by the limiter for 2\.1 s"):
            run_virtual(main())


@pytest.mark.parametrize(
    ("status", "away"), [(418, True), (429, True), (403, True), (400, False), (503, False)]
)
def test_the_status_alone_tells_to_stay_away(status: int, away: bool) -> None:
    """Without a code: a ban, a throttle, or a firewall."""

    class Refused(Exception):
        status_code = status

    async def main() -> float:
        limiter = GlobalRateLimiter()
        limited = LimitedClient(Client(Refused("no")), limiter)  # type: ignore[arg-type]
        with pytest.raises(Refused):
            await limited.futures_symbol_ticker(symbol="BTCUSDT")
        return limiter.take(1, 0, "exit")

    assert run_virtual(main()) == (pytest.approx(4.0) if away else 0.0)


def test_a_limiter_of_the_callers_own_is_asked_and_a_plain_client_is_served() -> None:
    """Its acquire counts and not the built-in one; methods that are no coroutines, and headers that are none, pass."""
    asked: list[Any] = []

    class Own(GlobalRateLimiter):
        async def acquire(self, weight: int, orders: int, priority: Any) -> None:
            asked.append((weight, orders, priority))

    class Plain:
        response = type("Response", (), {"headers": "none"})()

        def futures_account(self) -> str:
            return "mine"

        def futures_klines(self) -> Any:
            return asyncio.ensure_future(asyncio.sleep(0.0, "bars"))

    async def main() -> list[Any]:
        limited = LimitedClient(Plain(), Own())
        return [await limited.futures_account(), await limited.futures_klines()]

    assert run_virtual(main()) == ["mine", "bars"]
    assert asked == [(5, 0, "exit"), (1, 0, "entry")]
