"""Draw money and traffic: the loss against the ideal executor, its sums, and what the intents asked of the venue."""

from __future__ import annotations

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
    RED,
    legend_below,
    nothing_to_show,
    only,
    plain_ticks,
)
from sim.report.printing import printed


def loss_distribution(curve: pd.DataFrame, cvar95: float, axes: Axes) -> Axes:
    """Draw the cumulative share of intents by loss against I1 in R; ``cvar95`` the mean of the worst twentieth."""
    axes.set_title("Loss against the ideal executor")
    if curve.empty:
        return nothing_to_show(axes, "no intent has a result of its own")
    label = f"intents (n = {curve['n'].iloc[0]:,})"
    axes.step(curve["value"], curve["share"] * 100, where="post", color=BLUE, label=label)
    axes.axhspan(95, 101, color=GREY, alpha=0.16, linewidth=0, label="the worst twentieth")
    mean = f"its mean, CVaR95 = {printed(cvar95)} R"
    axes.axvline(cvar95, color=RED, linewidth=1.3, linestyle=(0, (4, 2)), label=mean)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xscale("symlog", linthresh=0.01, linscale=0.8)
    plain_ticks(axes.xaxis)
    axes.set_ylim(0, 101)
    axes.set_xlabel("loss against I1, R (1 R: loss at the planned stop)")
    axes.set_ylabel("intents, %")
    legend_below(axes, 2)
    return axes


def loss_sums(sums: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the sum of the loss against I1 by how the intents truly ended, in quote."""
    axes.set_title("Sum of that loss, by outcome")
    if sums.empty:
        return nothing_to_show(axes, "no intent has a result of its own")
    places = np.arange(len(sums))
    colours = [RED if loss > 0 else GREEN for loss in sums["loss_quote"]]
    axes.barh(places, sums["loss_quote"], color=colours, height=0.6)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.margins(x=0.36)
    for place, loss in zip(places, sums["loss_quote"], strict=True):
        side = 1 if loss >= 0 else -1
        axes.annotate(
            printed(loss, "quote"),
            (loss, place),
            (4 * side, 0),
            textcoords="offset points",
            va="center",
            ha="left" if side > 0 else "right",
            fontsize=NOTE,
        )
    axes.set_yticks(
        places, [f"{label} (n = {n:,})" for label, n in zip(sums["label"], sums["n"], strict=True)]
    )
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("loss against I1, quote (left of 0 won)", loc="right")
    return only(axes, "x")


def cost_parts(parts: pd.DataFrame, axes: Axes) -> Axes:
    """Draw where the loss against I1 arose, per 1,000 intents; ``parts`` of :func:`sim.metrics.cost_split`."""
    axes.set_title("Where it arose")
    if parts["per_1000"].isna().all() or not parts["intents"].any():
        return nothing_to_show(axes, "no intent lost or won anything against the ideal")
    places = np.arange(len(parts))
    values = parts["per_1000"].to_numpy(float)
    axes.barh(places, values, color=[RED if value > 0 else GREEN for value in values], height=0.6)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.margins(x=0.4)
    for place, value in zip(places, values, strict=True):
        side = 1 if value >= 0 else -1
        axes.annotate(
            printed(value, "quote"), (value, place), (4 * side, 0), textcoords="offset points", va="center",
            ha="left" if side > 0 else "right", fontsize=NOTE,
        )  # fmt: skip
    labels = [f"{part} (n = {n:,})" for part, n in zip(parts["part"], parts["intents"], strict=True)]
    axes.set_yticks(places, labels)
    axes.set_ylim(len(parts) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("loss against I1, quote per 1,000 intents (left of 0 won)", loc="right")
    return only(axes, "x")


def calls_per_intent(calls: pd.DataFrame, axes: Axes) -> Axes:
    """Draw requests per intent by call."""
    axes.set_title("Requests per intent, by call")
    return _bars(calls, axes, 1.0, BLUE, "requests per intent", "no request was made for an intent")


def refusals_by_code(failed: pd.DataFrame, axes: Axes) -> Axes:
    """Draw answers with an error, and silence, as shares of all requests."""
    axes.set_title("Refusals and silence, by code")
    return _bars(failed, axes, 100.0, ORANGE, "% of all requests", "every request was answered with success")


def _bars(rows: pd.DataFrame, axes: Axes, scale: float, colour: str, unit: str, why: str) -> Axes:
    if rows.empty:
        return nothing_to_show(axes, why)
    places = np.arange(len(rows))
    axes.barh(places, rows["value"] * scale, color=colour, height=0.6)
    for place, value in zip(places, rows["value"] * scale, strict=True):
        axes.annotate(
            printed(value), (value, place), (4, 0), textcoords="offset points", va="center", fontsize=NOTE
        )
    axes.set_yticks(places, list(rows["label"]))
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.14)
    axes.set_xlim(left=0)
    axes.set_xlabel(unit, loc="right")
    return only(axes, "x")
