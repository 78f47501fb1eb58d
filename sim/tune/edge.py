"""Say what an intent is worth before it is executed: without that, the rules that refuse one cannot be tuned.

Without an edge money drives a slippage limit to zero (who refuses everything pays no fees), or the tape's momentum
decides it (metrics: "Recommendations").  A declared edge of ``bps`` at the planned price, halved every ``half_life_s``
since the decision, is lost

* by delay: an entry filled t after the decision has lost bps · (1 - 2^(-t / half_life));
* by price: an entry let through d bps worse than planned has lost d as well (better: it has gained);
* by refusal: an intent that never entered has lost the whole of it, and saved the fees of entry and exit.

So an intent is worth entering while its deviation stays below bps · 2^(-t / half_life) - fees, which is the best
slippage limit there is.  What the tape did after a refused entry does not count.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sim.errors import InputError
from sim.execution.policy_keys import PREFIX

Array = np.ndarray[Any, Any]

NOT_IDENTIFIED: Final = frozenset(
    PREFIX + name
    for name in (
        "max_slippage_pct",
        "slippage_volatility_factor",
        "high_leverage_threshold",
        "high_leverage_factor",
        "allow_favourable_deviation",
        "guard_entry",
        "entry_style",
        "max_price_age_sec",
        "max_sl_distance_pct",
        "liquidation_margin_pct",
        "predicted_slippage_limit_pct",
        "predicted_slippage_quantile",
    )
)
"""Keys that decide whether an intent is entered at all."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Hold a declared edge: ``bps`` of the planned price at the decision, halved every ``half_life_s``."""

    bps: float
    half_life_s: float

    def left(self, delay_s: Array) -> Array:
        """Return the share of it that is left so long after the decision (0 to 1)."""
        return np.asarray(2.0 ** (-np.maximum(delay_s, 0.0) / self.half_life_s))

    def best_limit_bps(self, delay_s: float, fees_bps: float) -> float:
        """Return the deviation up to which an intent is worth entering, at least 0."""
        return max(0.0, self.bps * float(self.left(np.array(delay_s))) - fees_bps)


def declared_edge(bps: float | None, half_life_s: float | None) -> Edge | None:
    """Return the edge of two options that belong together; raises InputError for one alone, or below 0."""
    if bps is None and half_life_s is None:
        return None
    if bps is None:
        raise InputError("--edge-bps", "nothing", "the edge in bps, as --half-life-s is given")
    if half_life_s is None:
        raise InputError("--half-life-s", "nothing", "the half-life in seconds, as --edge-bps is given")
    if not 0.0 <= bps <= 10_000.0:
        raise InputError("--edge-bps", bps, "a number from 0 to 10000 (bps of the planned price)")
    if not 0.0 < half_life_s <= 1e8:
        raise InputError("--half-life-s", half_life_s, "a number above 0 (seconds)")
    return Edge(bps=bps, half_life_s=half_life_s)


def unidentified(knobs: Collection[str]) -> list[str]:
    """Return the knobs that need an edge, in order of name."""
    return sorted(NOT_IDENTIFIED.intersection(knobs))


def refuse_without_edge(
    knobs: Collection[str], where: str, edge: Edge | None, signals: bool, fees_bps: float
) -> None:
    """Refuse the knobs that need an edge where none is declared or the declared one pays no fees.

    ``signals``: every scenario replays a signal file, whose own edge is then to be measured.  Raises InputError.
    """
    names = unidentified(knobs)
    if not names:
        return
    given = ", ".join(names)
    if edge is None and not signals:
        why = (
            "no key that decides which intents are entered, as the intents have no edge: money would drive it to "
            "refuse everything, or the tape's momentum would decide; give --edge-bps and --half-life-s, or "
            "scenarios with a signal file (workload.signals)"
        )
        raise InputError(f"{where}: knobs", given, why)
    if edge is not None and edge.bps <= fees_bps:
        why = (
            f"an edge above the {fees_bps:g} bps that entering and leaving costs, as {given} is to be tuned: at or "
            "below them every refusal earns money, and the best limit is to trade nothing"
        )
        raise InputError("--edge-bps", edge.bps, why)


def refuse_measured_edge(
    knobs: Collection[str], where: str, mean_bps: float, low_bps: float, high_bps: float
) -> None:
    """Refuse the knobs that need an edge where the signals, ideally executed, do not earn more than nothing."""
    names = unidentified(knobs)
    if names and not low_bps > 0.0:
        why = (
            "no key that decides which intents are entered, as the signals show no edge: ideally executed they earn "
            f"{mean_bps:+.2f} bps each after fees ({low_bps:+.2f} to {high_bps:+.2f}), so that the best limit would be "
            "to trade nothing; give --edge-bps and --half-life-s if you know better"
        )
        raise InputError(f"{where}: knobs", ", ".join(names), why)
