"""The venue's rules that go by state, as rows: what happened before, what is asked, what comes back, who says so.

As in the table of requests every row goes over the wire; here the account, its orders and the market differ.
"""
# fmt: off

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from sim.exchange.filters import RULES
from sim.exchange.matching import FillSpec
from sim.market import LinePath, MarkSpec

OLD, NEW = ("2025-01",), ("2025-12-09",)
FREE = FillSpec(half_spread_bps=0.0, spread_range_share=0.0, impact_bps=0.0, taker_fee=0.0, trigger_delay_ms=0.0)
THIN = FREE.model_copy(update={"impact_bps": 100.0, "impact_exponent": 1.0})
BUY = {"side": "BUY", "type": "MARKET", "quantity": "0.010"}
SELL = {**BUY, "side": "SELL"}
EXIT = {**SELL, "reduceOnly": "true"}
BID = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010", "price": "49000"}
ASK = {**BID, "side": "SELL", "price": "51000"}
STOP = {"side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000", "closePosition": "true"}
TARGET = {"side": "SELL", "type": "TAKE_PROFIT_MARKET", "stopPrice": "51000", "closePosition": "true"}
SIZED = {"side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000", "quantity": "0.010", "reduceOnly": "true"}
OPENING = {"side": "BUY", "type": "STOP_MARKET", "stopPrice": "51000", "quantity": "0.010"}
STOP_LIMIT = {"side": "BUY", "type": "STOP", "stopPrice": "51000", "quantity": "0.010", "price": "51100"}
TRAIL = {"side": "BUY", "type": "TRAILING_STOP_MARKET", "quantity": "0.010", "callbackRate": "1"}
RENAMED = {"stopPrice": "triggerPrice", "activationPrice": "activatePrice", "newClientOrderId": "clientAlgoId"}


class Row(NamedTuple):
    """One rule; ``call`` "conditional" is POST to the endpoint the rules version has for conditional orders."""

    name: str
    state: str
    call: str
    params: dict[str, Any]
    code: int
    text: str
    truth: str
    fact: str
    rules: tuple[str, ...] = RULES
    status: int = 400


def no(name: str, state: str, call: str, params: dict[str, Any], code: int, text: str, fact: str, *more: Any) -> Row:
    """State a refusal; a read has no truth."""
    return Row(name, state, call, params, code, text, "" if call.startswith("GET") else "not_applied", fact, *more)


def ok(name: str, state: str, call: str, params: dict[str, Any], fact: str, *more: Any, truth: str = "applied") -> Row:
    """State an acceptance."""
    truth = "" if call.startswith("GET") else truth
    return Row(name, state, call, params, 0, "", truth, fact, *more)._replace(status=200)


