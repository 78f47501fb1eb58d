"""What the commands print and leave when all goes well, and when it is interrupted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import sim
import sim.cli.check
import sim.cli.run
import sim.report
from sim.experiment.gate import Difference, GateReport

Cli = Callable[..., Any]
Written = Callable[[], list[str]]
SMALL = ("--intents", "20")


def _fits(text: str) -> bool:
    return all(len(line) <= 100 for line in text.splitlines()) and "\x1b" not in text


# -- run ----------------------------------------------------------------------------------------------


def test_run_prints_summary_folder_and_page(cli: Cli, tmp_path: Path) -> None:
    """A run ends with its summary, its folder and the page to open, and nothing on standard error."""
    done = cli("run", *SMALL)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "summary of quickstart-d7-seed1-20intents",
        "",
        "folder  reports/quickstart-d7-seed1-20intents",
        "page    reports/quickstart-d7-seed1-20intents/index.html",
        "worst   sim show quickstart-d7-seed1-20intents",
    ]
    assert (tmp_path / "reports" / "quickstart-d7-seed1-20intents" / "index.html").is_file()


def test_run_prints_all_tables_when_asked(cli: Cli) -> None:
    """-v prints the long summary in place of the one that fits a screen."""
    assert cli("run", *SMALL, "-v").out.startswith("all tables of quickstart-d7-seed1-20intents\n")


def test_run_against_a_baseline_keeps_the_table_of_both(cli: Cli, written: Written) -> None:
    """--against runs a second policy on the same weather and keeps what the page says of both."""
    done = cli("run", *SMALL, "--against", "never-resend", "--out", "both", "--json")
    command = json.loads(done.out)["manifest"]["command"]
    assert command == "sim run quickstart --policy d7 --seed 1 --intents 20 --against never-resend"
    assert "both/tables/against.parquet" in written()
    assert cli("run", *SMALL, "--against", "d7").err == (
        "error: --against: given 'd7', expected a policy other than the one that runs, d7\n"
    )


def test_run_writes_where_it_is_told(cli: Cli, tmp_path: Path, written: Written) -> None:
    """--out names the folder, --csv adds tables people can open, -q prints the folder alone."""
    done = cli("run", *SMALL, "--seed", "3", "--policy", "legacy-sltp", "--out", "a/b", "--csv", "-q")
    assert (done.code, done.out) == (0, "a/b\n")
    assert "a/b/tables/intents.csv" in written()
    manifest = json.loads((tmp_path / "a" / "b" / "manifest.json").read_text())
    assert (manifest["seed"], manifest["policy"], manifest["intents"]) == (3, "legacy-sltp", 20)


def test_run_replaces_an_earlier_result_whole(cli: Cli, written: Written) -> None:
    """The second result leaves nothing of the first behind."""
    cli("run", *SMALL, "--csv")
    cli("run", *SMALL)
    assert not [name for name in written() if name.endswith(".csv") or ".old-" in name or ".partial-" in name]


def test_json_is_one_object(cli: Cli) -> None:
    """--json prints manifest, headline and violation counts, in JSON that any reader takes."""
    done = cli("run", *SMALL, "--json")
    facts = json.loads(done.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert facts["manifest"]["scenario"] == "quickstart"
    assert facts["headline"]["intents"] == 20
    assert set(facts["violations"]) == {"safety", "liveness", "practice", "simulator"}
    assert facts["folder"] == "reports/quickstart-d7-seed1-20intents"


def test_override_reaches_scenario_and_policy(cli: Cli) -> None:
    """execution.* keys change the policy, all others the scenario; the reproducing command holds both."""
    done = cli(
        "run", *SMALL, "--json", "--set", "workload.side=long", "--set", "execution.max_order_retries=2"
    )
    manifest = json.loads(done.out)["manifest"]
    assert manifest["policy"] == "d7+max_order_retries=2"
    assert manifest["command"].endswith("--set workload.side=long --set execution.max_order_retries=2")
    again = cli(*manifest["command"].split()[1:], "--json")
    assert json.loads(again.out)["manifest"]["trace_sha256"] == manifest["trace_sha256"]


def test_damage_is_a_result_unless_strict(cli: Cli) -> None:
    """A run that shows damage exits with 0; --strict turns breaches of safety into 1."""
    always = ("--set", "faults.reply_lost.how={ rate = 1.0 }", "--set", "faults.reply_lost.match.role=entry")
    lost = ("run", *SMALL, *always)
    assert cli(*lost).code == 0
    done = cli(*lost, "--strict")
    assert done.code == 1
    assert re.fullmatch(r"failed: \d+ violations of safety\n", done.err)


def test_log_holds_the_lines_production_would_write(cli: Cli, tmp_path: Path) -> None:
    """--log writes the code under test's own lines at virtual times of the replayed day, in order."""
    assert cli("run", *SMALL, "--log", "run.log", "--set", "faults.internal_error.how.rate=0.5").code == 0
    lines = (tmp_path / "run.log").read_text(encoding="utf-8").splitlines()
    form = re.compile(r"2024-01-15T\d\d:\d\d:\d\d\.\d{3}Z (INFO|WARNING|ERROR) +intent=\d+ \S")
    assert all(form.match(line) for line in lines)
    assert lines == sorted(lines, key=lambda line: line.split()[0])
    text = "\n".join(lines)
    assert "[SAFETY-GUARD] ✅ BTCUSDT: No adjustments needed" in text
    assert (
        "[SAFE-EXECUTOR] ❌ Attempt 1/5 failed for BTCUSDT entry order: code=-1001, msg=Internal error"
        in text
    )
    assert "[SAFE-EXECUTOR] Waiting 0.50s before retry 2" in text


