"""The process of the code under test dies, stands still, thinks, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from sim.execution import OrderResult
from sim.world import World
from sim.world.code_under_test import event_driven

Make = Callable[..., Any]
LONG = {"hold_us": 30_000_000}


def crash(**changes: Any) -> dict[str, Any]:
    return {"name": "dies", "kind": "crash", "restart_s": 5.0, **changes}


class Fake:
    """Be an executor made of one function; ``submit`` gets the client and what its predecessors stored."""

    def __init__(self, submit: Callable[..., Any], client: Any, store: dict[str, str]) -> None:
        self._submit = submit
        self._client = client
        self._store = store

    async def prepare(self, symbols: Sequence[str]) -> None:
        """Need nothing."""

    async def submit_order(self, **wish: Any) -> Any:
        """Do what the test says, then report no position."""
        await self._submit(self._client, self._store)
        return SimpleNamespace(status="failed", exit=None, error_message="", protected=False)

    async def close_position(self, *, symbol: str, side: str, quantity: float) -> OrderResult:
        """Close with one order."""
        params = {
            "symbol": symbol, "side": "SELL" if side == "buy" else "BUY", "type": "MARKET", "quantity": quantity,
            "reduceOnly": "true",
        }  # fmt: skip
        reply = await self._client.futures_create_order(**params)
        return OrderResult(True, str(reply["orderId"]))


class Recovering(Fake):
    """Be an executor that finds its position in its store after a restart."""

    async def recover(self, symbols: Sequence[str]) -> Mapping[str, float]:
        """Believe what was written down."""
        return {name: float(text) for name, text in self._store.items()}

    async def symbol_closed(self, symbol: str) -> None:
        """Write down what was told."""
        self._store["told"] = symbol


def of(submit: Callable[..., Any], kind: type[Fake] = Fake) -> Callable[..., Any]:
    return lambda client, policy, hooks, store: kind(submit, client, store)


async def buy(client: Any, store: dict[str, str]) -> None:
    await client.futures_create_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.020")


def test_at_rate_nought_not_a_byte_differs(make_line: Make, make_plan: Make) -> None:
    """A process that can die, but does not, runs as one that cannot."""
    plans = [make_plan(number, 1_000_000 + number * 2_000_000, **LONG) for number in range(5)]
    plain = make_line(plans).run().trace.sha256()
    for fault in (
        crash(how={"rate": 0.0}),
        {"name": "b", "kind": "blocked_loop", "for_s": 1.0, "how": {"rate": 0.0}},
        {
            "name": "c", "kind": "compute_delay", "before": {"law": "constant", "ms": 9.0}, "how": {"rate": 0.0},
        },
    ):  # fmt: skip
        assert make_line(plans, faults=[fault]).run().trace.sha256() == plain


def test_a_crash_at_the_entry_leaves_the_order_alive(make_line: Make, make_plan: Make, rows_of: Make) -> None:
    """What was on its way reaches the venue; the process that comes back knows nothing of it."""
    trace = make_line([make_plan(0, 1_000_000, **LONG)], faults=[crash(at_await=2)]).run().trace
    assert [row["role"] for row in rows_of(trace, "fill")] == ["entry"]
    assert rows_of(trace, "account_end", intent=0)[0]["position"] == pytest.approx(0.02)
    (end,) = rows_of(trace, "intent_end")
    assert (end["outcome"], end["believed_position"]) == ("crashed", 0.0)
    died, back = rows_of(trace, "process")
    assert (died["kind"], back["kind"]) == ("crashed", "restarted")
    assert back["at_us"] - died["at_us"] == 5_000_000
    (outage,) = rows_of(trace, "outage")
    assert (outage["kind"], outage["opened_us"], outage["closed_us"]) == (
        "dead process",
        died["at_us"],
        back["at_us"],
    )
    (fault,) = rows_of(trace, "fault")
    assert (fault["fault"], fault["request"], fault["intent"]) == ("dies", -1, 0)


def test_a_crash_runs_no_finally(make_line: Make, make_plan: Make, rows_of: Make) -> None:
    """Neither finally nor except CancelledError of the dead reaches the venue, in any of its tasks."""
    ran: list[float] = []

    async def tidy(client: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ran.append(asyncio.get_event_loop().time())
            raise
        finally:
            await client.futures_cancel_all_open_orders(symbol="BTCUSDT")

    async def submit(client: Any, store: dict[str, str]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(tidy(client))
                await asyncio.sleep(3)
                await buy(client, store)
        finally:
            await client.futures_cancel_all_open_orders(symbol="BTCUSDT")
            await asyncio.sleep(1)

    world: World = make_line(
        [make_plan(0, 1_000_000, **LONG)], faults=[crash(at_await=2)], executor_factory=of(submit)
    )
    record = world.run()
    assert [row["call"] for row in rows_of(record.trace, "request", intent=0)] == []
    assert not ran
    assert record.errors == ()
    assert [row["outcome"] for row in rows_of(record.trace, "intent_end")] == ["crashed"]


def test_timers_of_the_dead_never_fire(make_line: Make, make_plan: Make) -> None:
    """A callback the dead process had set for later is gone with it."""
    fired: list[str] = []

    async def submit(client: Any, store: dict[str, str]) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, fired.append, "before")
        loop.call_later(2.0, fired.append, "after")
        await asyncio.sleep(1)
        await asyncio.sleep(60)

    make_line(
        [make_plan(0, 1_000_000, **LONG)], faults=[crash(at_await=2)], executor_factory=of(submit)
    ).run()
    assert fired == ["before"]


def test_memory_dies_and_the_store_lives(make_line: Make, make_plan: Make, rows_of: Make) -> None:
    """The next process is given what its predecessor wrote down, and its recover() is believed."""
    made: list[dict[str, str]] = []

    async def submit(client: Any, store: dict[str, str]) -> None:
        made.append(store)
        await buy(client, store)
        store["BTCUSDT"] = "0.02"
        await asyncio.sleep(20)

    plans = [make_plan(0, 1_000_000, **LONG)]
    trace = make_line(plans, faults=[crash(at_await=2)], executor_factory=of(submit, Recovering)).run().trace
    (end,) = rows_of(trace, "intent_end")
    assert (end["outcome"], end["believed_position"]) == ("crashed", 0.0)
    assert end["ended_us"] >= 31_000_000
    assert [row["role"] for row in rows_of(trace, "fill")] == ["entry", "flatten"]
    assert rows_of(trace, "account_end", intent=0)[0]["position"] == 0
    assert made == [{"BTCUSDT": "0.02"}]


@pytest.mark.parametrize(
    ("holds", "errors"),
    [(True, ()), (False, ("Task was destroyed but it is pending!",))],
    ids=["held", "lost"],
)
def test_what_a_bot_that_came_back_holds_when_the_run_ends_is_not_lost(
    make_line: Make, make_plan: Make, holds: bool, errors: tuple[str, ...]
) -> None:
    """Its intent is over, and what it looks after lives with it to the end; a task that nobody holds is lost."""

    class Caring(Recovering):
        async def recover(self, symbols: Sequence[str]) -> Mapping[str, float]:
            task = asyncio.create_task(asyncio.sleep(86_400.0))
            if holds:
                self._care = task
            return {}

    async def submit(client: Any, store: dict[str, str]) -> None:
        await asyncio.sleep(20)

    world = make_line(
        [make_plan(0, 1_000_000, **LONG)], faults=[crash(at_await=1)], executor_factory=of(submit, Caring)
    )
    assert world.run().errors == errors


def test_a_bot_that_came_back_is_told_that_the_venue_closed_what_it_held(
    make_line: Make, make_plan: Make, rows_of: Make
) -> None:
    """It knows the symbol only, and that is what it hears."""
    told: list[dict[str, str]] = []

    async def submit(client: Any, store: dict[str, str]) -> None:
        told.append(store)
        await buy(client, store)
        store["BTCUSDT"] = "0.02"
        stop = {"type": "STOP_MARKET", "stopPrice": "39800", "quantity": "0.020", "reduceOnly": "true"}
        await client.futures_create_order(symbol="BTCUSDT", side="SELL", **stop)
        await asyncio.sleep(20)

    world: World = make_line(
        [make_plan(0, 1_000_000, **LONG)], faults=[crash(at_await=3)],
        executor_factory=of(submit, Recovering), start_price=40_000.0, pct_per_s=-0.05,
    )  # fmt: skip
    trace = world.run().trace
    assert [row["role"] for row in rows_of(trace, "fill")] == ["entry", "sl"]
    assert told == [{"BTCUSDT": "0.02", "told": "BTCUSDT"}]


def test_under_one_account_a_crash_kills_all_flows(make_line: Make, make_plan: Make, rows_of: Make) -> None:
    """Every intent under way is lost, those due meanwhile are missed, and each ends exactly once."""
    plans = [make_plan(number, 1_000_000 + number * 3_000_000, **LONG) for number in range(4)]
    record = make_line(
        plans, faults=[crash(how={"window": {"at": 8.5, "for_s": 1.0}})], isolation="account"
    ).run()
    trace = record.trace
    assert [(row["kind"], row["intent"], row["at_us"]) for row in rows_of(trace, "process")] == [
        ("crashed", -1, 8_500_000),
        ("restarted", -1, 13_500_000),
    ]
    assert [row["intent"] for row in rows_of(trace, "intent")] == [0, 1, 2, 3]
    assert sorted((row["intent"], row["outcome"]) for row in rows_of(trace, "intent_end")) == [
        (number, "crashed") for number in range(4)
    ]
    assert not rows_of(trace, "request", intent=3)
    assert record.errors == ()


def test_a_window_kills_once_and_only_who_lives_then(make_line: Make, make_plan: Make, rows_of: Make) -> None:
    """Under isolation a stretch's opening kills each living process; who begins inside it goes on."""
    plans = [make_plan(0, 1_000_000, **LONG), make_plan(1, 9_000_000, **LONG)]
    trace = make_line(plans, faults=[crash(how={"window": {"at": 8.5, "for_s": 10.0}})]).run().trace
    assert [(row["kind"], row["intent"]) for row in rows_of(trace, "process")] == [
        ("crashed", 0),
        ("restarted", 0),
    ]


