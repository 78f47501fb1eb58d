"""User data streams: the life of a listen key, who hears what and when, and the shapes on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.account import Account
from sim.exchange.events import VenueEvent
from sim.exchange.latency import Constant, Leg, Lognormal
from sim.exchange.replies import Refusal
from sim.exchange.stream import LISTEN_KEY_US, UserStreams

EPOCH_US = 1_705_276_800_000_000
FIVE_MS = Constant(law="constant", ms=5.0)
ORDER_FIELDS = {
    "s", "c", "S", "o", "f", "q", "p", "ap", "sp", "x", "X", "i", "l", "z", "L", "n", "N", "T", "t", "b", "a", "m",
    "R", "wt", "ot", "ps", "cp", "pP", "si", "ss", "rp", "V", "pm", "gtd", "er",
}  # fmt: skip
ALGO_FIELDS = {
    "caid", "aid", "at", "o", "s", "S", "ps", "f", "q", "X", "ai", "ap", "aq", "act", "tp", "p", "V", "wt", "pm",
    "cp", "pP", "R", "tt", "gtd", "rm",
}  # fmt: skip
"""Fields of the two order events (binance-facts 10)."""


class Ear:
    """Listen to the account of a desk and note what comes, with the time in µs."""

    def __init__(self, desk: Any, law: Any = FIVE_MS, seed: int = 1, **keywords: Any) -> None:
        self.desk = desk
        self.streams = UserStreams(
            desk.loop, EPOCH_US, Leg(law, seed, "latency.stream", 0.3), seed,
            lambda symbol: desk.path.mark(desk.loop.now_us), **keywords,
        )  # fmt: skip
        desk.venue.publish = self.streams.publish
        self.key = self.streams.open(desk.account)
        self.heard: list[tuple[int, dict[str, Any]]] = []
        self.detach = self.streams.attach(self.key, self.note)

    def note(self, event: dict[str, Any]) -> None:
        self.heard.append((self.desk.loop.now_us, event))

    @property
    def names(self) -> list[str]:
        return [event["e"] for _, event in self.heard]


def test_a_key_lives_an_hour_and_is_given_again(desk: Any) -> None:
    """Asking again while a key lives returns it and prolongs it; afterwards there is a new one."""
    ear = Ear(desk)
    assert len(ear.key) == 64
    desk.loop.run_until(LISTEN_KEY_US - 1)
    assert ear.streams.open(desk.account) == ear.key
    desk.loop.run_until(2 * LISTEN_KEY_US - 2)
    assert ear.streams.keep_alive(desk.account) == ear.key
    desk.loop.run_until(4 * LISTEN_KEY_US)
    assert ear.names == ["listenKeyExpired"]
    assert ear.heard[0][0] == 3 * LISTEN_KEY_US - 2 + 5000
    assert ear.heard[0][1]["listenKey"] == ear.key
    assert ear.streams.open(desk.account) != ear.key


def test_a_key_that_does_not_live(desk: Any) -> None:
    """It cannot be kept alive (-1125), nobody can attach to it, and closing it is no error."""
    ear = Ear(desk)
    ear.streams.close(desk.account)
    ear.streams.close(desk.account)
    with pytest.raises(Refusal) as caught:
        ear.streams.keep_alive(desk.account)
    assert caught.value.code == -1125
    assert ear.streams.attach(ear.key, ear.note) is None
    desk.buy()
    desk.run_to(1)
    assert ear.heard == []


def test_keys_are_drawn_by_account_and_seed(desk: Any) -> None:
    """Another account or another seed has another key; the same ones have the same."""
    keys = [
        Ear(desk, seed=seed).streams.open(Account(number, 1.0))
        for seed, number in ((1, 1), (1, 2), (2, 1), (1, 1))
    ]
    assert keys[0] == keys[3]
    assert len(set(keys)) == 3


def test_only_the_own_account_is_heard(desk: Any) -> None:
    """Events of another account, and events after the end of the connection, are not delivered."""
    ear = Ear(desk)
    other = Account(2, 1.0)
    desk.venue.publish(VenueEvent("leverage", 0, other, None, price=5, symbol="BTCUSDT"))
    desk.run_to(1)
    assert ear.heard == []
    desk.buy()
    ear.detach()
    desk.run_to(2)
    assert ear.heard == []


def test_an_execution_is_told_in_full(desk: Any) -> None:
    """NEW, TRADE_LITE, TRADE and ACCOUNT_UPDATE in this order, 5 ms after the change, with the change's own T."""
    ear = Ear(desk)
    desk.run_to(1)
    desk.buy(newClientOrderId="entry-1")
    desk.run_to(2)
    assert ear.names == ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"]
    assert {at_us for at_us, _ in ear.heard} == {1_005_000}
    assert {event["T"] for _, event in ear.heard} == {(EPOCH_US + 1_000_000) // 1000}
    new, lite, trade, account = [event for _, event in ear.heard]
    assert (new["o"]["x"], new["o"]["X"], new["o"]["z"]) == ("NEW", "NEW", "0")
    assert "n" not in new["o"]
    assert set(lite) == set("eETsqpmcSLlti")
    assert set(trade["o"]) == ORDER_FIELDS
    assert (trade["o"]["c"], trade["o"]["l"], trade["o"]["L"]) == ("entry-1", "0.01", "50000")
    assert trade["o"]["t"] == lite["t"] > 0
    [position], [balance] = account["a"]["P"], account["a"]["B"]
    assert set(account["a"]) == {"m", "B", "P"}
    assert set(balance) == {"a", "wb", "cw", "bc"}
    assert set(position) == {"s", "pa", "ep", "bep", "cr", "up", "mt", "iw", "ps", "ma"}
    assert (position["pa"], position["ep"], position["mt"]) == ("0.01", "50000", "isolated")


def test_trade_lite_can_be_left_out(desk: Any) -> None:
    """Without it an execution is told by the full update alone."""
    ear = Ear(desk, lite=False)
    desk.buy()
    desk.run_to(1)
    assert ear.names == ["ORDER_TRADE_UPDATE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"]


def test_a_conditional_order_of_the_algo_endpoint(make_desk: Callable[..., Any]) -> None:
    """ALGO_UPDATE tells of its whole life; a cancelled one ends with CANCELED."""
    desk = make_desk(rules="2025-12-09", pct_per_s=-0.01)
    ear = Ear(desk)
    desk.buy()
    stop = {"side": "SELL", "type": "STOP_MARKET", "quantity": "0.010", "reduceOnly": "true"}
    desk.algo(triggerPrice="49990", clientAlgoId="stop-1", **stop)
    desk.algo(triggerPrice="40000", clientAlgoId="stop-2", **stop)
    desk.ask("DELETE", "/fapi/v1/algoOrder", clientAlgoId="stop-2")
    desk.run_to(5)
    algo = [event["o"] for _, event in ear.heard if event["e"] == "ALGO_UPDATE"]
    assert set(algo[0]) == ALGO_FIELDS
    life = [(row["caid"], row["X"]) for row in algo]
    assert life == [
        ("stop-1", "NEW"), ("stop-2", "NEW"), ("stop-2", "CANCELED"),
        ("stop-1", "TRIGGERING"), ("stop-1", "TRIGGERED"), ("stop-1", "FINISHED"),
    ]  # fmt: skip
    assert (algo[0]["ai"], algo[0]["tt"]) == ("", 0)
    assert algo[-1]["ai"] != ""
    assert float(algo[-1]["aq"]) == 0.01


def test_a_conditional_order_of_the_old_endpoint(make_desk: Callable[..., Any]) -> None:
    """Under the older rules the same life is told by ORDER_TRADE_UPDATE under one id."""
    desk = make_desk(rules="2025-01", pct_per_s=-0.01)
    ear = Ear(desk, lite=False)
    desk.buy()
    desk.order(side="SELL", type="STOP_MARKET", stopPrice="49990", closePosition="true")
    desk.run_to(5)
    assert "ALGO_UPDATE" not in ear.names
    stop = [
        event["o"] for _, event in ear.heard if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["i"] == 2
    ]
    assert (stop[0]["X"], stop[0]["o"], stop[0]["sp"], stop[0]["cp"]) == ("NEW", "STOP_MARKET", "49990", True)
    assert (stop[-1]["X"], stop[-1]["o"], stop[-1]["ot"]) == ("FILLED", "MARKET", "STOP_MARKET")


def test_a_trailing_stop_shows_its_own_fields(make_desk: Callable[..., Any]) -> None:
    """AP and cr stand in its updates."""
    desk = make_desk(rules="2025-01")
    ear = Ear(desk)
    desk.buy()
    desk.order(
        side="SELL", type="TRAILING_STOP_MARKET", callbackRate="1.5", quantity="0.010", reduceOnly="true"
    )
    desk.run_to(1)
    trailing = ear.heard[-1][1]["o"]
    assert (trailing["ot"], trailing["cr"], "AP" in trailing) == ("TRAILING_STOP_MARKET", "1.5", True)


def test_a_changed_leverage_is_told(make_desk: Callable[..., Any]) -> None:
    """ACCOUNT_CONFIG_UPDATE carries symbol and leverage."""
    desk = make_desk()
    ear = Ear(desk)
    desk.ask("POST", "/fapi/v1/leverage", leverage="7")
    desk.run_to(1)
    assert [event["ac"] for _, event in ear.heard] == [{"s": "BTCUSDT", "l": 7}]


def test_events_do_not_overtake_each_other(make_desk: Callable[..., Any]) -> None:
    """Delays are drawn event by event, yet one connection delivers in the order of the changes."""
    desk = make_desk()
    ear = Ear(desk, Lognormal(law="lognormal", p50_ms=20.0, p99_ms=900.0))
    for number in range(60):
        desk.run_to(0.01 * (number + 1))
        desk.buy()
    desk.run_to(60)
    times = [event["T"] for _, event in ear.heard]
    trades = [
        event["o"]["t"] for _, event in ear.heard if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["t"]
    ]
    delays = {at_us // 1000 - (event["T"] - EPOCH_US // 1000) for at_us, event in ear.heard}
    assert times == sorted(times)
    assert trades == sorted(trades)
    assert len(delays) > 20


def test_delays_do_not_depend_on_who_else_listens(make_desk: Callable[..., Any]) -> None:
    """A second connection changes nothing for the first, and hears the same at the same times."""

    def story(more: int) -> list[list[Any]]:
        desk = make_desk()
        ear = Ear(desk, Lognormal(law="lognormal", p50_ms=20.0, p99_ms=900.0))
        others: list[list[Any]] = [[] for _ in range(more)]
        for other in others:
            ear.streams.attach(ear.key, lambda event, to=other: to.append((desk.loop.now_us, event)))
        desk.buy()
        desk.run_to(30)
        return [ear.heard, *others]

    [alone], [first, second] = story(0), story(1)
    assert alone == first == second
