"""Check a stated tape against the day of a log, before a scenario is made of both."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from sim.calibrate.logs.workday import Workday
from sim.errors import InputError
from sim.market import load_market
from sim.scenario.files import EMBEDDED, SHARED, resolve


def seen_from(reference: str, folder: Path) -> str:
    """Return a path given in the working directory as a file in ``folder`` names it.

    Relative where it lies inside the working directory, so that both may be committed together; else in full.
    ``embedded:`` and ``shared:`` stand as they are.
    """
    if not reference or reference.startswith((EMBEDDED, SHARED)):
        return reference
    path, here = Path(os.path.realpath(resolve(reference, Path.cwd()))), Path(os.path.realpath(Path.cwd()))
    return (
        Path(os.path.relpath(path, os.path.realpath(folder))).as_posix()
        if here in path.parents
        else str(path)
    )


def check_tape(klines: str, day: Workday) -> None:
    """Raise InputError where ``klines``, seen from the working directory, does not hold the day's symbol and hours."""
    try:
        tape = load_market(resolve(klines, Path.cwd()))
    except InputError as error:
        # The way to it is the option's here; in the scenario, which would be named, nobody has looked yet.
        raise InputError("--klines", klines, error.expected, error.nearest) from error
    wanted = f"a tape of {day.symbol} on {day.date}, when the log decided most"
    if tape.symbol != day.symbol:
        raise InputError("--klines", klines, f"{wanted}; this one is of {tape.symbol}")
    first_us, last_us = tape.epoch_us, tape.epoch_us + tape.end_us
    if day.rows and not (first_us <= day.rows[0][0] and day.rows[-1][0] < last_us):
        raise InputError(
            "--klines", klines, f"{wanted} (UTC); this one has {_date(first_us)} to {_date(last_us)}"
        )


def _date(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
