"""Give a scenario the faults of a random run in place of its own."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

from sim.faults.arming import arm
from sim.scenario import LoadedScenario

SWARM: Final = "swarm"
"""The word that stands among a scenario's changes, and so in a run's name, when its faults were armed by the seed."""


def armed(loaded: LoadedScenario, seed: int) -> LoadedScenario:
    """Return the scenario with the faults that :func:`sim.faults.arming.arm` chooses for ``seed``; all else stays."""
    scenario = loaded.scenario.model_copy(update={"faults": arm(seed)})
    digest = hashlib.sha256(f"{loaded.sha256}:{SWARM}:{seed}".encode()).hexdigest()
    return replace(loaded, scenario=scenario, overrides=(*loaded.overrides, SWARM), sha256=digest)


def is_armed(loaded: LoadedScenario) -> bool:
    """Tell whether a scenario's faults were armed by a seed."""
    return SWARM in loaded.overrides
