"""Draw maps: a plot takes rows and axes and returns axes; it computes nothing but where arithmetic's line runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from sim.claims.figures import OPEN
from sim.claims.maps import ClaimMap
from sim.report.plots.style import BLUE, GREY, RED, legend_below, nothing_to_show

_SHADES: Final = "cividis"
"""Even in lightness, and the same to all eyes: light is good."""
_DARK: Final = "#16191d"
_LIGHT: Final = "#ffffff"
_FINE: Final = 48


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Say what of the rows a panel shows: column, text of a value, shade of a value (0 bad, 1 good)."""

    column: str
    text: Callable[[float], str]
    shade: Callable[[float], float]


def _per_cent(value: float) -> str:
    # 99.6 is not 100: what fell short of all or of nothing says so.
    rounded = round(100 * value)
    if rounded == 100 and value < 1.0:
        return ">99"
    return "<1" if rounded == 0 and value > 0.0 else f"{rounded:.0f}"


SAID: Final = Shown(column="figure", text=_per_cent, shade=lambda share: share)
TRUE: Final = Shown(column="true_figure", text=_per_cent, shade=lambda share: share)
DOUBLED: Final = Shown(column="doubled", text=_per_cent, shade=lambda share: 1.0 - share)
NAKED: Final = Shown(
    column="naked_s",
    text=lambda seconds: f"{seconds:.1f}" if seconds < 9.95 else f"{seconds:.0f}",
    shade=lambda seconds: 1.0 - math.log1p(seconds) / math.log1p(45.0),
)


def heat_map(
    drawn: ClaimMap, rows: pd.DataFrame, shown: Shown, title: str, axes: Axes, *, lined: bool = True
) -> Axes:
    """Draw one map: ``rows`` of one policy under one set of rules.

    Cells whose interval holds the claim are hatched; with ``lined`` a thick line runs where the measured figure crosses
    the claim, and a dashed one where arithmetic of d7 does.
    """
    xs, ys = sorted(set(rows["x"])), sorted(set(rows["y"]))
    values = {
        (xs.index(row.x), ys.index(row.y)): row
        for row in rows.itertuples()
        if pd.notna(getattr(row, shown.column))
    }
    if not values:
        axes.set_title(title)
        return nothing_to_show(axes, "no point has run")
    _cells(
        {place: float(getattr(row, shown.column)) for place, row in values.items()},
        {place for place, row in values.items() if lined and row.status == OPEN},
        shown,
        axes,
    )
    if lined:
        _edge(values, drawn.claimed, shown.column, axes)
        if (rows["policy"] == "d7").all():
            _arithmetic(drawn, xs, ys, axes)
            _other_break_even(drawn, xs, ys, axes)
    _frame(axes, [drawn.x.label(x) for x in xs], [drawn.y.label(y) for y in ys], title)
    axes.set_xlabel(f"{drawn.x.name}, {drawn.x.unit}")
    axes.set_ylabel(f"{drawn.y.name}, {drawn.y.unit}")
    return axes


def policy_map(
    drawn: ClaimMap, rows: pd.DataFrame, shown: Shown, title: str, axes: Axes, *, marked: bool
) -> Axes:
    """Draw policies down and the map's first cause across, under one set of rules."""
    xs, policies = sorted(set(rows["x"])), [name for name in drawn.policies if (rows["policy"] == name).any()]
    # The first stands at the top.
    rise = {name: len(policies) - 1 - place for place, name in enumerate(policies)}
    places = {(xs.index(row.x), rise[str(row.policy)]): row for row in rows.itertuples()}
    _cells(
        {place: float(getattr(row, shown.column)) for place, row in places.items()},
        {place for place, row in places.items() if marked and row.status == OPEN},
        shown,
        axes,
    )
    if marked:
        _edge(places, drawn.claimed, shown.column, axes)
    _frame(axes, [drawn.x.label(x) for x in xs], policies[::-1], title)
    axes.set_xlabel(f"{drawn.x.name}, {drawn.x.unit}")
    return axes


def seconds_plot(drawn: ClaimMap, rows: pd.DataFrame, axes: Axes) -> Axes:
    """Draw how long five failed attempts took over the round trip, arithmetic's line and the claim's."""
    line = rows[rows["figure"].notna()].sort_values("x")
    if line.empty:
        return nothing_to_show(axes, "no placement failed five times")
    x = line["x"].to_numpy(float)
    reach = np.array([0.0, float(x.max()) * 1.05])
    axes.axhline(drawn.claimed, color=RED, linewidth=1.6, label=f"the document: {drawn.claimed:g} s")
    axes.plot(
        reach, [drawn.expected(float(each), 0.0) for each in reach], color=GREY, linewidth=1.4, linestyle="--",
        label="arithmetic: 7.5 s + 5 round trips",
    )  # fmt: skip
    axes.plot(x, line["figure"].to_numpy(float), color=BLUE, marker="o", linestyle="", label="d7, measured")
    axes.set_xlim(0.0, reach[1])
    axes.set_ylim(0.0, None)
    axes.set_xlabel(f"{drawn.x.name}, {drawn.x.unit}")
    axes.set_ylabel("until all five have failed, s")
    legend_below(axes, 3)
    return axes


