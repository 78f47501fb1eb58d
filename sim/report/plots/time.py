"""Draw times: from the decision to each milestone, where the time went, and how long positions stood naked."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from sim.report.plots.style import (
    BELIEF,
    BLUE,
    GREEN,
    GREY,
    INK,
    NOTE,
    ORANGE,
    RED,
    SKY,
    legend_below,
    nothing_to_show,
    only,
    plain_ticks,
)
from sim.report.printing import printed

_MILESTONES: Final = {"verdict": GREY, "acknowledged": BELIEF, "filled": BLUE, "protected": GREEN}
_NAKED: Final = {"all of it": INK, "structural": SKY, "excess": RED}
_PARTS: Final = {
    "network": BLUE, "venue": SKY, "look-ups": GREEN, "back-off": ORANGE, "time-out waits": RED, "other": GREY
}  # fmt: skip
_FASTEST_S: Final = 0.01
"""Curves begin here: a logarithmic axis has no zero."""


def waiting(curves: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the share of intents not yet at each milestone, over seconds from the decision."""
    axes.set_title("Still waiting, by time since the decision")
    if curves.empty:
        return nothing_to_show(axes, "no intent was checked or sent")
    for name, curve in curves.groupby("curve", sort=False):
        first = curve.iloc[0]
        label = f"{name} ({first['reached']:,} of {first['n']:,})"
        _survival(axes, curve, _MILESTONES[str(name)], label)
    _seconds(axes)
    axes.set_xlabel("since the decision, s, logarithmic")
    axes.set_ylabel("not there yet, % (logarithmic)")
    legend_below(axes, 2)
    return axes


def time_parts(parts: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the mean of each part of the time to protection, with its median and p99 written out."""
    axes.set_title("Where the time to protection went")
    if parts.empty:
        return nothing_to_show(axes, "no position was protected")
    places = np.arange(len(parts))
    axes.barh(places, parts["mean"], color=BLUE, height=0.55)
    for place, mean, middle, p99 in zip(places, parts["mean"], parts["p50"], parts["p99"], strict=True):
        text = f"{printed(mean, 's')} (p50 {printed(middle, 's')}, p99 {printed(p99, 's')})"
        axes.annotate(text, (mean, place), (4, 0), textcoords="offset points", va="center", fontsize=NOTE)
    axes.set_yticks(places, list(parts["label"]))
    axes.set_ylim(len(parts) - 0.4, -0.6)
    axes.set_xlim(0, max(float(parts["mean"].max()), 1e-6) * 2.2)
    axes.set_xlabel(f"mean, s per protected intent (n = {parts['n'].iloc[0]:,})", loc="right")
    axes.tick_params(axis="y", length=0)
    return only(axes, "x")


def time_to_protected(curve: pd.DataFrame, bound_s: float, axes: Axes) -> Axes:
    """Draw the share of entered intents not yet protected with its band; ``bound_s`` the rule's, from the fill."""
    axes.set_title("Not yet protected")
    if curve.empty:
        return nothing_to_show(axes, "no position was protected")
    first = curve.iloc[0]
    seconds = np.maximum(curve["value"].to_numpy(float), _FASTEST_S)
    if curve["low"].notna().any():
        low, high = (np.maximum(curve[edge].to_numpy(float) * 100, 1e-6) for edge in ("low", "high"))
        label = f"95 % band over {int(first['clusters']):,} clusters"
        axes.fill_between(seconds, low, high, step="post", color=GREEN, alpha=0.22, linewidth=0, label=label)
    shares = np.maximum(curve["share"].to_numpy(float) * 100, 1e-6)
    label = f"not yet protected ({int(first['reached']):,} of {int(first['n']):,} came there)"
    axes.step(seconds, shares, where="post", color=GREEN, label=label)
    _seconds(axes)
    axes.axvline(
        bound_s,
        color=GREY,
        linewidth=1.2,
        linestyle=(0, (4, 2)),
        label=f"the rule's bound after a fill, {bound_s:g} s",
    )
    axes.set_xlabel("since the decision, s, logarithmic")
    axes.set_ylabel("entered intents, % (logarithmic)")
    legend_below(axes, 1)
    return axes


def waterfall(rows: pd.DataFrame, axes: Axes) -> Axes:
    """Draw what the time to protection was made of near its median and in its tail; ``rows`` of ``time_waterfall``."""
    axes.set_title("What the median and the slow ones waited for")
    if rows.empty:
        return nothing_to_show(axes, "no position was protected")
    places = np.arange(len(rows))
    left = np.zeros(len(rows))
    totals = rows["total"].to_numpy(float)
    for name, colour in _PARTS.items():
        # Rows differ a hundredfold in length, so each is drawn as shares of its own total, which stands beside it.
        share = rows[name].to_numpy(float) / np.maximum(totals, 1e-12) * 100
        axes.barh(places, share, left=left, color=colour, height=0.6, label=name)
        left = left + share
    for place, row in enumerate(rows.to_dict(orient="records")):
        axes.text(101.5, place, f"{printed(row['total'])} s", va="center", fontsize=NOTE, clip_on=False)
    axes.set_yticks(places, list(rows["quantile"]))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("% of that row's time to protection; right: its length", loc="right")
    legend_below(axes, 3)
    return only(axes, "x")


def naked_time(curves: pd.DataFrame, bound_s: float, axes: Axes) -> Axes:
    """Draw the share of entered intents that were naked for longer than so many seconds; ``bound_s`` the rule's."""
    axes.set_title("Naked for longer than …")
    if curves.empty:
        return nothing_to_show(axes, "nothing was entered, or exposure is one account's")
    for name, curve in curves.groupby("curve", sort=False):
        _survival(axes, curve, _NAKED[str(name)], f"{name} (n = {curve['n'].iloc[0]:,})")
    _seconds(axes)
    axes.axvline(
        bound_s, color=GREY, linewidth=1.2, linestyle=(0, (4, 2)), label=f"bound of the rule, {bound_s:g} s"
    )
    axes.set_xlabel("naked time, s, logarithmic")
    axes.set_ylabel("entered intents, % (logarithmic)")
    legend_below(axes, 2)
    return axes


def _survival(axes: Axes, curve: pd.DataFrame, colour: str, label: str) -> None:
    seconds = np.maximum(curve["value"].to_numpy(float), _FASTEST_S)
    shares = curve["share"].to_numpy(float) * 100
    # On a logarithmic axis nobody left is nowhere: the curve falls off its lower edge.
    axes.step(seconds, np.maximum(shares, 1e-6), where="post", color=colour, label=label)


def _seconds(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    # At least a decade, so that two ticks have a number; ticks between decades cost more than all the rest to draw.
    axes.set_xlim(_FASTEST_S, max(axes.get_xlim()[1], 12 * _FASTEST_S))
    axes.set_ylim(0.1, 120)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    plain_ticks(axes.xaxis)
    plain_ticks(axes.yaxis)
