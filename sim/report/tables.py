"""Turn the tables of a result into printed ones: whole for pages, the essence for terminals (pure).

A whole table shows every column its frame has, also one this module has not heard of.  Only the note moves: it is
said once beneath the table.  Terminals leave out rows over nothing (n = 0) and name them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import pandas as pd

from sim.metrics import CONDITIONAL
from sim.report.printing import Heading, PrintedTable, printed, printed_range, unit_name

_NOTES: Final = {
    CONDITIONAL: "conditional on this tape: fewer than ten independent dates, so no interval here speaks about "
    "other markets",
}

# Column -> name and unit.  "row" means the unit stands in the row's own unit column.
_HEADINGS: Final[dict[str, tuple[str, str]]] = {
    "metric": ("metric", ""),
    "unit": ("unit", ""),
    "n": ("n", "count"),
    "clusters": ("clusters", "count"),
    "count": ("hits", "count"),
    "reached": ("reached", "count"),
    "value": ("value", "row"),
    "mean": ("mean", "row"),
    "median": ("median", "row"),
    "low": ("95 % low", "row"),
    "high": ("95 % high", "row"),
    "p50": ("p50", "row"),
    "p90": ("p90", "row"),
    "p95": ("p95", "row"),
    "p99": ("p99", "row"),
    "p99_9": ("p99.9", "row"),
    "worst": ("worst", "row"),
    "cvar95": ("CVaR95", "row"),
    "per_1000": ("per 1,000 intents", "row"),
    "fired_intents": ("fired on", "intents"),
    "recovered": ("recovered", "intents"),
    "flattened_safely": ("flattened safely", "intents"),
    "unknown": ("unknown", "intents"),
    "naked": ("naked", "intents"),
    "not_entered": ("not entered", "intents"),
    "impaired": ("impaired", "intents"),
    "naked_at_deadline": ("naked at deadline", "intents"),
    "rate": ("recovered", "share"),
    "needed": ("stop crossed", "intents"),
    "protected_in_time": ("protected in time", "intents"),
    "needed_rate": ("protected in time", "share"),
    "needed_low": ("95 % low", "share"),
    "needed_high": ("95 % high", "share"),
    "n_true": ("n, true", "count"),
    "claimed": ("claimed", "row"),
    "claimed_low": ("95 % low, claimed", "row"),
    "claimed_high": ("95 % high, claimed", "row"),
    "true": ("true", "row"),
    "true_low": ("95 % low, true", "row"),
    "true_high": ("95 % high, true", "row"),
    "discordant_clusters": ("discordant clusters", "count"),
    "discordant": ("discordant pairs", "count"),
    "mean_difference": ("mean difference", "row"),
    "median_difference": ("median difference", "row"),
    "median_low": ("median 95 % low", "row"),
    "median_high": ("median 95 % high", "row"),
    "excludes_zero": ("excludes zero", "yes or no"),
    "claim": ("claim of the document", ""),
    "figure": ("as returned", "row"),
    "true_figure": ("true", "row"),
    "baseline_n": ("n, baseline", "count"),
    "baseline_figure": ("baseline as returned", "row"),
    "baseline_true_figure": ("baseline, true", "row"),
    "reduction": ("failures reduced, as returned", "share"),
    "true_reduction": ("failures reduced, true", "share"),
}
_SUFFIXES: Final = {"_s": "s", "_bps": "bps", "_quote": "quote", "_r": "R"}
_PER_1000: Final = "per_1000"


def whole_table(
    title: str, frame: pd.DataFrame, *, row_unit: str = "", first: Sequence[str] = ()
) -> PrintedTable:
    """Return every column and row of ``frame``; ``row_unit`` serves frames without a unit column.

    ``first`` are columns that come before the others, in this order.
    """
    has_unit = "unit" in frame.columns
    rest = [str(column) for column in frame.columns if column != "note" and column not in first]
    columns = [*first, *rest]
    headings = [_heading(column, frame, has_unit, row_unit) for column in columns]
    rows = []
    for record in frame.to_dict(orient="records"):
        unit = str(record["unit"]) if has_unit else row_unit
        rows.append(tuple(_cell(column, record[column], unit) for column in columns))
    return PrintedTable(title=title, headings=tuple(headings), rows=tuple(rows), notes=notes_of(frame))


def notes_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the notes a table carries, each once, said in full."""
    if "note" not in frame.columns:
        return ()
    return tuple(note_text(str(note)) for note in frame["note"].dropna().unique() if note)


