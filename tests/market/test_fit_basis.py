"""Fits find the keys that made the marks, on made data and on the recorded stream."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.market import Bars, KlinePath, MarkSource, MarkSpec, load_bars
from sim.market.basis import Noise
from sim.market.fit_basis import fit_klines, fit_stream, half_life_s, lag_bps
from sim.market.mark_stream import MarkStream, load_mark_stream

Write = Callable[..., str]
HEADER = "event_ms,recv_us,mark,index"


def walk(count: int, seed: int, step_bps: float) -> np.ndarray:
    """Return a random walk around 30,000."""
    steps = np.random.default_rng(seed).normal(size=count) * step_bps / 1e4
    return np.asarray(30_000.0 * np.exp(np.cumsum(steps)))


def test_a_stream_gives_back_the_keys_that_made_it() -> None:
    """Share 0.6 over 20 s, noise of 0.5 bps with a half-life of 8 s and an index 3 bps above are found again."""
    last = walk(20_000, 1, 0.4)
    seconds = np.arange(last.size, dtype=np.int64) + 1_705_276_800
    gap = 0.6 * lag_bps(last, 20) + 0.5 * Noise(1, "made", 8.0).at(seconds)
    stream = MarkStream(seconds, last, last * (1 + (3.0 + gap) / 1e4), "made by a test", "0" * 64)
    spec = fit_stream(stream, last).spec
    assert spec.follow_s == 20.0
    assert spec.follow_share == pytest.approx(0.6, abs=0.03)
    assert spec.sd_bps == pytest.approx(0.5, abs=0.05)
    assert spec.half_life_s == pytest.approx(8.0, abs=1.5)
    assert spec.index_gap_bps == pytest.approx(3.0, abs=0.1)


def test_klines_give_back_the_share_that_made_them(make_bars: Callable[..., Bars]) -> None:
    """Five hundred minutes whose marks close by a share of 0.6 and a third price 3 bps off tell so."""
    closes = walk(501, 2, 6.0).round(1)
    table = [(a, max(a, b) + 4.0, min(a, b) - 4.0, b) for a, b in pairwise(closes)]
    bars = make_bars(np.round(table, 1).tolist())
    made = MarkSpec(follow_share=0.6, follow_s=20.0, sd_bps=0.44, half_life_s=7.8, index_gap_bps=3.0)
    path = KlinePath(bars, tick=0.1, seed=1, price_decimals=6, mark=MarkSource(made, 99))
    marks = [path.mark((bar + 1) * bars.interval_us - 1) for bar in range(len(bars))]
    recorded = make_bars([(mark, mark, mark, mark) for mark in marks])
    fit = fit_klines([path], recorded, made.model_copy(update={"follow_share": 0.0, "index_gap_bps": 0.0}))
    assert fit.spec.follow_share == pytest.approx(0.6, abs=0.1)
    assert fit.spec.index_gap_bps in (2.0, 3.0, 4.5)
    assert fit.points == 500


def test_a_half_life_is_read_off_the_correlations() -> None:
    """Noise of 12 s tells 12 s; draws without memory tell next to none."""
    seconds = np.arange(200_000, dtype=np.int64)
    assert half_life_s(Noise(3, "a", 12.0).at(seconds)) == pytest.approx(12.0, abs=0.7)
    assert half_life_s(Noise(3, "a", 0.0).at(seconds)) < 1.5


def test_the_recorded_stream_gives_the_preset(shared_klines: Path) -> None:
    """The preset calm-2023 is what the stream of 2023-04-04 says, whichever half of it is asked, within a third."""
    folder = shared_klines / "ticks" / "um-20230404"
    stream = load_mark_stream(str(folder / "BTCUSDT-mark-20230404T2358.csv.gz"))
    bars = load_bars(str(folder / "BTCUSDT-1s-20230404T2358.csv.gz"))
    last = bars.close[np.clip(stream.seconds - bars.epoch_us // 10**6 - 1, 0, len(bars) - 1)]
    preset = MarkSpec.model_validate({"preset": "calm-2023"})
    whole = fit_stream(stream, last)
    assert (len(stream), whole.points) == (514, 454)
    assert whole.spec.follow_s == preset.follow_s
    for key, digits in (("follow_share", 2), ("sd_bps", 2), ("half_life_s", 1), ("index_gap_bps", 1)):
        assert round(getattr(whole.spec, key), digits) == getattr(preset, key)
    for half in (slice(0, 257), slice(257, 514)):
        spec = fit_stream(stream.cut(half.start, half.stop), last[half]).spec
        for key in ("follow_share", "sd_bps", "half_life_s", "index_gap_bps"):
            assert getattr(spec, key) == pytest.approx(getattr(preset, key), rel=0.33)


def test_too_short_a_stream_is_refused() -> None:
    """A minute of marks is no fit."""
    last = walk(60, 1, 0.4)
    stream = MarkStream(np.arange(60, dtype=np.int64), last, last, "made by a test", "0" * 64)
    with pytest.raises(InputError, match="at least 120 publications"):
        fit_stream(stream, last)


@pytest.mark.parametrize("change", [0, 60_000_000])
def test_klines_of_another_stretch_are_refused(make_bars: Callable[..., Bars], change: int) -> None:
    """Last and mark must be the same minutes, and there must be a last at all."""
    bars = make_bars([(1.0, 1.0, 1.0, 1.0)])
    path = KlinePath(bars, tick=0.1, seed=1, price_decimals=1)
    marks = make_bars([(1.0, 1.0, 1.0, 1.0)], epoch_us=bars.epoch_us + change)
    with pytest.raises(InputError, match="as last has" if change else "at least one path"):
        fit_klines([path] if change else [], marks, MarkSpec())


@pytest.mark.parametrize("name", ["marks.csv", "marks.csv.gz", "marks.zip"])
def test_a_stream_is_read_by_the_names_of_its_columns(write: Write, name: str) -> None:
    """The header says where time, mark and index stand; a publication belongs to its whole second."""
    path = write(name, [HEADER, "1680652701020,1,28147.27373413,28159.7", "1680652702000,2,28147.2,28159.8"])
    stream = load_mark_stream(path)
    assert stream.seconds.tolist() == [1_680_652_701, 1_680_652_702]
    assert stream.mark.tolist() == [28147.27373413, 28147.2]
    assert stream.index.tolist() == [28159.7, 28159.8]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["event_ms,mark", "1,2"], "expected a header with event_ms, mark, index"),
        ([], "given 'an empty file'"),
        ([HEADER], "at least one publication"),
        ([HEADER, "1000,1,5"], "row 1: given '3 columns'"),
        ([HEADER, "1000,1,5,6", "2000,1,x,6"], "row 2: mark: given 'x'"),
        ([HEADER, "1000,1,5,-6"], "row 1: index: given '-6'"),
        ([HEADER, "1000,1,5,nan"], "row 1: index: given 'nan'"),
        ([HEADER, "2000,1,5,6", "2500,1,5,6"], "row 2: given 2500"),
    ],
)
def test_bad_rows_of_a_stream_are_named(write: Write, lines: list[str], message: str) -> None:
    """A missing column, no rows, text, a price below zero, a second twice: file, row and what was expected."""
    with pytest.raises(InputError) as refusal:
        load_mark_stream(write("marks.csv", lines))
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
