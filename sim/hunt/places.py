"""Choose where random scripts are run: other intents of the hunted scenario, and the scenario library."""

from __future__ import annotations

from typing import Final

from sim.chance import Stream
from sim.errors import InputError
from sim.experiment.prepare import load_market_of
from sim.hunt.bracket import Bracket
from sim.hunt.quarry import Quarry
from sim.scenario import LoadedScenario, load_scenario

LIBRARY: Final = (
    "calm_baseline",
    "drop_after_entry",
    "wick_and_basis",
    "halt_and_gap",
    "read_fog",
    "stop_shuffle",
)
"""Scenarios whose markets and rules are lent; their own faults are left out."""

_OWN: Final = 3
_INTENTS: Final = 16


def places_for(bracket: Bracket, hold_s: float) -> dict[str, Quarry]:
    """Return quarries by name: three more intents of the hunted scenario, and one of each library scenario.

    Of the library only scenarios under the hunted one's rules, for code that knows one set of them.  What cannot be
    loaded or has too few intents is left out.
    """
    spec = bracket.loaded.scenario
    wanted = [(bracket.loaded, bracket.seed + number) for number in range(1, _OWN + 1)]
    for name in LIBRARY:
        try:
            loaded = load_scenario(name)
        except InputError:
            continue
        if loaded.scenario.rules == spec.rules:
            wanted.append((_with_code(loaded, bracket.loaded), bracket.seed))
    found = {}
    for loaded, seed in wanted:
        intent = int(_INTENTS * Stream(seed, f"hunt.intent.{loaded.name}").uniform(0))
        try:
            market = bracket.market if loaded is bracket.loaded else load_market_of(loaded)
            one = Bracket(
                loaded,
                bracket.policy,
                seed=seed,
                intent=intent,
                market=market,
                executor_factory=bracket.executor_factory,
            )
        except InputError:
            continue
        found[f"{loaded.name}, seed {seed}, intent {intent}"] = Quarry(one, hold_s=hold_s)
    return found


def _with_code(loaded: LoadedScenario, hunted: LoadedScenario) -> LoadedScenario:
    code = hunted.scenario.code
    if code is None:
        return loaded
    from dataclasses import replace

    # What the code's folder counts from is the hunted scenario's place.
    root = hunted.base_dir if code.app_dir is None else hunted.base_dir / code.app_dir
    own = code.model_copy(update={"app_dir": str(root)})
    return replace(loaded, scenario=loaded.scenario.model_copy(update={"code": own}))