def note_text(note: str) -> str:
    """Say a note of :mod:`sim.statistics` in full."""
    return _NOTES.get(note, note)


def _heading(column: str, frame: pd.DataFrame, has_unit: bool, row_unit: str) -> Heading:
    numeric = pd.api.types.is_numeric_dtype(frame[column]) or frame[column].isna().all()
    name, unit = _HEADINGS.get(column, (column.replace("_", " "), _unit_by_suffix(column)))
    if unit == "row":
        unit = "in unit" if has_unit else row_unit
    elif unit == "" and numeric and column not in _HEADINGS:
        unit = "count"
    return Heading(name=name, unit=unit_name(unit), numeric=bool(numeric))


def _unit_by_suffix(column: str) -> str:
    return next((unit for suffix, unit in _SUFFIXES.items() if column.endswith(suffix)), "")


def _cell(column: str, value: Any, unit: str) -> str:
    if column == "unit":
        return unit_name(str(value))
    own = _HEADINGS.get(column, ("", _unit_by_suffix(column)))[1]
    if own != "row":
        return printed(value, own)
    # A share per 1,000 intents is a number of intents.
    return printed(value, "" if column == _PER_1000 and unit == "share" else unit)


# -- the essence, for terminals ---------------------------------------------------------------------------

Row = dict[str, Any]
Column = tuple[Heading, Callable[[Row], str]]


def _names(row: Row) -> str:
    unit = unit_name(str(row["unit"]))
    return str(row["metric"]) if unit == row["metric"] else f"{row['metric']}, {unit}"


def _own(column: str) -> Callable[[Row], str]:
    return lambda row: printed(row[column], str(row.get("unit", "")))


def _whole(column: str) -> Callable[[Row], str]:
    return lambda row: printed(row[column])


def _interval(low: str, high: str, unit: str | None = None) -> Callable[[Row], str]:
    return lambda row: printed_range(row[low], row[high], str(row.get("unit", "")) if unit is None else unit)


def _three(prefix: str, suffix: str = "") -> Callable[[Row], str]:
    def text(row: Row) -> str:
        values = [printed(row[f"{prefix}_{part}{suffix}"]) for part in ("p50", "p95", "max")]
        return printed(float("nan")) if len(set(values)) == 1 and values[0] == "–" else "/".join(values)

    return text