def test_run_that_was_cut_off_is_warned_about(cli: Cli) -> None:
    """A run that met its limit says so: its numbers are those of a part."""
    done = cli("run", *SMALL, "--set", "limits.time_s=120")
    assert done.err.startswith("warning: the run ended at its time limit\n")


# -- interrupting -------------------------------------------------------------------------------------


@contextmanager
def _interrupting(wanted: bool) -> Iterator[Callable[..., None]]:
    def advance(*progress: object) -> None:
        raise KeyboardInterrupt

    yield advance


def test_interrupted_run_leaves_nothing(cli: Cli, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of a run ends with 130 and one line; no folder, no log, no empty parent stays."""
    monkeypatch.setattr(sim.cli.run, "progress_bar", _interrupting)
    done = cli("run", *SMALL, "--out", "new/run", "--log", "run.log")
    assert (done.code, done.out, done.err) == (130, "", "interrupted; nothing was written\n")
    assert written() == []


def test_interrupted_writing_keeps_the_earlier_result(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the pages are drawn leaves the earlier result as it was."""
    cli("run", *SMALL, "--out", "kept")

    def interrupted(result: object, folder: Path, *, csv: bool = False) -> None:
        (folder / "index.html").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(sim.report, "publish", interrupted)
    assert cli("run", *SMALL, "--out", "kept").code == 130
    assert (tmp_path / "kept" / "index.html").read_text() == "quickstart-d7-seed1-20intents"


def test_full_disk_is_an_input_error(cli: Cli, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk refuses while writing is one line too, and leaves nothing."""

    def full(result: object, folder: Path, *, csv: bool = False) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sim.report, "publish", full)
    done = cli("run", *SMALL)
    assert done.code == 2
    assert done.err.endswith("expected a folder that can be written (No space left on device)\n")
    assert written() == []


# -- compare ------------------------------------------------------------------------------------------


def test_compare_prints_and_writes(cli: Cli, written: Written) -> None:
    """A comparison ends with its text, its folder and its page."""
    done = cli("compare", "quickstart", "--policies", "d7, legacy-sltp", "--seeds", "1", *SMALL)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(
        "comparison of d7, legacy-sltp\n\nfolder  reports/quickstart-d7-vs-legacy-sltp\n"
    )
    assert "reports/quickstart-d7-vs-legacy-sltp/index.html" in written()


def test_compare_json_is_one_object(cli: Cli) -> None:
    """--json prints headline per policy, paired differences and claims, without NaN."""
    done = cli("compare", "quickstart", "--policies", "d7,legacy-sltp", "--seeds", "1,2", *SMALL, "--json")
    facts = json.loads(done.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert (facts["policies"], facts["seeds"]) == (["d7", "legacy-sltp"], [1, 2])
    assert facts["headline"]["d7"]["intents"] == 40
    assert facts["differences"]


# -- check --------------------------------------------------------------------------------------------


@pytest.fixture
def gated(tmp_path: Path) -> str:
    """Write a small scenario of our own, since a check updates what lies beside it."""
    text = (Path(sim.__file__).parent.parent / "scenarios" / "quickstart.toml").read_text(encoding="utf-8")
    head = text[: text.index("[check]")]
    (tmp_path / "mine.toml").write_text(head + '[check]\npolicies = ["d7"]\nseeds = [1, 2]\nintents = 10\n')
    return "mine.toml"


def test_check_passes_what_it_wrote(cli: Cli, gated: str) -> None:
    """Expectations written by --update are met byte for byte by the same code."""
    assert cli("check", gated, "--update").out == "updated  mine: 2 runs\n"
    done = cli("check", gated)
    assert (done.code, done.out) == (0, "ok       mine: 2 runs as expected, 2 byte for byte\n")


def test_check_names_every_difference(cli: Cli, monkeypatch: pytest.MonkeyPatch, gated: str) -> None:
    """A difference is told with metric, expected, got, tolerance and the reproducing command; exit 1."""
    cli("check", gated, "--update")
    difference = Difference(
        scenario="mine",
        policy="d7",
        seed=2,
        metric="naked_s_mean",
        expected="0.5",
        got="0.9",
        tolerance="lower is better, by at most 0.025",
        command="sim run mine.toml --policy d7 --seed 2 --intents 10",
    )
    report = GateReport(scenario="mine", runs=2, exact=1, updated=False, differences=(difference,))
    monkeypatch.setattr(sim.cli.check, "_check_one", lambda name, **asked: report)
    done = cli("check", gated)
    assert done.code == 1
    assert _fits(done.out)
    for word in ("differs  mine", "policy d7, seed 2", "naked_s_mean", "0.5", "0.9", "at most 0.025"):
        assert word in done.out
    assert "sim run mine.toml --policy d7 --seed 2 --intents 10" in done.out


def test_interrupted_update_says_what_it_wrote(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, gated: str, tmp_path: Path
) -> None:
    """An update of several scenarios that is broken off does not claim that nothing was written."""
    (tmp_path / "other.toml").write_text((tmp_path / gated).read_text())
    check_one = sim.cli.check._check_one

    def interrupted(name: str, **asked: Any) -> GateReport:
        if name == "other.toml":
            raise KeyboardInterrupt
        return check_one(name, **asked)

    monkeypatch.setattr(sim.cli.check, "_check_one", interrupted)
    done = cli("check", gated, "other.toml", "--update")
    assert (done.code, done.err) == (130, "interrupted; written before: mine.toml\n")


# -- show and list ------------------------------------------------------------------------------------


def test_show_lists_the_ten_worst(cli: Cli) -> None:
    """Without a number the intents that lost most stand first, ten of them, within 100 columns."""
    cli("run", *SMALL)
    done = cli("show", "quickstart-d7-seed1-20intents")
    assert done.code == 0
    assert _fits(done.out)
    head, *rows = done.out.splitlines()
    assert head.split()[:2] == ["intent", "decided"]
    lost = [float(re.findall(r"-?\d+\.\d\d(?!\d)", row)[0]) for row in rows[:10]]
    assert lost == sorted(lost, reverse=True)
    assert rows[10] == ""


def test_show_tells_a_story(cli: Cli) -> None:
    """With a number the intent's story is told, from a folder or from a name under reports/."""
    cli("run", *SMALL)
    by_name = cli("show", "quickstart-d7-seed1-20intents", "--intent", "3")
    by_path = cli("show", "reports/quickstart-d7-seed1-20intents", "--intent", "3")
    assert by_name == by_path
    assert by_name.out.startswith("Intent 3 of quickstart-d7-seed1-20intents, decided at 2024-01-15 ")
    assert _fits(by_name.out)


def test_show_draws_a_story(cli: Cli, tmp_path: Path) -> None:
    """--png draws the story that is told; without an intent there is nothing to draw."""
    cli("run", *SMALL)
    told = cli("show", "quickstart-d7-seed1-20intents", "--intent", "3", "--png", "three.png")
    assert told.out.startswith("Intent 3 of ")
    assert (tmp_path / "three.png").read_bytes().startswith(b"\x89PNG")
    done = cli("show", "quickstart-d7-seed1-20intents", "--png", "none.png")
    assert (done.code, done.err) == (
        2,
        "error: --png: given 'none.png', expected an intent to draw: --intent N\n",
    )


def test_report_draws_what_is_there(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name under reports/ or a folder is drawn again; what is no folder names the nearest."""
    cli("run", *SMALL)
    monkeypatch.setattr(sim.report, "redraw", lambda folder: "run")
    name = "quickstart-d7-seed1-20intents"
    assert cli("report", name).out == f"run         reports/{name}/index.html\n"
    assert cli("report", f"reports/{name}", "-q").out == f"reports/{name}\n"
    assert json.loads(cli("report", name, "--json").out)["kind"] == "run"
    done = cli("report", "quickstart-d7-seed1-2intents")
    assert done.code == 2
    assert name in done.err


def test_list_names_scenarios_and_policies(cli: Cli) -> None:
    """What there is to run is listed with its title."""
    done = cli("list")
    assert done.code == 0
    assert _fits(done.out)
    assert re.search(r"^quickstart +An ordinary day", done.out, re.MULTILINE)
    assert re.search(r"^d7 +The seed document's executor", done.out, re.MULTILINE)


# -- the rest -----------------------------------------------------------------------------------------


def test_version(cli: Cli) -> None:
    """--version prints name and version."""
    assert cli("--version") == (0, f"sim {sim.__version__}\n", "")


@pytest.mark.parametrize("command", [[], ["run"], ["compare"], ["check"], ["show"], ["report"], ["list"]])
def test_help_has_an_example(cli: Cli, command: list[str]) -> None:
    """Every command's help shows how it is used; the main one names the exit codes."""
    done = cli(*command, "--help")
    assert done.code == 0
    assert re.search(r"Examples?:\n +sim ", done.out)
    if not command:
        assert re.search(r"130 +interrupted", done.out)


def test_no_command_is_the_help(cli: Cli) -> None:
    """Who types only the name is shown what there is."""
    assert cli() == cli("--help")


def test_module_is_the_command_line(tmp_path: Path) -> None:
    """``python -m sim`` does what ``sim`` does, exit code included."""
    root = Path(sim.__file__).parent.parent
    words = [sys.executable, "-m", "sim", "rum"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(root)})
    assert done.returncode == 2
    assert done.stderr.startswith("error: command: given 'rum'")
