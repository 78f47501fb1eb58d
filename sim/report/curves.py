"""Lay a result out as the frames that plots draw: curves, points, sums (pure).

Shares over time and over money come from :func:`sim.statistics.kaplan_meier`, the estimator behind the
tables: what was never reached is censored, not left out.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from sim.metrics.latency_table import SPLIT, time_to_protected_parts
from sim.report.tables import role_word
from sim.statistics import kaplan_meier, waiting_curve
from sim.statistics.interval import Array

MILESTONES: Final = ("verdict", "acknowledged", "filled", "protected")
_REFUSALS: Final = ("exit", "1 min", "5 min", "30 min")


def recovery_bars(recovery: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the recovery table that rest on any intent, each with a ``label``."""
    rows = recovery[recovery["n"] > 0].reset_index(drop=True)
    labels = [
        f"{fault}, {role_word(str(role))}" for fault, role in zip(rows["fault"], rows["role"], strict=True)
    ]
    return rows.assign(label=pd.Series(labels, dtype="str"))


def waiting_curves(intents: pd.DataFrame) -> pd.DataFrame:
    """Return for each milestone the share not yet there, ``seconds`` after the decision.

    Columns ``curve``, ``value`` (s), ``share``, ``n``, ``reached``.  Denominators and censoring are those of the
    latency table (:func:`sim.metrics.latency`).
    """
    ended = intents["ended_us"].fillna(intents["books_us"])
    sent = intents[intents["entry_claimed"].notna() | (intents["entry_fills"] > 0)]
    inside = intents[(intents["entry_fills"] > 0) & ~intents["shared_account"]]
    asked = intents if bool(intents["checked"].any()) else intents.iloc[:0]
    rows = {"verdict": asked, "acknowledged": sent, "filled": sent, "protected": inside}
    until = {"protected": intents["exit_us"].fillna(intents["books_us"])}
    parts = []
    for name in MILESTONES:
        moments = rows[name][f"{name}_us"]
        reached = moments.notna().to_numpy(bool)
        last = moments.fillna(until.get(name, ended).loc[moments.index]).to_numpy(np.float64)
        times = (last - rows[name]["decided_us"].to_numpy()) / 1e6
        parts.append(_curve(name, times, reached))
    return pd.concat(parts, ignore_index=True)


def protection_curve(intents: pd.DataFrame) -> pd.DataFrame:
    """Return the share of entered intents not yet protected, with its band over clusters.

    Columns ``value`` (s since the decision), ``share``, ``low``, ``high``, ``n``, ``reached``, ``clusters``; who never
    was is censored at the exit or the close of books.
    """
    rows = intents[(intents["entry_fills"] > 0) & ~intents["shared_account"]]
    reached = rows["protected_us"].notna().to_numpy(bool)
    last = rows["protected_us"].fillna(rows["exit_us"]).fillna(rows["books_us"]).to_numpy(np.float64)
    times = (last - rows["decided_us"].to_numpy()) / 1e6
    curve = waiting_curve(times, reached, rows["cluster"].astype("str").to_numpy())
    # The curve begins with everybody, and runs on to the longest time seen.
    value, share, low, high = (
        np.concatenate([[start], found, [found[-1] if end is None else end]]) if len(found) else found
        for start, found, end in (
            (0.0, curve.moments, float(times.max()) if len(times) else None),
            (1.0, curve.waiting, None),
            (1.0, curve.low, None),
            (1.0, curve.high, None),
        )
    )
    return pd.DataFrame(
        {
            "value": value,
            "share": share,
            "low": low,
            "high": high,
            "n": len(rows),
            "reached": int(reached.sum()),
            "clusters": curve.clusters,
        }
    )


