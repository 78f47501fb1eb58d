"""Draw the run in time: the price with intents on it, and beneath it when faults were active and struck."""

from __future__ import annotations

from typing import Any, Final

import matplotlib.dates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.report.plots.style import GREY, INK, ORANGE, RED, SKY, nothing_to_show, only

_MARKS: Final[dict[str, dict[str, Any]]] = {
    "in order": {"marker": "o", "markersize": 2.6, "color": SKY, "markeredgewidth": 0},
    "refused or not filled": {"marker": "x", "markersize": 4.5, "color": INK},
    "broke a rule": {"marker": "o", "markersize": 6, "color": RED, "markeredgewidth": 0},
}
_CROWD: Final = 150
"""Beyond so many of a kind, marks get smaller."""
_MANY: Final = 1500
"""Beyond so many, a page carries them as an image."""


def price_with_intents(prices: pd.DataFrame, marks: pd.DataFrame, epoch_us: int, axes: Axes) -> Axes:
    """Draw the price at decisions and fills, and each intent where it was decided; several symbols in per cent."""
    axes.set_title("The run in time")
    if prices.empty:
        return nothing_to_show(axes, "no intent was decided")
    symbols = list(prices["symbol"].unique())
    column = "price" if len(symbols) == 1 else "index"
    for symbol in symbols:
        line = prices[prices["symbol"] == symbol]
        axes.plot(_dates(line["at_us"], epoch_us), line[column], color=GREY, linewidth=0.9, zorder=1)
    for mark, look in _MARKS.items():
        rows = marks[marks["mark"] == mark]
        shrunk = {"markersize": min(look["markersize"], 3.6)} if len(rows) > _CROWD else {}
        axes.plot(
            _dates(rows["at_us"], epoch_us),
            rows[column],
            linestyle="",
            label=f"{mark} (n = {len(rows):,})",
            rasterized=len(rows) > _MANY,
            **(look | shrunk),
        )
    name = symbols[0] if len(symbols) == 1 else ", ".join(symbols)
    axes.set_ylabel(f"{name}, quote" if len(symbols) == 1 else f"{name} since the start, %")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.2)
    return axes


def faults_in_time(faults: pd.DataFrame, edges: pd.DataFrame, epoch_us: int, axes: Axes) -> Axes:
    """Draw one row per fault: stretches in which it was active, and a tick for every request it struck."""
    names = sorted({*faults["fault"], *edges["fault"]})
    if not names:
        return nothing_to_show(axes, "no fault was active")
    for place, name in enumerate(names):
        own = edges[edges["fault"] == name]
        opened, closed = (_dates(own[column], epoch_us) for column in ("opened_us", "closed_us"))
        if len(own):
            axes.hlines(np.full(len(own), place), opened, closed, color=ORANGE, linewidth=10)
            # A burst of seconds in a day is narrower than a hair; its onset is marked so that it can be seen.
            axes.plot(opened, np.full(len(own), place), linestyle="", marker="|", markersize=10, color=ORANGE)
        struck = _dates(faults.loc[faults["fault"] == name, "at_us"], epoch_us)
        tick: dict[str, Any] = {
            "linestyle": "",
            "marker": "|",
            "markersize": 6,
            "markeredgewidth": 0.8,
            "color": RED,
        }
        axes.plot(struck, np.full(len(struck), place), **tick)
    axes.set_yticks(np.arange(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    untyped: Any = matplotlib.dates
    locator = untyped.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))
    axes.set_xlabel("time, UTC; bars: active, ticks: struck a request")
    return only(axes, "x")


def _dates(moments_us: Any, epoch_us: int) -> Any:
    return (np.asarray(moments_us, dtype=np.int64) + epoch_us).astype("datetime64[us]")
