"""Numbers and tables as text."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from sim.report.printing import Heading, PrintedTable, markdown_table, printed, printed_range, text_table
from sim.report.scales import better_of, name_and_unit
from sim.report.tables import whole_table

NAME = Heading(name="name", numeric=False)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.12345, "share", "12.3"),
        (0.0, "share", "0.0"),
        (0.00004, "share", "0.004"),
        (-0.00001, "share", "-0.001"),
        (1234.5, "quote", "1,234.50"),
        (0.0, "quote", "0.00"),
        (0.0012, "quote", "0.0012"),
        (-0.0, "s", "0"),
        (0.012345, "s", "0.0123"),
        (2.0, "attempts", "2"),
        (12.345, "bps", "12.35"),
        (123.45, "bps", "123.5"),
        (1234567.0, "quote*s", "1,234,567"),
        (np.int64(1200), "share", "1,200"),
        (True, "", "yes"),
        (math.nan, "s", "–"),
        (pd.NA, "", "–"),
        (math.inf, "s", "∞"),
    ],
)
def test_number_is_printed_by_its_unit(value: object, unit: str, text: str) -> None:
    """Shares are per cent, money has cents, counts are whole, what is undefined is a dash."""
    assert printed(value, unit) == text


def test_interval_that_is_not_known_is_a_dash() -> None:
    """Half an interval is none."""
    assert printed_range(0.1, 0.2, "share") == "10.0 to 20.0"
    assert printed_range(0.1, math.nan, "share") == "–"


def test_wide_table_is_wrapped_and_split() -> None:
    """Words give way first; columns that still do not fit come again beneath, beside the first column."""
    numbers = tuple(Heading(name=f"number {i}") for i in range(12))
    row = ("a name far too long for the room that is left to it", *["1,234,567"] * 12)
    lines = text_table(PrintedTable(title="", headings=(NAME, *numbers), rows=(row,)), width=60)
    assert max(map(len, lines)) <= 60
    assert sum("name" in line and "number" in line for line in lines) > 1
    assert sum(line.count("1,234,567") for line in lines) == 12


def test_best_cells_are_marked() -> None:
    """A star in terminals, bold in Markdown."""
    table = PrintedTable(
        title="",
        headings=(NAME, Heading(name="value")),
        rows=(("a", "1"), ("b", "2")),
        best=frozenset({(1, 1)}),
    )
    assert text_table(table)[-1].endswith("2 *")
    assert markdown_table(table)[-1] == "| b | **2** |"


def test_table_shows_columns_it_has_never_heard_of() -> None:
    """A new column of a metric appears under its own name, with the unit its name ends in."""
    frame = pd.DataFrame(
        {"metric": ["x"], "unit": ["share"], "value": [0.5], "brand_new_s": [1.5], "note": [""]}
    )
    table = whole_table("t", frame)
    assert [(heading.name, heading.unit) for heading in table.headings[2:]] == [
        ("value", "in unit"),
        ("brand new s", "s"),
    ]
    assert table.rows == (("x", "%", "50.0", "1.50"),)


def test_share_per_thousand_is_a_number_of_intents() -> None:
    """Five per cent are fifty intents in a thousand, not five thousand per cent."""
    frame = pd.DataFrame({"metric": ["over-filled"], "unit": ["share"], "per_1000": [50.0]})
    assert whole_table("t", frame).rows == (("over-filled", "%", "50"),)


@pytest.mark.parametrize(
    ("metric", "better", "unit"),
    [
        ("result_per_1000_quote", "higher", "quote per 1,000 intents"),
        ("recovered_share", "higher", "share"),
        ("never_protected_share_of_entered", "lower", "share of entered"),
        ("entry_false_success_share", "lower", "share"),
        ("retry_success_share_claimed", "", "share"),
        ("retry_success_share_true", "higher", "share"),
        ("refused_share", "", "share"),
        ("naked_mean_s", "lower", "s"),
        ("violations_safety", "lower", "violations"),
        ("intents", "", "count"),
    ],
)
def test_headline_number_knows_its_unit_and_its_better_way(metric: str, better: str, unit: str) -> None:
    """What counts as better follows from what the number means; claims are not merits."""
    assert better_of(metric) == better
    assert name_and_unit(metric)[1] == unit