def _cells(
    values: dict[tuple[int, int], float], doubtful: set[tuple[int, int]], shown: Shown, axes: Axes
) -> None:
    size = 1 + max(row for _, row in values), 1 + max(column for column, _ in values)
    lightness = np.full(size, np.nan)
    for (column, row), value in values.items():
        lightness[row, column] = min(1.0, max(0.0, shown.shade(value)))
    axes.imshow(
        lightness, cmap=_SHADES, vmin=0.0, vmax=1.0, origin="lower", aspect="auto", interpolation="none"
    )
    # One path for all: a page holds hundreds of cells.
    corners = [
        (column + dx, row + dy)
        for column, row in sorted(doubtful)
        for dx, dy in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5))
    ]
    if corners:
        codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(doubtful)
        axes.add_patch(
            PathPatch(
                Path(corners, codes), facecolor="none", edgecolor=_DARK, hatch="///", linewidth=0.0, alpha=0.4
            )
        )
    for (column, row), value in values.items():
        ink = _DARK if lightness[row, column] > 0.5 else _LIGHT
        axes.text(column, row, shown.text(value), ha="center", va="center", color=ink, fontsize=8.5, zorder=6)


def _frame(axes: Axes, columns: Sequence[str], rows: Sequence[str], title: str) -> None:
    axes.set_title(title)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(-0.5, len(rows) - 0.5)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _edge(values: Mapping[tuple[int, int], object], claimed: float, column: str, axes: Axes) -> None:
    """Draw the line between cells that meet the claim and neighbours that do not."""
    meets = {place: float(getattr(row, column)) >= claimed for place, row in values.items()}
    across: list[float] = []
    up: list[float] = []
    for (x, y), yes in meets.items():
        for near, (xs, ys) in (
            ((x + 1, y), ((x + 0.5, x + 0.5), (y - 0.5, y + 0.5))),
            ((x, y + 1), ((x - 0.5, x + 0.5), (y + 0.5, y + 0.5))),
        ):
            if near in meets and meets[near] != yes:
                across += [*xs, math.nan]
                up += [*ys, math.nan]
    # Dark on light and light on dark: one of the two is seen on every shade.
    for colour, width in ((_LIGHT, 4.0), (_DARK, 2.0)):
        axes.plot(across, up, color=colour, linewidth=width, solid_capstyle="projecting", zorder=3)


def _other_break_even(drawn: ClaimMap, xs: Sequence[float], ys: Sequence[float], axes: Axes) -> None:
    if drawn.break_even is None or len(xs) < 2:
        return
    across = np.linspace(0, len(xs) - 1, _FINE)
    at_y = np.array([drawn.break_even(float(x)) for x in np.interp(across, range(len(xs)), xs)])
    up = np.where((at_y >= ys[0]) & (at_y <= ys[-1]), np.interp(at_y, ys, range(len(ys))), np.nan)
    for colour, width in ((_LIGHT, 3.4), (RED, 1.8)):
        axes.plot(
            across, up, color=colour, linewidth=width, linestyle=":" if colour == RED else "-", zorder=5
        )


def _arithmetic(drawn: ClaimMap, xs: Sequence[float], ys: Sequence[float], axes: Axes) -> None:
    """Draw where the closed form meets the claim, between the columns and rows as they stand."""
    if len(xs) < 2 or len(ys) < 2:
        return
    across, up = np.linspace(0, len(xs) - 1, _FINE), np.linspace(0, len(ys) - 1, _FINE)
    at_x, at_y = np.interp(across, range(len(xs)), xs), np.interp(up, range(len(ys)), ys)
    heights = np.array([[drawn.expected(float(x), float(y)) for x in at_x] for y in at_y])
    # No line runs along a plateau: that of "all" is drawn just below it.
    level = min(drawn.claimed, 0.999)
    if heights.min() < level <= heights.max():
        for colour, width in ((_LIGHT, 3.6), (RED, 1.8)):
            axes.contour(
                across, up, heights, levels=[level], colors=[colour], linewidths=width,
                linestyles="-" if colour == _LIGHT else "--", zorder=5,
            )  # fmt: skip
