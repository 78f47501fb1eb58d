"""One run as plain arrays says what its frames say."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.experiment import Result, armed, run_scenario
from sim.experiment.prepare import load_market_of
from sim.experiment.rows import RunRows, run_rows
from sim.metrics import COLUMNS
from sim.scenario import load_policy_named, load_scenario

INTENTS = 6
CASES = {
    "faults": ("quickstart", "d7", (), False),
    "one account": ("quickstart", "safe", ("isolation=account",), False),
    "crash": ("crash_and_count", "d7", (), False),
    "swarm": ("calm_baseline", "legacy-sltp", (), True),
}


@pytest.fixture(scope="module", params=list(CASES.values()), ids=list(CASES))
def both(request: pytest.FixtureRequest) -> tuple[RunRows, Result]:
    """Run a case as rows and as frames."""
    name, policy_name, overrides, swarm = request.param
    loaded = load_scenario(name, overrides)
    market, policy = load_market_of(loaded), load_policy_named(policy_name)
    loaded = armed(loaded, 3) if swarm else loaded
    asked: dict[str, Any] = {"seed": 3, "intents": INTENTS, "market": market, "overrides": overrides}
    return run_rows(loaded, policy, **asked), run_scenario(loaded, policy, **asked)


def plain(column: pd.Series) -> Any:
    """Return a column's values with None for each that is missing."""
    return [None if pd.isna(value) else value for value in column.tolist()]


def test_intents_are_the_frame(both: tuple[RunRows, Result]) -> None:
    """Every column holds the frame's values, and NaN where the frame has none."""
    rows, result = both
    frame = result.frames["intents"]
    assert list(rows.intents) == list(COLUMNS["intents"])
    assert len(frame) == INTENTS
    for name, values in rows.intents.items():
        assert plain(pd.Series(values)) == plain(frame[name]), name


def test_types_are_plain(both: tuple[RunRows, Result]) -> None:
    """Texts are objects, numbers keep their type, and whatever may be missing is a float."""
    expected = {
        "category": "O",
        "str": "O",
        "Int64": "f",
        "boolean": "f",
        "int64": "i",
        "float64": "f",
        "bool": "b",
    }
    for name, values in both[0].intents.items():
        assert type(values) is np.ndarray
        assert values.dtype.kind == expected[COLUMNS["intents"][name].partition(",")[0]], name


def test_the_rest_is_the_result(both: tuple[RunRows, Result]) -> None:
    """Violations, touched intents, positions left and refusals are those of the result."""
    rows, result = both
    for name, values in rows.violations.items():
        assert values.tolist() == result.violations[name].tolist(), name
    assert set(rows.touched.tolist()) == set(result.frames["faults"]["intent"])
    assert rows.positions.tolist() == result.frames["accounts"]["position"].tolist()
    assert rows.refusals == result.manifest["load"]["refusals"]


def test_command_is_the_result_s(both: tuple[RunRows, Result]) -> None:
    """The command is the manifest's, and up to an intent it is the one that a violation names."""
    rows, result = both
    assert str(rows.command) == result.manifest["command"]
    found = result.violations
    assert [rows.command.up_to(intent) for intent in found["intent"].tolist()] == found["reproduce"].tolist()


def test_rows_travel(both: tuple[RunRows, Result]) -> None:
    """Rows can be sent to another process, and weigh little."""
    sent = pickle.dumps(both[0])
    assert len(sent) < 50_000
    assert pickle.loads(sent).command == both[0].command
