"""`sim sweep-calls` prints tables without an empty cell, and says what it swept."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Cli = Callable[..., Any]
FEW = ("--fault", "reply lost", "--fault", "503 B", "--call", "entry", "--call", "sl")


def test_the_table_fits_and_has_no_empty_cell(cli: Cli) -> None:
    """Each fault is a row, each call a column, each cell a word or a sign."""
    done = cli("sweep-calls", "quickstart", *FEW)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert all(len(line) <= 100 for line in lines)
    head = next(place for place, line in enumerate(lines) if line.startswith("fault "))
    assert lines[head].split() == ["fault", "entry", "sl"]
    starts = [lines[head].index(word) for word in ("entry", "sl")]
    for line in lines[head + 1 : head + 3]:
        assert all(line[start:].strip() for start in starts)
        assert line[: starts[0]].strip() in ("reply lost", "503 B")


def test_json_and_csv_hold_every_cell(cli: Cli, tmp_path: Path) -> None:
    """Both files carry call, fault and result, the cells in the same order."""
    file = tmp_path / "sweep.csv"
    done = cli("sweep-calls", "quickstart", *FEW, "--json", "--out", str(file))
    facts = json.loads(done.out)
    assert (facts["scenario"], facts["policy"], facts["side"]) == ("quickstart", "d7", "long")
    cells = facts["cells"]
    assert [(cell["place"], cell["fault"]) for cell in cells] == [
        ("entry", "reply lost"),
        ("entry", "503 B"),
        ("sl", "reply lost"),
        ("sl", "503 B"),
    ]
    assert "I01" in cells[0]["violations"].split()
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["place"], row["fault"], row["verdict"]) for row in rows] == [
        (cell["place"], cell["fault"], cell["verdict"]) for cell in cells
    ]


def test_an_unknown_class_is_refused_with_the_nearest(cli: Cli) -> None:
    """A name that is none is one line on standard error."""
    done = cli("sweep-calls", "quickstart", "--fault", "reply lots")
    assert done.code == 2
    assert done.err.startswith("error: --fault: given 'reply lots', expected a class of fault: one of ")
    assert "did you mean 'reply lost'?" in done.err
