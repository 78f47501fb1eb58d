"""Compose the page of a sweep from what its folder keeps: nothing is run, no part is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sim.errors import InputError
from sim.experiment.store import read_json
from sim.report.page import render_page
from sim.report.plots import grids
from sim.report.plots.style import FULL, HALF, Picture, picture, rows_height
from sim.report.printing import Heading, PrintedTable, printed, printed_range
from sim.report.sections import Section
from sim.report.tables import note_text

SUMMARY: Final = "summary.json"
_MOST_PANELS: Final = 24
_WHAT: Final = (
    (
        "money_per_1000",
        "money_low",
        "money_high",
        "money against the baseline, quote per 1,000 intents",
        True,
    ),
    ("cvar95_quote", "", "", "result of the worst twentieth, quote per intent", False),
    ("naked_excess_notional_s", "", "", "naked beyond what the wire forces, quote·s per intent", False),
)


def sweep_page(folder: Path) -> tuple[str, list[Section]]:
    """Return a sweep's page and its sections; raise InputError when the folder holds no finished sweep."""
    try:
        facts = read_json(folder / SUMMARY)
        cells = _cells(facts)
    except FileNotFoundError:
        expected = "a finished sweep: the same command goes on with one that was stopped"
        raise InputError("DIR", str(folder), expected) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(str(folder / SUMMARY), str(error), "a summary as sim sweep writes it") from None
    sections = [
        Section(
            id="cells",
            title="All cells",
            lead="Money is the cell's less its baseline's, paired intent by intent. The baseline is the first policy "
            "at the first value of each of its own keys, in the same weather. Marked only where Holm's p over all "
            "cells is below 5 %, and never with fewer than ten dates.",
            pictures=tuple(_forests(cells)),
            tables=tuple(_tables(cells)),
            command=str(facts["command"]),
        )
    ]
    grid = _grid_pictures(cells)
    if grid:
        sections.append(Section(id="grid", title="Over the grid", pictures=tuple(grid)))
    sections.append(Section(id="basis", title="What this rests on", facts=tuple(_facts(cells, facts))))
    name = folder.name
    page = render_page(
        title=f"Sweep of {', '.join(cells['scenario'].unique())}",
        name=name,
        story="",
        verdict=[_verdict(cells)],
        doubts=[f"The simulator broke its own rules in {int(cells['violations_simulator'].sum())} places."]
        if cells["violations_simulator"].sum()
        else [],
        tiles=[
            (printed(int(cells["runs"].sum())), "runs"),
            (printed(int(cells["intents"].sum())), "intents"),
            (printed(len(cells)), "cells"),
            (printed(int(cells["clusters"].max())), "clusters a cell, at most"),
            (printed(int(cells["dates"].max())), "dates, at most"),
        ],
        sections=sections,
    )
    return page, sections


def _cells(facts: Any) -> pd.DataFrame:
    cells = pd.DataFrame(facts["cells"])
    points = pd.DataFrame([cell["point"] for cell in facts["cells"]], dtype="object")
    keys = [key for key in points.columns if points[key].nunique(dropna=False) > 1]
    for name in [name for *names, _, _ in _WHAT for name in names if name] + ["p_holm", "traded_pct"]:
        cells[name] = cells[name].astype("float64")
    short = [key.rpartition(".")[2] for key in points.columns]
    labels = []
    for policy, row in zip(cells["policy"], points.itertuples(index=False), strict=True):
        set_to = [f"{name}={value}" for name, value in zip(short, row, strict=True) if isinstance(value, str)]
        labels.append(" ".join([str(policy), *set_to]))
    cells = pd.concat([cells, points.add_prefix("key:")], axis=1).assign(label=labels)
    cells.attrs["keys"] = keys
    return cells


def _forests(cells: pd.DataFrame) -> list[Picture]:
    made = []
    for number, (scenario, rows) in enumerate(cells.groupby("scenario", sort=False)):
        shown = rows[~rows["is_baseline"]].rename(
            columns={"money_per_1000": "value", "money_low": "low", "money_high": "high"}
        )

        def paint(figure: Figure, shown: pd.DataFrame = shown, scenario: str = str(scenario)) -> None:
            axes = figure.subplots()
            axes.set_title(f"{scenario}: money against the baseline")
            grids.cells_forest(shown, axes)

        caption = (
            f"{scenario}: mean difference in quote per 1,000 intents with its interval over dates × seeds; green and "
            "red where Holm's p says so."
        )
        made.append(picture(f"forest-{number}", caption, (FULL, rows_height(len(shown), 1.7)), paint))
    return made


def _grid_pictures(cells: pd.DataFrame) -> list[Picture]:
    keys = list(cells.attrs["keys"])
    if len(keys) == 1:
        return _lines(cells, keys[0])
    if len(keys) == 2:
        return _heat_maps(cells, (keys[0], keys[1]))
    return []


def _lines(cells: pd.DataFrame, key: str) -> list[Picture]:
    several = cells["scenario"].nunique() > 1
    numbers = pd.to_numeric(cells[f"key:{key}"], errors="coerce")
    x = numbers if numbers.notna().all() else cells[f"key:{key}"]
    label = cells["scenario"] + " " + cells["policy"] if several else cells["policy"]
    made = []
    for value, low, high, unit, _ in _WHAT:
        edges = {name: cells[column] if column else np.nan for name, column in (("low", low), ("high", high))}
        rows = pd.DataFrame({"label": label, "x": x, "value": cells[value], **edges})

        def paint(figure: Figure, rows: pd.DataFrame = rows, unit: str = unit) -> None:
            what, _, measured = unit.partition(", ")
            axes = figure.subplots()
            axes.set_title(what[0].upper() + what[1:])
            grids.lines_over_key(rows, key, measured, axes)

        made.append(picture(f"lines-{value}", f"{unit}, over {key}. Band: interval.", (HALF, 3.6), paint))
    return made


