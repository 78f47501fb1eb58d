"""Whatever a person gives wrong: exit code 2, one line that says where, what and what instead, nothing written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]

BROKEN_SCENARIO = """\
title = "Broken in two places"
[market]
klines = "embedded:BTCUSDT-1m-2024-01-15"
[workload]
every_s = -5
sl_pct = 0.004
tp_pct = 0.008
sidee = "both"
"""

SMALL = ("--intents", "20")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Lay out a working directory with things that are in the way."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "notes.txt").write_text("mine")
    (tmp_path / "dir.toml").mkdir()
    (tmp_path / "syntax.toml").write_text('title = "x\n[market]\n')
    (tmp_path / "latin.toml").write_bytes(b'title = "caf\xe9"\n')
    (tmp_path / "broken.toml").write_text(BROKEN_SCENARIO)
    (tmp_path / "policy.toml").write_text("[execution]\nmax_order_retries = 0\n")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "manifest.json").write_text('{"name": "an application of mine"}')
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    deep = tmp_path / "reports" / "deep"
    deep.mkdir(parents=True)
    (deep / "manifest.json").write_text("[" * 100_000)
    run = tmp_path / "reports" / "half"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text("{}")
    torn = tmp_path / "reports" / "torn"
    (torn / "tables").mkdir(parents=True)
    (torn / "manifest.json").write_text("{}")
    (torn / "tables" / "intents.parquet").write_bytes(b"not parquet")
    return tmp_path


CASES = [
    (
        ["rum"],
        "command: given 'rum', expected a command: one of ",
        "'run'",
    ),
    (["run", "--sed", "3"], "--sed: no such option", "'--seed'"),
    (["run", "a", "b"], "got unexpected extra argument", "sim run --help"),
    (["run", "--seed"], "'--seed' requires an argument", ""),
    (["compare", "--policies", "d7,legacy-sltp"], "missing argument 'SCENARIO'", "sim compare --help"),
    (["run", "quickstrat"], "scenario: given 'quickstrat', expected a shipped scenario", "'quickstart'"),
    (["run", "./nowhere.toml"], "scenario: given './nowhere.toml', expected an existing file", ""),
    (["run", "dir.toml"], "scenario: given 'dir.toml', expected an existing file", ""),
    (["run", "syntax.toml"], "syntax.toml:1: given", "valid TOML"),
    (["run", "latin.toml"], "latin.toml: given b'\\xe9', expected UTF-8 text", ""),
    (["run", "--policy", "d8"], "policy: given 'd8', expected a shipped policy", "'d7'"),
    (["run", "--policy", "policy.toml"], "policy.toml:2: execution.max_order_retries: given 0, expected", ""),
    (["run", "--set", "nonsense"], "--set: given 'nonsense', expected PATH=VALUE", ""),
    (["run", "--set", "workload.evry_s=3"], "--set workload.evry_s: given 'evry_s'", "'every_s'"),
    (["run", "--set", "workload.hold_s=-1"], "--set workload.hold_s: given -1", "expected"),
    (
        ["run", "--set", "execution.max_order_retrys=3"],
        "--set execution.max_order_retrys",
        "max_order_retries",
    ),
    (["run", "--seed", "-1"], "--seed: given '-1', expected a whole number from 0 on", ""),
    (["run", "--seed", "x"], "--seed: given 'x', expected a whole number from 0 on", ""),
    (["run", "--intents", "0"], "--intents: given '0', expected a whole number from 1 on", ""),
    (["run", *SMALL, "--out", "file"], "--out: given", "expected a folder, and this is a file"),
    (["run", *SMALL, "--out", "foreign"], "--out: given", "a new folder, an empty one or an earlier result"),
    (["run", *SMALL, "--out", "file/inside"], "--out: given", "expected a folder that can be made"),
    (["run", *SMALL, "--out", "."], "--out: given '.', expected a folder other than", ""),
    (
        ["run", *SMALL, "--log", "none/run.log"],
        "--log: given 'none/run.log', expected a file in a folder",
        "",
    ),
    (["run", *SMALL, "--log", "foreign"], "--log: given 'foreign', expected a file", ""),
    (["run", *SMALL, "--log", "fifo"], "--log: given 'fifo', expected a file", ""),
    (["run", *SMALL, "--log", "l" * 300], "--log: given 'lll", "expected a path that can be looked at"),
    (
        ["run", *SMALL, "--log", "policy.toml"],
        "--log: given 'policy.toml', expected a file other than",
        ".toml",
    ),
    (
        ["run", *SMALL, "--log", "~no-such-user/l"],
        "--log: given '~no-such-user/l', expected a path whose ~",
        "",
    ),
    (
        ["run", *SMALL, "--out", "~no-such-user/o"],
        "--out: given '~no-such-user/o', expected a path whose ~",
        "",
    ),
    (["run", *SMALL, "--out", "loop"], "--out: given", "expected a folder, and this is a file"),
    (["run", *SMALL, "--out", "web"], "--out: given", "a new folder, an empty one or an earlier result"),
    (["run", "l" * 300 + ".toml"], "scenario: given 'lll", "expected a path that can be looked at"),
    (["run", "~no-such-user/s.toml"], "scenario: given '~no-such-user/s.toml', expected a path whose ~", ""),
    (["run", "--policy", "l" * 300 + ".toml"], "policy: given 'lll", "expected a path that can be looked at"),
    (["show", "l" * 300], "RUN: given 'lll", "expected a run folder"),
    (["show", "deep"], "given 'maximum recursion", "expected valid JSON"),
    (["run", *SMALL, "--out", "reports/half", "--log", "reports/half/l"], "--log: given", "a file outside"),
    (
        ["compare", "quickstart", "--policies", "d7"],
        "--policies: given 'd7', expected at least two policies",
        "",
    ),
    (
        ["compare", "quickstart", "--policies", "d7,d7"],
        "--policies: given 'd7', expected each policy once",
        "",
    ),
    (["compare", "quickstart", "--policies", "d7,"], "--policies: given 'd7,', expected names or files", ""),
    (["compare", "quickstart", "--policies", "d7,d8"], "policy: given 'd8', expected", "'d7'"),
    (
        ["compare", "quickstart", "--policies", "d7,legacy-sltp", "--seeds", "1,x"],
        "--seeds: given 'x'",
        "whole",
    ),
    (["compare", "quickstart", "--policies", "d7,legacy-sltp", "--seeds", "1,1"], "--seeds: given 1", "once"),
    (["check", "broken.toml"], "broken.toml:5: workload.every_s: given -5", ""),
    (["check", "quickstrat"], "scenario: given 'quickstrat'", "'quickstart'"),
    (["show", "hal"], "RUN: given 'hal', expected a run folder", "'half'"),
    (["show", "foreign"], "result: given 'foreign', expected a folder with manifest.json", ""),
    (["show", "reports/half"], "given 'reports/half', expected", ""),
    (["show", "torn"], "RUN: given 'reports/torn', expected tables as sim run writes them", ""),
    (["show", "half", "--intent", "x"], "--intent: given 'x', expected a whole number from 0 on", ""),
]


@pytest.mark.parametrize(("words", "start", "also"), CASES, ids=[" ".join(words) for words, _, _ in CASES])
def test_wrong_input_is_one_line(
    cli: Cli, written: Callable[[], list[str]], place: Path, words: list[str], start: str, also: str
) -> None:
    """Wrong input ends with 2 and names the place, what was given and what was expected; no file appears."""
    before = written()
    done = cli(*words)
    assert done.code == 2
    assert done.out == ""
    line = done.err.splitlines()[0]
    assert line.startswith("error: ")
    assert start in line
    assert also in line
    assert all(other.startswith("error: ") for other in done.err.splitlines())
    assert "Traceback" not in done.err
    assert written() == before


def test_every_fault_of_a_file_has_its_line(cli: Cli, place: Path) -> None:
    """Two unusable values make two lines, in the order of the file."""
    done = cli("run", "broken.toml")
    first, second = done.err.splitlines()
    assert first.startswith("error: broken.toml:5: workload.every_s: given -5")
    assert second.startswith("error: broken.toml:8: workload.sidee: given 'sidee'")


def test_scenario_without_expectations_is_named(cli: Cli, tmp_path: Path) -> None:
    """A check needs something to hold the runs against, and says how to get it."""
    text = BROKEN_SCENARIO.replace("-5", "60").replace('sidee = "both"\n', "")
    (tmp_path / "new.toml").write_text(text)
    done = cli("check", "new.toml")
    assert done.code == 2
    assert done.err.startswith("error: SCENARIO: given 'new.toml', expected a scenario with expectations")
    assert "--update" in done.err


def test_unknown_intent_is_told_the_range(cli: Cli) -> None:
    """A story is asked for by a number that exists."""
    cli("run", *SMALL)
    done = cli("show", "quickstart-d7-seed1-20intents", "--intent", "20")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: --intent: given 20, expected an intent's number, from 0 to 19\n"
