"""The gate passes what is as expected, and says precisely what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.experiment import GateReport, check_scenario

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    """Keep the text of the expectations once they were written: they depend on no test."""
    return {}


@pytest.fixture
def gate(own: Path, written: dict[str, str]) -> Callable[..., GateReport]:
    """Check one's own scenario after its expectations were written and then changed."""

    def check(*changes: Change, update: bool = False) -> GateReport:
        path = own.with_suffix(".expected.json")
        if not path.exists():
            if not written:
                check_scenario(str(own), update=True)
                written["text"] = path.read_text()
            path.write_text(written["text"])
        expected = json.loads(path.read_text())
        for change in changes:
            change(expected)
        path.write_text(json.dumps(expected))
        return check_scenario(str(own), update=update)

    return check


def _other_code(expected: dict[str, Any]) -> None:
    for run in expected["runs"].values():
        run["fingerprint"]["code_sha256"] = "0" * 64
        run["trace_sha256"] = "0" * 64


def _metric(name: str, factor: float, key: str = "d7/3") -> Change:
    def change(expected: dict[str, Any]) -> None:
        run = expected["runs"][key]
        assert run["metrics"][name]
        run["metrics"][name] *= factor
        run["clusters"]["sums"][name] = [value * factor for value in run["clusters"]["sums"][name]]

    return change


def test_the_same_code_is_byte_equal_and_passes(gate: Callable[..., GateReport]) -> None:
    """Expectations just written are met to the byte by every run of the check."""
    report = gate()
    assert report.passed
    assert (report.runs, report.exact, report.updated) == (2, 2, False)


def test_same_code_and_other_bytes_fail(gate: Callable[..., GateReport], obey: Callable[[str], Any]) -> None:
    """Under the same fingerprint a differing trace is a failure of its own, whatever the metrics say."""

    def other_bytes(expected: dict[str, Any]) -> None:
        expected["runs"]["d7/3"]["trace_sha256"] = "0" * 64

    report = gate(other_bytes)
    assert not report.passed
    (difference,) = report.differences
    assert (difference.policy, difference.seed, difference.metric) == ("d7", 3, "trace_sha256")
    assert difference.got == obey(difference.command).manifest["trace_sha256"]
    assert report.exact == 1


def test_other_code_with_the_same_numbers_passes(gate: Callable[..., GateReport]) -> None:
    """Under another fingerprint bytes may differ as long as the numbers hold."""
    report = gate(_other_code)
    assert report.passed
    assert report.exact == 0


def test_a_number_that_got_worse_fails_with_all_one_needs(
    gate: Callable[..., GateReport], obey: Callable[[str], Any]
) -> None:
    """A metric beyond its tolerance is named with what was expected, what came, the tolerance and the command."""
    report = gate(_other_code, _metric("requests_per_intent_mean", 0.8))
    (difference,) = report.differences
    assert (difference.scenario, difference.policy, difference.seed) == ("s", "d7", 3)
    assert difference.metric == "requests_per_intent_mean"
    assert float(difference.expected) == pytest.approx(0.8 * float(difference.got), rel=1e-4)
    assert "lower is better" in difference.tolerance
    again = obey(difference.command).headline["requests_per_intent_mean"]
    assert again == pytest.approx(float(difference.got), rel=1e-5)


def test_the_command_finds_a_policy_file_of_the_scenario(
    gate: Callable[..., GateReport], obey: Callable[[str], Any]
) -> None:
    """A policy that the scenario names from where it stands is named from the working directory."""
    (difference,) = gate(_other_code, _metric("requests_per_intent_mean", 0.8, "own/two.toml/3")).differences
    again = obey(difference.command).headline["requests_per_intent_mean"]
    assert again == pytest.approx(float(difference.got), rel=1e-5)


@pytest.mark.parametrize(("factor", "passes"), [(1.04, True), (0.97, True), (1.5, True), (0.9, False)])
def test_getting_better_or_a_little_worse_passes(
    gate: Callable[..., GateReport], factor: float, passes: bool
) -> None:
    """A metric may get better by any amount and worse within its tolerance."""
    assert gate(_other_code, _metric("requests_per_intent_mean", factor)).passed is passes


def test_more_violations_fail_and_fewer_do_not(gate: Callable[..., GateReport]) -> None:
    """A check that finds more than expected fails by its name."""

    def fewer(expected: dict[str, Any]) -> None:
        expected["runs"]["d7/3"]["violations"]["I99"] = 7

    assert gate(_other_code, fewer).passed

    def more(expected: dict[str, Any]) -> None:
        for run in expected["runs"].values():
            run["violations"] = {}

    report = gate(_other_code, more)
    assert not report.passed
    assert all(item.metric.startswith("violations ") for item in report.differences)


def test_a_metric_that_is_gone_fails(gate: Callable[..., GateReport]) -> None:
    """An expected metric that the code no longer gives is a difference, not a silence."""

    def gone(expected: dict[str, Any]) -> None:
        expected["runs"]["d7/3"]["metrics"]["metric_of_old"] = 1.0

    (difference,) = gate(_other_code, gone).differences
    assert (difference.metric, difference.got) == ("metric_of_old", "nan")


def test_a_run_without_expectation_fails(gate: Callable[..., GateReport]) -> None:
    """A policy or seed that nobody wrote expectations for is a difference that says how to write them."""

    def forget(expected: dict[str, Any]) -> None:
        del expected["runs"]["d7/3"]

    (difference,) = gate(forget).differences
    assert difference.metric == "run"
    assert "--update" in difference.tolerance