def also(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return ``base`` with changes."""
    return {**base, **changes}


def batch(*orders: dict[str, Any]) -> dict[str, Any]:
    """Return a batch of orders, each with its symbol."""
    return {"batchOrders": [{"symbol": "BTCUSDT", **order} for order in orders]}


POST, DEL, GET = "POST order", "DELETE order", "GET order"
COND = "conditional"
FIRE = "immediately trigger"
REDUCE = [
    no("exit while flat", "flat", POST, EXIT, -2022, "ReduceOnly Order is rejected.", "1.2b, 2.2"),
    no("exit on the wrong side", "long", POST, also(EXIT, side="BUY"), -2022, "ReduceOnly", "1.2b"),
    no("limit exit while flat", "flat", POST, also(ASK, reduceOnly="true"), -2022, "ReduceOnly", "1.2b"),
    no("sized stop while flat", "flat", COND, SIZED, -2022, "ReduceOnly", "1.2b"),
    ok("exit", "long", POST, EXIT, "2.2"),
    ok("exit larger than the position", "long", POST, also(EXIT, quantity="5"), "2.2 (cut: assumed)"),
    ok("exit of a short", "short", POST, also(EXIT, side="BUY"), "2.2"),
    no("exit beside a resting exit of all", "long ask", POST, EXIT, -2022, "ReduceOnly", "1.2b, failures F15"),
    no("limit exit beside a resting exit of all", "long ask", POST, also(ASK, reduceOnly="true", price="52000"), -2022,
       "ReduceOnly", "1.2b, failures F15"),
    ok("stop beside a resting exit of all", "long ask", COND, STOP, "2.2, failures F07"),
    no("stop for all while flat", "flat", COND, STOP, -4509, "can only be used with open positions", "1.2c, 2.2"),
    no("stop for all on the wrong side", "long", COND, also(STOP, side="BUY", stopPrice="51000"), -4509, "GTE", "2.2"),
    no("target for all while flat", "flat", COND, TARGET, -4509, "GTE", "2.2"),
    no("second stop for all", "long stop", COND, also(STOP, stopPrice="48000"), -4130, "is existing",
       "2.2, failures F35"),
    no("second target for all", "long target", COND, also(TARGET, stopPrice="52000"), -4130, "is existing", "2.2"),
    ok("a stop and a target for all", "long stop", COND, TARGET, "2.2: one STOP + one TP coexist"),
    ok("a sized stop beside a stop for all", "long stop", COND, SIZED, "failures F07, F35"),
    ok("two sized stops", "long sized", COND, also(SIZED, stopPrice="48000"), "failures F35"),
    ok("a stop for all of a short", "short", COND, also(STOP, side="BUY", stopPrice="51000"), "2.2"),
]
HEDGE = [
    ok("opening LONG", "hedge", POST, also(BUY, positionSide="LONG"), "2.2"),
    ok("opening SHORT beside LONG", "hedge long", POST, also(SELL, positionSide="SHORT"), "2.2"),
    ok("closing LONG", "hedge long", POST, also(SELL, positionSide="LONG"), "1.3: LONG + SELL closes"),
    no("closing a flat LONG", "hedge", POST, also(SELL, positionSide="LONG"), -2022, "ReduceOnly", "1.2b"),
    no("closing a flat SHORT", "hedge long", POST, also(BUY, positionSide="SHORT"), -2022, "ReduceOnly", "1.2b"),
    ok("stop for all of LONG", "hedge long", COND, also(STOP, positionSide="LONG"), "2.2"),
    no("stop for all of a flat SHORT", "hedge long", COND,
       also(STOP, side="BUY", stopPrice="51000", positionSide="SHORT"),
       -4509, "GTE", "2.2"),
    no("leaving hedge mode with a position", "hedge long", "POST positionSide/dual", {"dualSidePosition": "false"},
       -4068,
       "exists position", "1.2c"),
]
IDS = [
    no("id of a resting order", "bid", POST, also(BID, newClientOrderId="my-bid"), -4116, "duplicated", "1.2c, 6"),
    no("market with the id of a resting order", "bid", POST, also(BUY, newClientOrderId="my-bid"), -4116, "duplicated",
       "6"),
    ok("id of a filled order", "long", POST, also(BUY, newClientOrderId="my-entry"), "6 [R tn]: both filled"),
    ok("id of a cancelled order", "bid cancelled", POST, also(BID, newClientOrderId="my-bid"),
       "6: unique among open orders"),
    no("id of a waiting stop", "long stop", COND, also(SIZED, newClientOrderId="my-stop"), -4116, "duplicated",
       "1.2c, 5 [U]"),
    ok("ordinary id of a waiting algo order", "long stop", POST, also(BUY, newClientOrderId="my-stop"), "failures F19",
       NEW),
    no("ordinary id of a waiting stop", "long stop", POST, also(BUY, newClientOrderId="my-stop"), -4116, "duplicated",
       "6", OLD),
]
TRIGGERS = [
    no("buy stop below", "flat", COND, also(OPENING, stopPrice="49900"), -2021, FIRE, "2.1: T <= P"),
    no("buy stop at the price", "flat", COND, also(OPENING, stopPrice="50000"), -2021, FIRE, "2.1 (equality: U)"),
    ok("buy stop a tick above", "flat", COND, also(OPENING, stopPrice="50000.1"), "2.1"),
    no("sell stop above", "flat", COND, also(OPENING, side="SELL", stopPrice="50100"), -2021, FIRE, "2.1: T >= P"),
    no("sell stop at the price", "flat", COND, also(OPENING, side="SELL", stopPrice="50000"), -2021, FIRE,
       "2.1 (equality: U)"),
    ok("sell stop a tick below", "flat", COND, also(OPENING, side="SELL", stopPrice="49999.9"), "2.1"),
    no("buy target above", "flat", COND, also(OPENING, type="TAKE_PROFIT_MARKET"), -2021, FIRE, "2.1: T >= P"),
    ok("buy target below", "flat", COND, also(OPENING, type="TAKE_PROFIT_MARKET", stopPrice="49900"), "2.1"),
    no("sell target below", "flat", COND, also(OPENING, type="TAKE_PROFIT_MARKET", side="SELL", stopPrice="49900"),
       -2021, FIRE,
       "2.1: T <= P"),
    no("closing stop the price has passed", "long", COND, also(STOP, stopPrice="50100"), -2021, FIRE,
       "2.1, failures F02"),
    no("stop-limit below", "flat", COND, also(STOP_LIMIT, stopPrice="49900", price="49950"), -2021, FIRE, "2.1"),
    ok("stop-limit above", "flat", COND, STOP_LIMIT, "2.1"),
    no("limit target above", "flat", COND, also(STOP_LIMIT, type="TAKE_PROFIT"), -2021, FIRE, "2.1"),
    no("trailing buy, activation above", "flat", COND, also(TRAIL, activationPrice="51000"), -2021, FIRE,
       "2.1: A >= P"),
    ok("trailing buy, activation below", "flat", COND, also(TRAIL, activationPrice="49000"), "2.1: A < P"),
    no("a stop on mark that mark has passed", "mark above", COND,
       also(OPENING, stopPrice="50200", workingType="MARK_PRICE"), -2021,
       FIRE, "2.1: mark and last differ"),
    ok("the same stop on last", "mark above", COND, also(OPENING, stopPrice="50200"), "2.1: mark and last differ"),
]
LIMITS = [
    no("post-only that would take", "flat", POST, also(BID, timeInForce="GTX", price="50100"), -5022, "Post Only",
       "1.2c"),
    no("post-only at the touch", "flat", POST, also(BID, timeInForce="GTX", price="50000"), -5022, "Post Only", "1.2c"),
    ok("post-only that makes", "flat", POST, also(BID, timeInForce="GTX", price="49999.9"), "1.2c"),
    no("fill-or-kill below the market", "flat", POST, also(BID, timeInForce="FOK"), -5021,
       "FOK order has been rejected", "1.2c"),
    ok("fill-or-kill that fills", "flat", POST, also(BID, timeInForce="FOK", price="50100"), "1.2c"),
    no("fill-or-kill larger than the book", "thin", POST, also(BID, timeInForce="FOK", price="50001", quantity="12"),
       -5021, "FOK",
       "1.2c"),
    ok("immediate-or-cancel below the market", "flat", POST, also(BID, timeInForce="IOC"), "2.2"),
    ok("a taking limit", "flat", POST, also(BID, price="50100"), "2.2"),
    no("market buy beyond the band", "mark below", POST, BUY, -4131, "PERCENT_PRICE", "1.2c, 3.1, failures F33"),
    ok("market sell there", "mark below", POST, SELL, "3.1"),
    no("limit buy by mark, not by last", "mark below", POST, also(BID, price="49800"), -4016, "higher than 49770.00",
       "3.1: mark"),
    no("one order too many", "full", POST, BID, -2025, "max open order", "1.2b, 3.1"),
    no("one conditional order too many", "200", COND, OPENING, -4045, "max stop order", "3.1, failures F34"),
    ok("limit beside 200 conditional orders", "200", POST, BID, "3.1: counted apart", NEW),
    ok("market where one is too many", "full", POST, BUY, "3.1: MAX_NUM_ORDERS counts open orders"),
]
HALT = [
    no("market that opens", "halted", POST, BUY, -4140, "opening position", "1.2c"),
    no("market that closes", "long halted", POST, EXIT, -1122, "Invalid symbol status.", "1.2"),
    no("limit that opens", "halted", POST, BID, -4140, "opening position", "1.2c"),
    ok("a stop", "long halted", COND, STOP, "venue 2 (assumed)"),
    ok("cancelling", "bid halted", DEL, {"origClientOrderId": "my-bid"}, "venue 2 (assumed)"),
    ok("reading", "bid halted", GET, {"origClientOrderId": "my-bid"}, "venue 2 (assumed)"),
]
MARGIN = [
    no("market without margin", "poor", POST, BUY, -2019, "Margin is insufficient.", "1.2b, failures F27"),
    no("limit without margin", "poor", POST, BID, -2019, "Margin is insufficient.", "1.2b"),
    ok("a stop without margin", "poor", COND, OPENING, "2.2: no margin check before the trigger", NEW),
    no("a stop without margin in its day", "poor", COND, OPENING, -2019, "Margin is insufficient.",
       "2.2: since migration", OLD),
    ok("what just fits", "poor", POST, also(BUY, quantity="0.008"), "3.3: 20 USDT at 20x"),
    no("beyond the cap of the leverage", "125x", POST, also(BUY, quantity="1.1"), -2027, "maximum allowable position",
       "1.2b, 3.3", OLD),
    ok("within the cap of the leverage", "125x", POST, also(BUY, quantity="0.9"), "3.3: 50k at 125x", OLD),
    ok("a later and larger cap", "125x", POST, also(BUY, quantity="5"), "3.3: 300k by 2026", NEW),
]
SETTINGS = [
    ok("leverage", "flat", "POST leverage", {"leverage": 7}, "10"),
    no("leverage absent", "flat", "POST leverage", {}, -1102, "'leverage' was not sent", "1.2"),
    no("leverage nought", "flat", "POST leverage", {"leverage": 0}, -4028, "Leverage 0 is not valid", "1.2c"),
    no("leverage beyond the older most", "flat", "POST leverage", {"leverage": 126}, -4028, "126", "1.2c, 3.3", OLD),
    ok("leverage at the newer most", "flat", "POST leverage", {"leverage": 150}, "3.3: up to 150x", NEW),
    no("leverage beyond the newer most", "flat", "POST leverage", {"leverage": 151}, -4028, "151", "1.2c, 3.3", NEW),
    no("leverage a word", "flat", "POST leverage", {"leverage": "five"}, -4028, "five", "1.2c"),
    no("leverage in halves", "flat", "POST leverage", {"leverage": "2.5"}, -4028, "2.5", "1.2c"),
    no("leverage lowered while held", "long", "POST leverage", {"leverage": 5}, -4161, "not supported in Isolated",
       "1.2c"),
    no("leverage too small for an order", "poor bid", "POST leverage", {"leverage": 10}, -2028, "Leverage is smaller",
       "1.2b"),
    no("leverage too large for an order", "big bid", "POST leverage", {"leverage": 125}, -2027, "maximum allowable",
       "1.2b, 3.3", OLD),
    ok("leverage raised while held", "long", "POST leverage", {"leverage": 50}, "1.2c: -4161 only names the other way"),
    no("margin type as it is", "flat", "POST marginType", {"marginType": "ISOLATED"}, -4046, "No need to change",
       "1.2c"),
    no("cross margin", "flat", "POST marginType", {"marginType": "CROSSED"}, -1020, "outside this exchange model",
       "left out"),
    no("cross margin with an order", "bid", "POST marginType", {"marginType": "CROSSED"}, -4047, "open orders", "1.2c"),
    no("cross margin with a position", "long", "POST marginType", {"marginType": "CROSSED"}, -4048, "position", "1.2c"),
    no("margin type unknown", "flat", "POST marginType", {"marginType": "cross"}, -1130, "'marginType' is not valid",
       "1.2"),
    no("margin type absent", "flat", "POST marginType", {}, -1102, "'margintype'", "1.2"),
    ok("hedge mode", "flat", "POST positionSide/dual", {"dualSidePosition": "true"}, "1.2c"),
    no("one-way mode as it is", "flat", "POST positionSide/dual", {"dualSidePosition": "false"}, -4059, "No need",
       "1.2c"),
    no("hedge mode with an order", "bid", "POST positionSide/dual", {"dualSidePosition": "true"}, -4067, "open orders",
       "1.2c"),
    no("hedge mode with a position", "long", "POST positionSide/dual", {"dualSidePosition": "true"}, -4068, "position",
       "1.2c"),
    no("hedge mode, a word", "flat", "POST positionSide/dual", {"dualSidePosition": "yes"}, -1102,
       "'dualsideposition'", "1.2"),
]
BATCH = [
    ok("two orders", "flat", "POST batchOrders", batch(BUY, BID), "7", truth="applied applied"),
    ok("one of two refused", "flat", "POST batchOrders", batch(BID, also(BID, price="-1")), "7: 200 all the same",
       truth="applied not_applied"),
    ok("a stop among them", "long", "POST batchOrders", batch(BID, STOP), "7: -4120 per element", NEW,
       truth="applied not_applied"),
    ok("a stop among them in its day", "long", "POST batchOrders", batch(BID, STOP), "5", OLD, truth="applied applied"),
    no("six orders", "flat", "POST batchOrders", batch(*[BID] * 6), -4082, "place orders: 6", "7"),
    no("no orders", "flat", "POST batchOrders", {"batchOrders": "[]"}, -4082, "place orders: 0", "1.2c"),
    no("no list", "flat", "POST batchOrders", {}, -1102, "'batchorders'", "1.2"),
    no("not JSON", "flat", "POST batchOrders", {"batchOrders": "[{"}, -1102, "'batchorders'", "1.2"),
    no("not orders", "flat", "POST batchOrders", {"batchOrders": "[1]"}, -1102, "'batchorders'", "1.2"),
]
LOOK_UPS = [
    ok("by id", "bid", GET, {"orderId": 1}, "6"),
    ok("by client id", "bid", GET, {"origClientOrderId": "my-bid"}, "6"),
    no("of nobody", "flat", GET, {"origClientOrderId": "nobody"}, -2013, "Order does not exist.", "1.2b"),
    no("without an id", "flat", GET, {}, -1102, "'origClientOrderId' or 'orderId' must be sent", "1.2"),
    no("of an algo order at the ordinary endpoint", "long stop", GET, {"origClientOrderId": "my-stop"}, -2013, "exist",
       "failures F19", NEW),
    ok("of an algo order", "long stop", "GET algoOrder", {"clientAlgoId": "my-stop"}, "5", NEW),
    no("of an ordinary order at the algo endpoint", "bid", "GET algoOrder", {"clientAlgoId": "my-bid"}, -2013, "exist",
       "5", NEW),
    no("openOrder of a filled order", "long", "GET openOrder", {"origClientOrderId": "my-entry"}, -2013, "exist", "6"),
    ok("cancelling", "bid", DEL, {"origClientOrderId": "my-bid"}, "10"),
    no("cancelling a filled order", "long", DEL, {"orderId": 1}, -2011, "Unknown order sent.", "1.2b, failures F28"),
    no("cancelling twice", "bid cancelled", DEL, {"orderId": 1}, -2011, "Unknown order sent.", "1.2b"),
    no("cancelling an algo order there", "long stop", DEL, {"origClientOrderId": "my-stop"}, -2011, "Unknown", "1.2b",
       NEW),
    no("cancelling between trigger and child", "triggering", DEL, {"origClientOrderId": "my-stop"}, -4117,
       "in triggering process", "1.2c", OLD),
    no("cancelling an algo order then", "triggering", "DELETE algoOrder", {"clientAlgoId": "my-stop"}, -4117,
       "in triggering process", "1.2c", NEW),
    ok("cancelling a batch", "bid", "DELETE batchOrders", {"orderIdList": "[1]"}, "7"),
    ok("cancelling a batch of strangers", "flat", "DELETE batchOrders", {"orderIdList": "[7]"}, "7: 200 all the same",
       truth="not_applied"),
    no("cancelling no batch", "flat", "DELETE batchOrders", {}, -1102, "'orderIdList' must be sent", "1.2"),
    ok("cancelling an algo order", "long stop", "DELETE algoOrder", {"clientAlgoId": "my-stop"}, "10", NEW),
    ok("cancelling all", "bid", "DELETE allOpenOrders", {}, "10"),
    ok("cancelling all where there are none", "flat", "DELETE allOpenOrders", {}, "10"),
    no("cancelling all of no symbol", "flat", "DELETE allOpenOrders", {"symbol": ""}, -1102, "'symbol'", "1.2"),
    no("klines of seconds", "flat", "GET klines", {"interval": "1s"}, -1120, "Invalid interval.", "1.2 [R fx]"),
    no("klines beyond the limit", "flat", "GET klines", {"interval": "1m", "limit": 1501}, -1130,
       "'limit' is not valid", "1.2"),
    no("price of a stranger", "flat", "GET ticker/price", {"symbol": "NOSUCH"}, -1121, "Invalid symbol.", "1.2"),
    no("keeping no stream alive", "flat", "PUT listenKey", {}, -1125, "listenKey", "1.2"),
    no("counting down", "flat", "POST countdownCancelAll", {"countdownTime": 1000}, -1020, "countdown", "left out"),
    no("window a word", "flat", POST, also(BUY, recvWindow="long"), -1102, "'recvWindow'", "1.2, 4"),
    no("stale timestamp", "flat", POST, also(BUY, timestamp=1_705_276_794_000), -1021, "outside of the recvWindow",
       "4"),
    no("early timestamp", "flat", POST, also(BUY, timestamp=1_705_276_801_500), -1021, "ahead of the server's time",
       "4"),
]
GROUPS = {
    "reduce": REDUCE, "hedge": HEDGE, "ids": IDS, "triggers": TRIGGERS, "limit": LIMITS, "halt": HALT, "margin": MARGIN,
    "settings": SETTINGS, "batch": BATCH, "look-up": LOOK_UPS,
}
ROWS = [row._replace(name=f"{group}: {row.name}") for group, rows in GROUPS.items() for row in rows]
# fmt: on


class Halted(LinePath):
    """A line on which nothing trades from 10 s to 20 s."""

    def halt_end_us(self, t_us: int) -> int | None:
        return 20_000_000 if 10_000_000 <= t_us < 20_000_000 else None


def conditional(params: dict[str, Any], rules: str) -> tuple[str, dict[str, Any]]:
    """Return path and parameters of a conditional order under the rules version."""
    if rules == "2025-01":
        return "order", params
    renamed = {RENAMED.get(name, name): value for name, value in params.items()}
    return "algoOrder", {**renamed, "algoType": "CONDITIONAL"}


def desk_in(state: str, rules: str, make_desk: Callable[..., Any]) -> Any:
    """Build an exchange and bring its one account, and the market, into a state."""
    words = set(state.split())
    if state == "triggering":
        return triggering(rules, make_desk)
    basis = {"mark above": 50.0, "mark below": -520.0}.get(state, 0.0)
    desk = make_desk(
        rules=rules, line=Halted, wallet=20.0 if "poor" in words else 1e9, mark=MarkSpec(basis_bps=basis),
        fills=THIN if state == "thin" else FREE, depth=24.0 if state == "thin" else float("inf"),
    )  # fmt: skip
    if state == "full":
        desk.venue.filters["BTCUSDT"] = replace(desk.venue.filters["BTCUSDT"], max_open_orders=2)
        assert [desk.order(**BID)[0] for _ in range(2)] == [200, 200]
    if state == "200":
        path, params = conditional(OPENING, rules)
        assert {desk.ask("POST", f"/fapi/v1/{path}", **params)[0] for _ in range(200)} == {200}
    desk.account.hedge = "hedge" in words
    if state == "125x":
        desk.account.leverage["BTCUSDT"] = 125
    side = {"positionSide": "LONG"} if "hedge" in words else {}
    if "long" in words:
        assert desk.buy("0.020", newClientOrderId="my-entry", **side)[0] == 200
    if "short" in words:
        assert desk.sell("0.020")[0] == 200
    before = {"stop": STOP, "target": TARGET, "sized": SIZED}
    for word in words & before.keys():
        path, params = conditional({**before[word], "newClientOrderId": f"my-{word}"}, rules)
        assert desk.ask("POST", f"/fapi/v1/{path}", **params)[0] == 200
    if "ask" in words:
        assert desk.order(**also(ASK, quantity="0.020", reduceOnly="true"))[0] == 200
    if "bid" in words:
        size = "0.008" if "poor" in words else ("1.2" if "big" in words else "0.010")
        assert desk.order(**also(BID, quantity=size), newClientOrderId="my-bid")[0] == 200
    if "cancelled" in words:
        assert desk.ask("DELETE", "/fapi/v1/order", orderId=1)[0] == 200
    if "halted" in words:
        desk.run_to(12)
    return desk


def triggering(rules: str, make_desk: Callable[..., Any]) -> Any:
    """Build an exchange whose stop was met at 2 s and becomes a market order at 7 s; it is 3 s."""
    desk = make_desk(
        rules=rules, pct_per_s=-0.1, wallet=1e9, fills=FREE.model_copy(update={"trigger_delay_ms": 5e3})
    )
    assert desk.buy("0.020")[0] == 200
    path, params = conditional(also(STOP, stopPrice="49900", newClientOrderId="my-stop"), rules)
    assert desk.ask("POST", f"/fapi/v1/{path}", **params)[0] == 200
    desk.run_to(3)
    return desk


def test_the_names_of_the_table_are_its_own() -> None:
    """No rule stands twice."""
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("row", "rules"),
    [pytest.param(row, rules, id=f"{row.name} [{rules}]") for row in ROWS for rules in row.rules],
)
def test_the_venue_answers_by_its_state(row: Row, rules: str, make_desk: Callable[..., Any]) -> None:
    """A request in a state gets the status, code and text its fact gives it, and its truth is on record."""
    desk = desk_in(row.state, rules, make_desk)
    before, held = len(desk.venue.orders), desk.account.net("BTCUSDT")
    params = {"symbol": "BTCUSDT", **row.params}
    if row.call == "conditional":
        method = "POST"
        path, params = conditional(params, rules)
    else:
        method, path = row.call.split()
    status, body = desk.over_the_wire(method, f"/fapi/v1/{path}", params)
    code = body.get("code", 0) if isinstance(body, dict) and status != 200 else 0
    assert (status, code) == (row.status, row.code), (row.fact, body)
    assert " ".join(desk.frame("write").truth) == row.truth, row.fact
    if row.code:
        assert row.text in body["msg"], row.fact
        assert (len(desk.venue.orders), desk.account.net("BTCUSDT")) == (before, held)
