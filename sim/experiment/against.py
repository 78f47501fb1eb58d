"""Set a run's money against the ideal executor and against a baseline policy on the same weather, as one small table.

The table travels with the result (``frames["against"]``), so a page can be drawn again without running anything.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.experiment.result import Result
from sim.metrics.rows import markets_of, note_for
from sim.statistics import paired_cvar, paired_mean
from sim.statistics.interval import Array

AGAINST: Final = "against"
"""The name of the table among a result's frames; it is there only when a baseline was run."""

IDEAL: Final = "ideal (I1)"
COLUMNS: Final = (
    "against", "n", "clusters", "discordant_clusters", "per_1000", "low", "high", "loss_cvar95", "cvar_low",
    "cvar_high", "note",
)  # fmt: skip
"""``per_1000``: money of this policy less that of ``against``, quote per 1,000 intents, positive earns more.
``loss_cvar95``: mean over the twentieth of intents that lost most against it, quote per intent, positive costs."""


def money_against(result: Result, baseline: Result | None = None) -> pd.DataFrame:
    """Return one row against the ideal executor and, with ``baseline``, one against its policy (:data:`COLUMNS`).

    Only intents that both decided, and whose money both know, are paired.
    """
    intents = result.frames["intents"]
    rows = [_row(IDEAL, intents, intents["ideal_result_quote"])]
    if baseline is not None:
        other = baseline.frames["intents"].set_index("intent")["result_quote"]
        rows.append(_row(str(baseline.manifest["policy"]), intents, intents["intent"].map(other)))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"against": "str", "note": "str"})


def set_against(result: Result, baseline: Result, word: str = "") -> Result:
    """Return the result with the table of :func:`money_against`, and a command that makes both runs again.

    ``word`` is how that command names the baseline's policy, by default its name.
    """
    words = f"{result.manifest['command']} --against {shlex.quote(word or str(baseline.manifest['policy']))}"
    return replace(
        result,
        frames={**result.frames, AGAINST: money_against(result, baseline)},
        manifest={**result.manifest, "command": words, "against_sha256": baseline.manifest["trace_sha256"]},
    )


def _row(name: str, intents: pd.DataFrame, other: Any) -> dict[str, Any]:
    own = intents["result_quote"].to_numpy(np.float64)
    theirs: Array = np.asarray(other, dtype=np.float64)
    labels = markets_of(intents), intents["seed"].to_numpy()
    money = paired_mean(theirs, own, *labels, name=f"against/{name}")
    lost = theirs - own
    tail = paired_cvar(np.where(np.isnan(lost), np.nan, 0.0), lost, *labels, name=f"against/{name}/tail")
    return {
        "against": name,
        "n": int((~np.isnan(lost)).sum()),
        "clusters": money.clusters,
        "discordant_clusters": money.discordant,
        "per_1000": 1000 * money.value,
        "low": 1000 * money.low,
        "high": 1000 * money.high,
        "loss_cvar95": tail.value,
        "cvar_low": tail.low,
        "cvar_high": tail.high,
        "note": note_for(intents),
    }