def test_each_await_has_its_own_luck(make_line: Make, make_plan: Make, rows_of: Make) -> None:
    """A rate per await kills some and not others, the same in every run of the seed."""
    plans = [make_plan(number, 1_000_000 + number * 100_000) for number in range(60)]
    runs = [make_line(plans, faults=[crash(how={"rate": 0.05})]).run() for _ in range(2)]
    assert runs[0].trace.sha256() == runs[1].trace.sha256()
    died = {row["intent"] for row in rows_of(runs[0].trace, "process", kind="crashed")}
    assert 5 < len(died) < 40
    ends = rows_of(runs[0].trace, "intent_end")
    assert len(ends) == 60
    assert {row["intent"] for row in ends if row["outcome"] == "crashed"} == died


def test_client_ids_stay_unique_over_a_restart(make_line: Make, make_plan: Make, rows_of: Make) -> None:
    """A new process does not send an id that its predecessor's library invented."""
    plans = [make_plan(number, 1_000_000 + number * 4_000_000) for number in range(4)]
    trace = (
        make_line(plans, faults=[crash(how={"window": {"at": 5.05, "for_s": 1.0}})], isolation="account")
        .run()
        .trace
    )
    assert rows_of(trace, "process", kind="restarted")
    assert -4116 not in {row["code"] for row in rows_of(trace, "request")}


