"""Ratios: virtual sleep and whole intents against bare SimPy; cost against the length of the tape."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import looptime
import numpy as np
import simpy

from sim.clock import run_virtual
from sim.experiment.prepare import Market, load_market_of, prepare
from sim.scenario import LoadedScenario, load_policy_named, load_scenario
from sim.world import World
from tests.benchmarks.measure import Row, paired_ratio

_SLEEPS = 100_000


def _bare_timeouts(processes: int, each: int) -> None:
    env = simpy.Environment()

    def process() -> Generator[Any, Any, None]:
        for _ in range(each):
            yield env.timeout(1000)

    for _ in range(processes):
        env.process(process())
    env.run()


async def _sleepers(number: int, each: int) -> None:
    async def sleeper() -> None:
        for _ in range(each):
            await asyncio.sleep(0.001)

    await asyncio.gather(*(sleeper() for _ in range(number)))


def sleep_ratio(sleepers: int, at_most: float) -> list[Row]:
    """Compare virtual asyncio.sleep with a bare SimPy time-out in a process, equally many of each."""
    each = _SLEEPS // sleepers
    return [
        paired_ratio(
            f"asyncio.sleep, {sleepers} sleepers, against a bare SimPy time-out",
            lambda: run_virtual(_sleepers(sleepers, each)),
            lambda: _bare_timeouts(sleepers, each),
            at_most,
        )
    ]


def looptime_ratio() -> list[Row]:
    """Compare virtual asyncio.sleep with looptime's default loop; a bound of 1/20 means 20 times cheaper."""
    sleeps = 2_000

    def under_looptime() -> None:
        loop = looptime.new_event_loop()
        try:
            loop.run_until_complete(_sleepers(1, sleeps))
        finally:
            loop.close()

    return [
        paired_ratio(
            "asyncio.sleep, one sleeper, against looptime's default",
            lambda: run_virtual(_sleepers(1, sleeps)),
            under_looptime,
            1 / 20,
        )
    ]


# -- whole intents --------------------------------------------------------------------------------------------

_INTENTS = 5_000


def _world(loaded: LoadedScenario, market: Market, intents: int) -> World:
    ready = prepare(loaded, market, 7, intents)
    policy = load_policy_named("d7")
    return World(
        loaded.scenario, policy.store, 7, ready.paths, ready.filters, ready.plans, volumes=ready.volumes
    )


def _five_per_cent() -> LoadedScenario:
    """Return a day of dense intents in which five per cent of the order requests meet a fault."""
    return load_scenario(
        "quickstart",
        [
            "workload.poisson_per_hour=250",
            "faults.internal_error.how.rate=0.05",
            "faults.reply_lost.how={rate = 0.0}",
            "faults.request_lost.how.rate=0.0",
            "faults.late.how.rate=0.0",
            "faults.unknown_503.how.rate=0.0",
            "faults.unavailable_503.how.rate=0.0",
            "faults.would_trigger.how.rate=0.05",
        ],
    )


def timers_per_intent(loaded: LoadedScenario, market: Market) -> float:
    """Count the timed waits that one intent makes on the heap (legs, back-offs, triggers, holds)."""
    world = _world(loaded, market, _INTENTS)
    counted = [0]
    loop = world.loop
    at_us, call_later = loop.at_us, loop.call_later

    def counting(schedule: Callable[..., Any]) -> Callable[..., Any]:
        def count(*args: Any, **keywords: Any) -> Any:
            counted[0] += 1
            return schedule(*args, **keywords)

        return count

    loop.at_us = counting(at_us)  # type: ignore[method-assign]
    loop.call_later = counting(call_later)  # type: ignore[method-assign]
    world.run()
    return counted[0] / len(world.plans)


def intent_ratio() -> list[Row]:
    """Compare whole intents with a bare SimPy process of as many time-outs each, as many of them in flight.

    The work is ``World.run`` alone: the path is generated, the trace is on; loading is not part of it.
    """
    loaded = _five_per_cent()
    market = load_market_of(loaded)
    timers = round(timers_per_intent(loaded, market))
    worlds = iter(lambda: _world(loaded, market, _INTENTS), None)
    hold_us = round(loaded.scenario.workload.hold_s * 1e6)

    def bare() -> None:
        env = simpy.Environment()

        def process() -> Generator[Any, Any, None]:
            for _ in range(timers):
                yield env.timeout(hold_us // timers)

        def decide() -> Generator[Any, Any, None]:
            for _ in range(_INTENTS):
                env.process(process())
                yield env.timeout(14_400_000)

        env.process(decide())
        env.run()

    ready = [next(worlds) for _ in range(16)]
    return [
        paired_ratio(
            f"an intent, against a bare process with {timers} time-outs",
            lambda: ready.pop().run(),
            bare,
            20.0,
        )
    ]


# -- the length of the tape -----------------------------------------------------------------------------------


def tape_ratio() -> list[Row]:
    """Compare 200 intents over 30 days of minutes with 200 intents over one day."""
    day = load_scenario("quickstart", ["workload.poisson_per_hour=9"])
    one = load_market_of(day)
    bars = one.tapes[0]
    days = 30
    tiled = replace(
        bars,
        **{
            name: np.tile(getattr(bars, name), days)
            for name in ("open", "high", "low", "close", "volume", "count")
        },
    )
    month = load_scenario("quickstart", ["workload.poisson_per_hour=0.29"])
    thirty = replace(one, tapes=(tiled,))
    return [
        paired_ratio(
            "200 intents over 30 days, against over 1 day",
            lambda: _world(month, thirty, 200).run(),
            lambda: _world(day, one, 200).run(),
            1.5,
        )
    ]


BENCHMARKS: dict[str, Callable[[], list[Row]]] = {
    "sleep-200": lambda: sleep_ratio(200, 4.5),
    "sleep-1": lambda: sleep_ratio(1, 6.0),
    "looptime": looptime_ratio,
    "intent": intent_ratio,
    "tape": tape_ratio,
}
