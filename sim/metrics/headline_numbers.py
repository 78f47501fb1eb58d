"""Boil a policy down to flat numbers for gates and comparisons, units in their names."""

from __future__ import annotations

import math
from typing import Any, Final, Literal

import pandas as pd

from sim.metrics.document_tables import seed_metrics
from sim.metrics.latency_table import latency
from sim.metrics.money_table import run_results
from sim.metrics.protection_table import PROTECT_S
from sim.metrics.rows import entered
from sim.metrics.states import OUTCOMES
from sim.metrics.traffic_table import unattributed_share
from sim.statistics import cvar

Better = Literal["lower", "higher", "either"]

HEADLINES: Final[dict[str, tuple[Better, str]]] = {
    "intents": ("either", "intents decided"),
    "refused_share": ("either", "refused by the guard, no entry in truth"),
    "not_filled_share": ("lower", "no entry in truth for another reason"),
    "stopped_share": ("either", "closed by a stop"),
    "target_share": ("either", "closed by the target"),
    "timed_out_share": ("either", "closed at market at the end of holding"),
    "flattened_share": ("either", "closed at market before"),
    "liquidated_share": ("lower", "closed by the venue for want of margin"),
    "unresolved_share": ("lower", "position left, or a flow without an end"),
    "doubled_share": ("lower", "entry fills beyond the intended size by more than a step"),
    "orphaned_share": ("lower", "believed flat while truth holds a position"),
    "recovered_share": ("higher", "one entry, covered, within budget at the protection deadline"),
    "entry_absent_share": ("lower", "entry claimed, none in truth"),
    "entry_denied_share": ("lower", "entry reported as failed, yet filled in truth"),
    "naked_mean_s": ("lower", "mean naked time, of those that entered"),
    "naked_excess_mean_s": ("lower", "the same beyond what the wire forces"),
    "naked_max_s": ("lower", "longest naked time"),
    "naked_notional_mean_quote_s": ("lower", "mean integral of uncovered notional, of those that entered"),
    "naked_beyond_limit_share": ("lower", "naked longer than the limit, of those that entered"),
    "naked_at_end_share": ("lower", "uncovered when the books were closed, of those that entered"),
    "never_protected_share": ("lower", "never wholly covered, of those that entered"),
    "naked_loss_per_1000_quote": ("lower", "loss of uncovered quantity while uncovered, per 1,000 intents"),
    "result_per_1000_quote": ("higher", "true result per 1,000 intents"),
    "loss_against_ideal_per_1000_quote": ("lower", "I1's result less the true one, per 1,000 intents"),
    "loss_against_ideal_cvar95_quote": ("lower", "mean of the worst twentieth of those losses"),
    "loss_against_ideal_mean_bps": ("lower", "mean of those losses in bps of planned notional"),
    "loss_against_ideal_mean_r": ("lower", "mean of those losses in R"),
    "refusal_saved_per_1000_quote": (
        "higher",
        "losses that refused intents would have made, per 1,000 intents",
    ),
    "refusal_missed_per_1000_quote": (
        "lower",
        "gains that refused intents would have made, per 1,000 intents",
    ),
    "slippage_check_mean_bps": ("either", "mean adverse slippage at the guard's check"),
    "slippage_fill_mean_bps": ("lower", "mean adverse slippage at the fill"),
    "slippage_fill_p95_bps": ("lower", "its 95th percentile"),
    "stop_slippage_mean_bps": ("lower", "mean stop slippage, of those a stop closed"),
    "stop_loosening_mean_bps": ("lower", "its part from stops moved away from the plan"),
    "retry_success_share_claimed": ("higher", "Retry Success Rate as returned"),
    "retry_success_share_true": ("higher", "Retry Success Rate as the venue has it"),
    "recovery_2021_share_claimed": ("higher", "-2021 Error Recovery Rate as returned"),
    "recovery_2021_share_true": ("higher", "-2021 Error Recovery Rate as the venue has it"),
    "slippage_rejection_share_claimed": ("either", "Slippage Rejection Rate as returned"),
    "slippage_rejection_share_true": ("either", "Slippage Rejection Rate, no entry at the venue"),
    "average_retry_attempts_claimed": ("lower", "Average Retry Count over placements claimed as successful"),
    "average_retry_attempts_true": ("lower", "Average Retry Count over true successes"),
    "requests_per_intent_mean": ("lower", "HTTP calls per intent"),
    "requests_per_intent_max": ("lower", "most HTTP calls of one intent"),
    "orders_sent_per_intent_mean": ("lower", "order placements per intent"),
    "unattributed_share": ("lower", "requests that belong to no intent"),
    "time_to_filled_p50_s": ("lower", "decision to fill, Kaplan–Meier median"),
    "time_to_filled_p99_s": ("lower", "its 99th percentile"),
    "time_to_protected_p50_s": ("lower", "decision to whole cover, Kaplan–Meier median"),
    "time_to_protected_p99_s": ("lower", "its 99th percentile"),
    "violations_safety": ("lower", "safety violations found by the checks"),
    "violations_liveness": ("lower", "liveness violations"),
    "violations_practice": ("lower", "breaches of rules of conduct, which by themselves lose nothing"),
    "violations_simulator": ("lower", "violations of the simulator's own laws"),
}
"""Every headline number: which way is better, and its meaning."""


