"""Each kind of shock in a whole run: what it does to one long position with its stop on the mark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.report.facts import data_facts
from sim.report.story import story_of
from sim.report.summary import summary_text

SCENARIO = """\
title = "One long position on a flat tape"
[market]
klines = "BTCUSDT-1m.csv"
symbol = "BTCUSDT"
shock = [%s]
[workload]
every_s = 3600
first_s = 60
side = "long"
sl_pct = 0.004
tp_pct = 0.05
hold_s = 300
[latency]
request = { law = "constant", ms = 20 }
reply = { law = "constant", ms = 20 }
"""
PRICE = 42_000.0


Run = Callable[[str], sim.Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return the function that runs one intent under some shocks, written as in a scenario."""
    start_ms, minute_ms = 1_705_276_800_000, 60_000
    bars = [
        f"{at_ms},{PRICE},{PRICE},{PRICE},{PRICE},500,{at_ms + minute_ms - 1},1,90,1,1,0"
        for at_ms in range(start_ms, start_ms + 12 * minute_ms, minute_ms)
    ]
    (tmp_path / "BTCUSDT-1m.csv").write_text("\n".join(bars) + "\n")

    def with_shocks(shocks: str) -> sim.Result:
        (tmp_path / "one.toml").write_text(SCENARIO % shocks)
        return sim.run(tmp_path / "one.toml", "d7", seed=1)

    return with_shocks


@pytest.mark.parametrize(
    ("shocks", "triggered_s", "left_pct", "outcome"),
    [
        ("", -1.0, 0.0, "timed_out"),
        # Half of a crash of 2 % in one second, published at its end.
        ('{ kind = "crash", at = "00:02:00", pct = -1, depth = 2 }', 121.0, -2.0, "stopped"),
        # A gap is published at once, and the stop fills far beyond its level.
        ('{ kind = "gap", at = "00:02:00", pct = -2 }', 120.0, -2.0, "stopped"),
        # A slow drift fills near the level.
        ('{ kind = "drift", at = "00:02:00", pct_per_s = -0.05, for_s = 20 }', 128.0, -0.4, "stopped"),
        # The swing to the other side meets the stop too.
        ('{ kind = "whipsaw", at = "00:02:00", pct = 1, over_s = 16 }', 130.0, -0.5, "stopped"),
        # The stop watches the mark, which a wick of last does not move.
        ('{ kind = "wick", at = "00:02:00", pct = -2, for_s = 10 }', -1.0, 0.0, "timed_out"),
        # A mark that parts from last stops out at the untouched last.
        ('{ kind = "basis", at = "00:02:00.5", bps = -60, for_s = 10 }', 121.0, 0.0, "stopped"),
        # A frozen mark lets the crash pass; the stop fires when it thaws.
        (
            '{ kind = "freeze", at = 115, for_s = 60 }, { kind = "crash", at = 120, pct = -2 }',
            175.0, -2.0, "stopped",
        ),
        # Nothing triggers in a halt: the reopening does it, at its own price.
        ('{ kind = "halt", at = 115, for_s = 60, reopen_pct = -3 }', 175.0, -3.0, "stopped"),
        # A crash that is over before the reopening was never there.
        (
            '{ kind = "halt", at = 115, for_s = 60 }, { kind = "crash", at = 120, pct = -2, recover_s = 20 }',
            -1.0, 0.0, "timed_out",
        ),
    ],
)  # fmt: skip
def test_a_stop_on_the_mark_meets_each_kind(
    run: Run, shocks: str, triggered_s: float, left_pct: float, outcome: str
) -> None:
    """The stop at −0.4 % fires when the mark shows it, and fills near where last is then."""
    frames = run(shocks).frames
    orders = frames["orders"]
    triggered_us = orders[orders["role"] == "sl"].iloc[0]["triggered_us"]
    assert (-1.0 if pd.isna(triggered_us) else triggered_us / 1e6) == triggered_s
    assert frames["intents"].iloc[0]["outcome"] == outcome
    # What a taker pays beyond last is far below a tenth of a per cent.
    assert 100 * (frames["fills"].iloc[-1]["price"] / PRICE - 1) == pytest.approx(left_pct, abs=0.15)


def test_every_report_has_a_sentence_for_each_shock(run: Run) -> None:
    """Summary and page tell shocks one by one; the story tells those that act in the intent's life."""
    result = run(
        '{ kind = "gap", at = "00:02:00", pct = -2 }, { kind = "halt", at = 30, for_s = 90.5 }, '
        '{ kind = "freeze", at = 700, for_s = 5 }, { kind = "wick", at = 1, pct = -1, depth = 0 }'
    )
    gap = "at 00:02:00 the price jumps -2 % between two prints and stays there"
    halt = "30 s after the start matching halts for 90.5 s (no prints, the mark stands) and reopens at the tape's price"
    facts = data_facts(result.manifest)
    assert f"Declared shock, laid over the tape by the scenario: {gap}." in facts
    assert f"Declared shock, laid over the tape by the scenario: {halt}." in facts
    assert sum("Declared shock" in fact for fact in facts) == 4
    assert gap not in facts[0]
    text = " ".join(summary_text(result).split())
    assert f"by the scenario: {gap}." in text
    assert "1 more shocks are declared" in text
    lines = {line.text: line.at_us for line in story_of(result, 0) if "declared shock" in line.text}
    assert lines == {
        f"declared shock, begun before: {halt}": 60_000_000,
        f"declared shock: {gap}": 120_000_000,
    }
