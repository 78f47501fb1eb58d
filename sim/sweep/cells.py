"""Name the cells of a sweep (scenario × policy × grid point) and load each before anything runs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from sim.errors import InputError
from sim.experiment.prepare import Market, load_market_of, prepare
from sim.scenario import InputErrors, LoadedPolicy, LoadedScenario, load_policy_named, load_scenario
from sim.scenario.files import find_toml, policy_dir, scenario_dir
from sim.scenario.mismatch import raise_together
from sim.scenario.overrides import POLICY_PREFIX, split_overrides
from sim.sweep.grid import Axis, Point, points_of


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Say what one cell runs.

    ``scenario`` and ``policy`` are names as tables show them, ``scenario_word`` and ``policy_word`` what finds them:
    the name of a shipped one, else the whole path of the file.  ``fixed`` are the changes of the whole sweep.
    """

    scenario: str
    policy: str
    point: Point
    scenario_word: str
    policy_word: str
    fixed: tuple[str, ...] = ()
    intents: int | None = None

    @property
    def changes(self) -> tuple[str, ...]:
        """Return all changes as ``key=value``: those of the whole sweep, then the grid point's."""
        return (*self.fixed, *(f"{key}={value}" for key, value in self.point))

    @property
    def weather(self) -> tuple[str, Point]:
        """Return what the policy does not decide: cells of the same weather are paired."""
        return self.scenario, tuple(
            setting for setting in self.point if not setting[0].startswith(POLICY_PREFIX)
        )

    @property
    def label(self) -> str:
        """Name the cell on one line."""
        return " ".join([self.scenario, self.policy, *(f"{key}={value}" for key, value in self.point)])

    @property
    def folder(self) -> str:
        """Return the cell's place in a partitioned set: ``scenario=…/policy=…/KEY=VALUE``."""
        pairs = [("scenario", self.scenario), ("policy", self.policy), *self.point]
        return "/".join(f"{quote(key, safe='[]')}={quote(value, safe='')}" for key, value in pairs)

    def command(self, seed: int) -> str:
        """Return the command that shows one run of the cell."""
        words = ["sim", "run", self.scenario_word, "--policy", self.policy_word, "--seed", str(seed)]
        words += ["--intents", str(self.intents)] if self.intents is not None else []
        for change in self.changes:
            words += ["--set", change]
        return shlex.join(words)


class Loaded(NamedTuple):
    """Hold what a cell's runs share."""

    scenario: LoadedScenario
    policy: LoadedPolicy
    market: Market


def cells_of(
    scenarios: Sequence[str],
    policies: Sequence[str],
    axes: Sequence[Axis] = (),
    *,
    fixed: Sequence[str] = (),
    intents: int | None = None,
) -> list[Cell]:
    """Return all cells, by scenario, then by the scenario's grid point, then by policy and its grid point.

    Raises :class:`InputError` for a name twice.  Nothing is loaded yet.
    """
    named = _found("SCENARIO", scenarios, "scenario", scenario_dir())
    reactions = _found("--policies", policies, "policy", policy_dir())
    order = [axis.key for axis in axes]
    outer = points_of([axis for axis in axes if not axis.of_policy])
    inner = points_of([axis for axis in axes if axis.of_policy])
    return [
        Cell(
            scenario=scenario,
            policy=policy,
            point=tuple(sorted((*weather, *reaction), key=lambda setting: order.index(setting[0]))),
            scenario_word=scenario_word,
            policy_word=policy_word,
            fixed=tuple(fixed),
            intents=intents,
        )
        for scenario, scenario_word in named
        for weather in outer
        for policy, policy_word in reactions
        for reaction in inner
    ]


def load_cell(cell: Cell) -> Loaded:
    """Load what a cell's runs share; each file once per process, however many cells name it.

    Raises :class:`InputError`; a grid's value answers as ``--grid``.
    """
    to_scenario, to_policy = split_overrides(cell.changes)
    try:
        scenario = _scenario(cell.scenario_word, tuple(to_scenario))
        policy = _policy(cell.policy_word, tuple(to_policy))
    except InputError as error:
        raise_together(_as_grid(error, cell.point))
    return Loaded(scenario, policy, _market(scenario))


def forget_cells() -> None:
    """Drop what was loaded: files may have changed since."""
    _scenario.cache_clear()
    _policy.cache_clear()
    _MARKETS.clear()


def check_cell(cell: Cell, seed: int) -> int:
    """Prepare one run of a cell and return its number of intents; raises InputError for what cannot run."""
    loaded = load_cell(cell)
    return len(prepare(loaded.scenario, loaded.market, seed, cell.intents).plans)


def _found(option: str, words: Sequence[str], kind: str, shipped: Path) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for word in words:
        file = find_toml(word, kind, shipped).resolve()
        if file.stem in [name for name, _ in found]:
            raise InputError(option, word, f"each {kind} once, by its name")
        # Workers may stand in another directory, and have the shipped files in another place.
        found.append((file.stem, file.stem if file.parent == shipped.resolve() else str(file)))
    return found


def _as_grid(error: InputError, point: Point) -> list[InputError]:
    """Let what a grid's value brought answer for the option that named it."""
    single = error.errors if isinstance(error, InputErrors) else (error,)
    keys = {key for key, _ in point}
    return [
        InputError(one.where.replace("--set", "--grid", 1), one.given, one.expected, one.nearest)
        if one.where.startswith("--set ") and one.where.split(" ")[1].rstrip(":") in keys
        else one
        for one in single
    ]


# Under fork the caches are filled before the workers begin: all share the pages of one loaded tape.
@cache
def _scenario(word: str, changes: tuple[str, ...]) -> LoadedScenario:
    return load_scenario(word, changes)


@cache
def _policy(word: str, changes: tuple[str, ...]) -> LoadedPolicy:
    return load_policy_named(word, changes)


_MARKETS: dict[str, Market] = {}


def _market(loaded: LoadedScenario) -> Market:
    # Most grids leave the tapes alone; a shock is laid over them in each run.
    spec = loaded.scenario.market.model_dump(mode="json", exclude={"shock"})
    key = json.dumps([spec, str(loaded.base_dir)], sort_keys=True)
    if key not in _MARKETS:
        _MARKETS[key] = load_market_of(loaded)
    return _MARKETS[key]
