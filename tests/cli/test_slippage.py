"""`sim fit-slippage` shows a model's errors beside those of guesses, and writes a file production code can load."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.execution.slippage_model import SlippageModel

Cli = Callable[..., Any]


def prints(file: Path) -> None:
    """Write two dates of prints, a second apart, around midnight."""
    rows = ["transact_time,price,quantity,is_buyer_maker"]
    rows += [f"{1_700_006_300_000 + 1000 * n},{100 + n % 7 * 0.01:.2f},{1 + n % 5},false" for n in range(300)]
    file.write_text("\n".join(rows))


def test_one_date_is_fitted_and_not_judged(cli: Cli, tmp_path: Path) -> None:
    """With nothing held out the model is written, off, and the text says that it is conditional on the tape."""
    file = tmp_path / "model.toml"
    done = cli("fit-slippage", "calm_baseline", "--per-date", "30", "--out", str(file))
    assert (done.code, done.err) == (0, "")
    assert "too few dates to judge anything" in done.out
    assert "conditional on this tape" in " ".join(done.out.split())
    assert all(len(line) <= 100 for line in done.out.splitlines())
    assert not SlippageModel.load(file).enabled


def test_recorded_prints_make_a_table_that_fits(cli: Cli, tmp_path: Path) -> None:
    """Each line of the model meets three guesses, in at most 100 columns."""
    file = tmp_path / "BTCUSDT-aggTrades.csv"
    prints(file)
    done = cli("fit-slippage", "calm_baseline", "--per-date", "30", "--recorded", str(file))
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert sum(line.startswith(("median ", "q90 ")) for line in lines) == 6


def test_json_carries_the_same_facts(cli: Cli) -> None:
    """One object with the model, its duels and whether it is enabled."""
    facts = json.loads(cli("fit-slippage", "calm_baseline", "--per-date", "30", "--json").out)
    assert (facts["enabled"], facts["fills"], facts["recorded"]) == (False, 30, None)
    assert facts["model"]["median"]["size_bps"] >= 0


def test_wrong_input_is_one_line(cli: Cli) -> None:
    """A missing recording and a key of the policy are refused where they stand."""
    done = cli("fit-slippage", "calm_baseline", "--recorded", "nowhere-*.gz")
    assert done.code == 2
    assert done.err.startswith("error: --recorded: given 'nowhere-*.gz'")
    done = cli("fit-slippage", "calm_baseline", "--set", "execution.max_order_retries=3")
    assert done.code == 2
    assert "a key of the scenario" in done.err
