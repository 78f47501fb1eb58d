"""Put the basis of the mark in the model beside the recorded one: spread and tails, calm and in a crash.

Each row of the model comes from a fit to another stretch than the one it is judged on.  One-second marks are
compared at their publications, five-minute klines at the ends of their bars, where last has traded up to a second
longer than the latest mark knows; both series are read off in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from sim.market import (
    Bars,
    KlinePath,
    MarkSource,
    MarkSpec,
    NestedShapes,
    build_shapes,
    load_bars,
    shipped_inside,
)
from sim.market.bars import FloatArray
from sim.market.fit_basis import closes_of, fit_klines, fit_stream
from sim.market.inside import Inside
from sim.market.load_path import choose_inside
from sim.market.mark import MARK_IS_LAST
from sim.market.mark_stream import MarkStream, load_mark_stream
from sim.market.shapes import shipped

COLUMNS: Final = ["stretch", "fitted_on", "quantity", "real", "model", "n", "clusters"]
QUANTILES: Final = {"q01": 0.01, "q05": 0.05, "q50": 0.5, "q95": 0.95, "q99": 0.99}
STREAM: Final = "ticks/um-20230404/BTCUSDT-mark-20230404T2358.csv.gz"
SECONDS: Final = "ticks/um-20230404/BTCUSDT-1s-20230404T2358.csv.gz"
MARKS_5M: Final = "event-2025-10-10/um-markPriceKlines-5m/BTCUSDT-5m-2025-10-*.zip"
LAST_5M: Final = "event-2025-10-10/um-ohlcv-5m/BTCUSDT-5m-20250919-20251027.csv.gz"
SEEDS: Final = range(1, 5)

_FIT_SEEDS: Final = range(101, 105)
_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US
_TICK, _DECIMALS = 0.1, 8
"""BTCUSDT's tick, and decimals enough that truncating the mark plays no part: recorded ones have eight."""


class Beside(NamedTuple):
    """Hold the basis (bps) recorded and modelled over one stretch, the model once for each seed."""

    stretch: str
    fitted_on: str
    real: FloatArray
    model: list[FloatArray]
    clusters: int


def basis_table(data: Path, seeds: Iterable[int] = SEEDS) -> pd.DataFrame:
    """Return the rows of all stretches under ``data``, the folder of recordings; values in bps.

    Columns: stretch, fitted_on, quantity (mean, sd, q01 … q99, min, max), real, model (mean over ``seeds``), n
    (values of one series) and clusters (dates).  Raises :class:`InputError` where a recording is missing or broken.
    """
    wanted = list(seeds)
    stretches = [*_calm_seconds(data, wanted), *_october(data, wanted)]
    return pd.DataFrame([row for one in stretches for row in _rows(one)], columns=COLUMNS)


def quantities(basis: FloatArray) -> dict[str, float]:
    """Return mean, standard deviation, quantiles and extremes of a basis, in its unit."""
    tails = {name: float(np.quantile(basis, share)) for name, share in QUANTILES.items()}
    ends = {"min": float(basis.min()), "max": float(basis.max())}
    return {"mean": float(basis.mean()), "sd": float(basis.std()), **tails, **ends}


def _rows(one: Beside) -> list[tuple[str, str, str, float, float, int, int]]:
    real = quantities(one.real)
    model = [quantities(basis) for basis in one.model]
    return [
        (
            one.stretch,
            one.fitted_on,
            name,
            value,
            float(np.mean([made[name] for made in model])),
            int(one.real.size),
            one.clusters,
        )
        for name, value in real.items()
    ]


