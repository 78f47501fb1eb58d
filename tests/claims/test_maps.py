"""The maps run what they say, go on where they stopped, and say of each point whether the claim holds."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sim.claims import MAPS, RULES, collect, figures_of, publish_claims, read_runs
from sim.claims.figures import FAILS, HOLDS, OPEN
from sim.claims.maps import ClaimMap, map_named
from sim.claims.plots import SAID, heat_map
from sim.claims.runs import COLUMNS, Spot, Task, run_task, spots_of


def rows_of(drawn: ClaimMap, policy: str, said: list[int], placed: int = 20, **counts: int) -> pd.DataFrame:
    """Return rows of one point: ``said`` of ``placed`` in each episode of seeds 1, 2, …"""
    x, y = drawn.x.values[0], drawn.y.values[0]
    named = {"map": drawn.id, "rules": RULES[0], "policy": policy, "x": x, "y": y, "episode": 0}
    none = dict.fromkeys(("hit", "hit_said", "exhausted", "doubled", "naked", "exhausted_s", "naked_s"), 0)
    rows = [
        {**named, **none, "seed": seed, "placed": placed, "said": hits, "true": hits, "intents": placed,
         "made_from": "", "code": "", **counts}
        for seed, hits in enumerate(said, start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


@pytest.mark.parametrize(
    ("said", "status"), [([20] * 80, HOLDS), ([20] * 10, OPEN), ([19] * 20, OPEN), ([10, 12] * 20, FAILS)]
)
def test_a_claim_holds_only_with_its_whole_interval(said: list[int], status: str) -> None:
    """What never failed in few episodes is open, as is an interval that holds the claim."""
    row = figures_of(rows_of(map_named("entry-errors"), "d7", said)).iloc[0]
    assert row["status"] == status
    assert row["figure"] == pytest.approx(np.mean(said) / 20)
    assert row["low"] <= row["figure"] <= row["high"]


def test_a_reduction_is_paired_with_the_named_baseline() -> None:
    """1 - failures / failures of the baseline on the same seeds; the baseline has none of its own."""
    drawn = map_named("stop-errors")
    own, base = rows_of(drawn, "d7", [19, 18, 20] * 10), rows_of(drawn, "legacy-sltp", [14, 15, 16] * 10)
    found = figures_of(pd.concat([own, base])).set_index("policy")
    assert found.loc["d7", "figure"] == pytest.approx(1 - 30 / 150)
    assert found.loc["d7", "baseline_figure"] == pytest.approx(0.75)
    assert math.isnan(found["figure"]["legacy-sltp"])


@pytest.mark.parametrize("drawn", MAPS, ids=lambda drawn: drawn.id)
def test_a_point_runs_and_counts_every_placement(drawn: ClaimMap) -> None:
    """Each of the twenty intents of a run is in one episode, and d7 places one order of the map's role for each."""
    spot = Spot(drawn.id, RULES[0], "d7", drawn.x.values[0], drawn.y.values[-1])
    rows = pd.DataFrame(run_task(Task((spot,), 1)))
    assert rows["intents"].sum() == 20
    assert rows["placed"].sum() == 20
    assert (rows["said"] <= rows["placed"]).all()
    assert len(rows) > 1


def test_the_chase_meets_its_break_even() -> None:
    """A buffer above the drift of one second protects every stop; the stop resent unchanged never rests."""
    spots = (
        Spot("chase", RULES[0], "d7", 0.09, 0.1),
        Spot("chase", RULES[0], "legacy-immediate-sl", 0.09, 0.03),
    )
    rows = pd.DataFrame(run_task(Task(spots, 3))).groupby("policy")[["placed", "said"]].sum()
    assert list(rows.loc["d7"]) == [20, 20]
    assert list(rows.loc["legacy-immediate-sl"]) == [20, 0]


def test_later_rules_refuse_every_stop_of_the_document() -> None:
    """Under the later rules the conditional orders of d7 meet -4120 wherever it stands on the map."""
    rows = pd.DataFrame(run_task(Task((Spot("stop-errors", RULES[1], "d7", 0.05, 0.0),), 1)))
    assert (rows["placed"].sum(), rows["said"].sum()) == (20, 0)


def test_seeds_add_to_those_that_are_there(tmp_path: Path) -> None:
    """Only what is missing is run, and rows of other scenario files or of other code are not kept."""
    drawn = replace(map_named("exhausted"), policies=("d7",))
    told: list[tuple[int, int]] = []
    points = sum(spot.map == drawn.id for spot in spots_of())
    first = collect(tmp_path, [1], maps=[drawn])
    assert first["seed"].unique().tolist() == [1]
    more = collect(tmp_path, [1, 2], maps=[drawn], progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (points, points)
    pd.testing.assert_frame_equal(more[more["seed"] == 1].reset_index(drop=True), first)
    read_runs(tmp_path).assign(code="other").to_parquet(tmp_path / "runs.parquet", index=False)
    assert len(collect(tmp_path, [], maps=[drawn])) == 0


def test_the_folder_is_one_page_a_text_and_a_table(tmp_path: Path) -> None:
    """Page, text and table are written from whatever runs there are; the page refers to nothing outside."""
    drawn = map_named("silence")
    rows = pd.concat([rows_of(drawn, policy, [12, 14]) for policy in ("d7", "safe")])
    figures = publish_claims(rows, tmp_path, "sim")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Where do the claims hold?" in page
    assert page.count("<svg") >= 1
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert len(pd.read_csv(tmp_path / "claims.csv")) == len(figures) == 2
    assert "legacy-entry" in (tmp_path / "claims.md").read_text(encoding="utf-8")


def test_open_cells_are_hatched_and_the_edge_is_drawn() -> None:
    """A panel holds a number per point, one hatched path for all open points, and lines where the claim is crossed."""
    drawn = map_named("entry-errors")
    points = [(x, y) for x in drawn.x.values for y in drawn.y.values]
    rows = pd.DataFrame(
        {
            "x": [x for x, _ in points],
            "y": [y for _, y in points],
            "policy": "d7",
            "figure": [drawn.expected(x, y) for x, y in points],
            "status": [OPEN if x == 0.5 else HOLDS for x, _ in points],
        }
    )
    axes = heat_map(drawn, rows, SAID, "d7", Figure().add_subplot())
    assert len(axes.texts) == len(points)
    assert [patch.get_hatch() for patch in axes.patches if patch.get_hatch()] == ["///"]
    assert len(axes.lines) == 2
