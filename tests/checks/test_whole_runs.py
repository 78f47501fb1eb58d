"""Planted bugs: tiny defective executors run in a real world, and the named check must catch each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sim.execution import EventDrivenExecutor, OrderResult, SafeOrderExecutor
from sim.execution.events import AttemptFailed, BackoffStarted, PlacementEnded, PlacementStarted
from sim.execution.outcomes import Failure, attempt, order_id_or_failure
from sim.faults import CodedError, How, Match, Timeout, Unknown503
from sim.world import RunRecord, World
from sim.world.recorder import Recorder

ALWAYS = How(rate=1.0)


def run_with(
    world: World,
    *,
    placer: Callable[..., SafeOrderExecutor] | None = None,
    executor: type[EventDrivenExecutor] = EventDrivenExecutor,
    policy: Any = None,
) -> RunRecord:
    """Put a defective placer or executor into the world's place and run it."""
    sound = world.executor
    store = policy if policy is not None else sound._policy_store
    parts: dict[str, Any] = {"hooks": (Recorder(world.loop, world.trace),)}
    world.executor = executor(
        sound._client, store, executor=placer(store, None, **parts) if placer else None, **parts
    )
    return world.run()


def ids(violations: list[dict[str, Any]]) -> set[str]:
    return {row["check"] for row in violations}


# -- clean runs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("isolation", ["intent", "account"])
def test_a_calm_run_is_silent(isolation: str, make_world: Any, judge: Any) -> None:
    """Without faults every intent is protected, closed and believed rightly, in both isolations."""
    # In one account only one direction, one at a time: otherwise -4130 couples the intents.
    alone: dict[str, Any] = {"side": -1, "intents": 3, "holds_s": (15.0,)} if isolation == "account" else {}
    record = make_world(isolation=isolation, **alone).run()
    assert record.ended == "finished"
    assert judge(record.trace, isolation=isolation, errors=record.errors) == []


def test_a_calm_run_is_not_trivially_safe(clean_trace: Any, read: Any) -> None:
    """The clean run trades: stops, targets and deadlines all happen in it."""
    filled = {row["role"] for row in read(clean_trace, "fill")}
    assert filled == {"entry", "sl", "tp", "flatten"}
    assert len(read(clean_trace, "intent_end")) == 12


def test_documented_failures_are_survived(make_world: Any, judge: Any) -> None:
    """Failures that never hide an order leave nothing worse than an intent without a position."""
    fault = CodedError(name="honest", code=-1001, applied=0.0, how=How(rate=0.25), match=Match(call="order"))
    assert judge(make_world([fault]).run().trace) == []


@pytest.mark.parametrize("isolation", ["intent", "account"])
def test_the_simulator_keeps_its_own_rules_in_a_storm(isolation: str, make_world: Any, judge: Any) -> None:
    """However badly the code under test fares, no simulator check fires: the model itself stays sound."""
    storm = [
        CodedError(name="core", code=-1001, applied=0.5, how=How(rate=0.2)),
        CodedError(name="busy", code=-1008, how=How(rate=0.1)),
        CodedError(name="moved", code=-2021, how=How(rate=0.2), match=Match(role="sl")),
        Timeout(name="lost", kind="timeout", truth="not_applied", how=How(rate=0.05)),
        Timeout(name="unheard", kind="timeout", truth="applied", how=How(rate=0.1)),
        Timeout(name="late", kind="timeout", truth="applied_late", late_s=3.0, how=How(rate=0.1)),
        Timeout(
            name="very_late", kind="timeout", truth="applied_late", late_s=90.0, how=How(rate=0.05),
            obey_recv_window=False,
        ),
    ]  # fmt: skip
    stubborn = {"execution.classifier": "every-error"}
    world = make_world(storm, isolation=isolation, intents=60, policy=stubborn, holds_s=(30.0, 200.0, 500.0))
    record = world.run()
    found = judge(record.trace, isolation=isolation, policy=stubborn, errors=record.errors)
    assert {row["kind"] for row in found} <= {"safety", "liveness"}
    assert {"I01", "I02", "I14"} <= ids(found)


# -- planted bugs ----------------------------------------------------------------------------------------


class NeverStops(SafeOrderExecutor):
    """The canary: claims nothing, sends no stop."""

    async def place_order_with_safety(self, *args: Any, **keywords: Any) -> OrderResult:
        if keywords.get("order_type") == "sl":
            return OrderResult(False, None, None, "not sent", 0)
        return await super().place_order_with_safety(*args, **keywords)


