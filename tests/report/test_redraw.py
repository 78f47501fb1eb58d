"""Pages drawn again from what folders keep, without running anything."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InputError
from sim.report import redraw


def test_comparison_is_drawn_again_from_its_tables(compared: Path, tmp_path: Path) -> None:
    """Page, summary and plots come out byte for byte, and tables are left alone."""
    folder = tmp_path / "again"
    shutil.copytree(compared, folder)
    (folder / "index.html").write_text("old")
    (folder / "plots" / "stale.png").write_bytes(b"")
    assert redraw(folder) == "comparison"
    files = {path.relative_to(compared): path.read_bytes() for path in compared.rglob("*") if path.is_file()}
    assert files == {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def _cell(policy: str, point: dict[str, str], money: float | None) -> dict[str, Any]:
    names = (
        "runs intents traded refused doubled violations_safety violations_liveness violations_practice "
        "violations_simulator refusals clusters discordant_clusters dates dates_better dates_worse"
    )
    numbers = (
        "money_per_1000 money_low money_high p p_holm variance_ratio cvar95_quote cvar95_difference cvar95_low "
        "cvar95_high naked_excess_notional_s naked_difference naked_low naked_high traded_pct"
    )
    return {
        "scenario": "quickstart",
        "policy": policy,
        "point": point,
        "is_baseline": money is None,
        **dict.fromkeys(names.split(), 3),
        **dict.fromkeys(numbers.split(), money),
        "cvar95_quote": -2.5,
        "mark": "" if money is None else "better",
        "note": "",
    }


@pytest.mark.parametrize(
    ("points", "drawn"),
    [
        ([{}], ["forest-0"]),
        ([{"execution.k": "1"}, {"execution.k": "2"}], ["forest-0", "lines-money_per_1000"]),
        ([{"execution.k": "a"}, {"execution.k": "b"}], ["forest-0", "lines-cvar95_quote"]),
        (
            [{"execution.k": k, "faults.x.how.rate": rate} for k in "12" for rate in ("0.1", "0.2")],
            ["forest-0", "heat-money_per_1000"],
        ),
    ],
    ids=["no key", "one key", "one key of words", "two keys"],
)
def test_sweep_page_has_the_plot_its_grid_asks_for(
    tmp_path: Path, points: list[dict[str, str]], drawn: list[str]
) -> None:
    """A forest always; lines over one key, a heat map over two."""
    cells = [_cell("d7", point, None) for point in points] + [_cell("safe", point, 40.0) for point in points]
    command = "sim sweep quickstart --policies d7,safe"
    facts = {"command": command, "confidence": 0.95, "cells": cells}
    (tmp_path / "summary.json").write_text(json.dumps(facts))
    assert redraw(tmp_path) == "sweep"
    plots = {path.stem for path in (tmp_path / "plots").iterdir()}
    assert set(drawn) <= plots
    assert len(plots) == (1 if len(points) == 1 else 4)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert f"Of {len(points)} cells held against a baseline, {len(points)} earn more" in page
    assert command in page


@pytest.mark.parametrize(
    "content", [{}, {"manifest.json": "{}"}, {"sweep.json": "{}"}, {"evidence.json": "{}"}]
)
def test_a_folder_that_cannot_be_drawn_is_refused(tmp_path: Path, content: dict[str, str]) -> None:
    """What is not a finished run, comparison, sweep or tuning is one line, and stays as it was."""
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError):
        redraw(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(content)
