"""Measure spread and depth from recordings: where the defaults of :class:`FillSpec` come from.

Run ``python -m sim.exchange.calibrate_book ../shared/klines`` to print every figure again.  Recordings:
``ticks/um-*`` (best bid and ask at each change of price, every print) and ``event-2025-10-10/um-bookDepth`` (quantity
within 1 to 5 % of the middle, every half minute); formats in klines/README.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

RECORDINGS: Final = (
    ("um-20230404", "20230404T2358", "BTCUSDT", 0.1),
    ("um-20240718", "20240718T2357", "BTCUSDT", 0.1),
    ("um-20240718", "20240718T2357", "ETHUSDT", 0.01),
    ("um-20240808", "20240808T2354", "BTCUSDT", 0.1),
    ("um-20240808", "20240808T2354", "ETHUSDT", 0.01),
)
"""Folder, start, symbol and tick of each recording."""
_LOOKS_MS: Final = (0, 250, 500, 750, 1000)
_SHARES: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
_FEWEST: Final = 5
_LEAST_COST_BPS: Final = 0.005
_DEPTH_KLINES: Final = "event-2025-10-10/um-ohlcv-5m/BTCUSDT-5m-20250919-20251027.csv.gz"
_DEPTH: Final = "event-2025-10-10/um-bookDepth/BTCUSDT-bookDepth-2025-10-10-until1530.csv.gz"
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True)
class SpreadLaw:
    """State a recording's spread: share of time at one tick, and growth with the last second's range.

    ``range_share``: least-squares slope, through nought, of (spread - one tick) on the range; bps per bps.
    """

    one_tick_share: float
    range_share: float


@dataclass(frozen=True, kw_only=True)
class ImpactLaw:
    """State what bursts paid beyond their first price: ``impact_bps`` · share ^ ``exponent``.

    ``share``: quantity over the median minute's volume.  A line in logarithms through the mean of each class of
    share that holds at least five bursts and paid at least 0.005 bps, a third of a tick; NaN with fewer than three.
    """

    impact_bps: float
    exponent: float
    bursts: int


def spread_law(book: Path, tick: float) -> SpreadLaw:
    """Read the spread every 20 ms against the middle's range over the second before, looked at as the book does."""
    table = pd.read_csv(book)
    at_ms, bid, ask = (table[name].to_numpy() for name in ("exchange_ms", "bid", "ask"))
    middle = (bid + ask) / 2
    grid = np.arange(at_ms[0] + _LOOKS_MS[-1], at_ms[-1], 20)
    looks = np.stack([middle[at_ms.searchsorted(grid - back, side="right") - 1] for back in _LOOKS_MS])
    now = at_ms.searchsorted(grid, side="right") - 1
    range_bps = (looks.max(axis=0) - looks.min(axis=0)) / middle[now] * 1e4
    ticks = np.rint((ask - bid)[now] / tick)
    excess_bps = (ticks - 1) * tick / middle[now] * 1e4
    return SpreadLaw(
        one_tick_share=float((ticks == 1).mean()),
        range_share=float((excess_bps * range_bps).sum() / (range_bps**2).sum()),
    )


def impact_law(trades: Path) -> ImpactLaw:
    """Fit what bursts (one side in one millisecond) paid on average beyond their first price."""
    prints = pd.read_csv(trades)
    prints = prints[prints["type"] == "MARKET"].assign(value=lambda rows: rows["price"] * rows["qty"])
    minute = float(prints.groupby(prints["exchange_ms"] // 60_000)["qty"].sum().median())
    burst = prints.groupby(["exchange_ms", "is_buyer_maker"]).agg(
        quantity=("qty", "sum"), value=("value", "sum"), first=("price", "first")
    )
    side = np.where(burst.index.get_level_values("is_buyer_maker"), -1.0, 1.0)
    cost = side * (burst["value"] / burst["quantity"] / burst["first"] - 1).to_numpy() * 1e4
    share = (burst["quantity"] / minute).to_numpy()
    points = []
    for low, high in zip(_SHARES, (*_SHARES[1:], 1.0), strict=True):
        inside = (share >= low) & (share < high)
        if inside.sum() >= _FEWEST and cost[inside].mean() >= _LEAST_COST_BPS:
            points.append((share[inside].mean(), cost[inside].mean()))
    if len(points) < 3:
        return ImpactLaw(impact_bps=float("nan"), exponent=float("nan"), bursts=len(burst))
    logs = np.log(np.array(points))
    exponent, level = np.polyfit(logs[:, 0], logs[:, 1], 1)
    return ImpactLaw(impact_bps=float(np.exp(level)), exponent=float(exponent), bursts=len(burst))


def minutes_within(depth: Path, klines: Path) -> dict[int, float]:
    """Return, by per cent from the middle (negative: bids), how many typical minutes' volume the book held."""
    book, bars = pd.read_csv(depth), pd.read_csv(klines)
    book_ms = pd.to_datetime(book["timestamp"]).astype("datetime64[ms]").astype(np.int64)
    same = (bars["open_time"] >= book_ms.min()) & (bars["open_time"] < book_ms.max())
    minute = float(bars.loc[same, "volume"].median()) / 5
    middle = book.groupby("percentage")["depth"].median() / minute
    return {int(percent): float(value) for percent, value in middle.items()}  # type: ignore[call-overload]


def main(arguments: Sequence[str]) -> None:
    """Print the figures of every recording under the klines folder named first."""
    root = Path(arguments[0])
    for folder, start, symbol, tick in RECORDINGS:
        files = [root / "ticks" / folder / f"{symbol}-{kind}-{start}.csv.gz" for kind in ("book", "trades")]
        spread, impact = spread_law(files[0], tick), impact_law(files[1])
        print(
            f"{symbol} {start}: one tick {spread.one_tick_share:.2%}, widens by {spread.range_share:.2%} of the last "
            f"second's range; {impact.bursts} bursts pay {impact.impact_bps:.2f} bps x share ^ {impact.exponent:.2f}"
        )
    held = minutes_within(root / _DEPTH, root / _DEPTH_KLINES)
    print("2025-10-10 until 15:30, minutes of volume within: ", end="")
    print(", ".join(f"{percent:+d} % {value:.0f}" for percent, value in held.items()))


if __name__ == "__main__":
    main(sys.argv[1:])
