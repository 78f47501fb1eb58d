"""Keep of a run what the gate needs to judge the next one: sums per stretch of market of the metrics that count.

A metric is a ratio of two sums (seconds without cover over intents that entered), so sums over stretches give both
its value and how sure it is.  Intents of one stretch share bursts and prices and are one cluster; a paired difference
cancels the price path, so that a stretch may be shorter than an episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

Array = np.ndarray[Any, Any]
Of = Literal["intents", "entered", "priced", "filled"]

STRETCH_S: Final = 300.0
MOST_STRETCHES: Final = 48
"""More would make the files of expectations long and the answer no better: seeds give clusters, too."""


@dataclass(frozen=True)
class Gated:
    """Say what a metric of the gate is a share or a mean ``of``, and what it may get worse by.

    ``relative`` to what is expected, or ``absolute`` in its own unit, whichever is more.  ``critical``: one case where
    there was none is enough.
    """

    of: Of = "intents"
    relative: float = 0.02
    absolute: float = 0.005
    critical: bool = False


GATED: Final[dict[str, Gated]] = {
    "doubled_share": Gated(critical=True, absolute=0.0),
    "unresolved_share": Gated(critical=True, absolute=0.0),
    "naked_beyond_limit_share": Gated("entered", critical=True, absolute=0.0),
    "violations_safety": Gated(critical=True, absolute=0.0),
    "violations_liveness": Gated(critical=True, absolute=0.0),
    "violations_simulator": Gated(critical=True, absolute=0.0),
    "violations_practice": Gated(),
    "recovered_share": Gated(),
    "not_filled_share": Gated(),
    "refused_share": Gated(),
    "naked_mean_s": Gated("entered", absolute=0.02),
    "loss_against_ideal_mean_bps": Gated("priced", absolute=0.05),
    "slippage_fill_mean_bps": Gated("filled", absolute=0.02),
    "requests_per_intent_mean": Gated(absolute=0.02),
    "orders_sent_per_intent_mean": Gated(absolute=0.02),
}
"""The metrics that the gate weighs, by their names among the headline numbers, which also say what is better.

Here violations are counted per intent.
"""


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Hold the sums of one run or of several, one element per cluster.

    ``keys``: (seed, number of the stretch since 1970).  ``of``: how many there are to divide by, ``sums``: what is
    divided, by metric.
    """

    keys: tuple[tuple[int, int], ...]
    of: dict[str, Array]
    sums: dict[str, Array]


def stretch_of(episode_s: float, decided_us: Array) -> float:
    """Return how long a stretch is to be for a run with these decisions: whole minutes, or the episode if shorter."""
    span_s = float(decided_us.max() - decided_us.min()) / 1e6 if len(decided_us) else 0.0
    least_s = 60.0 * float(np.ceil(span_s / MOST_STRETCHES / 60.0))
    return max(min(STRETCH_S, episode_s), least_s)


