"""Draw a sweep: a forest over cells, lines over one key, a heat map over two."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from sim.report.plots.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    QUIET,
    RED,
    SKY,
    legend_below,
    nothing_to_show,
    only,
    plain_ticks,
)
from sim.report.printing import printed

_LINES: Final = (BLUE, ORANGE, GREEN, PINK, SKY, RED, INK)
# White is no difference; the two ends differ for every eye, and are light enough for dark letters.
_DIVERGING: Final = LinearSegmentedColormap.from_list("worse_better", ["#e69f00", "#ffffff", "#56b4e9"])
_PLAIN: Final = LinearSegmentedColormap.from_list("little_much", ["#ffffff", "#cc79a7"])
_DARK: Final = "#1a1a1a"
"""Letters on the colours of a heat map, which are the same on a dark page."""


def cells_forest(rows: pd.DataFrame, axes: Axes) -> Axes:
    """Draw each cell's money against its baseline; ``label``, ``value``, ``low``, ``high``, ``mark``."""
    if rows.empty or rows["value"].isna().all():
        return nothing_to_show(axes, "no cell has a baseline other than itself")
    places = np.arange(len(rows))
    axes.axvline(0, color=INK, linewidth=0.9)
    colours = [{"better": GREEN, "worse": RED}.get(str(mark), BLUE) for mark in rows["mark"]]
    axes.hlines(places, rows["low"], rows["high"], color=colours, linewidth=1.8)
    for place, value, colour in zip(places, rows["value"], colours, strict=True):
        axes.plot(value, place, marker="o", markersize=6.5, color=colour)
    axes.set_yticks(places, list(rows["label"]))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=5)
    plain_ticks(axes.xaxis)
    axes.set_xlabel("quote per 1,000 intents, better →", color=QUIET)
    return only(axes, "x")


def lines_over_key(rows: pd.DataFrame, key: str, unit: str, axes: Axes) -> Axes:
    """Draw one line per ``label`` over ``x`` with its band; columns ``label``, ``x``, ``value``, ``low``, ``high``."""
    known = rows[rows["value"].notna()]
    if known.empty:
        return nothing_to_show(axes, "every cell is its own baseline here")
    words = (
        sorted(known["x"].unique())
        if pd.api.types.is_numeric_dtype(known["x"])
        else list(known["x"].unique())
    )
    numeric = pd.api.types.is_numeric_dtype(known["x"])
    for (label, line), colour in zip(known.groupby("label", sort=False), _LINES * 9, strict=False):
        line = line.sort_values("x") if numeric else line
        at: Any = line["x"].to_numpy(float) if numeric else [words.index(word) for word in line["x"]]
        axes.plot(at, line["value"], marker="o", markersize=5, color=colour, label=str(label))
        if line["low"].notna().any():
            axes.fill_between(at, line["low"], line["high"], color=colour, alpha=0.15, linewidth=0)
    if not numeric:
        axes.set_xticks(range(len(words)), words)
    else:
        plain_ticks(axes.xaxis)
    if (known["value"] < 0).any() and (known["value"] > 0).any():
        axes.axhline(0, color=INK, linewidth=0.8)
    plain_ticks(axes.yaxis)
    axes.set_xlabel(key)
    axes.set_ylabel(unit)
    legend_below(axes, 2)
    return axes


def heat_map(
    grid: pd.DataFrame, title: str, keys: tuple[str, str], span: tuple[float, float], axes: Axes
) -> Axes:
    """Draw values over two keys (rows and columns of ``grid``), each written into its field.

    ``span``: the values at the two ends of the colours; a span about zero has white in its middle.
    """
    axes.set_title(title)
    values = grid.to_numpy(float)
    if np.isnan(values).all():
        return nothing_to_show(axes, "every cell is its own baseline here")
    signed = span[0] == -span[1]
    colours = _DIVERGING if signed else _PLAIN
    axes.imshow(values, cmap=colours, vmin=span[0], vmax=span[1], aspect="auto", interpolation="nearest")
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        axes.text(column, row, printed(value), ha="center", va="center", fontsize=8.5,
                  color=GREY if np.isnan(value) else _DARK)  # fmt: skip
    axes.set_xticks(range(grid.shape[1]), [str(name) for name in grid.columns])
    axes.set_yticks(range(grid.shape[0]), [str(name) for name in grid.index])
    axes.set_ylabel(keys[0])
    axes.set_xlabel(keys[1])
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes
