"""What is asked before an entry: the price, its age, the guard, and whether the venue takes stops at all."""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.entry_checks import EntryChecks, Intent, distance_of, market_params, protective_orders
from sim.execution.events import Emitter
from sim.execution.execution_safety import ExecutionSafetyGuard, ValidationResult
from sim.execution.outcomes import Failure, unhurried
from sim.execution.patience import ReplyTimes
from sim.execution.policy_keys import Settings
from sim.execution.policy_store import PolicyStore
from sim.execution.precision import load_filters
from sim.execution.volatility import Volatility

LONG = Intent("BTCUSDT", "buy", Decimal("0.5"), 100.0, 0.01, 0.02, None, 0.5, None, None, "i1")
SHORT = LONG._replace(side="sell")


class Guard:
    """Answer with a price after a while, and with a verdict; remember what was asked."""

    def __init__(self, price: float | Exception = 100.0, *, took_s: float = 0.0, valid: bool = True) -> None:
        self.price, self.took_s, self.valid = price, took_s, valid
        self.held_back_s = 0.0
        self.read_s: list[float] = []
        self.asked: list[dict[str, Any]] = []

    async def get_current_market_price(self, symbol: str, client: Any) -> float:
        assert symbol == "BTCUSDT"
        self.read_s.append(asyncio.get_running_loop().time())
        if self.held_back_s:
            with unhurried():
                await asyncio.sleep(self.held_back_s)
        await asyncio.sleep(self.took_s)
        if isinstance(self.price, Exception):
            raise self.price
        return self.price

    async def validate_and_adjust_order(self, **question: Any) -> ValidationResult:
        self.asked.append(question)
        return ValidationResult(self.valid, "because")


class Checks:
    """Hold the checks of one guard beside what they tell others."""

    def __init__(self, guard: Any, client: Any = None) -> None:
        self.guard = guard
        self.events: list[Any] = []
        self.replies = ReplyTimes()
        self.volatility = Volatility()
        emit = Emitter(logging.Logger("test"), [self.events.append])
        self.checks = EntryChecks(client, guard, self.volatility, emit, self.replies)


@pytest.mark.parametrize(
    ("timeout_s", "took_s", "good"),
    [(1.0, 1.9, True), (1.0, 2.1, False), (0.0, 2.0, True), (0.0, 2.1, False)],
)
def test_a_price_older_than_the_policy_lets_it_be_is_no_price(
    timeout_s: float, took_s: float, good: bool
) -> None:
    """With a limit it is given up, without one thrown away; both ends are failures that name the reason."""
    made = Checks(Guard(took_s=took_s))
    settings = Settings(attempt_timeout_sec=timeout_s, max_price_age_sec=2.0)
    price = run_virtual(made.checks.fresh_price("BTCUSDT", settings))
    if good:
        assert price == 100.0
        return
    assert isinstance(price, Failure)
    assert (price.kind, price.code) == ("silent" if timeout_s else "error", None)
    expected = "no answer within 2 s" if timeout_s else "the price of BTCUSDT is 2.100 s old"
    assert price.message == expected


def test_what_a_price_took_tells_how_quick_the_venue_is() -> None:
    """One the limiter held back for longer than the limit tells nothing; both count for the volatility."""

    async def main() -> list[float]:
        made = Checks(Guard(took_s=0.5))
        settings = Settings(attempt_timeout_sec=1.0, max_price_age_sec=2.0)
        await made.checks.fresh_price("BTCUSDT", settings)
        first_s = made.replies.quick_s()
        made.guard.held_back_s = 4.0
        assert await made.checks.fresh_price("BTCUSDT", settings) == 100.0
        assert made.volatility._last["BTCUSDT"][1] == 100.0
        at_the_limit = Checks(Guard(took_s=3.0))
        await at_the_limit.checks.fresh_price("BTCUSDT", Settings(attempt_timeout_sec=0.0))
        failed = Checks(Guard(LookupError("down")))
        await failed.checks.fresh_price("BTCUSDT", settings)
        return [
            first_s, made.replies.quick_s(), at_the_limit.replies.quick_s(), failed.replies.quick_s(),
        ]  # fmt: skip

    assert run_virtual(main()) == pytest.approx([0.5, 0.5, 3.0, 0.0])


