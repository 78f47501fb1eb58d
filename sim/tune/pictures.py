"""Draw a tuning on one picture: the front, how the search went, what the knobs do, and where assumptions turn it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.tune.tuning import Tuning

_COLOURS = {"complete": "#0072b2", "unsafe": "#d55e00", "pruned": "#8a939c"}


def picture(tuning: Tuning, file: Path) -> None:
    """Write the picture; its bytes depend on the tuning alone."""
    # matplotlib takes half a second to import.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2)
    _front(axes[0][0], tuning)
    _history(axes[0][1], tuning)
    _knobs(axes[1][0], tuning)
    _flips(axes[1][1], tuning)
    figure.savefig(file, dpi=110, metadata={"Software": None})


def _front(axis: Any, tuning: Tuning) -> None:
    for state, colour in _COLOURS.items():
        made = [one for one in tuning.trials if one.state == state]
        x, y = [one.score.loss_bps for one in made], [one.score.loss_cvar95_bps for one in made]
        axis.scatter(x, y, s=18, color=colour, label=f"{state} ({len(made)})")
    line = sorted((one.score.loss_bps, one.score.loss_cvar95_bps) for one in tuning.front)
    axis.plot([x for x, _ in line], [y for _, y in line], color=_COLOURS["complete"], lw=0.8)
    base = tuning.baseline_score
    axis.scatter([base.loss_bps], [base.loss_cvar95_bps], marker="x", color="black", label=tuning.baseline)
    if tuning.recommendation is not None:
        best = tuning.recommendation.choice.score
        axis.scatter(
            [best.loss_bps], [best.loss_cvar95_bps], marker="*", s=140, color="#e69f00", label="recommended"
        )
    axis.set(xlabel="mean loss [bps]", ylabel="CVaR95 of the loss [bps]", title="Goals (smaller is better)")
    axis.legend(fontsize=8)


def _history(axis: Any, tuning: Tuning) -> None:
    best, line = float("inf"), []
    for one in tuning.trials:
        axis.scatter([one.number], [one.score.loss_bps], s=14, color=_COLOURS[one.state])
        if one.state == "complete":
            best = min(best, one.score.loss_bps)
        line.append(best)
    axis.step([one.number for one in tuning.trials], line, where="post", color="black", lw=0.8)
    axis.set(xlabel="trial", ylabel="mean loss [bps]", title="Search; the line is the best safe trial so far")


def _knobs(axis: Any, tuning: Tuning) -> None:
    found = tuning.recommendation
    after = {} if found is None else {one.knob: one.reach_bps for one in found.after}
    names = [one.knob for one in reversed(tuning.before)]
    places = range(len(names))
    before = {one.knob: one.reach_bps for one in tuning.before}
    axis.barh(
        [place + 0.2 for place in places],
        [before[name] for name in names],
        0.38,
        label="before",
        color="#8a939c",
    )
    axis.barh([place - 0.2 for place in places], [after.get(name, 0.0) for name in names], 0.38, label="after",
              color=_COLOURS["complete"])  # fmt: skip
    axis.set_yticks(list(places), [name.removeprefix("execution.") for name in names], fontsize=8)
    axis.set(xlabel="reach of one knob alone [bps]", title="Sensitivity before and after")
    axis.legend(fontsize=8)


def _flips(axis: Any, tuning: Tuning) -> None:
    found = tuning.recommendation
    axis.set(xlabel="place in the declared range", ylabel=f"gain over {tuning.baseline} [bps]",
             title="Assumptions: where the gain turns")  # fmt: skip
    axis.axhline(0.0, color="black", lw=0.8)
    for one in found.flips if found is not None else ():
        line = sorted((place, gain) for place, gain in one.gains)
        axis.plot([(place - one.low) / (one.high - one.low) for place, _ in line], [gain for _, gain in line],
                  marker="o", ms=3, label=f"{one.name}: {one.text}")  # fmt: skip
    if found is not None and found.flips:
        axis.legend(fontsize=7)
