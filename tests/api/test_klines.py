"""The functions behind ``sim klines``, called from Python."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from sim.api.klines import check_klines, fetch_klines
from sim.errors import InputError


def test_reports_come_one_by_one() -> None:
    """A check yields a report for each tape, with the ticks of the built-in filters."""
    (report,) = check_klines("embedded:BTCUSDT-1m-2024-01-15")
    assert (report.symbol, report.loads, report.rows) == ("BTCUSDT", "as it is", 1_440)


def test_pauses_are_those_of_the_caller(tmp_path: Path) -> None:
    """The waiting between tries is a function, so that nobody has to wait for it."""
    waits: list[float] = []
    report = fetch_klines(
        *("BTCUSDT", "klines", "1m", "2024-01-15", "2024-01-16"),
        out=tmp_path / "new",
        base_url="http://127.0.0.1:9",
        jobs=1,
        retries=3,
        wait=waits.append,
    )
    assert waits == [1.0, 2.0, 4.0]
    assert (report.complete, report.untried) == (False, 1)
    assert not (tmp_path / "new").exists()


def test_today_is_that_of_the_caller(tmp_path: Path) -> None:
    """What lies ahead is refused before a folder is made."""
    with pytest.raises(InputError, match="a day up to 2024-01-09"):
        fetch_klines(
            *("BTCUSDT", "klines", "1m", "2024-01-10", "2024-01-10"),
            out=tmp_path / "new",
            today=date(2024, 1, 10),
        )
    assert not (tmp_path / "new").exists()


def test_runs_know_nothing_of_archives() -> None:
    """Neither the library, nor the market room, nor help loads what only a fetch or a check needs."""
    program = (
        "import sys, sim, sim.market, sim.experiment; from sim.cli import main; main(['--help']);"
        "print('loaded:', *[name for name in sys.modules "
        "if name.startswith(('sim.market.archive', 'sim.market.inspect', 'urllib.request'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded:"