def test_a_blocked_loop_wakes_late_while_the_venue_goes_on(
    make_line: Make, make_plan: Make, rows_of: Make
) -> None:
    """During a synchronous call timers and replies wait; the order executes in its own time."""
    woken: list[float] = []

    async def sleeper() -> None:
        await asyncio.sleep(1)
        woken.append(asyncio.get_running_loop().time())

    async def submit(client: Any, store: dict[str, str]) -> None:
        side = asyncio.create_task(sleeper())
        await asyncio.sleep(0.5)
        await buy(client, store)
        woken.append(asyncio.get_running_loop().time())
        await side

    blocked = {"name": "sync", "kind": "blocked_loop", "for_s": 3.0, "how": {"script": [1]}}
    world = make_line([make_plan(0, 1_000_000, **LONG)], faults=[blocked], executor_factory=of(submit))
    trace = world.run().trace
    # Sent at 1.5 s, answered at 1.54 s; what fell due meanwhile runs at 4.5 s, in the order in which it fell due.
    assert woken == [4.5, 4.5]
    assert rows_of(trace, "fill")[0]["order"] >= 0
    assert rows_of(trace, "write", role="entry")[0]["at_us"] == 1_520_000
    assert [(row["kind"], row["at_us"]) for row in rows_of(trace, "process")] == [
        ("blocked", 1_500_000),
        ("released", 4_500_000),
    ]
    (fault,) = rows_of(trace, "fault")
    assert (fault["fault"], fault["role"]) == ("sync", "entry")