def _heat_maps(cells: pd.DataFrame, keys: tuple[str, str]) -> list[Picture]:
    groups = list(cells.groupby(["scenario", "policy"], sort=False))[:_MOST_PANELS]
    size = max(cells[f"key:{keys[0]}"].nunique() * 0.34 + 1.3, 2.0)
    down = -(-len(groups) // 2)
    made = []
    for value, _, _, unit, signed in _WHAT:
        known = cells[value].dropna()
        most = float(known.abs().max()) if len(known) else 1.0
        # One scale for all panels: equal colours are equal numbers.
        span = (-most, most) if signed or not len(known) else (float(known.min()), float(known.max()))

        def paint(figure: Figure, value: str = value, span: tuple[float, float] = span) -> None:
            panels = np.atleast_1d(cast(Any, figure.subplots(down, min(2, len(groups))))).flat
            for ((scenario, policy), rows), axes in zip(groups, panels, strict=False):
                grid = rows.pivot_table(
                    index=f"key:{keys[0]}", columns=f"key:{keys[1]}", values=value, sort=False, dropna=False
                )
                grids.heat_map(grid, f"{scenario}, {policy}", keys, span, axes)
            for axes in list(panels):
                axes.set_axis_off()

        caption = _sentence(f"{unit}; a dash: the baseline itself" if signed else unit)
        made.append(picture(f"heat-{value}", caption, (FULL, down * size), paint))
    return made


_COLUMNS: Final[tuple[tuple[Heading, Callable[[Any], str]], ...]] = (
    (Heading(name="cell", numeric=False), lambda row: str(row.label)),
    (Heading(name="intents"), lambda row: printed(row.intents)),
    (Heading(name="traded", unit="%"), lambda row: printed(row.traded_pct / 100, "share")),
    (Heading(name="money", unit="quote per 1,000"), lambda row: printed(row.money_per_1000, "quote")),
    (Heading(name="interval"), lambda row: printed_range(row.money_low, row.money_high, "quote")),
    (Heading(name="p, Holm"), lambda row: printed(row.p_holm)),
    (Heading(name="mark", numeric=False), lambda row: "baseline" if row.is_baseline else str(row.mark)),
    (Heading(name="CVaR95", unit="quote"), lambda row: printed(row.cvar95_quote, "quote")),
    (Heading(name="naked", unit="quote·s"), lambda row: printed(row.naked_excess_notional_s)),
    (Heading(name="doubled", unit="intents"), lambda row: printed(row.doubled)),
    (Heading(name="safety", unit="violations"), lambda row: printed(row.violations_safety)),
    (Heading(name="liveness", unit="violations"), lambda row: printed(row.violations_liveness)),
    (Heading(name="clusters"), lambda row: printed(row.clusters)),
    (Heading(name="dates", unit="better/worse"), lambda row: f"{row.dates_better}/{row.dates_worse}"),
)


def _tables(cells: pd.DataFrame) -> list[PrintedTable]:
    notes = tuple(dict.fromkeys(note_text(str(note)) for note in cells["note"] if note))
    return [
        PrintedTable(
            title=str(scenario),
            headings=tuple(heading for heading, _ in _COLUMNS),
            rows=tuple(tuple(get(row) for _, get in _COLUMNS) for row in rows.itertuples(index=False)),
            notes=notes,
        )
        for scenario, rows in cells.groupby("scenario", sort=False)
    ]


def _verdict(cells: pd.DataFrame) -> str:
    rivals = cells[~cells["is_baseline"]]
    better, worse = (int((rivals["mark"] == mark).sum()) for mark in ("better", "worse"))
    broken = cells["violations_safety"] + cells["violations_liveness"]
    said = f"Of {printed(len(rivals))} cells held against a baseline, {better} earn more and {worse} less"
    said += " (Holm's p below 5 %)"
    known = rivals[rivals["money_per_1000"].notna()]
    if len(known):
        best = known.iloc[int(known["money_per_1000"].to_numpy(float).argmax())]
        said += f"; most, {printed(best['money_per_1000'], 'quote')} quote per 1,000 intents, {best['label']}"
        said += f" in {best['scenario']}"
    return f"{said}; {printed(int((broken == 0).sum()))} of all {printed(len(cells))} cells broke no rule."


def _facts(cells: pd.DataFrame, facts: Any) -> list[str]:
    ratios = cells["variance_ratio"].dropna().astype(float)
    said = [
        f"Intervals are at {100 * float(facts['confidence']):g} %, over dates × seeds, never over intents.",
        "Every cell ran the same seeds; cells of one scenario and the same changes to it met the same weather.",
        *(_sentence(note_text(note)) for note in dict.fromkeys(cells["note"]) if note),
    ]
    finite = [ratio for ratio in ratios if math.isfinite(ratio)]
    if finite:
        low, high = printed(min(finite)), printed(max(finite))
        said.append(
            f"Pairing divides the variance of the difference by {low if low == high else f'{low} to {high}'}."
        )
    said.append("One row per intent and per run stands beside this page, as partitioned parquet.")
    return said


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
