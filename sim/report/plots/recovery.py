"""Draw recovery: how often, in what state the rest ended, how many attempts and seconds it took."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from sim.report.plots.style import (
    BELIEF,
    BLUE,
    GREEN,
    GREY,
    INK,
    NOTE,
    ORANGE,
    PINK,
    RED,
    SKY,
    TRUTH,
    legend_below,
    log_axis,
    nothing_to_show,
    only,
)

_STATES: Final = (
    ("recovered", GREEN),
    ("flattened_safely", SKY),
    ("not_entered", GREY),
    ("unknown", ORANGE),
    ("impaired", PINK),
    ("naked", RED),
)
_WHY: Final = "no fault struck, and no stop was crossed"


def recovery_rates(bars: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the recovery rate per fault and role with its interval; ``bars`` from ``recovery_bars``."""
    axes.set_title("Recovered, by fault and role")
    if bars.empty:
        return nothing_to_show(axes, _WHY)
    places = np.arange(len(bars))
    axes.barh(places, bars["rate"] * 100, color=GREEN, height=0.62)
    axes.hlines(places, bars["low"] * 100, bars["high"] * 100, color=INK, linewidth=1.3)
    for edge in ("low", "high"):
        axes.plot(bars[edge] * 100, places, linestyle="", marker="|", color=INK, markersize=6)
    for place, (recovered, n) in enumerate(zip(bars["recovered"], bars["n"], strict=True)):
        axes.text(102, place, f"{recovered} of {n}", va="center", fontsize=NOTE, clip_on=False)
    _rows(axes, bars)
    axes.set_xlim(0, 100)
    axes.set_xlabel("recovered, % of intents hit; line: 95 % interval", loc="right")
    return axes


def states_at_deadline(bars: pd.DataFrame, axes: Axes) -> Axes:
    """Draw what had become of the intents at the protection deadline, as shares of each row's intents."""
    axes.set_title("State at the deadline")
    if bars.empty:
        return nothing_to_show(axes, _WHY)
    places = np.arange(len(bars))
    left = np.zeros(len(bars))
    for state, colour in _STATES:
        share = (bars[state] / bars["n"] * 100).to_numpy(float)
        axes.barh(places, share, left=left, color=colour, height=0.62, label=state.replace("_", " "))
        left = left + share
    _rows(axes, bars)
    axes.set_xlim(0, 100)
    axes.set_xlabel("intents, %", loc="right")
    legend_below(axes, 2)
    return axes


def attempts_to_recover(bars: pd.DataFrame, axes: Axes) -> Axes:
    """Draw median, p95 and most attempts of the placements that recovered."""
    axes = _spread(bars, axes, "attempts_{}", "Attempts", "attempts")
    if axes.axison:
        axes.set_xlim(0.6, float(bars["attempts_max"].max()) + 0.4)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        legend_below(axes, 3)
    return axes


def seconds_to_recover(bars: pd.DataFrame, axes: Axes) -> Axes:
    """Draw median, p95 and longest duration of the placements that recovered; marks as those of attempts."""
    positive = bars[bars["seconds_p50_s"] > 0]
    if not positive.empty:
        log_axis(axes, float(positive["seconds_p50_s"].min()), float(positive["seconds_max_s"].max()))
    return _spread(bars, axes, "seconds_{}_s", "Seconds", "s, logarithmic")


def _spread(bars: pd.DataFrame, axes: Axes, column: str, title: str, unit: str) -> Axes:
    axes.set_title(title)
    known = bars[bars[column.format("p50")].notna()].reset_index(drop=True)
    if known.empty:
        return nothing_to_show(axes, "nothing was recovered by a placement")
    places = np.arange(len(known))
    middle, p95, most = (known[column.format(key)].to_numpy(float) for key in ("p50", "p95", "max"))
    axes.hlines(places, middle, most, color=GREY, linewidth=1.2)
    axes.plot(most, places, linestyle="", marker="|", markersize=9, color=INK, label="most")
    axes.plot(p95, places, linestyle="", marker="o", markersize=4.5, color=SKY, label="p95")
    axes.plot(middle, places, linestyle="", marker="o", markersize=6, color=BLUE, label="p50")
    _rows(axes, known)
    axes.set_xlabel(unit, loc="right")
    return axes


def claimed_beside_true(shares: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the seed document's shares as claimed (belief) and as the venue knows them (truth)."""
    axes.set_title("Claimed and true")
    known = shares[shares["n"] > 0].reset_index(drop=True)
    if known.empty:
        return nothing_to_show(axes, "no placement met a failure, and nothing was checked")
    places = np.arange(len(known), dtype=float)
    for name, colour, offset in (("claimed", BELIEF, -0.14), ("true", TRUTH, 0.14)):
        at = places + offset
        axes.hlines(at, known[f"{name}_low"] * 100, known[f"{name}_high"] * 100, color=colour, linewidth=1.6)
        axes.plot(known[name] * 100, at, linestyle="", marker="o", markersize=7, color=colour, label=name)
    axes.set_yticks(places, list(known["metric"]))
    axes.set_ylim(len(known) - 0.5, -0.5)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("% of placements, or of intents checked; line: 95 % interval", loc="right")
    legend_below(axes, 2)
    return only(axes, "x")


def _rows(axes: Axes, bars: pd.DataFrame) -> None:
    axes.set_yticks(np.arange(len(bars)), list(bars["label"]))
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    only(axes, "x")