_N: Final[tuple[Column, ...]] = (
    (Heading(name="n"), _whole("n")),
    (Heading(name="clusters"), _whole("clusters")),
)
_METRIC: Final[Column] = (Heading(name="metric, unit", numeric=False), _names)
_RECOVERY: Final[tuple[Column, ...]] = (
    (Heading(name="fault", numeric=False), lambda row: str(row["fault"])),
    (Heading(name="role", numeric=False), lambda row: role_word(str(row["role"]))),
    *_N,
    (Heading(name="recovered", unit="%"), lambda row: printed(row["rate"], "share")),
    (Heading(name="95 %", unit="interval"), _interval("low", "high", "share")),
    (Heading(name="attempts", unit="p50/p95/max"), _three("attempts")),
    (Heading(name="seconds", unit="p50/p95/max"), _three("seconds", "_s")),
)
_VALUES: Final[tuple[Column, ...]] = (
    _METRIC,
    *_N,
    (Heading(name="value"), _own("value")),
    (Heading(name="95 % interval"), _interval("low", "high")),
    (Heading(name="p95"), _own("p95")),
    (Heading(name="worst"), _own("worst")),
)
_LATENCY: Final[tuple[Column, ...]] = (
    _METRIC,
    (Heading(name="n"), _whole("n")),
    (Heading(name="reached"), _whole("reached")),
    (Heading(name="clusters"), _whole("clusters")),
    *((Heading(name=name.replace("_", ".")), _own(name)) for name in ("p50", "p90", "p99", "p99_9")),
    (Heading(name="mean"), _own("mean")),
    (Heading(name="worst"), _own("worst")),
)
_MONEY: Final[tuple[Column, ...]] = (
    _METRIC,
    *_N,
    (Heading(name="mean"), _own("mean")),
    (Heading(name="95 % interval"), _interval("low", "high")),
    (Heading(name="CVaR95"), _own("cvar95")),
    (Heading(name="worst"), _own("worst")),
    (Heading(name="per 1,000"), _own("per_1000")),
)
_DOCUMENT: Final[tuple[Column, ...]] = (
    _METRIC,
    *_N,
    (Heading(name="claimed"), _own("claimed")),
    (Heading(name="95 % interval"), _interval("claimed_low", "claimed_high")),
    (Heading(name="true"), _own("true")),
    (Heading(name="95 % interval"), _interval("true_low", "true_high")),
)
_DIFFERENCES: Final[tuple[Column, ...]] = (
    _METRIC,
    (Heading(name="policy", numeric=False), lambda row: str(row["policy"])),
    *_N,
    (Heading(name="discordant", unit="clusters"), _whole("discordant_clusters")),
    (Heading(name="difference", unit="mean"), _own("mean_difference")),
    (Heading(name="95 % interval"), _interval("low", "high")),
)
_CLAIMS: Final[tuple[Column, ...]] = (
    (Heading(name="claim", unit="in %, unless it says s", numeric=False), lambda row: str(row["claim"])),
    (Heading(name="against", numeric=False), lambda row: str(row["baseline"]) or "–"),
    *_N,
    (Heading(name="claimed"), _own("claimed")),
    (Heading(name="returned"), _own("figure")),
    (Heading(name="95 % interval"), _interval("low", "high")),
    (Heading(name="true"), _own("true_figure")),
)
_BRIEF: Final[dict[str, tuple[Column, ...]]] = {
    "recovery": _RECOVERY,
    "slippage": _VALUES,
    "latency": _LATENCY,
    "protection": _VALUES,
    "money": _MONEY,
    "load": _VALUES,
    "seed_metrics": _DOCUMENT,
    "differences": _DIFFERENCES,
    "claims": _CLAIMS,
}


def brief_table(kind: str, title: str, frame: pd.DataFrame) -> PrintedTable:
    """Return the columns of ``frame`` a terminal has room for, over the rows that rest on anything (n > 0)."""
    columns = _BRIEF[kind]
    kept = frame[frame["n"] > 0]
    notes = notes_of(frame)
    absent = _named(frame[frame["n"] == 0])
    if absent:
        notes = (*notes, "nothing measured (n = 0): " + "; ".join(absent))
    return PrintedTable(
        title=title,
        headings=tuple(heading for heading, _ in columns),
        rows=tuple(tuple(get(row) for _, get in columns) for row in _records(kept)),
        notes=notes,
    )


def _records(frame: pd.DataFrame) -> Iterable[Row]:
    return [
        {str(name): value for name, value in record.items()} for record in frame.to_dict(orient="records")
    ]


def _named(frame: pd.DataFrame) -> list[str]:
    if "fault" in frame.columns:
        return [f"{row['fault']} ({role_word(str(row['role']))})" for row in _records(frame)]
    column = "claim" if "claim" in frame.columns else "metric"
    return list(dict.fromkeys(frame[column].astype(str)))


def role_word(role: str) -> str:
    """Name an order's role in words."""
    words = {
        "sl": "stop",
        "tp": "target",
        "trailing": "trailing stop",
        "flatten": "close",
        "none": "no order",
    }
    return words.get(role, role)