@pytest.mark.parametrize(("intent", "stop", "target"), [(LONG, 49.0, 52.0), (SHORT, 51.0, 48.0)])
def test_the_guard_is_asked_about_stop_and_target_where_they_would_stand(
    intent: Intent, stop: float, target: float
) -> None:
    """From the market and not from the plan, on the side of the position."""
    made = Checks(Guard())
    wished = intent._replace(leverage=7.0)
    verdict = run_virtual(made.checks.judge(wished, 50.0, sl_percent=0.02, tp_percent=0.04))
    assert verdict.reason == "because"
    assert made.guard.asked == [
        {
            "symbol": "BTCUSDT", "side": intent.side, "planned_entry_price": 100.0, "current_market_price": 50.0,
            "sl_price": pytest.approx(stop), "tp_price": pytest.approx(target), "leverage": 7.0,
        }
    ]  # fmt: skip


def rechecked(made: Checks, settings: Settings, *, wait_s: float | None) -> Any:
    """Ask before a resend, ``wait_s`` after a first price was read, or without any."""

    async def main() -> Any:
        if wait_s is not None:
            await made.checks.fresh_price("BTCUSDT", settings)
            await asyncio.sleep(wait_s)
        recheck = made.checks.before_resend(LONG, settings)
        return None if recheck is None else await recheck(2, {})

    return run_virtual(main())


def test_a_policy_may_want_no_second_question() -> None:
    """``recheck_each_attempt = false``: there is nothing to call."""
    made = Checks(Guard())
    assert made.checks.before_resend(LONG, Settings(recheck_each_attempt=False)) is None
    assert made.checks.before_resend(LONG, Settings()) is not None


@pytest.mark.parametrize(
    ("timeout_s", "wait_s", "reads"), [(1.0, 1.9, 1), (1.0, 2.0, 2), (0.0, 0.5, 2), (1.0, None, 1)]
)
def test_a_price_that_is_not_old_yet_is_not_read_again(
    timeout_s: float, wait_s: float | None, reads: int
) -> None:
    """Counted from when it was asked for; a policy without a limit for attempts reads anew each time."""
    made = Checks(Guard())
    settings = Settings(attempt_timeout_sec=timeout_s, max_price_age_sec=2.0)
    assert rechecked(made, settings, wait_s=wait_s) is None
    assert len(made.guard.read_s) == reads
    assert len(made.guard.asked) == (0 if wait_s == 1.9 else 1)


def test_the_guards_refusal_withdraws_a_resend_and_its_consent_does_not() -> None:
    """The reason is the guard's; stop and target are the intent's own."""
    for valid, reason in ((True, None), (False, "because")):
        made = Checks(Guard(valid=valid))
        assert rechecked(made, Settings(), wait_s=None) == reason
        assert made.guard.asked[0]["sl_price"] == pytest.approx(99.0)
        assert made.guard.asked[0]["tp_price"] == pytest.approx(102.0)


def test_a_resend_without_a_price_is_withdrawn() -> None:
    """The failure's own words are the reason."""
    assert rechecked(Checks(Guard(LookupError("down"))), Settings(), wait_s=None) == "down"


@pytest.mark.parametrize(
    ("held_s", "reason"), [(2.0, None), (2.5, "the price of BTCUSDT came after 2.500 s")]
)
def test_a_price_the_limiter_held_back_too_long_withdraws_a_resend(held_s: float, reason: str | None) -> None:
    """The wait before a resend is the policy's; one the limiter adds is none of it."""
    made = Checks(Guard())
    made.guard.held_back_s = held_s
    settings = Settings(attempt_timeout_sec=1.0, max_price_age_sec=2.0)
    assert rechecked(made, settings, wait_s=None) == reason


def test_after_the_trade_only_the_deviation_is_reported() -> None:
    """The verdict from before stays, without one the new one counts, and a price nobody has is an event."""
    before = ValidationResult(True, "before")
    made = Checks(Guard(90.0))
    assert run_virtual(made.checks.judge_after_trade(LONG, before)) is before
    after = run_virtual(made.checks.judge_after_trade(LONG._replace(leverage=3.0), None))
    assert (after.reason, made.events) == ("because", [])
    assert made.guard.asked[1] == {
        "symbol": "BTCUSDT", "side": "buy", "planned_entry_price": 100.0, "current_market_price": 90.0,
        "leverage": 3.0,
    }  # fmt: skip
    failed = Checks(Guard(LookupError("down")))
    assert run_virtual(failed.checks.judge_after_trade(LONG, before)) is before
    (event,) = failed.events
    assert (event.symbol, event.call, event.message) == ("BTCUSDT", "price look-up", "down")


