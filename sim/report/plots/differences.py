"""Draw paired differences between policies: one panel per metric, one line per policy."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.report.plots.style import BLUE, INK, QUIET, nothing_to_show, only, plain_ticks
from sim.report.printing import unit_name


def forest(rows: pd.DataFrame, better: str, axes: Axes) -> Axes:
    """Draw the mean difference of each policy against the first with its interval.

    ``rows``: one metric of the differences.  ``better``: "lower" or "higher", said beside the zero line.
    """
    if rows.empty or rows["mean_difference"].isna().all():
        return nothing_to_show(axes, "no pair could be compared")
    first = rows.iloc[0]
    unit = unit_name(str(first["unit"]))
    axes.set_title(str(first["metric"]) if unit == first["metric"] else f"{first['metric']}, {unit}")
    scale = 100.0 if first["unit"] == "share" else 1.0
    places = np.arange(len(rows))
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.hlines(places, rows["low"] * scale, rows["high"] * scale, color=BLUE, linewidth=1.8)
    axes.plot(rows["mean_difference"] * scale, places, linestyle="", marker="o", markersize=6.5, color=BLUE)
    axes.set_yticks(places, list(rows["policy"]))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    plain_ticks(axes.xaxis)
    word = {"lower": "← better", "higher": "better →"}.get(better, "")
    axes.set_xlabel(f"{word}   (policy - {first['against']})   n = {first['n']:,}", color=QUIET, fontsize=8.5)
    return only(axes, "x")
