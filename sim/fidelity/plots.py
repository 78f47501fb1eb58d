"""Draw a comparison: a plot takes a frame and axes and returns axes; it computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter

from sim.fidelity.printing import label_of, sources_in
from sim.fidelity.sources import REAL
from sim.report.plots.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    legend_below,
    nothing_to_show,
    only,
    plain_ticks,
)

COLOURS: Final = {REAL: INK, "bridge": ORANGE, "shapes": BLUE, "shapes_elsewhere": GREEN}
_MARKS: Final = {"bridge": "o", "shapes": "s", "shapes_elsewhere": "^"}
_RATIO_TICKS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def ratio_by_x(rows: pd.DataFrame, everything: pd.DataFrame, title: str, unit: str, axes: Axes) -> Axes:
    """Draw ratio and interval of each source over x (``rows``: one t), 1 being the truth.

    ``everything`` are the rows of all panels that share the ratio's axis.
    """
    axes.set_title(title)
    measured = rows[rows["ratio"] > 0]
    if measured.empty:
        return nothing_to_show(axes, "too few episodes with events")
    sources = sources_in(rows)
    for number, source in enumerate(sources):
        line = measured[measured["source"] == source].sort_values("x")
        # Side by side, so that intervals do not hide each other.
        x = line["x"].to_numpy() * 1.06 ** (number - (len(sources) - 1) / 2)
        _with_interval(line, x, line["ratio"].to_numpy(), source, axes, vertical=True)
    ticks = sorted(set(rows["x"]))
    axes.axhline(1.0, color=INK, linewidth=0.9)
    axes.set_xscale("log")
    axes.set_xlim(ticks[0] / 1.3, ticks[-1] * 1.3)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_formatter(NullFormatter())
    plain_ticks(axes.xaxis)
    axes.set_xlabel(f"x, {unit}")
    _ratio_axis(axes, everything, "y")
    return axes


def forest(rows: pd.DataFrame, labels: Sequence[str], axes: Axes, columns: int = 3) -> Axes:
    """Draw ratio and interval of each source, one line of text per label; ``rows`` carry ``label``."""
    measured = rows[rows["ratio"] > 0]
    if measured.empty:
        return nothing_to_show(axes, "too few episodes with events")
    shown = [label for label in labels if (measured["label"] == label).any()]
    sources = sources_in(rows)
    for number, source in enumerate(sources):
        line = measured[measured["source"] == source]
        y = np.array([shown.index(label) for label in line["label"]]) + 0.2 * (
            number - (len(sources) - 1) / 2
        )
        _with_interval(line, line["ratio"].to_numpy(), y, source, axes, vertical=False)
    axes.axvline(1.0, color=INK, linewidth=0.9)
    axes.set_yticks(range(len(shown)), shown)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    _ratio_axis(axes, measured, "x")
    legend_below(axes, columns)
    return only(axes, "x")


def _with_interval(
    line: pd.DataFrame, x: np.ndarray, y: np.ndarray, source: str, axes: Axes, *, vertical: bool
) -> None:
    low, high = line["low"].to_numpy(), line["high"].to_numpy()
    if vertical:
        axes.vlines(x, low, high, color=COLOURS[source], linewidth=1.5)
    else:
        axes.hlines(y, low, high, color=COLOURS[source], linewidth=1.5)
    axes.plot(
        x, y, color=COLOURS[source], marker=_MARKS[source], markersize=5, label=label_of(source),
        linestyle="-" if vertical else "", linewidth=0.8,
    )  # fmt: skip


def _ratio_axis(axes: Axes, rows: pd.DataFrame, which: str) -> None:
    measured = rows[rows["ratio"] > 0]
    low = float(np.nanmin(measured[["ratio", "low"]].to_numpy()))
    high = float(np.nanmax(measured[["ratio", "high"]].to_numpy()))
    bounds = (max(min(low / 1.1, 0.8), 0.05), min(max(high * 1.1, 1.25), 20.0))
    axis = axes.xaxis if which == "x" else axes.yaxis
    if which == "x":
        axes.set_xscale("log")
        axes.set_xlim(*bounds)
        axes.set_xlabel("model / real")
    else:
        axes.set_yscale("log")
        axes.set_ylim(*bounds)
        axes.set_ylabel("model / real")
    ticks = [tick for tick in _RATIO_TICKS if bounds[0] <= tick <= bounds[1]]
    if len(ticks) < 3:
        wide = bounds[1] > 2.5 * bounds[0]
        finer = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8) if wide else (0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75)
        ticks = [tick for tick in finer if bounds[0] <= tick <= bounds[1]]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(FixedLocator([]))
    plain_ticks(axis)


def profile(rows: pd.DataFrame, title: str, where: str, what: str, axes: Axes) -> Axes:
    """Draw a mean over offsets around an event, the truth and each source."""
    axes.set_title(title)
    if rows.empty:
        return nothing_to_show(axes, "no event")
    for source in (REAL, *sources_in(rows)):
        line = rows[rows["source"] == source].sort_values("x")
        label = "real steps" if source == REAL else label_of(source)
        width = 2.4 if source == REAL else 1.5
        axes.plot(line["x"], line["value"], color=COLOURS[source], linewidth=width, label=label)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel(where)
    axes.set_ylabel(what)
    legend_below(axes, 2)
    return axes


def times(rows: pd.DataFrame, title: str, axes: Axes) -> Axes:
    """Draw which share of extremes has come by which share of the bar."""
    axes.set_title(title)
    if rows.empty:
        return nothing_to_show(axes, "no bar that moves")
    for source in (REAL, *sources_in(rows)):
        line = rows[rows["source"] == source].sort_values("x")
        x, y = [0.0, *line["x"], 1.0], [0.0, *line["value"], 1.0]
        label = "real steps" if source == REAL else label_of(source)
        axes.plot(
            x, np.array(y) * 100, color=COLOURS[source], linewidth=2.4 if source == REAL else 1.5, label=label
        )
    axes.plot([0, 1], [0, 100], color=INK, linewidth=0.7, linestyle=(0, (1, 2)))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 100)
    axes.set_xlabel("share of the bar that has passed")
    axes.set_ylabel("extremes that have come, %")
    legend_below(axes, 2)
    return axes
