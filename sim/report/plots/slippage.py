"""Draw slippage: its distribution at check and at fill, one against the other, and what refusals were worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from sim.report.plots.style import (
    BELIEF,
    GREEN,
    GREY,
    INK,
    NOTE,
    RED,
    TRUTH,
    legend_below,
    nothing_to_show,
    only,
    plain_ticks,
)
from sim.report.printing import printed

_MANY: Final = 1500
"""Beyond so many points a page carries them as an image."""

_LABELS: Final = {
    "check": ("at the check, what the guard saw", BELIEF),
    "fill": ("at the fill, what was paid", TRUTH),
}


def slippage_distribution(curves: pd.DataFrame, limits: Sequence[float], axes: Axes) -> Axes:
    """Draw the cumulative share of intents by adverse slippage (bps) at check and fill; ``limits`` in bps."""
    axes.set_title("Adverse slippage against the plan")
    if curves.empty:
        return nothing_to_show(axes, "no intent was checked or filled")
    for name, curve in curves.groupby("curve", sort=False):
        label, colour = _LABELS[str(name)]
        label = f"{label} (n = {curve['n'].iloc[0]:,})"
        axes.step(curve["value"], curve["share"] * 100, where="post", color=colour, label=label)
    _signed_log(axes, "x")
    _limits(axes, limits, both=False)
    axes.set_ylim(0, 101)
    axes.set_xlabel("adverse slippage, bps of plan (right of 0 costs)")
    axes.set_ylabel("intents, %")
    legend_below(axes, 1)
    return axes


def check_against_fill(points: pd.DataFrame, limits: Sequence[float], axes: Axes) -> Axes:
    """Draw slippage at the fill over slippage at the check (bps); refused intents at the lower edge."""
    axes.set_title("From check to fill")
    if points.empty:
        return nothing_to_show(axes, "no intent was checked")
    filled = points[points["fill"].notna() & points["check"].notna()]
    refused = points[points["refused"] & points["check"].notna()]
    axes.plot(
        filled["check"],
        filled["fill"],
        linestyle="",
        marker="o",
        markersize=3.6,
        markeredgewidth=0,
        alpha=0.55,
        color=TRUTH,
        rasterized=len(filled) > _MANY,
        label=f"filled (n = {len(filled):,})",
    )
    _signed_log(axes, "x")
    _signed_log(axes, "y")
    reach = [*axes.get_xlim(), *axes.get_ylim()]
    low, high = min(reach), max(reach)
    axes.plot([low, high], [low, high], color=GREY, linewidth=1.0, label="paid as seen")
    _limits(axes, limits, both=True)
    if len(refused):
        axes.plot(
            refused["check"],
            np.full(len(refused), 0.03),
            linestyle="",
            marker="x",
            color=RED,
            markersize=5,
            transform=axes.get_xaxis_transform(),
            label=f"refused, no fill (n = {len(refused):,})",
        )
    axes.set_xlabel("adverse slippage at the check, bps of plan")
    axes.set_ylabel("at the fill, bps of plan")
    legend_below(axes, 2)
    return axes


def refusal_value(values: pd.DataFrame, axes: Axes) -> Axes:
    """Draw what refusing saved (up) and missed (down) per refused intent, by horizon, in quote."""
    axes.set_title("What refusals saved and missed")
    if values.empty:
        return nothing_to_show(axes, "no intent was refused for good")
    places = np.arange(len(values))
    axes.bar(places, values["saved"], color=GREEN, width=0.55, label="saved: the bracket would have lost")
    axes.bar(places, -values["missed"], color=RED, width=0.55, label="missed: it would have won")
    axes.axhline(0, color=INK, linewidth=0.8)
    saved_most, missed_most = float(values["saved"].max()), float(values["missed"].max())
    room = 0.16 * ((saved_most + missed_most) or 1.0)
    axes.set_ylim(-missed_most - room, saved_most + room)
    for place, saved, missed in zip(places, values["saved"], values["missed"], strict=True):
        for value, height, up in ((saved, saved, 1), (missed, -missed, -1)):
            axes.annotate(
                printed(value, "quote"),
                (place, height),
                (0, 3 * up),
                textcoords="offset points",
                ha="center",
                va="bottom" if up > 0 else "top",
                fontsize=NOTE,
            )
    labels = [f"{horizon}\n(n = {n:,})" for horizon, n in zip(values["horizon"], values["n"], strict=True)]
    axes.set_xticks(places, labels)
    axes.set_xlabel("closed at")
    axes.set_ylabel("quote per refused intent")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
    legend_below(axes, 1, points=48)
    return only(axes, "y")


def _limits(axes: Axes, limits: Sequence[float], *, both: bool) -> None:
    """Draw the guard's limits: a deviation in our favour is refused as well."""
    for number, limit in enumerate(limits):
        for side in (-1, 1):
            label = "limit of the guard" if number == 0 and side == 1 else None
            axes.axvline(side * limit, color=RED, linewidth=1.2, linestyle=(0, (4, 2)), label=label)
            if both and side == 1:
                axes.axhline(limit, color=RED, linewidth=0.8, linestyle=(0, (1, 2)))


def _signed_log(axes: Axes, axis: str) -> None:
    """Scale an axis logarithmically on both sides of ±1 bps, and evenly between."""
    if axis == "x":
        axes.set_xscale("symlog", linthresh=1.0, linscale=0.8)
    else:
        axes.set_yscale("symlog", linthresh=1.0, linscale=0.8)
    plain_ticks(axes.xaxis if axis == "x" else axes.yaxis)
