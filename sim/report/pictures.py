"""Make the pictures of a result, section by section: lay out the data, then draw it."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.experiment import Result
from sim.metrics import cost_split
from sim.report import curves
from sim.report.plots import differences as difference_plots
from sim.report.plots import money as money_plots
from sim.report.plots import recovery as recovery_plots
from sim.report.plots import slippage as slippage_plots
from sim.report.plots import time as time_plots
from sim.report.plots import timeline as timeline_plots
from sim.report.plots.style import EMPTY, FULL, HALF, Picture, picture, rows_height
from sim.report.scales import better_difference
from sim.wording import counted


def _sized(height: float, frame: pd.DataFrame) -> tuple[float, float]:
    """Return the size of a plot of ``frame``: low when there is nothing to show."""
    return HALF, EMPTY if frame.empty else height


def base_of(result: Result) -> str:
    """Say how much a picture rests on: intents, clusters, seed."""
    intents = result.frames["intents"]
    clusters = counted(int(intents["cluster"].nunique()), "cluster")
    return f"{counted(len(intents), 'intent')} in {clusters}, seed {result.manifest['seed']}."


def recovery_pictures(result: Result) -> list[Picture]:
    """Draw rates, states and effort (attempts and seconds) of recovery."""
    bars = curves.recovery_bars(result.recovery)
    base = base_of(result)
    size = (HALF, rows_height(len(bars)))
    taller = (HALF, rows_height(len(bars)) + 0.6)
    known = bars[bars["attempts_p50"].notna()].reset_index(drop=True)

    def effort(figure: Figure) -> None:
        if known.empty:
            recovery_plots.attempts_to_recover(known, figure.subplots())
            return
        left, right = cast(Any, figure.subplots(1, 2, sharey=True))
        recovery_plots.attempts_to_recover(known, left)
        recovery_plots.seconds_to_recover(known, right)

    spread = (HALF, rows_height(len(known)) + 0.3)
    return [
        picture(
            "recovery-rates",
            "Share of the intents whose first request of that role the fault hit, and which at the deadline held "
            f"one protected entry of the right size. {base}",
            size,
            lambda figure: recovery_plots.recovery_rates(bars, figure.subplots()),
        ),
        picture(
            "recovery-states",
            f"What had become of the same intents; only the first colour is a recovery. {base}",
            taller,
            lambda figure: recovery_plots.states_at_deadline(bars, figure.subplots()),
        ),
        picture(
            "recovery-effort",
            "Attempts and duration of the placement that met the fault, over recovered intents: median, p95 and "
            f"most. {base}",
            spread,
            effort,
        ),
    ]


def slippage_pictures(result: Result) -> list[Picture]:
    """Draw slippage at check and fill, one against the other, and what refusals were worth."""
    intents = result.frames["intents"]
    limits = curves.limits_bps(intents, result.manifest["policy_values"])
    spread = curves.slippage_curves(intents)
    points = curves.slippage_points(intents)
    values = curves.refusal_values(result.slippage)
    base = base_of(result)
    return [
        picture(
            "slippage-distribution",
            "Share of intents whose price was at most so much worse than planned; logarithmic beyond ±1 bps. "
            f"Dashed: where the guard refuses. {base}",
            _sized(3.8, spread),
            lambda figure: slippage_plots.slippage_distribution(spread, limits, figure.subplots()),
        ),
        picture(
            "slippage-check-to-fill",
            "Each point is an intent: above the line it paid more than the guard saw. Refused intents, which have "
            f"no fill, stand at the lower edge. {base}",
            _sized(3.8, points),
            lambda figure: slippage_plots.check_against_fill(points, limits, figure.subplots()),
        ),
        picture(
            "slippage-refusals",
            "Result of the bracket each refused intent would have had on the same prices, without faults: losses "
            f"avoided and gains missed do not cancel. {base}",
            _sized(3.4, values),
            lambda figure: slippage_plots.refusal_value(values, figure.subplots()),
        ),
    ]


def latency_pictures(result: Result) -> list[Picture]:
    """Draw waiting curves and the split of the time to protection."""
    waiting = curves.waiting_curves(result.frames["intents"])
    parts = curves.time_split(result.latency)
    slow = curves.time_waterfall(result.frames)
    base = base_of(result)
    return [
        picture(
            "latency-waiting",
            "Kaplan–Meier: what never came counts as waiting until it could no longer come. In brackets: reached "
            f"of all. {base}",
            _sized(3.8, waiting),
            lambda figure: time_plots.waiting(waiting, figure.subplots()),
        ),
        picture(
            "latency-waterfall",
            "Means over the intents nearest to each quantile of the time from decision to protection; of each row the "
            f"parts add up to its length. {base}",
            _sized(3.8, slow),
            lambda figure: time_plots.waterfall(slow, figure.subplots()),
        ),
        picture(
            "latency-split",
            f"Over intents that were protected, up to that moment. {base}",
            _sized(3.4, parts),
            lambda figure: time_plots.time_parts(parts, figure.subplots()),
        ),
    ]


def protection_pictures(result: Result) -> list[Picture]:
    """Draw the time to protection with its band, and naked time as structural and excess."""
    intents = result.frames["intents"]
    naked, reached = curves.naked_curves(intents), curves.protection_curve(intents)
    bound_s = float(result.manifest["protect_s"])
    return [
        picture(
            "protection-time",
            "Kaplan–Meier over intents that truly entered; who never was protected counts as waiting until the exit. "
            f"{base_of(result)}",
            _sized(3.8, reached),
            lambda figure: time_plots.time_to_protected(reached, bound_s, figure.subplots()),
        ),
        picture(
            "protection-naked",
            "Structural: what the wire forces on an executor that protects on acknowledgement. Excess: what a "
            f"policy can change. {base_of(result)}",
            _sized(3.8, naked),
            lambda figure: time_plots.naked_time(naked, bound_s, figure.subplots()),
        ),
    ]


def money_pictures(result: Result) -> list[Picture]:
    """Draw the distribution and the sums of the loss against I1."""
    intents = result.frames["intents"]
    curve, sums = curves.loss_curve(intents), curves.loss_by_outcome(intents)
    table = result.money
    row = table[(table["metric"] == "loss against I1") & (table["unit"] == "R")]
    cvar95 = float(row["cvar95"].iloc[0])
    parts = cost_split(result.frames)
    base = base_of(result)
    return [
        picture(
            "money-distribution",
            f"Right of 0 execution cost money. Logarithmic beyond ±0.01 R. {base}",
            _sized(3.8, curve),
            lambda figure: money_plots.loss_distribution(curve, cvar95, figure.subplots()),
        ),
        picture(
            "money-sums",
            f"Over all intents of an outcome together; winning without a stop is luck. {base}",
            (HALF, rows_height(len(sums), 3.2)),
            lambda figure: money_plots.loss_sums(sums, figure.subplots()),
        ),
        picture(
            "money-split",
            "The parts add up to the whole loss. By price only where both executors carried the intent through in its "
            f"size. {base}",
            (HALF, rows_height(len(parts), 2.6)),
            lambda figure: money_plots.cost_parts(parts, figure.subplots()),
        ),
    ]


def load_pictures(result: Result) -> list[Picture]:
    """Draw requests by call and refusals by code."""
    calls, failed = curves.load_bars(result.load)
    base = base_of(result)
    return [
        picture(
            "load-calls",
            f"Mean number of requests an intent makes. {base}",
            (HALF, rows_height(len(calls))),
            lambda figure: money_plots.calls_per_intent(calls, figure.subplots()),
        ),
        picture(
            "load-refusals",
            f"Answers that were not a success, injected or arisen. {base}",
            (HALF, rows_height(len(failed))),
            lambda figure: money_plots.refusals_by_code(failed, figure.subplots()),
        ),
    ]


def document_pictures(result: Result) -> list[Picture]:
    """Draw the seed document's metrics as claimed and as true."""
    table = result.seed_metrics
    shares = table[(table["unit"] == "share") & (table["n"] > 0)].reset_index(drop=True)
    return [
        picture(
            "document-metrics",
            "Claimed: what the executor returned. True: what the venue did. Average Retry Count is in the table. "
            f"{base_of(result)}",
            _sized(2.9, shares),
            lambda figure: recovery_plots.claimed_beside_true(shares, figure.subplots()),
        )
    ]


