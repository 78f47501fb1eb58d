"""Random requests, valid and not, against one venue: what must hold of money, orders and fills whatever is asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sim.exchange.events import VenueEvent
from sim.exchange.matching import FillSpec
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.orders import TRANSITIONS, Order, OrderState
from sim.exchange.venue import Venue
from sim.exchange.venue_spec import VenueSpec
from sim.market import MarkSpec, TradePath
from sim.market.bars import Trades

Make = Callable[..., Any]

SECONDS = 120
EPOCH_US = 1_705_276_800_000_000
DEPTH = 200.0
SPEC = FillSpec(
    impact_bps=50.0,
    impact_exponent=1.0,
    crash_depth_multiplier=1.0,
    market_take_bound=0.01,
    trigger_jitter_ms=20.0,
)
CONDITIONAL = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
PRICES = st.integers(-300, 300).map(lambda ticks: f"{50_000 + ticks:.1f}")
QUANTITIES = st.sampled_from(["0.010", "0.003", "0.050", "2", "30"])
SIDES = st.sampled_from(["BUY", "SELL"])
TRUTH = st.sampled_from([None, "true"])


def walk(seed: int) -> TradePath:
    """Return two minutes of four prints a second: a walk that now and then leaps."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    count = SECONDS * 4
    steps = rng.integers(-60, 61, count) * np.where(rng.random(count) < 0.05, 20, 1)
    price = np.round(50_000 + np.cumsum(steps) * 0.1, 1)
    times = np.arange(count, dtype=np.int64) * 250_000
    trades = Trades("BTCUSDT", EPOCH_US, SECONDS * 1_000_000, times, price, np.full(count, 0.5), "walk", "")
    return TradePath(trades, tick=0.1, price_decimals=2, mark=MarkSpec(basis_bps=2.0))


