"""The README's blocks do what it says: files load, Python runs, commands work, the output shown is the real one."""

from __future__ import annotations

import multiprocessing
import os
import re
import shlex
import subprocess
import sys
import tomllib
import traceback
from pathlib import Path
from typing import NamedTuple

import pytest

import sim.report
from sim.cli import main
from sim.experiment import Comparison, Result, save_tables
from sim.faults import KINDS
from sim.scenario import load_policy_named, load_scenario, scenario_names
from sim.sweep.natural import RatesFile
from sim.tune.space import load_space

_ROOT = Path(__file__).parent.parent
_TEXT = (_ROOT / "README.md").read_text(encoding="utf-8")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SHORT = ("--intents", "8")
_SHORTLY: dict[str, tuple[str, ...]] = {
    "run": _SHORT,
    "compare": _SHORT,
    # A server does not end by itself: this one's tape is over after a millisecond.
    "serve": ("--port", "0", "--speed", "1000", "--set", "limits.time_s=1"),
    "hunt": ("--depth", "1", "--budget", "12", "--jobs", "1", "-q"),
    "power": ("--seeds", "5", "--intents", "3", "-q"),
    "sweep": ("--seeds", "2", "--intents", "2", "--jobs", "1", "-q"),
    "tune": ("--trials", "1", "--seeds", "4", "--jobs", "1", "-q"),
}
_CUT = "[...]"


class Block(NamedTuple):
    """One fenced block: its language, its text, and the line it begins on."""

    language: str
    text: str
    line: int

    @property
    def commands(self) -> list[list[str]]:
        """Return the words after ``sim`` of each such command, comments left out."""
        lines = (shlex.split(line, comments=True) for line in self.text.splitlines())
        return [words[1:] for words in lines if words and words[0] == "sim"]


_BLOCKS = [
    Block(found[1], found[2], _TEXT.count("\n", 0, found.start()) + 1) for found in _FENCE.finditer(_TEXT)
]


_FILE = re.compile(r"# (\S+\.(?:toml|py))\n")


def _blocks(language: str) -> list[Block]:
    return [block for block in _BLOCKS if block.language == language]


def _named_files(language: str = "toml") -> dict[str, str]:
    """Return the blocks that are files, by the name that their first line gives: TOML all, Python some."""
    found = {}
    for block in _blocks(language):
        name = _FILE.match(block.text)
        assert name or language != "toml", (
            f"README.md:{block.line}: the first line of a toml block is its file's name"
        )
        if name:
            found[name[1]] = block.text
    return found


def _line(block: Block) -> str:
    return f"line-{block.line}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder that holds nothing but the README's own files."""
    for name, text in (_named_files() | _named_files("python")).items():
        # A search has no option for its length: its intents are made few.
        short = 'set = ["workload.poisson_per_hour=1"]\n' if "[knobs." in text else ""
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(short + text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write tables without drawing: pages have their own tests and take seconds each."""

    def publish(result: Result, folder: Path, *, csv: bool = False) -> None:
        save_tables(result, folder, csv=csv)

    def publish_comparison(comparison: Comparison, folder: Path) -> None:
        (folder / "manifest.json").write_text("{}", encoding="utf-8")

    monkeypatch.setattr(sim.report, "publish", publish)
    monkeypatch.setattr(sim.report, "publish_comparison", publish_comparison)
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def test_every_fence_is_known_and_none_is_left_open() -> None:
    """A block in another language, or one that the pattern missed, would escape the other tests."""
    assert {block.language for block in _BLOCKS} == {"sh", "text", "toml", "python", "yaml"}
    assert len(re.findall(r"^\s*```", _TEXT, re.MULTILINE)) == 2 * len(_BLOCKS)


@pytest.mark.parametrize("name", _named_files())
def test_toml_blocks_load(name: str, folder: Path) -> None:
    """Each is a policy, a space to search, rates of faults or a scenario as it stands."""
    if "[execution]" in _named_files()[name]:
        assert load_policy_named(name).values
    elif "[knobs." in _named_files()[name]:
        assert load_space(name).space.knobs
    elif "[[rate]]" in _named_files()[name]:
        assert RatesFile.model_validate(tomllib.loads(_named_files()[name])).rate
    else:
        assert load_scenario(name).scenario.title


_PROGRAMS = [block for block in _blocks("python") if not _FILE.match(block.text)]
_TESTS = [block for block in _PROGRAMS if block.text.startswith("import pytest")]


@pytest.mark.parametrize("block", _TESTS, ids=_line)
def test_tests_shown_pass(block: Block, folder: Path) -> None:
    """A block that is a test file passes as one, in a suite that has nothing else."""
    (folder / "test_shown.py").write_text(block.text, encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "sim.testing.plugin", "test_shown.py"]
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        words, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("block", [block for block in _PROGRAMS if block not in _TESTS], ids=_line)
def test_python_blocks_run(block: Block, folder: Path) -> None:
    """In a process of its own, as some put a class in the place of another; forked, as imports take seconds."""
    child = multiprocessing.get_context("fork").Process(
        target=_run_alone, args=(block.text, folder / "error")
    )
    child.start()
    child.join(60)
    error = folder / "error"
    assert (child.exitcode, error.read_text(encoding="utf-8") if error.exists() else "") == (0, "")


def _run_alone(text: str, error: Path) -> None:
    try:
        exec(compile(text, "README.md", "exec"), {"__name__": "__main__"})
    except BaseException:
        error.write_text(traceback.format_exc(), encoding="utf-8")
        raise


@pytest.mark.usefixtures("folder", "no_pages")
@pytest.mark.parametrize("block", [block for block in _blocks("sh") if block.commands], ids=_line)
def test_commands_work_in_their_order(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    """Each exits with 0 and says something; those that can be short are."""
    for command in block.commands:
        # A short run is named after its length, so that is what there is to show.
        words = [f"{word}-8intents" if re.search(r"-seed\d+$", word) else word for word in command]
        code = main([*words, *(() if "--intents" in words else _SHORTLY.get(words[0], ()))])
        caught = capsys.readouterr()
        # Code of one's own may do in a run what it should not: the run says so, and goes on.
        told = re.sub(r"warning: an exception left the code under test[^\n]*\n", "", caught.err)
        assert (code, told) == (0, ""), f"sim {shlex.join(words)}"
        assert caught.out.strip(), f"sim {shlex.join(words)}"


@pytest.mark.usefixtures("folder", "no_pages")
def test_the_output_shown_is_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines are left out, at the marks at least, but none is changed or moved."""
    (block,) = _blocks("text")
    assert main(["run", "quickstart"]) == 0
    printed = iter(capsys.readouterr().out.splitlines())
    for line in block.text.splitlines():
        assert line == _CUT or line in printed, (
            f"not in the output of `sim run quickstart`, or not there: {line}"
        )


def test_paths_named_exist() -> None:
    """Every path into this repository leads somewhere."""
    named = set(re.findall(r"[`(]((?:sim|scenarios|notebooks|tests|reports/reference)/[\w./*-]+)[`)]", _TEXT))
    named |= set(re.findall(r"\]\(([\w./-]+)\)", _TEXT))
    assert named
    assert [path for path in sorted(named) if not list(_ROOT.glob(path))] == []


def test_all_that_ships_is_named() -> None:
    """Every shipped scenario and every kind of fault stands in the README; recorded variants go by their ending."""
    names = [name for name in scenario_names() if not name.endswith("_real")]
    assert [name for name in [*names, *KINDS] if f"`{name}`" not in _TEXT] == []
