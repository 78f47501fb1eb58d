"""The summary pairs each cell with the first policy of its weather."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from sim.sweep import plan_sweep, read_sorted, sweep
from tests.sweep.tiny import ASKED


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sweep of one scenario at two values of a policy's key."""
    target = tmp_path_factory.mktemp("summary")
    asked = replace(ASKED, scenarios=("quickstart",), grid=("execution.max_order_retries=1,3",))
    sweep(asked, target, jobs=1)
    return target


def test_money_is_the_paired_difference(folder: Path) -> None:
    """Money per 1,000 intents is the mean difference against the first policy at its first value."""
    rows = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["cells"]
    table = read_sorted(folder, "intents").to_pandas().set_index(["seed", "intent"])
    first = table[(table["policy"] == "d7") & (table["execution.max_order_retries"] == "1")]["result_quote"]
    assert [row["is_baseline"] for row in rows] == [True, False, False, False]
    for row in rows[1:]:
        value = row["point"]["execution.max_order_retries"]
        own = table[(table["policy"] == row["policy"]) & (table["execution.max_order_retries"] == value)][
            "result_quote"
        ]
        assert row["money_per_1000"] == pytest.approx(
            1000 * (own - first.reindex(own.index)).mean(), abs=1e-9
        )
        assert row["note"] == "conditional on this tape"
        assert row["mark"] == ""
    assert rows[0]["money_per_1000"] is None


def test_counts_are_those_of_the_runs(folder: Path) -> None:
    """Violations, doubled and traded intents are sums over the runs' table."""
    with (folder / "summary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    runs = read_sorted(folder, "runs").to_pandas()
    for row in rows:
        own = runs[
            (runs["policy"] == row["policy"])
            & (runs["execution.max_order_retries"] == row["execution.max_order_retries"])
        ]
        for name in ("intents", "traded", "doubled", "violations_safety", "violations_practice"):
            assert int(row[name]) == own[name].sum()


def test_a_baseline_belongs_to_its_weather() -> None:
    """Cells of another scenario, or of another value of a scenario's key, have another baseline."""
    plan = plan_sweep(replace(ASKED, grid=("workload.every_s=5,60", "execution.max_order_retries=1,3")))
    bases = [plan.baseline_of(cell).cell for cell in plan.cells]
    assert len(plan.cells) == 16
    assert len(set(bases)) == 4
    for planned, base in zip(plan.cells, bases, strict=True):
        assert base.policy == "d7"
        assert dict(base.point)["execution.max_order_retries"] == "1"
        assert dict(base.point)["workload.every_s"] == dict(planned.cell.point)["workload.every_s"]


def test_looks_stop_at_the_width(tmp_path: Path) -> None:
    """Seeds are added in planned looks until the interval is narrow enough; the rest is never run."""
    asked = replace(ASKED, scenarios=("calm_baseline",), policies=("d7",), seeds=40, intents=1)
    wide = sweep(replace(asked, until_width="result_quote=1e9"), tmp_path, jobs=1)
    assert {cell.runs for cell in wide.cells} == {8}
    assert wide.confidence > 0.95
    looks = json.loads((tmp_path / "sweep.json").read_text(encoding="utf-8"))["looks"]
    assert looks["planned_seeds"] == [8, 16, 32, 40]
    assert [look["seeds"] for look in looks["taken"]] == [8]
    kept = {path.name for path in tmp_path.rglob("part-*.parquet")}
    totals: list[int] = []
    narrow = replace(asked, until_width="result_quote=1e-9")
    cells = sweep(narrow, tmp_path, jobs=1, progress=lambda done, total: totals.append(total)).cells
    assert {cell.runs for cell in cells} == {40}
    assert totals[0] == 8
    assert kept < {path.name for path in tmp_path.rglob("part-*.parquet")}
    assert not (tmp_path / "superseded").exists()


def test_a_difference_never_seen_is_not_narrow(tmp_path: Path) -> None:
    """Policies that have not differed yet may still: all seeds are used, and the width is not reached."""
    asked = replace(ASKED, scenarios=("calm_baseline",), seeds=9, intents=1, until_width="result_quote=1e9")
    summary = sweep(asked, tmp_path, jobs=1)
    assert {cell.runs for cell in summary.cells} == {9}
    looks = json.loads((tmp_path / "sweep.json").read_text(encoding="utf-8"))["looks"]
    assert [look["high"] for look in looks["taken"]] == [None, None]
    assert not looks["reached"]
