"""What one intent's orders are called, how long they are asked for and cancelled, and when its position is flat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.intent_orders import Bracket, IntentOrders
from sim.execution.journal import IntentEntry, IntentJournal
from sim.execution.lookup import Sighting
from sim.execution.order_news import OrderNews
from sim.execution.patience import ReplyTimes
from sim.execution.policy_keys import Settings
from sim.execution.values import dollars

LONG = Bracket("i1", "BTCUSDT", "buy", Decimal("0.5"))


class Client:
    """Answer looks, cancels and positions from lists, the last one for ever; note when each came."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[float, str]] = []

    def _next(self, kind: str) -> Any:
        self.asked.append((round(asyncio.get_running_loop().time(), 3), kind))
        waiting = self.answers[kind]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def futures_position_information(self, *, symbol: str) -> Any:
        amount = self._next("position")
        return amount if amount is None else [{"symbol": symbol, "positionAmt": amount}]

    async def _signed_request(self, method: str, path: str, params: dict[str, Any]) -> Any:
        return self._next("look" if method == "GET" else "cancel")

    def times(self, kind: str) -> list[float]:
        return [at_s for at_s, what in self.asked if what == kind]


def orders(client: Client, store: Any = None, bracket: Bracket = LONG, **keys: Any) -> IntentOrders:
    told: list[Any] = []
    executor: Any = SimpleNamespace(news=OrderNews(), replies=ReplyTimes(), emit=told.append, told=told)
    settings = Settings(**{"use_user_stream": False, "conditional_endpoint": "order", **keys})
    return IntentOrders(executor, client, settings, bracket, IntentJournal(store))


NEW = {"orderId": 7, "status": "NEW", "executedQty": "0"}
FILLED = {"orderId": 7, "status": "FILLED", "executedQty": "0.5", "avgPrice": "99"}
GONE = {"orderId": 7, "status": "CANCELED"}
DOWN = LookupError("down")


@pytest.mark.parametrize(("side", "sign", "exit_side"), [("buy", 1, "SELL"), ("sell", -1, "BUY")])
def test_a_position_is_closed_from_the_other_side(side: str, sign: int, exit_side: str) -> None:
    """+1 for a long, -1 for a short."""
    bracket = LONG._replace(side=side)
    assert (bracket.sign, bracket.exit_side) == (sign, exit_side)


def test_cancels_come_ever_slower_and_what_is_left_is_told() -> None:
    """After 0.2 s, doubled up to 5 s; nothing is waited for after the last."""
    own = orders(Client(cancel=[DOWN]))

    async def main() -> tuple[list[str], float]:
        left = await own.cancel_until_gone(["a", "b"], 8)
        return left, round(asyncio.get_running_loop().time(), 3)

    assert run_virtual(main()) == (["a", "b"], 16.2)
    client: Any = own.client
    assert client.times("cancel")[::2] == [0.0, 0.2, 0.6, 1.4, 3.0, 6.2, 11.2, 16.2]
    told: Any = own.executor
    assert [event.message for event in told.told] == ["a may still rest", "b may still rest"]


def test_only_what_is_left_is_cancelled_again() -> None:
    """And nothing where the stream said that it ended; the stream is given a moment for that."""
    own = orders(Client(cancel=[DOWN, GONE]), use_user_stream=True)
    own.executor.news.expect("a", "b", "c")
    event = {"e": "ORDER_TRADE_UPDATE", "o": {"c": "c", "X": "CANCELED", "i": 7, "z": "0"}}

    async def main() -> list[str]:
        asyncio.get_running_loop().call_later(0.1, own.executor.news.handle, event)
        return await own.cancel_until_gone(["a", "b", "c"], 3)

    assert run_virtual(main()) == []
    client: Any = own.client
    assert client.times("cancel") == [0.1, 0.1, 0.3]
    silent = orders(Client(cancel=[GONE]), use_user_stream=True)
    run_virtual(silent.cancel_until_gone(["a"], 3))
    assert silent.client.times("cancel") == [0.15]
    run_virtual(orders(Client(), use_user_stream=True).cancel_until_gone([], 3))