class Sloppy(SafeOrderExecutor):
    """Resend everything, with one bug at a time."""

    surplus_attempts = 0
    sleeps_after_the_last = False
    announces = True
    none_is_success = False
    factor = 1.0
    sleeps = True

    async def place_order_with_safety(  # type: ignore[override]
        self,
        submit_func: Callable[..., Any],
        order_params: Mapping[str, Any],
        symbol: str,
        side: str,
        order_type: str = "entry",
        **keywords: Any,
    ) -> OrderResult:
        limit = 3 + self.surplus_attempts
        self.emit(PlacementStarted(symbol, side, order_type, limit))
        result = OrderResult(False, None, None, "nothing tried", 0)
        for k in range(1, limit + 1):
            reply = await attempt(submit_func, **order_params)
            outcome = reply if isinstance(reply, Failure) else order_id_or_failure(reply)
            if isinstance(outcome, str) or self.none_is_success:
                result = OrderResult(True, outcome if isinstance(outcome, str) else "None", attempts=k)
                break
            self.emit(AttemptFailed(symbol, order_type, k, limit, outcome.code, outcome.message, k < limit))
            result = OrderResult(False, None, outcome.code, outcome.message, k)
            if k < limit or self.sleeps_after_the_last:
                await self.rest(symbol, order_type, k)
        self.emit(PlacementEnded(symbol, side, order_type, result, True))
        return result

    async def rest(self, symbol: str, order_type: str, k: int) -> None:
        delay_s = 0.5 * 2.0 ** (k - 1)
        if self.announces:
            self.emit(BackoffStarted(symbol, order_type, delay_s, k + 1))
        if self.sleeps:
            await asyncio.sleep(delay_s * self.factor)


def sloppy(**bugs: Any) -> Callable[..., SafeOrderExecutor]:
    return type("Sloppy", (Sloppy,), bugs)


FAILING = [
    CodedError(name="honest", code=-1001, applied=0.0, how=How(rate=0.5), match=Match(role="tp")),
    CodedError(name="down", code=-1001, applied=0.0, how=ALWAYS, match=Match(role="entry", side="SELL")),
]
THREE = {"execution.max_order_retries": 3}


def test_the_canary_is_caught(make_world: Any, judge: Any) -> None:
    """An executor that never sends stops leaves every position naked until it is closed (I03)."""
    record = run_with(make_world(), placer=NeverStops)
    found = judge(record.trace)
    assert ids(found) == {"I03"}
    assert sorted(row["intent"] for row in found) == list(range(12))
    assert min(row["amount"] for row in found) > 50.0


def test_the_sloppy_frame_itself_is_sound(make_world: Any, judge: Any) -> None:
    """With no bug switched on the defective executor passes, so each bug below is caught for itself."""
    record = run_with(make_world(FAILING, policy=THREE), placer=Sloppy)
    assert judge(record.trace, policy=THREE) == []


@pytest.mark.parametrize(
    ("bug", "check"),
    [
        ({"surplus_attempts": 1}, "I08"),
        ({"sleeps_after_the_last": True}, "I09"),
        ({"sleeps_after_the_last": True, "announces": False}, "I09"),
        ({"announces": False}, "I09"),
        ({"sleeps": False}, "I09"),
        ({"factor": 1.5}, "I09"),
        ({"factor": 0.5}, "I09"),
    ],
    ids=[
        "one attempt too many",
        "sleeps after the last attempt",
        "the same in secret",
        "sleeps in secret",
        "announces and does not sleep",
        "sleeps too long",
        "sleeps too short",
    ],
)
def test_a_wrong_retry_loop_is_caught(bug: dict[str, Any], check: str, make_world: Any, judge: Any) -> None:
    """Attempts and sleeps are compared with the policy, by what was announced and by what happened."""
    record = run_with(make_world(FAILING, policy=THREE), placer=sloppy(**bug))
    assert check in ids(judge(record.trace, policy=THREE))


def test_success_without_an_order_is_caught(make_world: Any, judge: Any) -> None:
    """A reply that is no order counted as success: the venue has no such order (I14), the belief is wrong (I02)."""
    down = CodedError(name="down", code=-1001, applied=0.0, how=ALWAYS, match=Match(role="entry"))
    record = run_with(make_world([down]), placer=sloppy(none_is_success=True))
    found = judge(record.trace)
    false = [row for row in found if row["check"] == "I14" and "entry" in row["belief"]]
    assert len(false) == 12
    assert "no order 'None'" in false[0]["truth"]


def test_an_unknown_outcome_booked_as_failure_is_caught(make_world: Any, judge: Any) -> None:
    """503 "Unknown error" on an entry that was applied: claimed failed (I14), position not believed (I02)."""
    unknown = Unknown503(
        name="unknown", kind="unknown_503", applied=1.0, how=ALWAYS, match=Match(role="entry")
    )
    found = judge(make_world([unknown]).run().trace)
    assert {"I14", "I02", "I03"} <= ids(found)
    wrong = next(row for row in found if row["check"] == "I02" and row["intent"] == 0)
    assert (wrong["amount"], wrong["unit"]) == (pytest.approx(0.01), "base")
    assert "-0.01" in wrong["truth"]


def test_a_blind_resend_is_caught(make_world: Any, judge: Any) -> None:
    """The entry is sent again after a lost reply: two entries are accepted for one intent (I01)."""
    lost = Timeout(
        name="lost", kind="timeout", truth="applied", how=How(script=[1]), match=Match(role="entry")
    )
    found = judge(make_world([lost]).run().trace)
    doubles = [row for row in found if row["check"] == "I01"]
    assert len(doubles) == 12
    assert {round(row["amount"], 9) for row in doubles} == {0.01}
    assert "2 entries accepted" in doubles[0]["truth"]


