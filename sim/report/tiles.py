"""Choose the few numbers that stand at the top of a page."""

from __future__ import annotations

from typing import Final

from sim.experiment import Result
from sim.report.printing import printed, unit_name
from sim.report.scales import is_share, name_and_unit

_TILES: Final = (
    "intents",
    "recovered_share",
    "doubled_share",
    "naked_mean_s",
    "time_to_protected_p50_s",
    "refused_share",
    "loss_against_ideal_per_1000_quote",
    "loss_against_ideal_cvar95_quote",
    "violations_safety",
    "violations_liveness",
)


def result_tiles(result: Result) -> list[tuple[str, str]]:
    """Return (value, what it is) for those of the headline numbers that are defined."""
    numbers = result.headline
    return [_tile(name, numbers[name]) for name in _TILES if name in numbers]


def _tile(metric: str, value: float) -> tuple[str, str]:
    name, unit = name_and_unit(metric)
    if is_share(unit):
        return f"{printed(value, 'share')} %", f"{name}, of intents"
    if unit in ("count", "violations"):
        return printed(value), name
    return printed(value, unit), f"{name}, {unit_name(unit)}"