@pytest.mark.parametrize(
    ("patience_s", "looks_s"),
    [(0.0, [0.0]), (1.0, [0.0, 0.2, 0.6]), (5.0, [0.0, 0.2, 0.6, 1.4, 2.4, 3.4, 4.4])],
)
def test_an_order_is_looked_for_as_long_as_there_is_patience(patience_s: float, looks_s: list[float]) -> None:
    """Ever slower up to the cap; no look comes after the patience has ended."""
    own = orders(Client(look=[NEW]), look_up_base_sec=0.2, look_up_growth=2.0, look_up_cap_sec=1.0)
    seen = run_virtual(own.look_until("a", lambda seen: seen.executed > 0.0, patience_s, conditional=False))
    assert seen.status == "NEW"
    assert own.client.times("look") == looks_s


def test_a_look_ends_with_what_is_enough_or_was_heard() -> None:
    """Seen at the third look; heard of before any; heard of between two, which is then the answer at once."""

    def filled(seen: Sighting) -> bool:
        return seen.executed > 0.0

    own = orders(Client(look=[NEW, NEW, FILLED]), look_up_base_sec=0.2, look_up_growth=1.0)
    assert run_virtual(own.look_until("a", filled, 9.0, conditional=False)).executed == 0.5
    assert own.client.times("look") == [0.0, 0.2, 0.4]
    event = {"e": "ORDER_TRADE_UPDATE", "o": {"c": "a", "X": "FILLED", "i": 7, "z": "0.4", "ap": "99"}}
    heard = orders(Client(look=[NEW]), look_up_base_sec=0.5)
    heard.executor.news.expect("a")

    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        loop.call_later(0.3, heard.executor.news.handle, event)
        seen = await heard.look_until("a", filled, 9.0, conditional=True)
        again = await heard.look_until("a", filled, 9.0, conditional=True)
        assert again.executed == 0.4
        return seen.executed, round(loop.time(), 3)

    assert run_virtual(main()) == (0.4, 0.3)
    assert heard.client.times("look") == [0.0]


@pytest.mark.parametrize(
    ("amounts", "side", "flat", "held", "twice"),
    [
        (["0"], "buy", True, False, True),
        (["0.5"], "buy", False, True, False),
        (["-0.5"], "sell", False, True, False),
        (["-0.5"], "buy", True, False, True),
        (["0", "0.5"], "buy", False, True, True),
        ([None], "buy", False, False, False),
        (["0", None], "buy", False, False, True),
    ],
)
def test_a_position_is_flat_when_two_reads_say_so(
    amounts: Any, side: str, flat: bool, held: bool, twice: bool
) -> None:
    """Half a second apart; what cannot be read is not flat, and the other side's position is not this one."""
    own = orders(Client(position=list(amounts)), bracket=LONG._replace(side=side))
    assert run_virtual(own.is_flat()) is flat
    assert own.was_held is held
    assert own.client.times("position") == (
        [0.0] if amounts[0] not in ("0", "-0.5") or (side == "sell") else [0.0, 0.5]
    )


def test_a_flat_position_has_left_where_it_was_seen_or_an_exit_was_executed() -> None:
    """Read as open before; an exit heard of; an exit found by a look.  The entry's own fill does not count."""

    def told(name: str) -> Callable[[IntentOrders], None]:
        body = {"c": name, "X": "FILLED", "i": 7, "z": "0.5"}
        return lambda own: own.executor.news.handle({"e": "ORDER_TRADE_UPDATE", "o": body})

    def seen(own: IntentOrders) -> None:
        own.was_held = True

    steps = [(seen, True), (told("i1-s"), True), (told("i1-e"), False), (lambda own: None, False)]
    for step, left in steps:
        own = orders(Client(position=["0"], look=[NEW]))
        own.entry_id = own.new_id("entry")
        own.resting.append(own.new_id("sl"))
        step(own)
        assert run_virtual(own.is_surely_flat()) is left
    found = orders(Client(position=["0"], look=[NEW, FILLED]))
    found.resting = ["a", "b"]
    assert run_virtual(found.is_surely_flat())
    assert found.client.times("look") == [0.5, 0.5]


