"""Fetch market files from the public archives, and look into those that are there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from os import PathLike
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final

from sim.api.folders import WRITABLE, as_input_error
from sim.api.values import checked_number
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.market import ShapeLibrary
    from sim.market.archive import FetchReport, Progress
    from sim.market.inspect import Limits, SetReport, Ticks

FOLDER: Final = Path("klines")
"""Where fetched files go, seen from the working directory, as results go to ``reports``.

A scenario names them, so they lie where people look and not in a cache that may be emptied.
"""

JOBS_MOST: Final = 16
FEW_SHAPES: Final = 500
"""Under so many shapes a library is worth a warning."""
RETRIES_MOST: Final = 20


def fetch_klines(
    symbol: str,
    kind: str,
    interval: str | None,
    first: str,
    last: str,
    *,
    market: str = "um",
    out: str | PathLike[str] = FOLDER,
    base_url: str | None = None,
    jobs: int = 4,
    retries: int = 4,
    progress: Progress | None = None,
    wait: Callable[[float], object] | None = None,
    today: date | None = None,
) -> FetchReport:
    """Fetch the archive's files of ``symbol`` from ``first`` to ``last`` (days or months, both inclusive).

    They come to ``out/market/kind``, verified against their published sha256; what is there and verifies is not
    fetched again.  ``interval`` is None or ``-`` for aggTrades.  ``wait`` stands in for the pause between tries,
    ``today`` for the date in UTC.  Files that cannot be had are in the report; raises :class:`sim.InputError`
    for what cannot be asked for and for a folder that cannot be written.
    """
    from sim.market import archive
    from sim.scenario.files import written_path

    series = archive.series_of(market, kind, symbol, interval)
    span = archive.span_of(first, last, market=market, today=today or datetime.now(UTC).date())
    address = archive.base_url_of(archive.BASE_URL if base_url is None else base_url)
    jobs = _at_most("--jobs", checked_number("--jobs", jobs, least=1), JOBS_MOST)
    retries = _at_most("--retries", checked_number("--retries", retries, least=0), RETRIES_MOST)
    folder = written_path("--out", out) / market / kind

    def server(stop: threading.Event) -> archive.Server:
        return archive.Server(address, retries=retries, wait=wait or stop.wait, stopped=stop.is_set)

    with _writable(folder), as_input_error("--out", folder, WRITABLE):
        return archive.fetch(archive.plan(*span), series, folder, server=server, jobs=jobs, progress=progress)


def _at_most(option: str, number: int, most: int) -> int:
    if number > most:
        raise InputError(option, number, f"a whole number up to {most}")
    return number


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Make a folder and try to write in it, before anything is asked of a server; leave none empty behind."""
    with as_input_error("--out", folder, WRITABLE):
        absent = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    try:
        yield
    finally:
        for path in absent:
            with suppress(OSError):
                path.rmdir()


def check_klines(
    path: str | PathLike[str], *, tick: str | None = None, limits: Limits | None = None
) -> Iterator[SetReport]:
    """Yield a report for each set of files at ``path``: a file, a glob, a folder or ``embedded:NAME``.

    ``tick`` is the venue's tick as text, for a symbol without built-in filters, or in their place.  Raises
    :class:`sim.InputError` when there is nothing at ``path``; what is there and cannot be read is in its report.
    """
    from sim.market.inspect import Limits, inspect, sets_of

    chosen = None if tick is None else _ticks(tick)
    for files in sets_of(str(path)):
        yield from inspect(files, lambda symbol: chosen or _built_in(symbol), limits or Limits())


def _ticks(text: str) -> Ticks:
    from sim.market.inspect import Ticks

    try:
        tick = Decimal(text)
        sound = tick.is_finite() and Decimal("1e-12") <= tick <= Decimal("1e6")
    except ArithmeticError:
        sound = False
    if not sound:
        raise InputError("--tick", text, "a price step such as 0.01, from 1e-12 to 1e6")
    exponent = tick.normalize().as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    return Ticks(float(tick), decimals, "--tick")


def _built_in(symbol: str | None) -> Ticks | None:
    from sim.exchange.filters import RULES, filters_of
    from sim.market.inspect import Ticks

    # The rules a scenario has unless it names others.
    filters = None if symbol is None else filters_of(symbol, RULES[0])
    return (
        None if filters is None else Ticks(filters.tick_size, filters.price_decimals, f"{symbol}'s filters")
    )


def learn_shapes(paths: list[str], out: str | PathLike[str]) -> ShapeLibrary:
    """Build a library of shapes of one-minute bars from tapes of trades or seconds, and write it to ``out``.

    Raises :class:`sim.InputError` for a tape that cannot be used, or a file that cannot be written.
    """
    from sim.market import Recording, build_shapes, load_market

    file = Path(out)
    if file.suffix != ".npz":
        raise InputError("--out", str(out), "a name that ends in .npz")
    tapes = [load_market(path) for path in paths]
    library = build_shapes([Recording(tape, f"{tape.symbol}, {tape.source}") for tape in tapes])
    with as_input_error("--out", file, "a file in a folder that can be written"):
        library.save(file)
    return library