def timeline_pictures(result: Result) -> list[Picture]:
    """Draw faults in time over the price with the intents marked."""
    frames, epoch_us = result.frames, int(result.manifest["epoch_us"])
    prices, marks = curves.price_line(frames), curves.intent_marks(frames)
    faults, edges = frames["faults"], frames["fault_edges"]
    names = len({*faults["fault"], *edges["fault"]})

    def paint(figure: Figure) -> None:
        heights = [3.0, max(0.6, 0.3 * names)]
        upper, lower = _rows(figure, 2, height_ratios=heights, sharex=names > 0 and not prices.empty)
        timeline_plots.price_with_intents(prices, marks, epoch_us, upper)
        timeline_plots.faults_in_time(faults, edges, epoch_us, lower)

    caption = (
        "The price as it stood at decisions and fills, every intent where it was decided, and beneath it the "
        f"faults. {base_of(result)}"
    )
    return [picture("timeline", caption, (FULL, 4.3 + max(0.6, 0.3 * names)), paint)]


def difference_pictures(differences: pd.DataFrame, base: str) -> list[Picture]:
    """Draw paired differences against the first policy, one panel per metric and unit."""
    keys = list(dict.fromkeys(zip(differences["metric"], differences["unit"], strict=True)))
    policies = differences["policy"].nunique()
    across = 3
    down = max(1, -(-len(keys) // across))

    def paint(figure: Figure) -> None:
        panels = np.atleast_1d(cast(Any, figure.subplots(down, across))).flat
        for (metric, unit), axes in zip(keys, panels, strict=False):
            rows = differences[(differences["metric"] == metric) & (differences["unit"] == unit)]
            difference_plots.forest(rows.reset_index(drop=True), better_difference(str(metric)), axes)
        for axes in list(panels):
            axes.set_axis_off()

    caption = (
        "Mean difference per intent, policy minus the first, over intents defined on both sides; bars are 95 % "
        f"intervals over clusters. {base}"
    )
    return [picture("differences", caption, (FULL, down * (rows_height(policies, 1.5) + 0.15)), paint)]


def _rows(figure: Figure, count: int, *, height_ratios: list[float], sharex: bool) -> list[Axes]:
    return list(cast(Any, figure.subplots(count, 1, sharex=sharex, height_ratios=height_ratios)))
