"""Every violation carries the command that shows it again."""

from __future__ import annotations

import shlex

from sim.experiment import Result, run_scenario
from sim.report import summary_md, summary_text
from sim.report.reproduce import reproducing_lines


def test_every_violation_tells_the_shortest_run_that_shows_it(result: Result) -> None:
    """An intent's own account needs no later intents, so the run stops behind it; overrides and seed stay."""
    found = result.violations
    assert len(found) > 0
    for row in found.itertuples(index=False):
        words = shlex.split(row.reproduce)
        assert words[:3] == ["sim", "run", "quickstart"]
        assert words[words.index("--seed") + 1] == "7"
        assert words[words.index("--set") + 1] == "faults.unknown_503.how.rate=0.2"
        assert words[words.index("--intents") + 1] == str(row.intent + 1 if row.intent >= 0 else 40)


def test_the_command_shows_the_violation_again(result: Result) -> None:
    """The shortened run breaks the same rule at the same intent, time and amount."""
    rows = result.violations
    first = rows[(rows["kind"] == "safety") & (rows["intent"] >= 0)].sort_values("intent").iloc[0]
    shorter = run_scenario(
        "quickstart", "d7", seed=7, intents=int(first["intent"]) + 1,
        overrides=["faults.unknown_503.how.rate=0.2"],
    )  # fmt: skip
    again = shorter.violations
    same = again[(again["check"] == first["check"]) & (again["intent"] == first["intent"])]
    assert same[["at_us", "amount", "truth"]].values.tolist() == [
        [first["at_us"], first["amount"], first["truth"]]
    ]


def test_summaries_list_the_worst_of_each_check(result: Result, empty: Result) -> None:
    """Terminal and Markdown print both commands for each broken check, and nothing where none is broken."""
    lines = reproducing_lines(result)
    checks = sorted(set(result.violations["check"].astype(str)))
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == checks
    assert f"     sim show {shlex.quote(result.name)} --intent " in "\n".join(lines)
    for line in lines:
        assert line in summary_text(result)
        assert line in summary_md(result)
    assert reproducing_lines(empty) == []
