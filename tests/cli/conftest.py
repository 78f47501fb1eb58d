"""Run commands in this process, in an empty directory, with a report that costs nothing to write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import sim.report
from sim.cli import main
from sim.experiment import Comparison, Result, save_tables
from sim.report.tune_page import overview


class Done(NamedTuple):
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Cli = Callable[..., Done]


def _publish(result: Result, folder: Path, *, csv: bool = False) -> None:
    save_tables(result, folder, csv=csv)
    (folder / "index.html").write_text(result.name, encoding="utf-8")


def _publish_comparison(comparison: Comparison, folder: Path) -> None:
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    (folder / "index.html").write_text(comparison.title, encoding="utf-8")


def _publish_folder(folder: Path) -> None:
    (folder / "index.html").write_text(folder.name, encoding="utf-8")


def _publish_tuning(folder: Path, *, name: str) -> None:
    (folder / "index.html").write_text(name, encoding="utf-8")
    (folder / "tuning.png").write_bytes(overview(folder))


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return the function that runs one command line; pages are replaced by a file with a name in it."""
    fakes: dict[str, Any] = {
        "publish": _publish,
        "publish_comparison": _publish_comparison,
        "publish_sweep": _publish_folder,
        "publish_tuning": _publish_tuning,
        "brief_text": lambda result: f"summary of {result.name}",
        "summary_text": lambda result: f"all tables of {result.name}",
        "comparison_text": lambda comparison: f"comparison of {', '.join(comparison.policies)}",
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(sim.report, name, fake)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def run(*words: str) -> Done:
        code = main(words)
        caught = capsys.readouterr()
        return Done(code, caught.out, caught.err)

    return run


@pytest.fixture
def written(tmp_path: Path) -> Callable[[], list[str]]:
    """Return the function that lists all files and folders there are, relative to the working directory."""
    return lambda: sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
