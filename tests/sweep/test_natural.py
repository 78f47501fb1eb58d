"""Forced runs are weighed with natural rates: Σ λ · c, with both intervals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.sweep import Asked, SweepSummary, plan_sweep, read_sorted, sweep
from sim.sweep.natural import NaturalRate, load_rates

ASKED = Asked(
    scenarios=("ghost_entry", "calm_baseline"), policies=("d7", "safe"), seeds=2, intents=3, batch_intents=6
)
RATES = """
[[rate]]
name = "ghosts"
scenario = "ghost_entry"
per_intent = 0.002
low = 0.001
high = 0.004

[[rate]]
name = "calm"
scenario = "calm_baseline"
counted = [[90, 100], [110, 120], [70, 80]]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SweepSummary]:
    """Return the folder and the summary of a sweep with rates."""
    folder = tmp_path_factory.mktemp("natural")
    file = folder / "rates.toml"
    file.write_text(RATES, encoding="utf-8")
    return folder / "out", sweep(replace(ASKED, rates=str(file)), folder / "out", jobs=1)


def test_the_expected_loss_is_rate_times_cost(made: tuple[Path, SweepSummary]) -> None:
    """Each part is 1,000 · λ · the mean loss of those a fault reached; of a scenario without faults, of all."""
    folder, summary = made
    table = read_sorted(folder, "intents").to_pandas()
    assert [row.policy for row in summary.expected] == ["d7", "safe"]
    for row in summary.expected:
        own = table[table["policy"] == row.policy]
        ghosts = own[(own["scenario"] == "ghost_entry") & own["touched"]]["loss_against_ideal_quote"].mean()
        calm = own[own["scenario"] == "calm_baseline"]["loss_against_ideal_quote"].mean()
        assert row.parts["ghosts"] == pytest.approx(1000 * 0.002 * ghosts)
        assert row.parts["calm"] == pytest.approx(1000 * 0.9 * calm)
        assert row.value == pytest.approx(sum(row.parts.values()))
        assert row.low < row.value < row.high
        assert row.note == "conditional on this tape"


def test_the_difference_is_paired(made: tuple[Path, SweepSummary]) -> None:
    """A policy is held against the first one on the same intents; the first one has no difference."""
    first, second = made[1].expected
    assert first.difference != first.difference
    assert second.difference == pytest.approx(second.value - first.value)
    assert second.difference_low <= second.difference <= second.difference_high


def test_a_summary_without_rates_says_nothing_of_them(
    made: tuple[Path, SweepSummary], tmp_path: Path
) -> None:
    """The expected losses stand in the JSON only when rates were given, and rates run nothing anew."""
    folder, summary = made
    facts = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert [row["policy"] for row in facts["expected_loss"]] == ["d7", "safe"]
    assert "--rates" in summary.command
    totals: list[int] = []
    again = sweep(ASKED, folder, jobs=1, progress=lambda done, total: totals.append(total))
    assert (again.expected, totals) == ((), [])
    assert "expected_loss" not in (folder / "summary.json").read_text(encoding="utf-8")


def test_counts_give_the_rate_its_own_interval() -> None:
    """Counted days are clusters: no case at all leaves up to 3 / days open."""
    none = NaturalRate(name="f", scenario="s", counted=[[0, 100]] * 6).rate
    assert (none.value, none.low, none.high) == (0.0, 0.0, 0.5)
    some = NaturalRate(name="f", scenario="s", counted=[[2, 100], [0, 100], [4, 100]]).rate
    assert some.value == pytest.approx(0.02)
    assert 0.0 <= some.low < 0.02 < some.high < 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            RATES.replace('"ghost_entry"', '"ghost_entri"'),
            r"rates.toml:4: rate\[0\].scenario: .*'ghost_entry'",
        ),
        (
            RATES.replace("low = 0.001", "low = 0.003"),
            r"rate\[0\].per_intent: given 0.002, expected a rate from",
        ),
        (RATES.replace("low = 0.001\n", ""), r"rate\[0\].low: .*per_intent, low and high, or counted"),
        (RATES.replace("[90, 100]", "[190, 100]"), r"rate\[1\].counted\[0\]: .*no more met"),
        (RATES.replace('"calm"\n', '"ghosts"\n'), r"rate\[1\].name: given 'ghosts', expected each name once"),
        (f"{RATES}at = {{ every_s = 5 }}\n", r"rate\[1\].at.every_s: .*a key of --grid"),
        (
            RATES.replace("low =", 'at = { "workload.every_s" = 7 }\nlow ='),
            r"rate\[0\].at: given no point, expected one of",
        ),
        (RATES, r"rate\[0\].at: given 2 points, expected one of {workload.every_s = 5}"),
    ],
)
def test_what_cannot_be_meant_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    """A rate that is no rate, or of no cell or several, is refused before anything runs."""
    file = tmp_path / "rates.toml"
    file.write_text(text, encoding="utf-8")
    grid = ("workload.every_s=5,60",) if "point" in message else ()
    with pytest.raises(InputError, match=message):
        load_rates(str(file), plan_sweep(replace(ASKED, grid=grid)))
