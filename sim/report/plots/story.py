"""Draw one intent's story: price and mark with its levels, what was asked and answered, belief against truth."""

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.report.plots.style import BLUE, GREEN, GREY, INK, ORANGE, PINK, RED, SKY, only, plain_ticks
from sim.report.story_frames import StoryFrames

SIZE: Final = (10.8, 5.2)
_LANES: Final = ("truth", "belief", "orders", "answers", "waits", "reads", "faults")
_POSITION: Final = {"none": GREY, "naked": RED, "protected": GREEN, "not known": PINK}
_ANSWERS: Final = {
    "answered": BLUE,
    "refused": ORANGE,
    "refused, applied": ORANGE,
    "no answer": PINK,
    "no answer, applied": PINK,
    "wait": SKY,
}
_APPLIED: Final = "applied"
_LETTER: Final = 0.0066
"""The width of a small letter, as a share of the axis."""
_ROLES: Final = {"stop": RED, "target": GREEN, "trailing stop": ORANGE}
_THIN: Final = 0.0025
"""The least width of a bar, so that a request of milliseconds can be seen beside a wait of minutes."""


def story(frames: StoryFrames, figure: Figure) -> None:
    """Draw the whole picture on an empty figure."""
    figure.subplots_adjust(left=0.085, right=0.985, top=0.875, bottom=0.175, hspace=0.09)
    upper, lower = cast(Any, figure.subplots(2, 1, sharex=True, height_ratios=[1.55, 1.25]))
    _prices(frames, upper)
    _lanes(frames, lower)


def _prices(frames: StoryFrames, axes: Axes) -> None:
    at = frames.axis.at
    axes.set_title(frames.title, pad=25.0)
    last = frames.last
    axes.step(at(last["at_us"]), last["price"], where="post", color=INK, linewidth=1.0, label="last")
    axes.step(
        at(frames.mark["at_us"]), frames.mark["price"], where="post", color=SKY, linewidth=1.2, label="mark"
    )
    for name, price in frames.planned:
        style = (0, (1, 2)) if name == "plan" else (0, (4, 2))
        axes.axhline(price, color=GREY, linewidth=1.0, linestyle=style, label=f"{name} {price:,.6g}")
    for place, level in enumerate(frames.levels.to_dict(orient="records")):
        colour = _ROLES.get(str(level["role"]), INK)
        from_to = at([level["from_us"], level["to_us"]])
        first = place == list(frames.levels["role"]).index(level["role"])
        label = f"{level['role']} rests" if first else "_"
        axes.hlines(level["price"], *from_to, color=colour, linewidth=2.2, label=label)
        end = {"filled": "X", "over": "|"}.get(str(level["end"]), "")
        if end:
            axes.plot(from_to[1], level["price"], marker=end, markersize=7, color=colour)
    _fills(frames.fills, axes, at)
    _price_limits(frames, axes)
    plain_ticks(axes.yaxis)
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("price, quote")
    axes.legend(loc="lower left", bbox_to_anchor=(-0.008, 0.985), ncols=9, borderaxespad=0.2, handlelength=1.3,
                columnspacing=1.1)  # fmt: skip


def _fills(fills: pd.DataFrame, axes: Axes, at: Any) -> None:
    for side, marker, word in ((1, "^", "buy filled"), (-1, "v", "sell filled")):
        rows = fills[fills["side"] == side]
        if len(rows):
            axes.plot(
                at(rows["at_us"]), rows["price"], linestyle="", marker=marker, markersize=8, color=BLUE,
                markeredgecolor=INK, markeredgewidth=0.6, label=word,
            )  # fmt: skip