@pytest.mark.parametrize(
    ("since_s", "within_s", "aside"),
    [(None, 300.0, False), (299.0, 300.0, True), (301.0, 300.0, False), (1.0, 0.0, False)],
)
def test_nothing_is_entered_for_a_while_after_a_stop_was_throttled(
    since_s: float | None, within_s: float, aside: bool
) -> None:
    """Neither at first nor again; the reason is told; 0 s: entered all the same."""
    made = Checks(Guard())
    settings = Settings(stand_aside_sec=within_s)

    async def main() -> list[str | None]:
        if since_s is not None:
            made.replies.note_throttled()
            await asyncio.sleep(since_s)
        recheck = made.checks.before_resend(LONG, settings)
        assert recheck is not None
        return [made.checks.stands_aside("BTCUSDT", settings), await recheck(2, {})]

    reason = "a stop or a close was throttled less than 300 s ago" if aside else None
    assert run_virtual(main()) == [reason, reason]
    assert [(event.symbol, event.call, event.message) for event in made.events] == (
        [("BTCUSDT", "entry", reason)] * 2 if aside else []
    )
    assert len(made.guard.read_s) == (0 if aside else 1)


@pytest.mark.parametrize(
    ("given", "ids", "deadline_s", "named"),
    [
        ("mine", False, 0.0, True),
        (None, False, 0.0, False),
        (None, True, 0.0, True),
        (None, False, 0.5, True),
    ],
)
def test_an_intent_has_a_name_where_its_orders_must_be_found_again(
    given: str | None, ids: bool, deadline_s: float, named: bool
) -> None:
    """The caller's, or a new one with client ids or a time to protection."""

    async def main() -> str | None:
        return EntryChecks.intent_id(given, Settings(client_ids=ids, protect_deadline_sec=deadline_s))

    name = run_virtual(main())
    assert (name is not None) is named
    assert given is None or name == given


@pytest.mark.parametrize(
    ("intent", "price"), [(LONG, "100.3"), (SHORT, "99.7")], ids=["long down", "short up"]
)
def test_a_limit_entry_is_bounded_on_tick_and_within_the_limit(
    run: Any, fake_client: Any, intent: Intent, price: str
) -> None:
    """Plan x (1 +- 0.35 %), brought on the tick of 0.1 towards the plan."""
    client = fake_client()
    run(load_filters(client))
    guard = ExecutionSafetyGuard(PolicyStore({"execution.max_slippage_pct": 0.0035}))
    settings = Settings(max_slippage_pct=0.0035)
    params = Checks(guard, client).checks.entry_params(intent, settings)
    side = intent.side.upper()
    market = {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": "0.5"}
    assert params == {**market, "type": "LIMIT", "timeInForce": "IOC", "price": price}
    assert market_params(intent) == market
    assert Checks(guard, client).checks.entry_params(intent, Settings(entry_style="market")) == market


def test_protection_keeps_the_distances_the_guard_left() -> None:
    """A level moved away from the price the guard saw is as far from the entry; one it left is the intent's."""
    moved = ValidationResult(True, "moved", 50.0, 48.0, 53.0)
    for verdict, stop, target in (
        (None, "198", "204"),
        (ValidationResult(True, "fine"), "198", "204"),
        (moved, "192", "212"),
        (ValidationResult(True, "plan seen", None, 95.0, None), "190", "204"),
    ):
        orders = protective_orders(None, LONG, verdict, 200.0, Decimal("0.5"))
        outer = orders[0], orders[-1]
        assert [float(order.params["stopPrice"]) for order in outer] == [float(stop), float(target)]


def test_a_distance_is_a_fraction_of_the_entry_on_either_side() -> None:
    """Without a moved price the other distance counts."""
    assert distance_of(None, 50.0, 0.25) == 0.25
    assert distance_of(49.0, 50.0, 0.25) == distance_of(51.0, 50.0, 0.25) == pytest.approx(0.02)


def test_checks_of_their_own_remember_their_own_answers() -> None:
    """Without a shared memory of answers there is one of its own."""
    guard: Any = Guard(took_s=0.25)
    checks = EntryChecks(None, guard, Volatility(), Emitter(logging.Logger("test"), ()))
    settings = Settings()

    async def main() -> float:
        await checks.fresh_price("BTCUSDT", settings)
        return checks._replies.quick_s()

    assert run_virtual(main()) == pytest.approx(0.25)
