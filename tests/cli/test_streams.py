"""Streams that are closed, full or poor in characters, and interruptions at awkward moments."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sim
import sim.cli.app
import sim.report

Cli = Callable[..., Any]
ROOT = Path(sim.__file__).parent.parent


def _shell(words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    program = f'"{sys.executable}" -m sim {words}'
    env = {"PYTHONPATH": str(ROOT), "HOME": str(cwd), **variables}
    return subprocess.run(["sh", "-c", program], capture_output=True, text=True, cwd=cwd, env=env)


@pytest.mark.parametrize("words", ["list >&-", "list >&- 2>&-"])
def test_closed_output_is_no_failure(tmp_path: Path, words: str) -> None:
    """A command whose output was closed by its caller does its work and says nothing."""
    done = _shell(words, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_closed_errors_do_not_reach_the_output(tmp_path: Path) -> None:
    """With standard error closed, what it would have said is lost and not mixed into the output."""
    done = _shell("run nowhere 2>&-", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no device that is always full")
def test_full_disk_is_one_line(tmp_path: Path) -> None:
    """Output that cannot be written is a failure of one line."""
    done = _shell("list >/dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["error: the output: No space left on device"]


def test_output_without_a_character_shows_another(tmp_path: Path) -> None:
    """Where the output knows ASCII alone, other characters become question marks."""
    code = "import sys; from sim.cli import main; print('x'); main(['--version']); print('·')"
    env = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env=env)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "?")


def test_interrupted_after_the_folder_stands_it_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interruption while the summary is printed does not claim that nothing was written."""

    def interrupted(_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(sim.report, "brief_text", interrupted)
    done = cli("run", "--intents", "5", "--out", "here")
    assert (done.code, done.out, done.err) == (130, "", "interrupted; written before: here\n")
    assert (tmp_path / "here" / "manifest.json").is_file()


def test_interrupted_outside_the_command_there_is_no_traceback(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interruption before the command begins, or as its output is flushed, ends with 130 and no more."""

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(sim.cli.app, "_code_of", interrupted)
    assert cli("list") == (130, "", "")


def test_log_does_not_replace_what_a_link_leads_to_unless_it_is_a_file(cli: Cli, tmp_path: Path) -> None:
    """A link to a device is refused; a link to a file keeps being one, and the file gets the lines."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "to_fifo").symlink_to("fifo")
    assert cli("run", "--intents", "5", "--log", "to_fifo").code == 2
    (tmp_path / "old.log").write_text("old")
    (tmp_path / "to_file").symlink_to("old.log")
    assert cli("run", "--intents", "5", "--log", "to_file").code == 0
    assert (tmp_path / "to_file").is_symlink()
    assert "SAFETY-GUARD" in (tmp_path / "old.log").read_text(encoding="utf-8")
