"""Judge many policies at once without being fooled by the best of them (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.chance import key_of, mix
from sim.errors import InputError
from sim.statistics.interval import Array
from sim.statistics.resampling import codes_of


def holm(p_values: Array) -> Array:
    """Return Holm's adjusted p-values, in the order given: below alpha means rejected at family-wise alpha.

    NaN (nothing known) stays NaN and counts as no hypothesis.  (Holm 1979.)
    """
    given = np.asarray(p_values, dtype=float)
    adjusted = np.full(len(given), np.nan)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given[known], kind="stable")]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(given[order] * factors)) if len(order) else []
    return adjusted


@dataclass(frozen=True, slots=True)
class Superior:
    """Hold Hansen's three p-values of "no policy beats the baseline", and the policies that do at 5 %.

    ``consistent`` is the one to quote; ``lower`` and ``upper`` bound it.
    """

    lower: float
    consistent: float
    upper: float
    better: tuple[int, ...]
    clusters: int


def spa(losses: Array, baseline: Array, clusters: Array, *, draws: int = 999, seed: int = 0) -> Superior:
    """Test whether any policy loses less than the baseline (Hansen's SPA on cluster means, by ``arch``).

    ``losses``: values × policies, larger is worse; ``baseline``: the same values under the baseline; ``clusters``
    labels the rows.  Cluster means are independent, so the block length is 1: the stationary bootstrap is then the
    plain one.  Needs the extra ``stats``; raises InputError without it or with fewer than five clusters.
    """
    try:
        from arch.bootstrap import SPA
    except ImportError:
        raise InputError(
            "the test of many policies", "no arch", 'pip install "execution-sim[stats]"'
        ) from None
    codes, groups = codes_of(clusters)
    if groups < 5:
        raise InputError("clusters of the test of many policies", groups, "at least 5")
    matrix = np.asarray(losses, dtype=float).reshape(len(codes), -1)
    scale = groups / len(codes)
    # Sums scaled by the mean size keep the pooled mean; means of clusters would weigh a burst like a lone intent.
    means = np.column_stack([np.bincount(codes, column, groups) * scale for column in matrix.T])
    against = np.bincount(codes, np.asarray(baseline, dtype=float), groups) * scale
    test = SPA(
        against,
        means,
        block_size=1,
        reps=draws,
        bootstrap="stationary",
        studentize=True,
        nested=False,
        seed=np.random.default_rng(mix(key_of("statistics.spa"), seed)),
    )
    test.compute()
    values = test.pvalues
    better = tuple(int(place) for place in np.atleast_1d(test.better_models(0.05)))
    return Superior(
        float(values["lower"]), float(values["consistent"]), float(values["upper"]), better, groups
    )
