"""Write traces by hand: a story says in seconds and prices what happened, and its numbers are known."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import pytest

from sim.metrics import Frames, build_frames
from sim.trace import Trace

ORDER = "POST /fapi/v1/order"


def _us(seconds: float) -> int:
    return -1 if seconds < 0 else round(seconds * 1e6)


class Story:
    """Append rows to a trace; ``direction`` -1 tells the mirror image (prices mirrored at 100, sides swapped).

    Each intent has its own account unless ``shared``.  Fees are ``fee_rate`` of notional.
    """

    def __init__(self, direction: int = 1, *, shared: bool = False, fee_rate: float = 0.0) -> None:
        self.trace = Trace()
        self.direction = direction
        self.shared = shared
        self.fee_rate = fee_rate
        self._last: defaultdict[str, int] = defaultdict(int)
        self._asked: defaultdict[tuple[int, str, str], int] = defaultdict(int)
        self._position: defaultdict[int, float] = defaultdict(float)
        self._cash: defaultdict[int, float] = defaultdict(float)
        self._fees: defaultdict[int, float] = defaultdict(float)
        self._orders: dict[int, dict[str, Any]] = {}

    def frames(self, **options: Any) -> Frames:
        """Build the frames, with episodes of one hour and seed 7."""
        return build_frames(self.trace, **({"episode_us": 3_600_000_000, "seed": 7} | options))

    def row(self, **options: Any) -> Any:
        """Return the only intent's row."""
        intents = self.frames(**options)["intents"]
        assert len(intents) == 1
        return intents.iloc[0]

    def price(self, value: float) -> float:
        """Mirror a price if the story is told the other way round."""
        return value if self.direction > 0 else 200.0 - value

    def write(self, table: str, *values: Any) -> None:
        """Append one raw row."""
        self.trace.writer(table)(values)

    def account(self, intent: int) -> int:
        return 0 if self.shared else intent + 1

    # -- the intent and its guard ---------------------------------------------------------------------

    def decide(
        self,
        intent: int = 0,
        at: float = 0.0,
        *,
        sl: float = 99.0,
        hold: float = 900.0,
        quantity: float = 1.0,
    ) -> None:
        """Plan to enter at 100 with a target at 102."""
        plan = (100.0, self.price(sl), self.price(102.0))
        self.write("intent", intent, _us(at), "BTCUSDT", self.direction, quantity, *plan, 5.0, _us(hold), 0.0)

    def verdict(
        self, at: float, price: float, intent: int = 0, *, accepted: bool = True, reason: str = "fine"
    ) -> None:
        now = self.price(price)
        deviation = abs(100.0 - now) / now
        self.write("verdict", intent, _us(at), accepted, reason, now, deviation, math.nan, math.nan, math.nan)

    # -- the wire -------------------------------------------------------------------------------------

    def request(
        self, role: str, sent: float, answered: float, intent: int = 0, *, status: int = 200, code: int = 0,
        call: str = ORDER, placement: int = -1, legs: tuple[float, float] = (0.03, 0.01), truth: str = "",
        order: int = -1, truth_at: float = -1.0, last: float = math.nan, message: str = "failed",
    ) -> int:  # fmt: skip
        self._last["request"] += 1
        number = self._last["request"]
        n = self._asked[intent, role, call]
        self._asked[intent, role, call] += 1
        self.write(
            "request", number, intent, role, call, n, placement, _us(sent), _us(answered), status, code,
            "" if status == 200 else message, _us(legs[0]), _us(legs[1]), last,
        )  # fmt: skip
        if truth:
            self.write("write", number, intent, role, _us(truth_at), truth, order, code)
        return number

    def fault(
        self,
        request: int,
        intent: int = 0,
        *,
        name: str = "broken",
        kind: str = "-1001",
        role: str,
        n: int = 0,
    ) -> None:
        self.write("fault", name, kind, request, intent, role, ORDER, n, 0, "core", "not_applied")

    def placement(
        self, role: str, started: float, ended: float, intent: int = 0, *, success: bool = True,
        attempts: int = 1, failures: tuple[tuple[float, int], ...] = (), pauses: tuple[tuple[float, float], ...] = (),
    ) -> int:  # fmt: skip
        """Record a placement; ``failures`` are (moment, code), ``pauses`` (moment, length) of the sleep after each."""
        self._last["placement"] += 1
        number = self._last["placement"]
        for attempt, (at, code) in enumerate(failures, 1):
            self.write("attempt", intent, number, attempt, _us(at), code, "failed")
        for attempt, (at, length) in enumerate(pauses, 1):
            self.write("backoff", intent, number, attempt, _us(at), _us(length))
        slept = sum(length for _, length in pauses)
        code = failures[-1][1] if failures and not success else 0
        self.write(
            "placement", intent, number, role, _us(started), _us(ended), success, "1" if success else "", code,
            "", attempts, _us(slept), 0, "applied" if success else "",
        )  # fmt: skip
        return number

    # -- the venue ------------------------------------------------------------------------------------

    def order(
        self, role: str, sent: float, at: float, intent: int = 0, *, price: float = 0.0, quantity: float = 1.0,
        close: bool = False, answered: float = -1.0, status: int = 200, placement: int = -1,
    ) -> int:  # fmt: skip
        """Have an order accepted ``at`` for a request that left at ``sent``; silence: status 0."""
        self._last["order"] += 1
        number = self._last["order"]
        legs = (at - sent, 0.01)
        request = self.request(
            role, sent, answered if answered >= 0 else at + 0.01, intent, status=status, placement=placement,
            legs=legs, truth="applied", order=number, truth_at=at,
        )  # fmt: skip
        kind = {"sl": "STOP_MARKET", "tp": "TAKE_PROFIT_MARKET"}.get(role, "MARKET")
        side = self.direction if role == "entry" else -self.direction
        self._orders[number] = {
            "head": (number, intent, self.account(intent)), "role": role, "side": side, "intent": intent,
            "trigger": self.price(price) if price else 0.0, "quantity": quantity,
            "tail": (role, kind, side, 0.0 if close else quantity, self.price(price) if price else 0.0,
                     role != "entry" and not close, close, request, False),
        }  # fmt: skip
        self.state(number, at, "NEW")
        return number

    def state(self, order: int, at: float, status: str, reason: str = "") -> None:
        known = self._orders[order]
        self.write("order", *known["head"], _us(at), status, *known["tail"], reason)

    def fill(
        self,
        order: int,
        at: float,
        price: float,
        *,
        reference: float | None = None,
        quantity: float | None = None,
    ) -> None:
        known = self._orders[order]
        intent, side = known["intent"], known["side"]
        size = quantity if quantity is not None else known["quantity"]
        paid = self.price(price)
        fee = size * paid * self.fee_rate
        self._position[intent] += side * size
        self._cash[intent] -= side * size * paid
        self._fees[intent] += fee
        self.state(order, at, "FILLED")
        last = self.price(reference if reference is not None else price)
        self.write(
            "fill", *known["head"], _us(at), known["role"], side, size, paid, fee, last, last,
            known["trigger"], 0.0,
        )  # fmt: skip

    def exposure(
        self,
        at: float,
        position: float,
        cover: float,
        mark: float,
        intent: int = 0,
        *,
        stop: float = math.nan,
    ) -> None:
        """Record exposure; ``position`` counts in the intent's direction."""
        signed = self.direction * position
        self.write(
            "exposure",
            intent,
            self.account(intent),
            _us(at),
            signed,
            cover,
            self.price(mark),
            self.price(stop),
        )

    # -- whole chapters -------------------------------------------------------------------------------

    def enter(
        self, sent: float, at: float, price: float = 100.0, intent: int = 0, *, reference: float | None = None,
        success: bool = True, status: int = 200, quantity: float = 1.0,
    ) -> int:  # fmt: skip
        """Place and fill an entry; the position is bare from then on."""
        placement = self.placement("entry", sent, at + 0.01, intent, success=success)
        order = self.order("entry", sent, at, intent, placement=placement, status=status, quantity=quantity)
        self.fill(order, at, price, reference=reference)
        self.exposure(at, self.direction * self._position[intent], 0.0, price, intent)
        return order

    def protect(
        self, sent: float, at: float, stop: float = 99.0, intent: int = 0, *, mark: float = 100.0
    ) -> int:
        """Rest a closePosition stop that covers all there is."""
        placement = self.placement("sl", sent, at + 0.01, intent)
        order = self.order("sl", sent, at, intent, price=stop, close=True, placement=placement, quantity=0.0)
        held = self.direction * self._position[intent]
        self.exposure(at, held, held, mark, intent, stop=stop)
        return order

    def leave(self, order: int, at: float, price: float, intent: int = 0) -> None:
        """Fill an exit for all there is."""
        self.fill(order, at, price, quantity=abs(self._position[intent]))
        self.exposure(at, 0.0, 0.0, price, intent)

    def flatten(self, sent: float, at: float, price: float, intent: int = 0) -> None:
        """Close at market."""
        placement = self.placement("flatten", sent, at + 0.01, intent)
        self.leave(self.order("flatten", sent, at, intent, placement=placement), at, price, intent)

    def finish(self, at: float, outcome: str = "closed", intent: int = 0, *, believed: float = 0.0) -> None:
        self.write("intent_end", intent, _us(at), outcome, self.direction * believed, believed != 0.0, "")

    def books(self, at: float, intent: int = 0, *, leave_price: float = math.nan) -> None:
        """Close the account's books; an open position is worth ``leave_price`` less the fee of leaving."""
        held, cash, fees = self._position[intent], self._cash[intent], self._fees[intent]
        realised, value = (cash, 0.0)
        if held:
            # Only entries so far: nothing is realised, and the cash is what the position cost.
            price = self.price(leave_price)
            realised, value = 0.0, cash + held * price - abs(held) * price * self.fee_rate
        self.write(
            "account_end",
            self.account(intent),
            intent,
            _us(at),
            held,
            0,
            1e6 + realised - fees,
            fees,
            realised,
            value,
        )

    def shared_books(self, at: float, *, position: float = 0.0) -> None:
        self.write("account_end", 0, -1, _us(at), position, 0, 1e6, 0.0, 0.0, 0.0)

    def shadow(
        self, kind: str, result: float, intent: int = 0, *, later: tuple[float, float, float] = (math.nan,) * 3,
        crossed: float = -1.0,
    ) -> None:  # fmt: skip
        self.write("shadow", intent, kind, 0, 100.0, 0, 100.0, "timed_out", result, *later, _us(crossed))

    def plain(self, intent: int = 0, at: float = 0.0, *, exit_price: float = 101.0) -> None:
        """Tell the whole of a good trade: filled after 0.1 s, protected after 0.2 s, closed at the end of holding."""
        self.decide(intent, at)
        self.verdict(at + 0.05, 100.0, intent)
        self.enter(at + 0.05, at + 0.1, intent=intent)
        self.protect(at + 0.11, at + 0.2, intent=intent)
        self.flatten(at + 900.0, at + 900.1, exit_price, intent)
        self.finish(at + 900.2, intent=intent)
        self.shadow("ideal", 1.0, intent)
        self.shadow("floor", 1.0, intent)
        self.books(at + 960.0, intent)


@pytest.fixture(params=[1, -1], ids=["long", "short"])
def story(request: pytest.FixtureRequest) -> Story:
    """Tell each story twice, long and short: no number that is relative to the plan may differ."""
    return Story(request.param)


@pytest.fixture(scope="session")
def new_story() -> type[Story]:
    """Give the class, for tests that need several stories or other settings."""
    return Story