class ClosesTwice(EventDrivenExecutor):
    """Close without reduce-only, and once more to be sure."""

    async def close_position(self, *, symbol: str, side: str, quantity: float) -> OrderResult:
        result = OrderResult(False)
        for _ in range(2):
            params = {
                "symbol": symbol,
                "side": "SELL" if side == "buy" else "BUY",
                "type": "MARKET",
                "quantity": f"{quantity:.3f}",
            }
            result = await self._executor.place_order_with_safety(
                submit_func=self._client.futures_create_order,
                order_params=params,
                symbol=symbol,
                side=side,
                order_type="exit",
            )
        await self.cancel_all(symbol)
        return result


def test_a_double_close_is_caught(make_world: Any, judge: Any) -> None:
    """The second close opens the other side: the sign turns (I15), the bot believes it is flat (I02)."""
    record = run_with(make_world(holds_s=(60.0,)), executor=ClosesTwice)
    found = judge(record.trace)
    assert {"I15", "I02", "I03"} <= ids(found)
    assert sum(row["check"] == "I15" and "could open" in row["truth"] for row in found) == 12
    assert sum(row["check"] == "I15" and "the position went from" in row["truth"] for row in found) == 12


class Raises(EventDrivenExecutor):
    """Die of a bug of its own."""

    async def submit_order(self, **keywords: Any) -> Any:
        raise KeyError("orderId")


class ForgetsToAwait(EventDrivenExecutor):
    """Call the clean-up and drop the coroutine."""

    async def cancel_all(self, symbol: str) -> bool:
        super().cancel_all(symbol)  # type: ignore[unused-coroutine]
        return True


class DiesInTheBackground(EventDrivenExecutor):
    """Leave the work to a task nobody looks at."""

    async def cancel_all(self, symbol: str) -> bool:
        async def work() -> None:
            raise ValueError(symbol)

        asyncio.ensure_future(work())  # noqa: RUF006 - losing it is the bug
        return True


def test_an_escaped_exception_is_caught(make_world: Any, judge: Any) -> None:
    """An intent that dies of an exception ends, and not as anybody meant (L02)."""
    found = judge(run_with(make_world(), executor=Raises).trace)
    assert ids(found) == {"L02"}
    assert "KeyError" in found[0]["truth"]


@pytest.mark.parametrize("executor", [ForgetsToAwait, DiesInTheBackground])
def test_lost_work_is_caught(executor: Any, make_world: Any, judge: Any) -> None:
    """A coroutine never awaited and a task that died unseen are findings (L03)."""
    record = run_with(make_world(holds_s=(60.0,)), executor=executor)
    assert len(record.errors) == 12
    found = [row for row in judge(record.trace, errors=record.errors) if row["check"] == "L03"]
    assert len(found) == 12
    assert ("never awaited" in found[0]["truth"]) is (executor is ForgetsToAwait)


class NeverReturns(EventDrivenExecutor):
    """Wait for something that does not come."""

    async def submit_order(self, **keywords: Any) -> Any:
        await asyncio.get_running_loop().create_future()


def test_a_flow_that_never_ends_is_caught(make_world: Any, judge: Any) -> None:
    """The run ends at its limit and the intents without an end are named (L02)."""
    record = run_with(make_world(intents=3), executor=NeverReturns)
    assert record.ended == "time limit"
    found = judge(record.trace)
    assert [(row["check"], row["kind"], row["intent"]) for row in found] == [
        ("L02", "liveness", 0), ("L02", "liveness", 1), ("L02", "liveness", 2),
    ]  # fmt: skip


def test_every_begun_intents_books_are_closed_when_a_run_is_cut(
    make_world: Any, judge: Any, read: Any
) -> None:
    """At the time limit also the books of flows that are over but not yet settled are written."""
    poor = CodedError(name="poor", code=-2019, how=ALWAYS, match=Match(role="entry", side="SELL"))
    record = make_world([poor], intents=6, holds_s=(300.0,), time_s=90.0).run()
    assert record.ended == "time limit"
    assert {row["intent"] for row in read(record.trace, "account_end")} == {0, 1, 2, 3, 4}
    assert "S01" not in ids(judge(record.trace))


def test_a_cut_run_blames_nobody_for_requests_under_way(make_world: Any, judge: Any) -> None:
    """Faults on requests whose answer the cut came before are not stray (S06), times stay in order (S02)."""
    lost = Timeout(name="lost", kind="timeout", truth="not_applied", how=ALWAYS, match=Match(role="entry"))
    # One attempt: a resend after ten seconds of silence would rest on an old price (I04).
    once = {"execution.max_order_retries": 1}
    record = make_world([lost], time_s=85.0, policy=once).run()
    assert ids(judge(record.trace, policy=once)) <= {"L01", "L02"}