def _calm_seconds(data: Path, seeds: list[int]) -> list[Beside]:
    stream = load_mark_stream(str(data / STREAM))
    bars = load_bars(str(data / SECONDS))
    last = _last_at(stream, bars)
    half = len(stream) // 2
    first, second = slice(0, half), slice(half, len(stream))
    real = (stream.mark / last - 1.0) * 1e4
    found = []
    for fitted, judged, names in (
        (first, second, ("second", "first")),
        (second, first, ("first", "second")),
    ):
        spec = fit_stream(stream.cut(fitted.start, fitted.stop), last[fitted]).spec
        model = [_modelled(spec, seed, stream, bars)[judged] for seed in seeds]
        stretch = f"2023-04-04 23:58 to 00:07, {names[0]} half, each second"
        found.append(Beside(stretch, f"its {names[1]} half", real[judged], model, 1))
    return found


def _modelled(spec: MarkSpec, seed: int, stream: MarkStream, bars: Bars) -> FloatArray:
    # The recorded seconds are the last price: only the basis is the model's.
    path = _path(bars, seed, MarkSource(spec, seed), choose_inside(bars, None))
    times = np.clip(stream.seconds * _SECOND_US - bars.epoch_us, 0, bars.end_us - 1).tolist()
    return np.array([(path.mark(time) / path.last(time) - 1.0) * 1e4 for time in times])


def _last_at(stream: MarkStream, bars: Bars) -> FloatArray:
    """Return the close of the second before each publication: the price of the latest print."""
    places = stream.seconds - bars.epoch_us // _SECOND_US - 1
    last: FloatArray = bars.close[np.clip(places, 0, len(bars) - 1)]
    return last


def _october(data: Path, seeds: list[int]) -> list[Beside]:
    marks = load_bars(str(data / MARKS_5M), symbol="BTCUSDT")
    last = load_bars(str(data / LAST_5M), symbol="BTCUSDT")
    last = last.slice(marks.epoch_us - last.epoch_us, marks.epoch_us - last.epoch_us + marks.end_us)
    stream = load_mark_stream(str(data / STREAM))
    of_2023 = fit_stream(stream, _last_at(stream, load_bars(str(data / SECONDS)))).spec
    before = [tape.slice(0, _DAY_US) for tape in (last, marks)]
    inside = _apart_from_october(data)
    paths = [_path(before[0], seed, MarkSource(MARK_IS_LAST), inside) for seed in _FIT_SEEDS]
    of_the_day_before = fit_klines(paths, before[1], of_2023).spec
    found = []
    for name, from_day, to_day in (
        ("2025-10-10, the crash", 1, 2),
        ("2025-10-11 and 12", 2, 4),
    ):
        of_last, of_mark = (tape.slice(from_day * _DAY_US, to_day * _DAY_US) for tape in (last, marks))
        real = (of_mark.close / of_last.close - 1.0) * 1e4
        for fitted_on, spec in (
            ("2023-04-04, each second", of_2023),
            ("2025-10-09, 5 min closes", of_the_day_before),
        ):
            model = [
                _modelled_closes(_path(of_last, seed, MarkSource(spec, seed), inside), of_mark)
                for seed in seeds
            ]
            found.append(Beside(f"{name}, 5 min closes", fitted_on, real, model, to_day - from_day))
    return found


def _apart_from_october(data: Path) -> Inside:
    """Return what fills October's bars: the shipped shapes without those of the day that is judged."""
    recorded = [file for file in shipped.SECONDS if "20251010" not in file.path]
    seconds = build_shapes(shipped.load_recordings(data, recorded))
    return NestedShapes(seconds, shipped_inside().parts)


def _path(of_last: Bars, seed: int, mark: MarkSource, inside: Inside) -> KlinePath:
    return KlinePath(
        of_last,
        tick=_TICK,
        seed=seed,
        price_decimals=_DECIMALS,
        mark=mark,
        snap_to_tick=True,
        inside=inside,
    )


def _modelled_closes(path: KlinePath, of_mark: Bars) -> FloatArray:
    closes = closes_of(path, of_mark).tolist()
    return np.array([(path.mark(time) / path.last(time) - 1.0) * 1e4 for time in closes])