def _price_limits(frames: StoryFrames, axes: Axes) -> None:
    """Show all prices, and those levels that are not so far off that the prices would become a line."""
    seen = np.concatenate([frames.last["price"], frames.mark["price"].dropna(), frames.fills["price"]])
    low, high = float(seen.min()), float(seen.max())
    levels = [price for _, price in frames.planned] + [float(price) for price in frames.levels["price"]]
    room = max(4 * (high - low), 1e-3 * high)
    near = [price for price in levels if low - room <= price <= high + room]
    low, high = min([low, *near]), max([high, *near])
    # A market that stands still with no level near it has no height of its own.
    margin = 0.06 * (high - low) or 1e-3 * high
    axes.set_ylim(low - margin, high + margin)


def _lanes(frames: StoryFrames, axes: Axes) -> None:
    at = frames.axis.at
    known = {**_POSITION, **_ANSWERS}
    for (lane, kind), rows in frames.bars.groupby(["lane", "kind"], sort=False):
        left, right = at(rows["from_us"]), at(rows["to_us"])
        place = _LANES.index(str(lane))
        height = 0.16 if kind == "none" else 0.62
        spans = list(zip(left, np.maximum(right - left, _THIN), strict=True))
        outline = 1.4 if str(kind).endswith(_APPLIED) else 0
        axes.broken_barh(
            spans, (place - height / 2, height), facecolor=known[str(kind)], linewidth=outline, edgecolor=INK
        )
    told = frames.bars[frames.bars["text"] != ""].rename(columns={"from_us": "at_us"})
    _name(told, axes, at, _LANES.index("answers"), offset=0)
    strikes = frames.strikes
    axes.plot(
        at(strikes["at_us"]), np.full(len(strikes), len(_LANES) - 1), linestyle="", marker="|", markersize=12,
        markeredgewidth=1.6, color=RED,
    )  # fmt: skip
    _name(strikes, axes, at, len(_LANES) - 1, offset=4)
    _time_axis(frames, axes)
    axes.set_yticks(range(len(_LANES)), _LANES)
    axes.set_ylim(len(_LANES) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    only(axes, "x")
    _legend(frames, axes)


def _name(rows: pd.DataFrame, axes: Axes, at: Any, lane: int, *, offset: float) -> None:
    """Write ``text`` where it happened; where there is no room for it, it is in the story's words alone."""
    free = -1.0
    for row in rows.sort_values("at_us", kind="stable").to_dict(orient="records"):
        place, text = float(at(row["at_us"])), str(row["text"])
        room = _LETTER * len(text) + 0.006
        if place < free:
            continue
        right = place + room > 1
        axes.annotate(
            text, (place, lane), (-offset if right else offset, 0), textcoords="offset points", fontsize=8.0,
            va="center", ha="right" if right else "left", color=INK,
        )  # fmt: skip
        free = place + (0 if right else room)


def _time_axis(frames: StoryFrames, axes: Axes) -> None:
    ticks = frames.axis.ticks()
    axes.set_xlim(0, 1)
    axes.set_xticks([place for place, _ in ticks], [_seconds(value) for _, value in ticks])
    axes.set_xlabel("s since the decision; long waits are drawn short", loc="right")


def _seconds(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 1 else f"{value:.3f}".rstrip("0").rstrip(".") or "0"


def _legend(frames: StoryFrames, axes: Axes) -> None:
    kinds = set(frames.bars["kind"])
    names = {"none": "no position", "answered": "done", "wait": "back-off"}
    shown: list[Any] = [
        Patch(facecolor=colour, label=names.get(kind, kind.replace(",", ", yet")),
              edgecolor=INK, linewidth=1.4 if kind.endswith(_APPLIED) else 0)
        for kind, colour in {**_POSITION, **_ANSWERS}.items()
        if kind in kinds
    ]  # fmt: skip
    if len(frames.strikes):
        shown.append(Line2D([], [], linestyle="", marker="|", markersize=9, color=RED, label="fault strikes"))
    axes.legend(
        handles=shown, loc="upper left", bbox_to_anchor=(-0.01, -0.27), ncols=9, handlelength=1.0,
        columnspacing=1.0, borderaxespad=0.0,
    )  # fmt: skip
