"""Draw a tuning: its goals, how the search went, what the knobs do, where assumptions turn it, and day by day."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.report.plots.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    NOTE,
    ORANGE,
    PINK,
    RED,
    SKY,
    legend_below,
    nothing_to_show,
    only,
    plain_ticks,
)

_STATES: Final = {"complete": (BLUE, "o"), "unsafe": (RED, "x"), "pruned": (GREY, ".")}
_LINES: Final = (BLUE, ORANGE, GREEN, PINK, SKY, RED)


def front(trials: pd.DataFrame, points: pd.DataFrame, axes: Axes) -> Axes:
    """Draw trials over both losses, the front joined; ``points``: ``name``, ``loss_bps``, ``loss_cvar95_bps``."""
    axes.set_title("Two of the goals: smaller is better")
    if trials.empty:
        return nothing_to_show(axes, "no trial was made")
    for state, (colour, marker) in _STATES.items():
        rows = trials[trials["state"] == state]
        axes.plot(rows["loss_bps"], rows["loss_cvar95_bps"], linestyle="", marker=marker, markersize=5, color=colour,
                  label=f"{state} (n = {len(rows):,})")  # fmt: skip
    best = trials[trials["on_front"]].sort_values("loss_bps")
    axes.plot(best["loss_bps"], best["loss_cvar95_bps"], color=BLUE, linewidth=1.0, label="Pareto front")
    for row, (marker, colour) in zip(
        points.to_dict(orient="records"), (("D", INK), ("*", ORANGE)), strict=False
    ):
        axes.plot(row["loss_bps"], row["loss_cvar95_bps"], linestyle="", marker=marker, color=colour,
                  markersize=13 if marker == "*" else 7, markeredgecolor=INK, label=str(row["name"]))  # fmt: skip
    plain_ticks(axes.xaxis)
    plain_ticks(axes.yaxis)
    axes.set_xlabel("mean loss against the ideal, bps")
    axes.set_ylabel("CVaR95 of it, bps")
    legend_below(axes, 3)
    return axes


def history(trials: pd.DataFrame, axes: Axes) -> Axes:
    """Draw each trial's mean loss in the order made, and the best complete one so far."""
    axes.set_title("How the search went")
    if trials.empty:
        return nothing_to_show(axes, "no trial was made")
    for state, (colour, marker) in _STATES.items():
        rows = trials[trials["state"] == state]
        axes.plot(
            rows["trial"],
            rows["loss_bps"],
            linestyle="",
            marker=marker,
            markersize=5,
            color=colour,
            label=state,
        )
    safe = trials["loss_bps"].where(trials["state"] == "complete")
    axes.step(
        trials["trial"], safe.cummin().ffill(), where="post", color=INK, linewidth=1.0, label="best so far"
    )
    axes.set_xlabel("trial")
    axes.set_ylabel("mean loss, bps")
    legend_below(axes, 4)
    return axes


def knobs(reach: pd.DataFrame, axes: Axes) -> Axes:
    """Draw how far one knob alone moves the loss over its range; ``knob``, ``before``, ``after`` (bps)."""
    axes.set_title("What each knob does alone")
    if reach.empty:
        return nothing_to_show(axes, "no knob was tried")
    places = np.arange(len(reach))
    for name, colour, offset in (("before", GREY, -0.19), ("after", BLUE, 0.19)):
        label = {"before": "around the base", "after": "around the recommendation"}[name]
        axes.barh(places + offset, reach[name].fillna(0), 0.36, color=colour, label=label)
    axes.set_yticks(places, list(reach["knob"]))
    axes.set_ylim(len(reach) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("reach of the mean loss over its range, bps", loc="right")
    legend_below(axes, 1)
    return only(axes, "x")


def flips(gains: pd.DataFrame, baseline: str, axes: Axes) -> Axes:
    """Draw the gain over the declared range of each assumption: ``name``, ``place`` (0 to 1), ``gain`` (bps)."""
    axes.set_title("Where an assumption turns the gain")
    if gains.empty:
        return nothing_to_show(axes, "no assumption was declared, so none was varied")
    axes.axhline(0.0, color=INK, linewidth=0.9)
    for (name, line), colour in zip(gains.groupby("name", sort=False), _LINES * 9, strict=False):
        axes.plot(line["place"], line["gain"], marker="o", markersize=4.5, color=colour, label=str(name))
    axes.set_xlabel("place in its declared range, 0 to 1")
    axes.set_ylabel(f"gain over {baseline}, bps")
    legend_below(axes, 1)
    return axes


def shares(parts: pd.DataFrame, axes: Axes) -> Axes:
    """Draw what the gain comes from: ``part``, ``gain`` (bps)."""
    axes.set_title("Where the gain comes from")
    if parts.empty:
        return nothing_to_show(axes, "nothing is recommended")
    places = np.arange(len(parts))
    axes.barh(
        places, parts["gain"], color=[GREEN if gain >= 0 else RED for gain in parts["gain"]], height=0.6
    )
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.margins(x=0.25)
    for place, gain in zip(places, parts["gain"], strict=True):
        axes.annotate(f"{gain:+.3f}", (gain, place), (4 if gain >= 0 else -4, 0), textcoords="offset points",
                      va="center", ha="left" if gain >= 0 else "right", fontsize=NOTE)  # fmt: skip
    axes.set_yticks(places, list(parts["part"]))
    axes.set_ylim(len(parts) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("gain on the search runs, bps per intent", loc="right")
    return only(axes, "x")


def dates(days: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the difference on each date: ``date``, ``difference``, ``side`` (search, held out); left loses less."""
    axes.set_title("Day by day")
    if days.empty:
        return nothing_to_show(axes, "nothing is recommended")
    places: Any = np.arange(len(days))
    axes.axvline(0, color=INK, linewidth=0.9)
    for side, colour in (("search", GREY), ("held out", BLUE)):
        rows = (days["side"] == side).to_numpy(bool)
        axes.barh(places[rows], days.loc[rows, "difference"], color=colour, height=0.6, label=side)
    axes.set_yticks(places, list(days["date"]))
    axes.set_ylim(len(days) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("recommendation less baseline, bps; ← loses less", loc="right")
    legend_below(axes, 2)
    return only(axes, "x")
