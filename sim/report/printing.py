"""Print numbers and tables: one form for pages, terminals and Markdown (pure).

A number is printed by its unit: shares as per cent, money with two decimals, counts whole, all else with three
digits that matter.  What is not defined is printed as an en dash, never as zero.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

MISSING: Final = "–"
WIDTH: Final = 100
"""Columns of every text made for a terminal."""

_GAP: Final = "  "
_SHORT: Final = 14
"""Letters of a name that leave a phone room for figures beside it."""
_LEAST: Final = 12
"""Columns that words keep when room is short."""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """State a column's name, its unit ("" for names and for counts of what the name says) and its alignment."""

    name: str
    unit: str = ""
    numeric: bool = True


@dataclass(frozen=True, kw_only=True)
class PrintedTable:
    """Hold a table as it is read: every cell is text.

    ``notes`` hold for the whole table.  ``best`` are the cells, by (row, column), that win a comparison.
    """

    title: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    best: frozenset[tuple[int, int]] = frozenset()

    @property
    def long(self) -> bool:
        """Say whether the names in the first column need more than one line on a phone."""
        return any(len(row[0]) > _SHORT for row in self.rows)


def printed(value: Any, unit: str = "") -> str:
    """Print one value of ``unit``; "share" is printed as per cent, without the sign."""
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return MISSING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{int(value):,}"
    number = float(value)
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    if unit == "share":
        return _percent(number * 100)
    if unit.startswith("quote") and "*" not in unit and (number == 0 or abs(number) >= 0.005):
        return _without_minus_zero(f"{number:,.2f}")
    return _significant(number)


def unit_name(unit: str) -> str:
    """Name a unit as readers see it beside a printed value."""
    return {"share": "%", "quote*s": "quote·s", "quote*s per run": "quote·s per run"}.get(unit, unit)


def printed_range(low: Any, high: Any, unit: str = "") -> str:
    """Print an interval; one dash when it could not be said."""
    if pd.isna(low) or pd.isna(high):
        return MISSING
    return f"{printed(low, unit)} to {printed(high, unit)}"


def _percent(number: float) -> str:
    small = 0 < abs(number) < 0.05
    return f"{number:.1g}" if small else _without_minus_zero(f"{number:,.1f}")


def _significant(number: float) -> str:
    size = abs(number)
    if number == round(number) and size < 1e9:
        return f"{number:,.0f}".replace("-0", "0") if number == 0 else f"{number:,.0f}"
    if size >= 1000:
        return f"{number:,.0f}"
    if size >= 100:
        return f"{number:,.1f}"
    if size >= 1:
        return f"{number:,.2f}"
    return f"{number:.3g}"


def _without_minus_zero(text: str) -> str:
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


# -- as text ----------------------------------------------------------------------------------------------


def text_table(table: PrintedTable, width: int = WIDTH) -> list[str]:
    """Return a table as aligned lines of at most ``width`` columns.

    Names are wrapped to make room; columns that still do not fit follow in a block of their own, beside the first
    column again.
    """
    if not table.rows:
        return ["nothing to show"]
    body = [
        [cell + (" *" if (row, column) in table.best else "") for column, cell in enumerate(cells)]
        for row, cells in enumerate(table.rows)
    ]
    units = [heading.unit for heading in table.headings]
    head = [[heading.name for heading in table.headings], *([units] if any(units) else [])]
    numeric = [heading.numeric for heading in table.headings]
    widths = _fitted([*head, *body], numeric, width)
    lines: list[str] = []
    for columns in _blocks(widths, width):
        if lines:
            lines.append("")
        for cells in head:
            lines += _text_row(cells, columns, numeric, widths)
        lines.append("─" * (sum(widths[column] for column in columns) + len(_GAP) * (len(columns) - 1)))
        for cells in body:
            lines += _text_row(cells, columns, numeric, widths)
    return lines


def _fitted(rows: Sequence[Sequence[str]], numeric: Sequence[bool], width: int) -> list[int]:
    """Return column widths; columns of words give way, the widest first, down to a least width."""
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(numeric))]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        words = [
            column for column, is_number in enumerate(numeric) if not is_number and widths[column] > _LEAST
        ]
        if not words:
            break
        widths[max(words, key=lambda column: widths[column])] -= 1
    return [min(wide, width - _LEAST - len(_GAP)) for wide in widths]


def _blocks(widths: Sequence[int], width: int) -> list[list[int]]:
    """Split columns into blocks that fit, each led by the first column."""
    blocks = [[0]]
    used = widths[0]
    for column in range(1, len(widths)):
        if used + len(_GAP) + widths[column] > width and len(blocks[-1]) > 1:
            blocks.append([0])
            used = widths[0]
        blocks[-1].append(column)
        used += len(_GAP) + widths[column]
    return blocks


def _text_row(
    cells: Sequence[str], columns: Sequence[int], numeric: Sequence[bool], widths: Sequence[int]
) -> list[str]:
    wraps = [
        textwrap.wrap(cells[column], widths[column], break_on_hyphens=False) or [""] for column in columns
    ]
    lines = []
    for line in range(max(map(len, wraps))):
        parts = []
        for column, wrap in zip(columns, wraps, strict=True):
            part = wrap[line] if line < len(wrap) else ""
            parts.append(part.rjust(widths[column]) if numeric[column] else part.ljust(widths[column]))
        lines.append(_GAP.join(parts).rstrip())
    return lines


def wrapped(text: str, width: int = WIDTH, indent: str = "") -> list[str]:
    """Wrap prose to lines of at most ``width`` columns."""
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def markdown_table(table: PrintedTable) -> list[str]:
    """Return a table as the lines of a GitHub table."""
    if not table.rows:
        return ["Nothing to show."]
    names = [
        f"{heading.name} ({heading.unit})" if heading.unit else heading.name for heading in table.headings
    ]
    rules = ["---:" if heading.numeric else ":---" for heading in table.headings]
    body = [
        [f"**{cell}**" if (row, column) in table.best else cell for column, cell in enumerate(cells)]
        for row, cells in enumerate(table.rows)
    ]
    return [_markdown_row(cells) for cells in [names, rules, *body]]


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