def headline(frames: dict[str, pd.DataFrame], *, protect_s: float = PROTECT_S) -> dict[str, float]:
    """Return the numbers of :data:`HEADLINES`; a number that is not defined for these frames is left out.

    Shares are of all intents unless the table says otherwise.  ``protect_s``: naked seconds an intent may have.
    """
    intents = frames["intents"]
    numbers = {"intents": float(len(intents))}
    if len(intents):
        numbers |= _ends(intents) | _naked(intents, protect_s) | _money(frames) | _prices(intents)
        numbers |= _claims(frames) | _traffic(frames) | _times(frames)
    for kind in ("safety", "liveness", "practice", "simulator"):
        numbers[f"violations_{kind}"] = float((frames["violations"]["kind"] == kind).sum())
    return {name: float(value) for name, value in numbers.items() if not math.isnan(value)}


def _mean(column: Any) -> float:
    """Return the mean of what is there, NaN for nothing."""
    known = column.dropna()
    return float(known.astype(float).mean()) if len(known) else math.nan


def _ends(intents: pd.DataFrame) -> dict[str, float]:
    outcome = intents["outcome"]
    claimed, true = intents["entry_claimed"], intents["entry_fills"] > 0
    said_yes, said_no = claimed.fillna(False), ~claimed.fillna(True)
    return {
        **{f"{name}_share": float((outcome == name).mean()) for name in OUTCOMES},
        "doubled_share": float((intents["over_fill"] > 0).mean()),
        "orphaned_share": _mean(intents["orphaned"]),
        "recovered_share": float((intents["state_at_deadline"] == "recovered").mean()),
        "entry_absent_share": float((said_yes & ~true).mean()),
        "entry_denied_share": float((said_no & true).mean()),
    }


def _naked(intents: pd.DataFrame, protect_s: float) -> dict[str, float]:
    rows = entered(intents)
    rows = rows[~rows["shared_account"]]
    if not len(rows):
        return {}
    return {
        "naked_mean_s": _mean(rows["naked_s"]),
        "naked_excess_mean_s": _mean(rows["naked_excess_s"]),
        "naked_max_s": float(rows["naked_s"].max()),
        "naked_notional_mean_quote_s": _mean(rows["naked_notional_s"]),
        "naked_beyond_limit_share": float((rows["naked_charged_s"] > protect_s).mean()),
        "naked_at_end_share": _mean(rows["naked_at_end"]),
        "never_protected_share": _mean(rows["protected"].eq(False)),
        "naked_loss_per_1000_quote": float(rows["naked_loss_quote"].sum()) / len(intents) * 1000,
    }


def _money(frames: dict[str, pd.DataFrame]) -> dict[str, float]:
    intents, runs = frames["intents"], run_results(frames)
    refused = intents["refused_result_quote"].dropna()
    per_1000 = 1000 / len(intents)
    # What a shared account earned is nobody's in particular; those with a result of their own are a selection.
    own = intents[~intents["shared_account"]]
    loss = own["loss_against_ideal_quote"].dropna()
    return {
        "result_per_1000_quote": float(runs["result_quote"].sum(skipna=False)) * per_1000,
        "loss_against_ideal_per_1000_quote": float(
            (runs["ideal_quote"] - runs["result_quote"]).sum(skipna=False)
        )
        * per_1000,
        "loss_against_ideal_cvar95_quote": cvar(loss.to_numpy(float)),
        "loss_against_ideal_mean_bps": _mean(own["loss_against_ideal_bps"]),
        "loss_against_ideal_mean_r": _mean(own["loss_against_ideal_r"]),
        "refusal_saved_per_1000_quote": float((-refused).clip(lower=0).sum()) * per_1000,
        "refusal_missed_per_1000_quote": float(refused.clip(lower=0).sum()) * per_1000,
    }


def _prices(intents: pd.DataFrame) -> dict[str, float]:
    fill = intents["slippage_fill_bps"].dropna()
    return {
        "slippage_check_mean_bps": _mean(intents["slippage_check_bps"]),
        "slippage_fill_mean_bps": _mean(fill),
        "slippage_fill_p95_bps": float(fill.quantile(0.95)) if len(fill) else math.nan,
        "stop_slippage_mean_bps": _mean(intents["stop_slippage_bps"]),
        "stop_loosening_mean_bps": _mean(intents["stop_loosening_bps"]),
    }


def _claims(frames: dict[str, pd.DataFrame]) -> dict[str, float]:
    table = seed_metrics(frames)
    names = (
        "retry_success_share", "recovery_2021_share", "slippage_rejection_share", "average_retry_attempts",
    )  # fmt: skip
    numbers: dict[str, float] = {}
    for name, claimed, true in zip(names, table["claimed"], table["true"], strict=True):
        numbers |= {f"{name}_claimed": float(claimed), f"{name}_true": float(true)}
    return numbers


def _traffic(frames: dict[str, pd.DataFrame]) -> dict[str, float]:
    intents = frames["intents"]
    return {
        "requests_per_intent_mean": _mean(intents["requests"]),
        "requests_per_intent_max": float(intents["requests"].max()),
        "orders_sent_per_intent_mean": _mean(intents["orders_sent"]),
        "unattributed_share": unattributed_share(frames["requests"])[1],
    }


def _times(frames: dict[str, pd.DataFrame]) -> dict[str, float]:
    rows = {row["metric"]: row for row in latency(frames).to_dict("records")}
    return {
        f"time_to_{milestone}_{quantile}_s": float(rows[milestone][quantile])
        for milestone in ("filled", "protected")
        for quantile in ("p50", "p99")
    }
