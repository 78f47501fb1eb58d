"""Run a program of unmodified client libraries against a scenario file, in virtual time.  Needs the ``http`` extra.

    from sim.api.clients import client_world
    from sim.web.clients import python_binance

    async def program():
        async with python_binance("key", "secret") as client:
            await client.futures_create_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010")

    world = client_world("ghost_entry", {"key": "secret"}, seed=1)
    world.run(program)
    world.account("key").positions

The scenario brings market, latency, faults, limits, fills and the accounts' wallet; its workload is left aside: the
program is the trader.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from os import PathLike
from typing import TypeVar

from sim.clock import PipedLoop
from sim.exchange.account import Account
from sim.experiment.prepare import load_market_of, paths_of
from sim.scenario import LoadedScenario, load_scenario
from sim.serve.stand import Stand
from sim.trace import Trace
from sim.web.client_world import PATIENCE_S, run_program

_T = TypeVar("_T")


class ScenarioClients:
    """Hold a scenario's exchange behind an in-memory socket; :meth:`run` runs one program against it, once."""

    def __init__(self, loaded: LoadedScenario, keys: Mapping[str, str], seed: int) -> None:
        self.loaded = loaded
        self.seed = seed
        self.loop = PipedLoop()
        self._secrets = dict(keys)
        market = load_market_of(loaded)
        filters, paths = paths_of(loaded, market, seed)
        self.stand = Stand(
            loaded.scenario, seed, paths, filters, market.volumes, list(keys), loop=self.loop, patience_s=PATIENCE_S
        )  # fmt: skip

    @property
    def trace(self) -> Trace:
        """Return the record of what was asked, what was true, and what was answered."""
        return self.stand.trace

    def account(self, api_key: str) -> Account:
        """Return the true account behind a key."""
        return self.stand.slots[api_key].account

    def run(self, program: Callable[[], Awaitable[_T]]) -> _T:
        """Run ``program`` to its end and return what it returns; its wall clock is wrong by ``client.clock_offset_ms``.

        Raises what the program raises, and RuntimeError for tasks that died unseen or coroutines never awaited.
        """
        offset_us = round(self.loaded.scenario.client.clock_offset_ms * 1000)
        return run_program(
            program, self.stand.exchange, self._secrets, loop=self.loop, epoch_us=self.stand.epoch_us + offset_us,
            seed=self.seed, ahead=self.stand.client_clock,
        )  # fmt: skip


def client_world(
    scenario: str | PathLike[str] | LoadedScenario,
    keys: Mapping[str, str],
    *,
    seed: int | None = None,
    overrides: Sequence[str] = (),
) -> ScenarioClients:
    """Build the exchange of a scenario (name, file, or loaded) for client programs.

    ``keys``: secrets by API key ("": signatures are looked for, not verified); each key has an account of its own.
    ``seed`` None: the first of the scenario's ``[check]``.  ``overrides`` as ``PATH=VALUE``.  Raises InputError.
    """
    loaded = scenario if isinstance(scenario, LoadedScenario) else load_scenario(scenario, overrides)
    return ScenarioClients(loaded, keys, loaded.scenario.check.seeds[0] if seed is None else seed)