def test_another_intent_is_not_blocked(make_line: Make, make_plan: Make, rows_of: Make) -> None:
    """Under isolation each intent has a loop of its own; in one account all stand still together."""
    blocked = {
        "name": "sync", "kind": "blocked_loop", "for_s": 3.0, "how": {"script": [1], "scope": "run"},
        "match": {"role": "entry"},
    }  # fmt: skip
    plans = [make_plan(0, 1_000_000, **LONG), make_plan(1, 1_500_000, **LONG)]

    def asked(isolation: str) -> int:
        trace = make_line(plans, faults=[blocked], isolation=isolation).run().trace
        return int(rows_of(trace, "request", intent=1, role="entry")[0]["sent_us"])

    assert asked("intent") == 1_540_000
    assert asked("account") > 4_000_000


def test_think_time_makes_what_was_read_older(make_line: Make, make_plan: Make, rows_of: Make) -> None:
    """The entry leaves so much later as the client thinks, and its stop so much later as it thinks afterwards."""
    slow = {
        "name": "slow", "kind": "compute_delay", "before": {"law": "constant", "ms": 700.0},
        "after": {"law": "constant", "ms": 300.0}, "most_ms": 500.0, "how": {"rate": 1.0}, "match": {"role": "entry"},
    }  # fmt: skip
    plans = [make_plan(0, 1_000_000, **LONG)]

    def sent(faults: list[Any]) -> dict[str, int]:
        trace = make_line(plans, faults=faults).run().trace
        return {row["role"]: row["sent_us"] for row in rows_of(trace, "request", intent=0)}

    plain, late = sent([]), sent([slow])
    assert late["entry"] - plain["entry"] == 500_000
    assert late["sl"] - plain["sl"] == 800_000


@pytest.mark.parametrize("isolation", ["intent", "account"])
def test_a_run_that_is_cut_off_with_dead_processes_is_whole(
    make_line: Make, make_plan: Make, rows_of: Make, isolation: str
) -> None:
    """The time limit comes before the restart: the books are closed, and nothing is reported as lost."""
    plans = [make_plan(number, 1_000_000 + number * 1_000_000, **LONG) for number in range(3)]
    record = make_line(
        plans, faults=[crash(at_await=4, restart_s=600.0)], isolation=isolation, limits={"time_s": 20.0}
    ).run()
    assert record.ended == "time limit"
    assert record.errors == ()
    assert rows_of(record.trace, "account_end")


def test_the_shipped_executor_is_what_a_world_makes_by_itself() -> None:
    """The factory is where other code under test comes in."""
    assert type(event_driven(object(), None, (), {})).__name__ == "EventDrivenExecutor"  # type: ignore[arg-type]


def test_a_regime_slows_everybody_and_is_written_down(
    make_line: Make, make_plan: Make, rows_of: Make
) -> None:
    """In a cascade constant legs are 33 times as long, and the record of the run says which regime held when."""
    plans = [make_plan(0, 1_000_000, **LONG)]
    record = make_line(plans, regime={"preset": "cascade", "rates": 0.0}).run()
    assert record.regimes == (("cascade", 0, 331_000_000),)
    assert rows_of(record.trace, "request", role="entry")[0]["request_leg_us"] == 666_667
    assert make_line(plans).run().regimes == ()
