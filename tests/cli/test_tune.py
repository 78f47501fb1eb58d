"""`sim tune` shows the front, the recommendation and what it rests on, and says in one line what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]
LINE = """
title = "A straight line"
[market]
path = "line"
line = { start_price = 40000, pct_per_s = 0.001, for_s = 200 }
[workload]
every_s = 60
intents = 1
sl_pct = 0.004
tp_pct = 0.008
hold_s = 30
[settle]
settle_s = 30
"""
SPACE = """
[knobs."execution.jitter"]
choices = ["none", "full"]
[race]
first = 3
"""


@pytest.fixture
def space(tmp_path: Path) -> Callable[[str], str]:
    """Return the writer of a space file."""

    def write(text: str) -> str:
        (tmp_path / "space.toml").write_text(text, encoding="utf-8")
        return "space.toml"

    return write


def test_a_tuning_is_printed_and_written(
    cli: Cli, space: Callable[[str], str], written: Callable[[], list[str]]
) -> None:
    """Lines fit, every part is there, and the second time only the JSON is printed."""
    Path("line.toml").write_text(LINE, encoding="utf-8")
    words = ("tune", "line.toml", "--space", space(SPACE), "--trials", "2", "--seeds", "3", "--jobs", "1")
    done = cli(*words, "--out", "out")
    assert (done.code, done.err) == (0, "")
    assert all(len(line) <= 100 for line in done.out.splitlines())
    for part in ("recommended: trial", "held out:", "by date", "held-out data looked at 1 time", "Plateau"):
        assert part in done.out
    assert {"out/recommended.toml", "out/evidence.json", "out/trials.csv", "out/tuning.png"} <= set(written())
    assert Path("out/index.html").read_text(encoding="utf-8") == "out", "not the folder it is made in"
    facts = json.loads(cli(*words, "--json", "--out", "out").out)
    assert facts["looks_at_held_out_data"] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "the intents have no edge"),
        (("--edge-bps", "0", "--half-life-s", "30"), "error: --edge-bps: given 0.0, expected an edge above the 10 bps"),
        (("--edge-bps", "30"), "error: --half-life-s: given 'nothing'"),
        (("--baseline", "d77"), "did you mean 'd7'"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(
    cli: Cli, space: Callable[[str], str], options: tuple[str, ...], message: str
) -> None:
    """One line on standard error, exit code 2, nothing written."""
    file = space('[knobs."execution.max_slippage_pct"]\nlow = 0.001\nhigh = 0.01\n')
    done = cli("tune", "calm_baseline", "--space", file, "--trials", "2", *options)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1