def sums_of(
    frames: dict[str, pd.DataFrame], *, epoch_us: int, seed: int, stretch_s: float, protect_s: float
) -> Sums:
    """Sum a run's frames over stretches of ``stretch_s``, rounded to nine digits as they are kept."""
    intents, violations = frames["intents"], frames["violations"]
    number = (epoch_us + intents["decided_us"].to_numpy(np.int64)) // round(stretch_s * 1e6)
    stretches, place = np.unique(number, return_inverse=True)

    def total(values: Array) -> Array:
        found = np.bincount(place, weights=np.nan_to_num(values), minlength=len(stretches))
        return np.array([float(f"{value:.9g}") for value in found])

    own = ~intents["shared_account"].to_numpy(bool)
    entered = (intents["entry_fills"].to_numpy(float) > 0) & own
    loss = np.where(own, _numbers(intents["loss_against_ideal_bps"]), np.nan)
    fill = _numbers(intents["slippage_fill_bps"])
    outcome = intents["outcome"]
    values: dict[str, Array] = {
        "doubled_share": intents["over_fill"].to_numpy(float) > 0,
        "unresolved_share": (outcome == "unresolved").to_numpy(bool),
        "naked_beyond_limit_share": entered & (_numbers(intents["naked_charged_s"]) > protect_s),
        "recovered_share": (intents["state_at_deadline"] == "recovered").to_numpy(bool),
        "not_filled_share": (outcome == "not_filled").to_numpy(bool),
        "refused_share": (outcome == "refused").to_numpy(bool),
        "naked_mean_s": np.where(entered, _numbers(intents["naked_s"]), 0.0),
        "loss_against_ideal_mean_bps": loss,
        "slippage_fill_mean_bps": fill,
        "requests_per_intent_mean": _numbers(intents["requests"]),
        "orders_sent_per_intent_mean": _numbers(intents["orders_sent"]),
    }
    for kind in ("safety", "liveness", "practice", "simulator"):
        whose = violations["intent"][violations["kind"] == kind].to_numpy(np.int64)
        values[f"violations_{kind}"] = _per_intent(intents["intent"].to_numpy(np.int64), whose)
    of = {
        "intents": np.ones(len(own)),
        "entered": entered,
        "priced": ~np.isnan(loss),
        "filled": ~np.isnan(fill),
    }
    return Sums(
        keys=tuple((seed, int(stretch)) for stretch in stretches),
        of={name: total(count.astype(float)) for name, count in of.items()},
        sums={name: total(values[name].astype(float)) for name in GATED},
    )


def _per_intent(numbers: Array, whose: Array) -> Array:
    """Count violations by intent; what belongs to none of them, but to the run, is put to the first."""
    counts = np.zeros(len(numbers))
    if len(numbers):
        order = np.argsort(numbers)
        place = np.clip(np.searchsorted(numbers, whose, sorter=order), 0, len(numbers) - 1)
        rows = order[place]
        np.add.at(counts, np.where(numbers[rows] == whose, rows, 0), 1.0)
    return counts


def _numbers(column: pd.Series[Any]) -> Array:
    return np.asarray(column.astype("Float64").to_numpy(dtype=float, na_value=np.nan))


def together(parts: Sequence[Sums]) -> Sums:
    """Put the sums of several runs behind one another."""
    return Sums(
        keys=tuple(key for part in parts for key in part.keys),
        of={name: np.concatenate([part.of[name] for part in parts]) for name in parts[0].of},
        sums={name: np.concatenate([part.sums[name] for part in parts]) for name in parts[0].sums},
    )


def aligned(first: Sums, second: Sums) -> tuple[Sums, Sums]:
    """Bring both to the same clusters; a stretch that one of them has not holds nothing there."""
    keys = tuple(sorted({*first.keys, *second.keys}))
    place = {key: index for index, key in enumerate(keys)}

    def spread(given: Sums) -> Sums:
        rows = [place[key] for key in given.keys]

        def put(values: Array) -> Array:
            whole = np.zeros(len(keys))
            whole[rows] = values
            return whole

        return Sums(
            keys=keys,
            of={name: put(values) for name, values in given.of.items()},
            sums={name: put(values) for name, values in given.sums.items()},
        )

    return spread(first), spread(second)


def kept(sums: Sums) -> dict[str, Any]:
    """Return what is written of one run's sums; a metric that is zero everywhere is left out."""
    first = sums.keys[0][1] if sums.keys else 0
    return {
        "first_stretch": first,
        "stretches": [stretch - first for _, stretch in sums.keys],
        "of": {name: _plain(values) for name, values in sums.of.items()},
        "sums": {name: _plain(values) for name, values in sums.sums.items() if values.any()},
    }


def _plain(values: Array) -> list[float | int]:
    return [int(value) if value == int(value) else float(value) for value in values]


def read_back(value: dict[str, Any], seed: int) -> Sums:
    """Return the sums that :func:`kept` wrote for a run."""
    first, zeros = int(value["first_stretch"]), np.zeros(len(value["stretches"]))
    ofs = {spec.of for spec in GATED.values()} | set(value["of"])
    return Sums(
        keys=tuple((seed, first + int(stretch)) for stretch in value["stretches"]),
        of={name: np.array(value["of"].get(name, zeros), dtype=float) for name in sorted(ofs)},
        sums={name: np.array(value["sums"].get(name, zeros), dtype=float) for name in GATED},
    )