def time_waterfall(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what the time to protection was made of near its p50, p90, p99 and p99.9, in s.

    Columns ``quantile``, ``total``, ``intents`` and the parts of :data:`sim.metrics.latency_table.SPLIT`.  Each row is
    the mean over the hundredth of protected intents (p99.9: the slowest thousandth) nearest in rank, at least one, so
    that its parts add up to its total.
    """
    intents = frames["intents"]
    rows = intents[intents["protected_us"].notna()].reset_index(drop=True)
    if rows.empty:
        return pd.DataFrame(columns=["quantile", "total", "intents", *SPLIT])
    parts = time_to_protected_parts(frames, rows)
    totals = (rows["protected_us"].to_numpy(np.float64) - rows["decided_us"].to_numpy(np.float64)) / 1e6
    order = np.argsort(totals, kind="stable")
    width = max(1, len(order) // 100)
    found = []
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)):
        first = int(np.clip(round(share * (len(order) - 1)) - width // 2, 0, len(order) - width))
        near = order[first : first + width] if share < 0.999 else order[-max(1, len(order) // 1000) :]
        means = {part: float(values[near].mean()) for part, values in parts.items()}
        found.append({"quantile": name, "total": float(totals[near].mean()), "intents": len(near), **means})
    return pd.DataFrame(found)


def naked_curves(intents: pd.DataFrame) -> pd.DataFrame:
    """Return for all, structural and excess naked time the share of entered intents naked for longer than that.

    Who is naked when the books close is censored there.
    """
    rows = intents[(intents["entry_fills"] > 0) & ~intents["shared_account"]]
    seen = ~rows["naked_at_end"].fillna(False).to_numpy(bool)
    parts = [
        _curve("all of it", rows["naked_s"].to_numpy(), seen),
        _curve("structural", rows["naked_structural_s"].to_numpy(), np.ones(len(rows), dtype=bool)),
        _curve("excess", rows["naked_excess_s"].to_numpy(), seen),
    ]
    return pd.concat(parts, ignore_index=True)


def slippage_curves(intents: pd.DataFrame) -> pd.DataFrame:
    """Return the cumulative distribution of adverse slippage at check and at fill, in bps."""
    return pd.concat(
        [_distribution(moment, intents[f"slippage_{moment}_bps"]) for moment in ("check", "fill")],
        ignore_index=True,
    )


def slippage_points(intents: pd.DataFrame) -> pd.DataFrame:
    """Return per checked intent ``check`` and ``fill`` slippage in bps, and whether it was ``refused``."""
    rows = intents[intents["checked"]]
    return pd.DataFrame(
        {
            "check": rows["slippage_check_bps"].to_numpy(),
            "fill": rows["slippage_fill_bps"].to_numpy(),
            "refused": rows["refused"].to_numpy(bool),
        }
    )


def limits_bps(intents: pd.DataFrame, policy_values: dict[str, Any]) -> list[float]:
    """Return the guard's limits that applied to these intents, ascending; none when entries are not guarded."""
    key = "execution.max_slippage_pct"
    if not policy_values.get("execution.guard_entry") or key not in policy_values:
        return []
    limit = float(policy_values[key]) * 1e4
    above = intents["leverage"] > float(policy_values["execution.high_leverage_threshold"])
    factors = np.where(above, float(policy_values["execution.high_leverage_factor"]), 1.0)
    return sorted({round(limit * float(factor), 9) for factor in factors})


def refusal_values(slippage: pd.DataFrame) -> pd.DataFrame:
    """Return what refusals saved and missed per refused intent, by horizon; empty when nothing was refused."""
    table = slippage.set_index("metric")
    rows = [
        {
            "horizon": horizon,
            "n": int(table.loc[f"refusal saved, at {horizon}", "n"]),  # type: ignore[arg-type]
            "saved": table.loc[f"refusal saved, at {horizon}", "value"],
            "missed": table.loc[f"refusal missed, at {horizon}", "value"],
        }
        for horizon in _REFUSALS
    ]
    frame = pd.DataFrame(rows)
    return frame[frame["n"] > 0].reset_index(drop=True)


def time_split(latency: pd.DataFrame) -> pd.DataFrame:
    """Return where the time to protection went: rows of the latency table, ``label`` without its prefix."""
    prefix = "protected: "
    rows = latency[latency["metric"].str.startswith(prefix) & (latency["n"] > 0)].reset_index(drop=True)
    return rows.assign(label=rows["metric"].str.removeprefix(prefix))


def loss_curve(intents: pd.DataFrame) -> pd.DataFrame:
    """Return the cumulative distribution of the loss against I1, in R."""
    return _distribution("loss", intents["loss_against_ideal_r"])


def loss_by_outcome(intents: pd.DataFrame) -> pd.DataFrame:
    """Return the sum of the loss against I1 by true outcome, in quote, with the number of intents."""
    known = intents[intents["loss_against_ideal_quote"].notna()]
    grouped = known.groupby("outcome", sort=True)["loss_against_ideal_quote"]
    frame = grouped.agg(["sum", "size"]).reset_index()
    frame.columns = pd.Index(["label", "loss_quote", "n"])
    ordered = frame.sort_values("loss_quote", kind="stable").reset_index(drop=True)
    return ordered.assign(label=ordered["label"].str.replace("_", " "))


def load_bars(load: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return requests per intent by call, and refusals and silence as shares of all requests."""
    metric = load["metric"]
    calls = load[metric.str.startswith("calls: ")]
    calls = calls.assign(label=calls["metric"].str.removeprefix("calls: "))
    failed = load[(metric.str.startswith("refused: ") | (metric == "no answer")) & (load["value"] > 0)]
    failed = failed.assign(label=failed["metric"].str.removeprefix("refused: "))
    return (
        calls[calls["value"] > 0].sort_values("value", kind="stable").reset_index(drop=True),
        failed.sort_values("value", kind="stable").reset_index(drop=True),
    )


def price_line(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the prices intents were planned at and orders were filled at, in time: ``symbol, at_us, price``.

    ``index`` is the price in per cent away from the symbol's first, for charts of several symbols.
    """
    intents, fills = frames["intents"], frames["fills"]
    symbols = intents.set_index("intent")["symbol"]
    owned = fills[fills["intent"].isin(symbols.index)]
    prices = pd.concat(
        [
            pd.DataFrame(
                {"symbol": intents["symbol"], "at_us": intents["decided_us"], "price": intents["plan_price"]}
            ),
            pd.DataFrame(
                {
                    "symbol": owned["intent"].map(symbols),
                    "at_us": owned["at_us"],
                    "price": owned["reference"],
                }
            ),
        ],
        ignore_index=True,
    ).sort_values(["symbol", "at_us"], kind="stable", ignore_index=True)
    first = prices.groupby("symbol")["price"].transform("first")
    return prices.assign(index=(prices["price"] / first - 1) * 100)


def intent_marks(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return intents as marks on the price: when, where, and what became of them.

    ``mark`` is "broke a rule", "refused or not filled" or "in order"; ``index`` as in :func:`price_line`.
    """
    intents = frames["intents"]
    found = frames["violations"]
    broken = intents["intent"].isin(found.loc[found["kind"].isin(("safety", "liveness")), "intent"])
    outside = intents["entry_fills"] == 0
    mark = np.select([broken, outside], ["broke a rule", "refused or not filled"], default="in order")
    first = intents.groupby("symbol")["plan_price"].transform("first")
    return pd.DataFrame(
        {
            "symbol": intents["symbol"],
            "at_us": intents["decided_us"],
            "price": intents["plan_price"],
            "index": (intents["plan_price"] / first - 1) * 100,
            "mark": pd.Series(mark, index=intents.index, dtype="str"),
        }
    )


def _curve(name: str, times: Array, reached: Array) -> pd.DataFrame:
    events, waiting = kaplan_meier(times, reached)
    # The curve begins with everybody, and runs on to the longest time seen.
    longest = float(times.max()) if len(times) else 0.0
    beyond = [longest] if len(events) and longest > events[-1] else []
    value = np.concatenate([[0.0], events, beyond])
    share = np.concatenate([[1.0], waiting, waiting[-1:] if beyond else []])
    kept = slice(None) if len(times) else slice(0)
    return pd.DataFrame(
        {
            "curve": pd.Series([name] * len(value[kept]), dtype="str"),
            "value": value[kept],
            "share": share[kept],
            "n": len(times),
            "reached": int(reached.sum()),
        }
    )


def _distribution(name: str, column: Any) -> pd.DataFrame:
    values = column.dropna().to_numpy(np.float64)
    events, above = kaplan_meier(values, np.ones(len(values), dtype=bool))
    return pd.DataFrame(
        {
            "curve": pd.Series([name] * len(events), dtype="str"),
            "value": events,
            "share": 1.0 - above,
            "n": len(values),
        }
    )
