"""Print the tables of a comparison as a reader wants them: a line per measure, a column per source (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from sim.fidelity.ratios import NOT_MEASURED
from sim.fidelity.sources import SOURCES
from sim.fidelity.sums import KEY
from sim.report.printing import Heading, PrintedTable, printed, printed_range
from sim.statistics import CONDITIONAL

_SHARES: Final = (
    "moves beyond x in t",
    "steps without a move",
    "extreme against the body first",
    "both extremes in one step",
    "extremes at the beginning",
    "extremes at the end",
    "stops crossed",
    "natural -2021 per entry",
    "refused for slippage per intent",
    "stopped out per entry",
)
_WORDS: Final[dict[str, tuple[Heading, ...]]] = {
    "tapes": (
        Heading(name="level", numeric=False),
        Heading(name="tape", numeric=False),
        Heading(name="from", numeric=False),
        Heading(name="bars"),
        Heading(name="steps with trades", unit="%"),
        Heading(name="tick", unit="quote"),
        Heading(name="prints known", numeric=False),
        Heading(name="violent dates"),
        Heading(name="stop in the runs", unit="bps"),
    )
}


def label_of(source: str) -> str:
    """Return how readers see a source called."""
    return SOURCES[source].label if source in SOURCES else source


def sources_in(table: pd.DataFrame) -> list[str]:
    """List the sources of a table in the order of :data:`SOURCES`."""
    found = set(table["source"])
    return [name for name in SOURCES if name in found]


def measure_label(row: Any) -> str:
    """Name a measure with its x and t in one line."""
    x = "" if pd.isna(row.x) else f"{printed(float(row.x))} {row.x_unit}"
    if row.measure == "moves beyond x in t":
        return f"moves beyond {x} in {printed(float(row.t_s))} s"
    if row.x_unit == "bps" and x:
        return f"{row.measure}, stop {x} away"
    return (
        f"{row.measure} (±{x})"
        if "near" in row.measure
        else f"{row.measure} ({x})"
        if x
        else str(row.measure)
    )


def ratio_lines(table: pd.DataFrame, title: str) -> PrintedTable:
    """Print rows of one level and group: the real value, each source's ratio with its interval, counts."""
    sources = sources_in(table)
    headings = [Heading(name="measure", numeric=False), Heading(name="real")]
    for source in sources:
        headings += [Heading(name=label_of(source), unit="model / real"), Heading(name="95 %", numeric=False)]
    headings += [Heading(name="events, real"), Heading(name="episodes with events"), Heading(name="episodes")]
    body = []
    for _, rows in table.groupby(list(KEY), sort=False, dropna=False):
        by_source = {str(row.source): row for row in rows.itertuples(index=False)}
        first: Any = rows.iloc[0]
        share = first["measure"] in _SHARES
        real = f"{printed(float(first['real']), 'share')} %" if share else printed(float(first["real"]))
        cells = [measure_label(next(rows.itertuples(index=False))), real]
        for source in sources:
            cells += _ratio_cells(by_source.get(source))
        counts = ("events_real", "episodes_with_events", "episodes")
        body.append((*cells, *(printed(int(first[name])) for name in counts)))
    return PrintedTable(title=title, headings=tuple(headings), rows=tuple(body), notes=notes_of(table))


def _ratio_cells(row: Any) -> list[str]:
    if row is None:
        return [printed(float("nan"))] * 2
    if row.status == NOT_MEASURED:
        value = float(row.model)
        shown = f"{printed(value, 'share')} %" if row.measure in _SHARES else printed(value)
        return [NOT_MEASURED, f"value {shown}"]
    return [printed(float(row.ratio)), printed_range(row.low, row.high)]


def notes_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Say what the intervals of a table rest on."""
    if table.empty:
        return ()
    dates, clusters = int(table["dates"].max()), int(table["clusters"].max())
    unit = "dates" if clusters == dates and dates > 1 else "blocks of clock time"
    said = f"95 % intervals resample {printed(clusters)} {unit} of {printed(dates)} dates."
    if (table["note"] == CONDITIONAL).any():
        said += f" {CONDITIONAL.capitalize()}: fewer than ten dates, so no interval is said to exclude 1."
    return (said,)


def sign_lines(signs: pd.DataFrame, keys: Sequence[tuple[str, str]], title: str) -> PrintedTable:
    """Print, for the measures ``keys`` (measure, label's beginning), the ratio on each date with its sign."""
    dates = sorted(set(signs["date"]))
    headings = (
        Heading(name="measure", numeric=False),
        Heading(name="source", numeric=False),
        *(Heading(name=date) for date in dates),
        Heading(name="+ / -", numeric=False),
    )
    body = []
    rows = signs.assign(label=[measure_label(row) for row in signs.itertuples(index=False)])
    for measure, label in keys:
        chosen = rows[(rows["measure"] == measure) & rows["label"].str.startswith(label)]
        for (named, source), found in chosen.groupby(["label", "source"], sort=False):
            by_date = found.set_index("date")
            cells = [_sign_cell(by_date.loc[date]) if date in by_date.index else "–" for date in dates]
            counts = f"{(found['sign'] == '+').sum()} / {(found['sign'] == '-').sum()}"
            body.append((str(named), label_of(str(source)), *cells, counts))
    note = "Model / real on that date, however few its events: + more, - less than real. Under 30 events in brackets."
    return PrintedTable(title=title, headings=headings, rows=tuple(body), notes=(note,))


def _sign_cell(row: pd.Series) -> str:
    if not row["sign"]:
        return "–"
    text = f"{row['sign']} {printed(float(row['ratio']))}"
    return text if row["events_real"] >= 30 else f"({text})"


def tape_lines(tapes: pd.DataFrame) -> PrintedTable:
    """Print the tapes that were judged."""
    rows: list[Any] = list(tapes.itertuples(index=False))
    body = tuple(
        (
            str(row.level), str(row.tape), str(row[2]).replace("T", " "), printed(int(row.bars)),
            printed(float(row.steps_with_trades_share), "share"), printed(float(row.tick)),
            printed(bool(row.prints)), printed(int(row.violent_dates)), printed(float(row.stop_bps)),
        )
        for row in rows
    )  # fmt: skip
    return PrintedTable(title="Tapes judged", headings=_WORDS["tapes"], rows=body)


def frame_lines(frame: pd.DataFrame, title: str) -> PrintedTable:
    """Print any frame as it is; numbers to the right."""
    numeric = [pd.api.types.is_numeric_dtype(frame[column]) for column in frame]
    headings = tuple(
        Heading(name=str(name).replace("_", " "), numeric=right)
        for name, right in zip(frame, numeric, strict=True)
    )
    rows = tuple(tuple(printed(value) for value in row) for row in frame.itertuples(index=False, name=None))
    return PrintedTable(title=title, headings=headings, rows=rows)
