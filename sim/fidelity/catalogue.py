"""Name the recordings the comparison reads, and what each is good for.

They lie beside the project (``klines/README.md`` there says where each comes from) and are never part of it.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from sim.errors import InputError
from sim.fidelity.level import SECONDS
from sim.fidelity.tapes import Tape, load_tape, tape_of_bars, tape_of_trades
from sim.market import Trades, load_bars

DATA: Final = Path("../shared/klines")
"""Where the recordings are looked for unless a command says otherwise."""

CONTRACT_USD: Final = 10.0
"""What one COIN-M contract of these symbols is worth; their bars count contracts (klines/README)."""

FILLS_EACH: Final = 4
"""Fills that an aggregate trade of APEUSDT stands for on average (klines/README)."""

_CASCADE: Final = frozenset({"2025-02-02", "2025-02-03", "2025-02-04"})
_CRASH: Final = frozenset({"2021-05-18", "2021-05-19", "2021-05-20"})
_OCTOBER: Final = frozenset({"2025-10-10"})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """State one recording: its file under the data folder, how it is read, whether it is judged or only built from.

    ``quick`` bars of it are enough for a quick look; 0 leaves it out there.
    """

    name: str
    file: str
    read: Callable[[Path, str, frozenset[str]], Tape]
    violent: frozenset[str] = frozenset()
    judged: bool = True
    quick: int = 0

    def load(self, data: Path, *, quick: bool) -> Tape:
        """Load the tape, cut for a quick look."""
        tape = self.read(data / self.file, self.name, self.violent)
        return tape.first(self.quick) if quick and self.quick else tape


def _plain(path: Path, name: str, violent: frozenset[str]) -> Tape:
    return load_tape(str(path), name, violent=violent)


def _aggregates(path: Path, name: str, violent: frozenset[str]) -> Tape:
    """Read aggregate trades, each of which stands for so many fills; klines count fills."""
    tape = _plain(path, name, violent)
    steps, bars = (replace(part, count=part.count * FILLS_EACH) for part in (tape.steps, tape.bars))
    return replace(tape, steps=steps, bars=bars, fills_each=FILLS_EACH)


def _contracts(path: Path, name: str, violent: frozenset[str]) -> Tape:
    bars = load_bars(str(path))
    return tape_of_bars(
        replace(bars, volume=bars.volume * CONTRACT_USD / bars.close), name, SECONDS, violent=violent
    )


def _recorded_trades(path: Path, name: str, violent: frozenset[str]) -> Tape:
    """Read ``trade_id,exchange_ms,…,price,qty,…,type``; only MARKET prints make the last price (klines/README)."""
    rows = pd.read_csv(path, usecols=["exchange_ms", "price", "qty", "type"])
    rows = rows[rows["type"] == "MARKET"]
    times_us = rows["exchange_ms"].to_numpy(np.int64) * 1_000
    trades = _trades(path, times_us, rows["price"].to_numpy(float), rows["qty"].to_numpy(float), 1_000)
    return tape_of_trades(trades, name, violent=violent)


def _samples(path: Path, name: str, violent: frozenset[str]) -> Tape:
    """Read ``timestamp_ms,price``: the last price of every 100 ms."""
    with gzip.open(path, "rt", encoding="ascii") as text:
        table = np.loadtxt(text, delimiter=",", skiprows=1, ndmin=2)
    trades = _trades(path, (table[:, 0] * 1_000).astype(np.int64), table[:, 1], np.ones(len(table)), 100_000)
    return tape_of_trades(trades, name, prints=False, violent=violent)


def _trades(
    path: Path, times_us: np.ndarray, price: np.ndarray, quantity: np.ndarray, last_us: int
) -> Trades:
    return Trades(
        symbol=path.name.split("-")[0],
        epoch_us=int(times_us[0]),
        end_us=int(times_us[-1] - times_us[0]) + last_us,
        times_us=times_us - times_us[0],
        price=price,
        quantity=quantity,
        source=path.name,
        sha256="",
    )


def _october(symbol: str, folder: str, read: Callable[[Path, str, frozenset[str]], Tape]) -> Entry:
    file = f"ticks/{folder}/{symbol}-1s-20251010T2050.csv.gz"
    return Entry(name=f"{symbol} 2025-10-10", file=file, read=read, violent=_OCTOBER)


def _recording(symbol: str, date: str, start: str) -> Entry:
    file = f"ticks/um-{date}/{symbol}-trades-{date}T{start}.csv.gz"
    return Entry(name=f"{symbol} {date[:4]}-{date[4:6]}-{date[6:]}", file=file, read=_recorded_trades)


ENTRIES: Final = (
    Entry(
        name="BTCUSDT spot 2024-01-01",
        file="embeddable/BTCUSDT-1s-2024-01-01-from-aggTrades.csv.gz",
        read=_plain,
        quick=270,
    ),
    Entry(
        name="APEUSDT 2024-10-18",
        file="ticks/um-20241018/APEUSDT-aggTrades-2024-10-18.zip",
        read=_aggregates,
        quick=270,
    ),
    _october("AVAXUSD_PERP", "cm-20251010", _contracts),
    _october("BCHUSD_PERP", "cm-20251010", _contracts),
    _october("UNIUSD_PERP", "cm-20251010", _contracts),
    _october("POLUSDT", "spot-20251010", _plain),
    _recording("BTCUSDT", "20230404", "2358"),
    _recording("BTCUSDT", "20240718", "2357"),
    _recording("ETHUSDT", "20240718", "2357"),
    _recording("BTCUSDT", "20240808", "2354"),
    _recording("ETHUSDT", "20240808", "2354"),
    Entry(
        name="BTCUSDT spot 2021-05-19",
        file="ticks/spot-20210519/BTCUSDT-last-100ms-20210519T132020.csv.gz",
        read=_samples,
        violent=_CRASH,
    ),
    *(
        Entry(name=f"{file.split('/')[1].split('-')[0]} {months}", file=file, read=_plain, violent=violent)
        for file, months, violent in (
            ("um-ohlcv/ETHUSDT-1m-20250127-20250226.csv.gz", "2025-02", _CASCADE),
            ("um-ohlcv/SOLUSDT-1m-20250127-20250226.csv.gz", "2025-02", _CASCADE),
            ("um-monthly/AVAXUSDT-1m-2025-02.zip", "2025-02", _CASCADE),
            ("um-monthly/NEARUSDT-1m-2025-02.zip", "2025-02", _CASCADE),
            ("spot-ohlcv/BTCUSDT-1m-20210424-20210520.csv.gz", "spot 2021-05", _CRASH),
            ("spot-ohlcv/ETHUSDT-1m-20210424-20210520.csv.gz", "spot 2021-05", _CRASH),
        )
    ),
    *(
        Entry(name=Path(file).name, file=file, read=_plain, judged=False)
        for file in (
            "embeddable/SOLUSDT-1m-20230320-20230328.csv.gz",
            "embeddable/BTCUSDT-1m-2024-01-15.zip",
            "embeddable/ETHUSDT-1m-2024-01-15.zip",
            "um-monthly/AVAXUSDT-1m-2023-09.zip",
            "um-ohlcv/BTCUSDT-1m-20250504-20250603.csv.gz",
            "um-ohlcv/ETHUSDT-1m-20250504-20250603.csv.gz",
            "um-ohlcv/SOLUSDT-1m-20250504-20250603.csv.gz",
        )
    ),
)


def entries_in(data: Path, *, quick: bool) -> tuple[list[Entry], list[str]]:
    """Return the entries whose file is there, and the files that are missing.

    Raises :class:`InputError` when no judged recording is there.
    """
    wanted = [entry for entry in ENTRIES if entry.quick or not quick]
    found = [entry for entry in wanted if (data / entry.file).is_file()]
    missing = [entry.file for entry in wanted if entry not in found]
    if not any(entry.judged for entry in found):
        expected = (
            f"the folder of recordings (none of {len(wanted)} is there, such as {wanted[0].file}), "
            "or paths of one-second bars, trades or one-minute bars as arguments"
        )
        raise InputError("--data", str(data), expected)
    return found, missing