def test_an_expected_run_that_nobody_makes_fails(gate: Callable[..., GateReport]) -> None:
    """A policy or seed that left the check is a difference: a gate does not shrink without a word."""

    def more(expected: dict[str, Any]) -> None:
        expected["runs"]["own/gone.toml/4"] = expected["runs"]["d7/3"]

    (difference,) = gate(more).differences
    assert (difference.policy, difference.seed, difference.metric) == ("own/gone.toml", 4, "run")
    assert "--update" in difference.tolerance


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fingerprint", None),
        ("trace_sha256", 3),
        ("metrics", []),
        ("metrics", {"requests_per_intent_mean": "x"}),
        ("metrics", {"requests_per_intent_mean": float("nan")}),
        ("violations", {"I01": None}),
        ("faults", None),
        ("clusters", []),
        ("clusters", {"stretch_s": 0, "first_stretch": 1}),
        ("clusters", {"stretch_s": 600, "first_stretch": 1, "stretches": [0], "of": {"intents": [1, 2]}}),
    ],
)
def test_a_damaged_expectation_is_refused_by_its_place(
    gate: Callable[..., GateReport], name: str, value: object
) -> None:
    """An edited file of expectations is an error with file, run and key, before it is compared."""
    with pytest.raises(sim.InputError, match=rf"s\.expected\.json: runs\['d7/3'\]\.{name}.*--update"):
        gate(lambda expected: expected["runs"]["d7/3"].update({name: value}))


def _of_old(expected: dict[str, Any]) -> None:
    del expected["schema"]
    for run in expected["runs"].values():
        del run["clusters"]
        del run["faults"]


def test_expectations_of_the_schema_before_serve_equal_bytes_alone(
    gate: Callable[..., GateReport],
) -> None:
    """A file without sums still tells equal bytes; for anything else it is named with the way to renew it."""
    assert gate(_of_old).exact == 2
    with pytest.raises(sim.InputError, match=r"s\.expected\.json: schema: given 1, expected 2.*--update"):
        gate(_other_code)


def test_a_fault_that_no_longer_strikes_fails(gate: Callable[..., GateReport]) -> None:
    """A fault that struck often and strikes never is a scenario that has lost its question."""

    def often(expected: dict[str, Any]) -> None:
        expected["runs"]["d7/3"]["faults"] |= {"gone": 10, "rare": 3}

    (difference,) = gate(_other_code, often).differences
    assert (difference.metric, difference.expected, difference.got) == ("fault gone", "10", "0")


def test_other_seeds_are_a_second_sample(gate: Callable[..., GateReport], own: Path) -> None:
    """Seeds that nobody kept are held against those that are kept, and luck does not fail them."""
    gate()
    report = check_scenario(str(own), seeds=[4])
    assert report.passed
    assert (report.runs, report.exact) == (2, 0)
    assert {item.policy for item in report.judgements} == {"d7", "own/two.toml"}
    assert report.command.endswith("--seeds 4")


def test_update_says_metric_by_metric_what_changed(gate: Callable[..., GateReport]) -> None:
    """What an update changes is told for each run with old and new value, to say in a commit."""
    report = gate(_other_code, _metric("requests_per_intent_mean", 0.5), update=True)
    first, second = report.changes
    assert first.startswith("s, d7, seed 3: requests_per_intent_mean ")
    assert "→" in first
    assert second == "s, own/two.toml, seed 3: other bytes, the same numbers"


def test_expectations_that_cannot_be_written_are_an_error(own: Path) -> None:
    """A folder in the place of the file is refused by name, and no half file is left beside it."""
    own.with_suffix(".expected.json").mkdir()
    with pytest.raises(sim.InputError, match=r"s\.expected\.json.*a file that can be written"):
        check_scenario(str(own), update=True)
    assert sorted(path.name for path in own.parent.iterdir()) == ["own", "s.expected.json", "s.toml"]


def test_missing_expectations_are_an_error(own: Path) -> None:
    """Without a file of expectations there is nothing to pass: an error that says how to write them."""
    with pytest.raises(sim.InputError, match=r"s\.expected\.json.*--update"):
        check_scenario(str(own))


@pytest.mark.parametrize("text", ["{broken", "[]", "{}", '{"runs": 3}'])
def test_unusable_expectations_are_an_error(own: Path, text: str) -> None:
    """A file that holds no expectations is refused by name."""
    own.with_suffix(".expected.json").write_text(text)
    with pytest.raises(sim.InputError, match=r"s\.expected\.json"):
        check_scenario(str(own))


def test_update_writes_what_the_next_check_expects(gate: Callable[..., GateReport], own: Path) -> None:
    """Update replaces stale expectations with what was found, for exactly the runs of the check."""
    report = gate(_other_code, _metric("requests_per_intent_mean", 0.5), update=True)
    assert (report.updated, report.passed) == (True, True)
    written = json.loads(own.with_suffix(".expected.json").read_text())
    assert list(written["runs"]) == ["d7/3", "own/two.toml/3"]
    assert gate().exact == 2


def test_update_is_stable(own: Path) -> None:
    """Updating twice writes the same bytes."""
    path = own.with_suffix(".expected.json")
    check_scenario(str(own), update=True)
    first = path.read_bytes()
    check_scenario(str(own), update=True)
    assert path.read_bytes() == first
    assert first.endswith(b"\n")
