"""Build small bars, trades and files for the tests of the market room."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from sim.market import Bars, Basis, Crash, Drift, Freeze, Gap, Halt, Shock, Trades, Whipsaw, Wick

# 2024-01-15 00:00:00 UTC.
EPOCH_MS = 1_705_276_800_000
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)

Ohlc = tuple[float, float, float, float]


@pytest.fixture(scope="session", autouse=True)
def _private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep parsed data of tests out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def make_bars() -> Callable[..., Bars]:
    """Return a function from (open, high, low, close) tuples to bars."""

    def build(
        rows: Sequence[Ohlc],
        *,
        counts: Sequence[int] | None = None,
        interval_s: float = 60,
        epoch_us: int = EPOCH_MS * 1_000,
        symbol: str = "BTCUSDT",
    ) -> Bars:
        table = np.array(rows, dtype=np.float64)
        return Bars(
            symbol=symbol,
            interval_us=round(interval_s * 1e6),
            epoch_us=epoch_us,
            open=table[:, 0],
            high=table[:, 1],
            low=table[:, 2],
            close=table[:, 3],
            volume=np.arange(1.0, len(rows) + 1),
            count=np.array([-1] * len(rows) if counts is None else counts, dtype=np.int64),
            source="made by a test",
            sha256="0" * 64,
        )

    return build


@pytest.fixture(scope="session")
def make_trades() -> Callable[..., Trades]:
    """Return a function from (µs since the start, price) pairs to trades of quantity 1."""

    def build(rows: Sequence[tuple[int, float]], *, epoch_us: int = EPOCH_MS * 1_000) -> Trades:
        return Trades(
            symbol="BTCUSDT",
            epoch_us=epoch_us,
            end_us=rows[-1][0] + 1_000,
            times_us=np.array([time for time, _ in rows], dtype=np.int64),
            price=np.array([price for _, price in rows], dtype=np.float64),
            quantity=np.ones(len(rows)),
            source="made by a test",
            sha256="0" * 64,
        )

    return build


@st.composite
def _shock(draw: st.DrawFn, length_s: float) -> Shock:
    """Draw a shock of any kind that begins on a tape of ``length_s``."""
    at = draw(st.sampled_from([0.0, 0.2, 0.4, 0.45, 0.8])) * length_s
    pct = draw(st.sampled_from([-4.0, -1.0, 2.5]))
    for_s = draw(st.sampled_from([0.0001, 0.02, 0.1, 0.15])) * length_s
    after_s = draw(st.sampled_from([0.0, 0.3 * length_s]))
    kinds: list[Shock] = [
        Drift(at=at, pct_per_s=pct / length_s, for_s=0.7 * length_s),
        Crash(at=at, pct=pct, over_s=for_s, recover_s=after_s),
        Gap(at=at, pct=pct, depth=2.0, recover_s=after_s),
        Whipsaw(at=at, pct=pct, over_s=max(for_s, 0.001), swings=3),
        Wick(at=at, pct=pct, for_s=for_s),
        Basis(at=at, bps=pct * 20, for_s=for_s, ramp_s=after_s / 4),
        Freeze(at=at, for_s=for_s + after_s),
        Halt(at=at, for_s=for_s, reopen_pct=pct if after_s else 0.0),
    ]
    return draw(st.sampled_from(kinds))


@pytest.fixture(scope="session")
def draw_shocks() -> Callable[[float], st.SearchStrategy[tuple[Shock, ...]]]:
    """Return the strategy of shocks, as a function of the tape's length in seconds."""
    return lambda length_s: st.lists(_shock(length_s), max_size=4).map(tuple)


@pytest.fixture(scope="session")
def kline_rows() -> list[str]:
    """Return five sound one-minute lines of twelve columns."""
    prices = ["100.0,101.5,99.0,101.0", "101.0,102.0,100.5,100.5", "100.5,100.6,98.7,99.9"]
    prices += ["99.9,99.9,99.9,99.9", "99.9,103.3,99.1,102.7"]
    return [
        f"{(start := EPOCH_MS + index * 60_000)},{price},{index + 0.5},{start + 59_999},9,{7 + index},1,1,0"
        for index, price in enumerate(prices)
    ]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes lines to a file, packed as its suffix says, and returns the path."""

    def put(name: str, lines: Sequence[str], *, end: str = "\n") -> str:
        path = tmp_path / name
        text = "".join(line + end for line in lines).encode()
        if name.endswith(".zip"):
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(name.replace(".zip", ".csv"), text)
        elif name.endswith(".gz"):
            path.write_bytes(gzip.compress(text))
        else:
            path.write_bytes(text)
        return str(path)

    return put


@pytest.fixture(scope="session")
def header() -> str:
    """Return the header line of the public twelve-column files."""
    return HEADER


@pytest.fixture(scope="session")
def epoch_ms() -> int:
    """Return the Unix time, in ms, at which made data starts."""
    return EPOCH_MS


@pytest.fixture(scope="session")
def shared_klines() -> Path:
    """Return the folder of real data beside the project, or skip where it is absent."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "klines"
    if not folder.is_dir():
        pytest.skip(f"real market data not found at {folder}")
    return folder
