"""Build the two libraries that come with the package from recordings of the real market.

``python -m sim.market.shapes.shipped FOLDER`` writes ``shapes-1m.npz`` (seconds of one-minute bars) and
``shapes-5m.npz`` (minutes of five-minute bars) in ``sim/market/data`` anew from the files below ``FOLDER`` that
:data:`SECONDS` and :data:`MINUTES` name; ``data/NOTICE`` names their sources and terms.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from sim.errors import InputError
from sim.market.bars import interval_name
from sim.market.loader import load_market
from sim.market.problems import Problems
from sim.market.shapes.build import MINUTE_US, Recording, build_shapes
from sim.market.shapes.library import SHIPPED, SHIPPED_PARTS, ShapeLibrary


class RecordedFile(NamedTuple):
    """Name a recording; the other fields are those of :class:`Recording`."""

    path: str
    unit_value: float | None = None
    fills_each: float = 1.0


SECONDS: Final = (
    RecordedFile("embeddable/BTCUSDT-1s-2024-01-01-from-aggTrades.csv.gz"),
    # Aggregate trades, of four fills each on average; klines count fills.
    RecordedFile("ticks/um-20241018/APEUSDT-aggTrades-2024-10-18.zip", fills_each=4.0),
    RecordedFile("ticks/um-20230404/BTCUSDT-1s-20230404T2358.csv.gz"),
    RecordedFile("ticks/um-20240718/BTCUSDT-1s-20240718T2357.csv.gz"),
    RecordedFile("ticks/um-20240718/ETHUSDT-1s-20240718T2357.csv.gz"),
    RecordedFile("ticks/um-20240808/BTCUSDT-1s-20240808T2354.csv.gz"),
    RecordedFile("ticks/um-20240808/ETHUSDT-1s-20240808T2354.csv.gz"),
    # The violent ones.  COIN-M volume is contracts of 10 USD.
    RecordedFile("ticks/cm-20251010/AVAXUSD_PERP-1s-20251010T2050.csv.gz", unit_value=10.0),
    RecordedFile("ticks/cm-20251010/BCHUSD_PERP-1s-20251010T2050.csv.gz", unit_value=10.0),
    RecordedFile("ticks/cm-20251010/UNIUSD_PERP-1s-20251010T2050.csv.gz", unit_value=10.0),
    RecordedFile("ticks/spot-20251010/POLUSDT-1s-20251010T2050.csv.gz"),
)


MINUTES: Final = (
    RecordedFile("embeddable/BTCUSDT-1m-2024-01-15.zip"),
    RecordedFile("embeddable/ETHUSDT-1m-2024-01-15.zip"),
    RecordedFile("embeddable/SOLUSDT-1m-20230320-20230328.csv.gz"),
)
FIVE_MINUTES_US: Final = 5 * MINUTE_US
# An outage is no trade, not a shape: carried bars count no trades and so leave nothing in a library.
_CARRY_OUTAGES: Final = Problems(gaps="flat")


def build_shipped(folder: Path) -> tuple[ShapeLibrary, ShapeLibrary]:
    """Build the libraries of one-minute and of five-minute bars from the recordings below ``folder``.

    Raises :class:`InputError` when one is missing.
    """
    seconds, minutes = load_recordings(folder, SECONDS), load_recordings(folder, MINUTES)
    return build_shapes(seconds), build_shapes(minutes, interval_us=FIVE_MINUTES_US)


def load_recordings(folder: Path, recorded: Iterable[RecordedFile]) -> list[Recording]:
    """Load recordings below ``folder``; raise :class:`InputError` when one is missing."""
    return [
        Recording(
            load_market(str(folder / file.path), problems=_CARRY_OUTAGES),
            Path(file.path).name,
            file.unit_value,
            file.fills_each,
        )
        for file in recorded
    ]


def main(arguments: list[str]) -> int:
    """Write the libraries; return the exit code."""
    if len(arguments) != 1:
        print("usage: python -m sim.market.shapes.shipped FOLDER", file=sys.stderr)
        return 2
    try:
        libraries = build_shipped(Path(arguments[0]))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    data = Path(__file__).parent.parent / "data"
    for name, library in zip((SHIPPED, SHIPPED_PARTS), libraries, strict=True):
        library.save(data / name)
        size = (data / name).stat().st_size / 1024
        print(f"{name}: {len(library)} shapes of {interval_name(library.interval_us)} bars, {size:.0f} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
