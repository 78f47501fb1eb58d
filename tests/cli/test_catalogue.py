"""What ships can be listed: scenarios with their stories, kinds of fault with what they take, the schema of a file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.api.catalogue import fault_parameters, fault_rows, plain_schema, scenario_schema
from sim.faults import KINDS
from sim.scenario import scenario_names
from sim.scenario.files import scenario_dir

Cli = Callable[..., Any]


def _fits(text: str) -> bool:
    return all(len(line) <= 100 for line in text.splitlines())


def test_scenarios_tells_each_story(cli: Cli) -> None:
    """Every shipped scenario stands there with its story, within 100 columns."""
    done = cli("scenarios")
    assert done.code == 0
    assert _fits(done.out)
    assert [line for line in done.out.splitlines() if not line.startswith(" ")] == scenario_names()


def test_scenarios_as_json(cli: Cli) -> None:
    """--json prints the same for programs."""
    rows = json.loads(cli("scenarios", "--json").out)
    assert [row["name"] for row in rows] == scenario_names()
    assert all(row["title"] and row["story"] and row["policies"] for row in rows)


def test_scenarios_says_what_cannot_run_here(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A scenario on recordings that are not there says so, with the folder that was looked for."""
    monkeypatch.setenv("SIM_KLINES", str(tmp_path / "none"))
    rows = {row["name"]: row["skipped"] for row in json.loads(cli("scenarios", "--json").out)}
    assert "not there" in rows["cascade_1010_real"]
    assert rows["cascade_1010"] == ""


def test_check_skips_what_cannot_run_here(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A check of such a scenario says that it was skipped, and fails nothing."""
    monkeypatch.setenv("SIM_KLINES", str(tmp_path / "none"))
    done = cli("check", "cascade_1010_real")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("skipped  cascade_1010_real: folder ")


def test_a_run_of_it_names_the_folder(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A run that was asked for by name is refused, with the variable that names another folder."""
    monkeypatch.setenv("SIM_KLINES", str(tmp_path / "none"))
    done = cli("run", "cascade_1010_real")
    assert done.code == 2
    assert "market.klines" in done.err
    assert "SIM_KLINES" in done.err


def test_faults_lists_every_kind(cli: Cli) -> None:
    """Every kind stands there with one line that says what it does."""
    done = cli("faults")
    assert done.code == 0
    assert _fits(done.out)
    rows = fault_rows()
    assert [row.kind for row in rows] == list(KINDS)
    assert all(row.story.endswith(".") for row in rows)
    assert all(f"\n{row.kind} " in f"\n{done.out}" for row in rows)


@pytest.mark.parametrize("kind", list(KINDS))
def test_faults_tells_one_kind(cli: Cli, kind: str) -> None:
    """With its name a kind shows its parameters and an example that is TOML of that kind, within 100 columns."""
    done = cli("faults", kind)
    assert done.code == 0
    assert _fits(done.out)
    (fault,) = tomllib.loads(json.loads(cli("faults", kind, "--json").out)["example"])["faults"]
    assert fault.get("kind", "code") == kind
    assert {"kind", "name"} <= {parameter.key for parameter in fault_parameters(kind)}


def test_an_unknown_kind_has_a_neighbour(cli: Cli) -> None:
    """A misspelt kind is told with the nearest one, exit 2."""
    done = cli("faults", "tiemout")
    assert done.code == 2
    assert "did you mean 'timeout'" in done.err


def test_schema_is_what_editors_take(cli: Cli) -> None:
    """The schema names every table of a scenario, refuses other keys, and knows no null, which TOML lacks."""
    text = cli("schema").out
    found = json.loads(text)
    assert found == scenario_schema()
    assert found["additionalProperties"] is False
    assert {"market", "workload", "faults", "check"} <= found["properties"].keys()
    assert '"type": "null"' not in text


def test_schema_explains_keys() -> None:
    """A key carries the sentences of its table that speak of it."""
    table = {
        "description": "State it.  ``wallet`` in quote currency.",
        "properties": {"wallet": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None}},
    }
    wallet = plain_schema(table)["properties"]["wallet"]
    assert wallet == {"type": "number", "description": "`wallet` in quote currency."}


def test_schema_can_be_written(cli: Cli, tmp_path: Path) -> None:
    """--out writes it and tells the line that lets an editor find it."""
    done = cli("schema", "--out", "s.json")
    assert (done.code, done.err) == (0, "")
    assert "#:schema ./s.json" in done.out
    assert json.loads((tmp_path / "s.json").read_text()) == scenario_schema()
    assert cli("schema", "--out", "no/such/s.json").code == 2


def test_check_tells_what_it_covers(cli: Cli, tmp_path: Path) -> None:
    """--coverage adds the table of faults by position, and with --json prints it alone; alone --json is refused."""
    text = (scenario_dir() / "broken_bracket.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace("intents = 380", "intents = 30"))
    cli("check", "mine.toml", "--update")
    done = cli("check", "mine.toml", "--coverage")
    assert done.code == 0
    assert _fits(done.out)
    assert "cells are empty" in done.out
    rows = json.loads(cli("check", "mine.toml", "--coverage", "--json").out)
    (met,) = [row for row in rows if row["fault"] == "code -2019"]
    assert (met["outcome"], met["naked"]) == ("not applied", 0)
    assert met["flat"] > 0
    assert cli("check", "mine.toml", "--json").code == 2
