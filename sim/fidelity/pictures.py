"""Lay out the plots of a comparison and say, under each, what it shows and what it rests on."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd
from matplotlib.figure import Figure

from sim.fidelity import plots
from sim.fidelity.level import MINUTES, SECONDS, Level
from sim.fidelity.printing import measure_label
from sim.report.plots.style import FULL, HALF, Picture, picture, rows_height
from sim.report.printing import printed

_UNITS = {"bps": "bps of price", "ranges": "ranges of the bar"}


def chosen(table: pd.DataFrame, level: Level, group: str, *sections: str) -> pd.DataFrame:
    """Return the rows of one level, group and of some sections (all when none is named)."""
    rows = table[(table["level"] == level.name) & (table["group"] == group)]
    return rows[rows["section"].isin(sections)] if sections else rows


def moves_picture(table: pd.DataFrame, level: Level, group: str, unit: str) -> Picture:
    """Draw the ratio of rates over x, a panel for each t."""
    rows = chosen(table, level, group, "moves")
    rows = rows[(rows["measure"] == "moves beyond x in t") & (rows["x_unit"] == unit)]
    lags = sorted(set(rows["t_s"]))

    def paint(figure: Figure) -> None:
        panels = list(cast(Any, figure.subplots(1, max(len(lags), 1), sharey=True, squeeze=False)).flat)
        for lag, axes in zip(lags, panels, strict=False):
            plots.ratio_by_x(rows[rows["t_s"] == lag], rows, f"within {printed(lag)} s", _UNITS[unit], axes)
        handles, labels = panels[0].get_legend_handles_labels()
        if handles:
            figure.legend(handles, labels, loc="outside lower center", ncols=len(handles))

    caption = (
        f"Rate of moves beyond x, model over real, {_named(level, group)}; bars are 95 % intervals. What shows in "
        "fewer than 30 episodes of the real steps is left out."
    )
    return picture(f"moves-{_slug(level, group)}-{unit}", caption, (FULL, 3.6), paint)


def extremes_pictures(profiles: pd.DataFrame, level: Level, group: str) -> list[Picture]:
    """Draw when extremes come, and how wild the steps around them are."""
    when, around = (chosen(profiles, level, group, section) for section in ("times", "around extremes"))
    named, slug = _named(level, group), _slug(level, group)
    return [
        picture(
            f"times-{slug}",
            f"Highs and lows together, {named}; dotted: if they came at any time alike.",
            (HALF, 3.9),
            lambda figure: plots.times(when, "When extremes come", figure.subplots()),
        ),
        picture(
            f"around-extremes-{slug}",
            f"Mean squared return of a step over that of its bar, {named}, each bar counting alike.",
            (HALF, 3.9),
            lambda figure: plots.profile(
                around, "Around an extreme", "steps from the extreme", "times the bar's", figure.subplots()
            ),
        ),
    ]


def crossing_pictures(table: pd.DataFrame, profiles: pd.DataFrame, level: Level, group: str) -> list[Picture]:
    """Draw volatility around crossings, and the ratios of what a stop meets there."""
    around = chosen(profiles, level, group, "around crossings")
    named, slug = _named(level, group), _slug(level, group)
    middle = printed(level.stops_bps[len(level.stops_bps) // 2])
    return [
        picture(
            f"around-crossings-{slug}",
            f"Mean squared return of a step over the tape's, {named}; stops {middle} bps away, placed at random.",
            (HALF, 3.9),
            lambda figure: plots.profile(
                around,
                "Around a stop's crossing",
                "steps from the crossing",
                "times the average",
                figure.subplots(),
            ),
        ),
        forest_picture(f"crossings-{slug}", chosen(table, level, group, "crossings"), named, HALF),
    ]


def forest_picture(name: str, rows: pd.DataFrame, named: str, width: float = FULL) -> Picture:
    """Draw the ratios of ``rows``, a line each."""
    rows = rows.assign(label=[measure_label(row) for row in rows.itertuples(index=False)])
    if width == HALF:
        # Half a page has room for the middle distance only.
        middle = sorted(set(rows["x"].dropna()))
        rows = rows[rows["x"] == middle[len(middle) // 2]] if middle else rows
        rows = rows.assign(label=rows["label"].str.replace(r", stop .*", "", regex=True).map(_two_lines))
    labels = list(dict.fromkeys(rows["label"]))
    height = rows_height(len(labels) * (2 if width == HALF else 1), 2.2)
    caption = f"Model over real, {named}; bars are 95 % intervals, 1 is the truth."
    return picture(
        name,
        caption,
        (width, height),
        lambda figure: plots.forest(rows, labels, figure.subplots(), 2 if width == HALF else 3),
    )


def _two_lines(text: str) -> str:
    words, half = text.split(), len(text) / 2
    first: list[str] = []
    while words and len(" ".join(first)) < half:
        first.append(words.pop(0))
    return " ".join(first) + ("\n" + " ".join(words) if words else "")


def _named(level: Level, group: str) -> str:
    which = {"all": "all dates", "calm": "calm dates", "violent": "violent dates"}.get(group, group)
    inside = {SECONDS.name: "seconds inside minutes", MINUTES.name: "minutes inside five"}[level.name]
    return f"{inside}, {which}"


def _slug(level: Level, group: str) -> str:
    return f"{'seconds' if level is SECONDS else 'minutes'}-{group}"