def test_names_are_numbered_by_kind_and_listened_for() -> None:
    """Those of an earlier process are gone on from."""
    own = orders(Client())
    assert [own.new_id(kind) for kind in ("entry", "sl", "sl", "exit")] == ["i1-e", "i1-s", "i1-s1", "i1-x"]
    assert not own.executor.news.expect("i1-s1")
    own.forget()
    assert own.executor.news.expect("i1-e", "i1-s", "i1-s1", "i1-x")
    entry = IntentEntry(
        intent_id="i1", symbol="BTCUSDT", side="buy", quantity="0.5", filled="0.2", entry_id="i1-e", stop_id="i1-s1",
        stop={"stopPrice": "99"}, numbers={"entry": 1, "sl": 2}, conditional_ids=("i1-s", "i1-s1"),
    )  # fmt: skip
    store: dict[str, str] = {}
    later = orders(Client(), store)
    later.adopt(entry)
    assert (later.filled, later.fill_is_final, later.stop_id) == (Decimal("0.2"), False, "i1-s1")
    assert later.stop is not None
    assert (later.stop.params, later.stop.required) == ({"stopPrice": "99"}, True)
    assert not later.executor.news.expect("i1-s")
    assert later.new_id("sl") == "i1-s2"
    later.write()
    (written,) = IntentJournal(store).entries()
    assert written.numbers == {"entry": 1, "sl": 3}
    later.forget()
    assert (store, later.executor.news.expect("i1-e")) == ({}, True)


def test_the_time_to_protection_runs_from_when_it_was_started() -> None:
    """By the loop's clock."""

    async def main() -> float:
        own = orders(Client(), protect_deadline_sec=4.0)
        await asyncio.sleep(2.0)
        own.start_deadline()
        return own.deadline_s

    assert run_virtual(main()) == 6.0


@pytest.mark.parametrize(
    ("price", "text"), [(1.5, "$1.50"), (1.0, "$1.00"), (0.99, "$0.99000000"), (-2.0, "$-2.00")]
)
def test_a_price_below_one_is_written_to_the_last_digit(price: float, text: str) -> None:
    """Two decimals tell two of them not apart."""
    assert dollars(price) == text


def test_at_first_nothing_is_known_and_nothing_rests() -> None:
    """Neither filled nor closing, and no deadline runs."""
    own = orders(Client())
    assert (own.filled, own.fill_price, own.fill_is_final, own.deadline_s) == (Decimal(0), 0.0, True, 0.0)
    assert (own.stop, own.stop_id, own.entry_id, own.resting, own.further) == (None, "", "", [], [])
    assert [own.flat, own.closing, own.was_held, own.over] == [False] * 4
    own.closing = True
    assert own.over
    own.closing, own.flat = False, True
    assert own.over


@pytest.mark.parametrize(("executed", "left"), [("0.5", True), ("0", False)])
def test_a_resting_order_that_was_executed_tells_that_the_position_was_there(
    executed: str, left: bool
) -> None:
    """It is looked for where conditional orders live."""
    asked: list[str] = []

    class Paths(Client):
        async def _signed_request(self, method: str, path: str, params: dict[str, Any]) -> Any:
            asked.append(f"{method} {path.rpartition('/')[2]}")
            return self._next("look")

    look = {"algoId": 7, "algoStatus": "FINISHED", "actualQty": executed, "executedQty": executed}
    own = orders(Paths(look=[look]), conditional_endpoint="algo")
    own.resting = ["i1-s"]
    assert run_virtual(own.has_left()) is left
    assert asked[0] == "GET algoOrder"