class Requests(RuleBasedStateMachine):
    """Ask a venue for anything; keep books beside it from its events alone."""

    make: Make

    @initialize(
        seed=st.integers(0, 3),
        rules=st.sampled_from(["2025-01", "2025-12-09"]),
        hedge=st.booleans(),
        wallet=st.sampled_from([2_000.0, 1e6]),
        mode=st.sampled_from(["through", "touch"]),
        share=st.sampled_from([None, 0.05]),
        lag=st.sampled_from([0.0, 3.0]),
        stuck=st.sampled_from([0.0, 0.0, 0.3]),
    )
    def open_desk(
        self,
        seed: int,
        rules: Any,
        hedge: bool,
        wallet: float,
        mode: Any,
        share: Any,
        lag: float,
        stuck: float,
    ) -> None:
        fills = SPEC.model_copy(
            update={"limit_fill": mode, "limit_share": share if mode == "touch" else None}
        )
        desk = self.make(rules=rules, fills=fills, wallet=wallet)
        desk.path = walk(seed)
        filters = {name: replace(row, min_notional=row.tick) for name, row in desk.venue.filters.items()}
        desk.venue = desk.door.venue = Venue(
            desk.loop, {desk.symbol: desk.path}, filters, fills, rules, desk.trace, seed,
            {desk.symbol: MinuteVolume({0: DEPTH})}, VenueSpec(gte_expiry_lag_s=lag, stuck_trigger_share=stuck),
        )  # fmt: skip
        desk.account.hedge = hedge
        desk.venue.publish = self.hear
        self.desk = desk
        self.states: dict[int, OrderState] = {}
        self.held: dict[str, float] = {}
        self.fees = self.realised = 0.0
        self.ids: list[int] = []
        self.second = 0.0

    def hear(self, event: VenueEvent) -> None:
        order = event.order
        assert isinstance(order, Order)
        self.check_step(order)
        if event.kind != "trade":
            return
        before = self.held.get(order.position_side, 0.0)
        after = self.held[order.position_side] = before + order.side * event.quantity
        self.fees += event.fee
        self.realised += event.realised
        assert event.quantity > 0
        assert event.fee >= 0
        assert order.filled_quantity <= (order.quantity or math.inf) + 1e-9
        if order.is_exit_only:
            assert abs(after) < abs(before), "an exit only reduces"
            assert after * before >= -1e-9, "and never turns a position"
        self.check_price(order, event)

    def check_step(self, order: Order) -> None:
        """Every state told follows from the one told before."""
        before, now = self.states.get(order.number), order.state
        if before is None:
            assert now is OrderState.NEW
        elif now is not before:
            if before is OrderState.TRIGGERING and not order.algo:
                before = OrderState.TRIGGERED  # an ordinary order becomes its own child, and nobody is told
            assert now in TRANSITIONS[before], f"{before} -> {now}"
        self.states[order.number] = now

    def check_price(self, order: Order, event: VenueEvent) -> None:
        """No fill outside what was printed around it, plus the declared impact."""
        if event.reason == "liquidation":
            return
        path, spec = self.desk.path, SPEC
        low, high = path.bar_extremes(event.at_us)
        begins = max(event.at_us - event.at_us % path.bar_us - 1, 0)
        low, high = min(low, path.last(begins)), max(high, path.last(begins))
        size = order.quantity or event.quantity
        impact = spec.impact_bps * 2 * size / DEPTH + spec.half_spread_bps + spec.spread_range_share * 500
        room = high * impact * 1e-4 + 0.2
        assert low - room <= event.price <= high + room
        if event.maker:
            assert event.price == order.price
            return
        last = path.last(event.at_us)
        assert order.side * (event.price - last) >= -1e-9, "a taker pays the spread"
        if order.price:
            assert order.side * (order.price - event.price) >= -1e-9, "and never more than its limit"

    # -- what is asked --------------------------------------------------------------------------------

    def place(self, params: dict[str, Any], algo: bool) -> None:
        sent = {name: value for name, value in params.items() if value is not None}
        status, body = (self.desk.algo if algo else self.desk.order)(**sent)
        assert status in (200, 400), body
        if status == 200:
            self.ids.append(int(body.get("orderId") or body["algoId"]))
        elif body["code"] == -2011:
            raise AssertionError("an order is not a cancel")

    def position_side(self, wanted: str) -> str | None:
        return wanted if self.desk.account.hedge else None

    @rule(side=SIDES, quantity=QUANTITIES, reduce=TRUTH, position=st.sampled_from(["LONG", "SHORT"]))
    def market(self, side: str, quantity: str, reduce: Any, position: str) -> None:
        self.place(
            {"side": side, "type": "MARKET", "quantity": quantity, "positionSide": self.position_side(position),
             "reduceOnly": None if self.desk.account.hedge else reduce}, False,
        )  # fmt: skip

    @rule(
        side=SIDES, quantity=QUANTITIES, reduce=TRUTH, price=PRICES, position=st.sampled_from(["LONG", "SHORT"]),
        tif=st.sampled_from(["GTC", "IOC", "FOK", "GTX"]), client=st.sampled_from([None, "a", "b"]),
    )  # fmt: skip
    def limit(
        self, side: str, quantity: str, reduce: Any, price: str, position: str, tif: str, client: Any
    ) -> None:
        before = len(self.ids)
        self.place(
            {"side": side, "type": "LIMIT", "quantity": quantity, "price": price, "timeInForce": tif,
             "positionSide": self.position_side(position), "newClientOrderId": client,
             "reduceOnly": None if self.desk.account.hedge else reduce}, False,
        )  # fmt: skip
        if len(self.ids) > before:
            order = self.desk.venue.orders[self.ids[-1]]
            if tif in ("IOC", "FOK"):
                assert not order.is_live
            if tif == "GTX":
                assert order.filled_quantity == 0.0

    @rule(
        kind=st.sampled_from(CONDITIONAL), side=SIDES, quantity=QUANTITIES, reduce=TRUTH, close=TRUTH, price=PRICES,
        trigger=PRICES, callback=st.sampled_from(["0.1", "0.5", "11"]), mark=st.booleans(), protect=TRUTH,
        position=st.sampled_from(["LONG", "SHORT"]), client=st.sampled_from([None, "a", "b"]),
    )  # fmt: skip
    def conditional(
        self, kind: str, side: str, quantity: str, reduce: Any, close: Any, price: str, trigger: str, callback: str,
        mark: bool, protect: Any, position: str, client: Any,
    ) -> None:  # fmt: skip
        algo = self.desk.venue.rules == "2025-12-09"
        trailing, limited = kind == "TRAILING_STOP_MARKET", kind in ("STOP", "TAKE_PROFIT")
        level = "activatePrice" if algo else "activationPrice"
        closes = close if not (trailing or limited) else None
        params = {
            "side": side, "type": kind, "quantity": None if closes else quantity, "closePosition": closes,
            ("triggerPrice" if algo else "stopPrice"): None if trailing else trigger,
            "price": price if limited else None, "callbackRate": callback if trailing else None,
            level: trigger if trailing else None, "workingType": "MARK_PRICE" if mark else "CONTRACT_PRICE",
            "priceProtect": protect, "positionSide": self.position_side(position),
            "reduceOnly": None if self.desk.account.hedge or closes else reduce,
            ("clientAlgoId" if algo else "newClientOrderId"): client,
        }  # fmt: skip
        met = self.is_met(kind, side == "BUY", float(trigger), mark)
        sent = {name: value for name, value in params.items() if value is not None}
        status, body = (self.desk.algo if algo else self.desk.order)(**sent)
        if status == 200:
            assert not met
            self.ids.append(int(body.get("orderId") or body["algoId"]))
        else:
            assert status == 400
            assert body["code"] != -2021 or met

    def is_met(self, kind: str, buys: bool, level: float, mark: bool) -> bool:
        """Tell what binance-facts 2.1 says of the order now, written out row by row."""
        path, now = self.desk.path, self.desk.loop.now_us
        price = path.mark(now) if mark else path.last(now)
        if kind in ("STOP", "STOP_MARKET"):
            return level <= price if buys else level >= price
        return level >= price if buys else level <= price

    @precondition(lambda self: self.ids)
    @rule(pick=st.integers(0, 10**6), algo=st.booleans())
    def cancel(self, pick: int, algo: bool) -> None:
        number = self.ids[pick % len(self.ids)]
        path, name = ("algoOrder", "algoId") if algo else ("order", "orderId")
        order = self.desk.venue.orders[number]
        known = order.algo == algo and not (algo and self.desk.venue.rules == "2025-01")
        could, state = order.is_open, order.state
        status, body = self.desk.ask("DELETE", f"/fapi/v1/{path}", **{name: number})
        if known and could:
            assert status == 200
            assert order.state is OrderState.CANCELED
        else:
            assert status in (400, 404)
            if known:
                assert body["code"] == (-4117 if state is OrderState.TRIGGERING else -2011)

    @rule(seconds=st.sampled_from([0.01, 0.3, 2.0, 15.0]))
    def wait(self, seconds: float) -> None:
        self.second = min(self.second + seconds, SECONDS - 1.0)
        self.desk.run_to(self.second)

    @rule(path=st.sampled_from(["allOpenOrders", "algoOpenOrders"]))
    def cancel_all(self, path: str) -> None:
        self.desk.ask("DELETE", f"/fapi/v1/{path}")

    # -- what must hold -------------------------------------------------------------------------------

    @invariant()
    def money_and_positions_come_from_fills(self) -> None:
        if not hasattr(self, "desk"):
            return
        account = self.desk.account
        assert account.wallet == pytest.approx(
            account.opening_wallet + account.realised - account.fees, abs=1e-6
        )
        assert account.fees == pytest.approx(self.fees, abs=1e-6)
        assert account.realised == pytest.approx(self.realised, abs=1e-6)
        for side in ("BOTH", "LONG", "SHORT"):
            assert account.position(self.desk.symbol, side).quantity == pytest.approx(
                self.held.get(side, 0.0), abs=1e-8
            )

    @invariant()
    def live_orders_are_live_and_the_rest_is_over(self) -> None:
        if not hasattr(self, "desk"):
            return
        venue, account = self.desk.venue, self.desk.account
        listed = {order.number for order in venue.open_orders(account, self.desk.symbol)}
        assert listed == {order.number for order in venue.open_orders(account)}
        for order in venue.orders.values():
            if not order.is_live:
                assert order.appointment is None
                assert order.number not in listed
            if order.child is not None:
                assert order.is_live == order.child.is_live
        closers = [
            (order.type, order.side, order.position_side)
            for order in venue.open_orders(account)
            if order.close_position and not order.in_book
        ]
        assert len(closers) == len(set(closers)), "one closePosition order of a kind and direction"

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.desk.run_to(SECONDS + 1.0)
            self.money_and_positions_come_from_fills()
            self.live_orders_are_live_and_the_rest_is_over()
            from sim.checks.s07_order_life import find_illegal_lives

            class Tables:
                def table(case, name: str) -> dict[str, Any]:
                    return self.desk.trace.arrays(name)

            assert find_illegal_lives(Tables()) == []  # type: ignore[arg-type]


def machine(make_desk: Make) -> type[Requests]:
    """Return the machine with a way to make desks."""

    class Machine(Requests):
        make = staticmethod(make_desk)

    return Machine


def run(make_desk: Make, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine(make_desk),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_whatever_is_asked_money_orders_and_fills_stay_true(make_desk: Make) -> None:
    """Wallet, fees and positions are the sums of fills; states follow the graph; prices lie where they may."""
    run(make_desk, 25, 40)


@pytest.mark.campaign
def test_whatever_is_asked_2000_times(make_desk: Make) -> None:
    """The same, long."""
    run(make_desk, 2000, 60)
