"""A library holds what real bars did inside, and nothing that names a market."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.market import Bars, Recording, ShapeLibrary, Trades, build_shapes, shipped_inside, shipped_shapes
from sim.market.inside import BarTicks
from sim.market.shapes.shipped import build_shipped

MINUTE_US = 60_000_000
FLAT = (100.0, 100.0, 100.0, 100.0)


def seconds_of(make_bars: Callable[..., Bars], moves: dict[int, tuple[float, float, float, float]]) -> Bars:
    """Return one minute of seconds: those named, the others carried without a trade."""
    rows, counts = [], []
    price = 100.0
    for second in range(60):
        row = moves.get(second, (price,) * 4)
        rows.append(row)
        counts.append(5 if second in moves else 0)
        price = row[3]
    return make_bars(rows, counts=counts, interval_s=1)


def test_a_shape_keeps_where_and_when_the_price_went(make_bars: Callable[..., Bars]) -> None:
    """Open at the second quarter, a dip to the low, the high, the close: levels by range, times by second."""
    tape = seconds_of(make_bars, {0: (101.0,) * 4, 10: (100.0,) * 4, 30: (104.0,) * 4, 45: (103.0,) * 4})
    library = build_shapes([Recording(tape, "made by a test")])
    assert len(library) == 1
    assert library.levels.tolist() == [16383, 0, 65535, 49151]
    assert [time * 60 >> 16 for time in library.times.tolist()] == [0, 10, 30, 45]
    assert library.sources == ("made by a test",)


def test_a_falling_bar_is_kept_turned_over(make_bars: Callable[..., Bars]) -> None:
    """Its shape is that of the rising bar it mirrors, and it is likened to bars as that."""
    rises = build_shapes([Recording(seconds_of(make_bars, {0: (101.0,) * 4, 9: (104.0,) * 4}), "up")])
    falls = build_shapes([Recording(seconds_of(make_bars, {0: (104.0,) * 4, 9: (101.0,) * 4}), "down")])
    assert np.array_equal(rises.levels, falls.levels)
    assert np.array_equal(rises.features[:, :4], falls.features[:, :4])


def test_the_low_of_a_rising_second_comes_first(make_bars: Callable[..., Bars]) -> None:
    """Inside a one-second bar the order of extremes is not recorded; 97 % of real seconds go this way."""
    up = build_shapes([Recording(seconds_of(make_bars, {5: (101.0, 104.0, 100.0, 103.0)}), "up")])
    assert up.levels.tolist() == [16383, 0, 65535, 49151]
    assert {time * 60 >> 16 for time in up.times.tolist()} == {5}
    assert (np.diff(up.times.astype(int)) > 0).all()


def test_seconds_without_a_trade_print_nothing(make_bars: Callable[..., Bars]) -> None:
    """A carried price is no print, and neither is a repeated one."""
    tape = seconds_of(make_bars, {3: (100.0,) * 4, 8: (101.0,) * 4, 9: (101.0,) * 4, 50: (100.5,) * 4})
    assert build_shapes([Recording(tape, "a")]).levels.tolist() == [0, 65535, 32767]


def test_trades_keep_every_change_of_price(make_trades: Callable[..., Trades]) -> None:
    """Each stands at its own time, and the first of a bar stays though it repeats the price before."""
    rows = [(0, 100.0), (200_000, 103.0), (400_000, 102.0), (600_000, 99.0), (900_000, 101.0)]
    later = [(60_000_000, 101.0), (61_000_000, 101.0), (62_000_000, 103.0), (119_999_500, 103.0)]
    library = build_shapes([Recording(make_trades([*rows, (59_999_000, 101.0), *later]), "trades")])
    assert library.levels.tolist() == [16383, 65535, 49151, 0, 32767, 0, 65535]
    assert [round(time * 60e6 / 65536 / 1e5) for time in library.times.tolist()] == [0, 2, 4, 6, 9, 0, 20]


def test_bars_of_very_many_changes_keep_ends_and_extremes_of_each_second(
    make_trades: Callable[..., Trades],
) -> None:
    """A violent minute of thousands of prints stays small: four a second."""
    rows = [(index * 10_000, 100.0 + index * 7 % 50) for index in range(6_000)]
    library = build_shapes([Recording(make_trades([*rows, (59_999_500, 101.0)]), "trades")])
    assert 60 < library.times.size <= 240
    second = library.levels[library.times.astype(int) * 60 >> 16 == 5]
    prices = [100.0 + index * 7 % 50 for index in range(500, 600)]
    assert {round(level / 65535 * 49) for level in second.tolist()} >= {0, 49, prices[-1] - 100}


def test_only_whole_bars_inside_the_stretches_are_kept(make_bars: Callable[..., Bars]) -> None:
    """What one part taught is judged on another, so a part must be a part."""
    rows = [(100.0 + (i % 7), 107.0, 99.0, 100.0 + (i + 1) % 7) for i in range(240)]
    tape = make_bars(rows, counts=[3] * 240, interval_s=1)
    start = tape.epoch_us
    assert len(build_shapes([Recording(tape, "all")])) == 4
    part = build_shapes([Recording(tape, "part")], keep=[(start + 1, start + 3 * MINUTE_US)])
    assert len(part) == 2


def test_bars_that_do_not_divide_the_interval_are_refused(make_bars: Callable[..., Bars]) -> None:
    """A minute is no whole number of seven seconds, and two halves are no shape."""
    for interval_s in (7, 30):
        tape = make_bars([FLAT] * 20, interval_s=interval_s)
        with pytest.raises(InputError, match="expected bars of a whole part of 1m, 4 or more to one"):
            build_shapes([Recording(tape, "a")])


def test_a_tape_in_which_nothing_moved_makes_no_library(make_bars: Callable[..., Bars]) -> None:
    """An empty library would fill nothing, so it is refused where it arises."""
    with pytest.raises(InputError, match="shapes: given 'no bar that moves'"):
        build_shapes([Recording(seconds_of(make_bars, {0: FLAT}), "a")])


def test_a_library_comes_back_from_its_file(tmp_path: Path, make_bars: Callable[..., Bars]) -> None:
    """Saved twice it is the same bytes, and loaded it fills bars the same."""
    tape = seconds_of(make_bars, {0: (101.0,) * 4, 10: (100.0,) * 4, 30: (104.0,) * 4})
    library = build_shapes([Recording(tape, "made by a test")])
    for name in ("one.npz", "two.npz"):
        library.save(tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    again = ShapeLibrary.load(tmp_path / "one.npz")
    assert (again.sha256, again.sources, again.interval_us) == (library.sha256, library.sources, MINUTE_US)
    bar = BarTicks(1_000, 1_040, 1_000, 1_040, 12, 50.0)
    for ours, theirs in zip(library.prints(1, bar, MINUTE_US), again.prints(1, bar, MINUTE_US), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a shape library"),
        (b"PK\x03\x04 nonsense", "not a shape library"),
        (b"open,high,low,close", "not a shape library"),
    ],
)
def test_another_file_is_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    """The message names the file and says what it should have been."""
    file = tmp_path / "own.npz"
    file.write_bytes(content)
    with pytest.raises(InputError, match=f"own.npz: given '{message}', expected a .npz file"):
        ShapeLibrary.load(file)
    with pytest.raises(InputError, match=r"missing\.npz: given 'No such file or directory'"):
        ShapeLibrary.load(tmp_path / "missing.npz")


@pytest.mark.parametrize(
    ("array", "damage", "flaw"),
    [
        ("sources", lambda values: np.full_like(values, 255), "not a shape library"),
        ("times", lambda values: values[::-1].copy(), "times that step back"),
        ("times", lambda values: values[:-1], "arrays that do not fit together"),
        ("levels", lambda values: np.full_like(values, 65_535), "levels that do not span their bar"),
        ("features", lambda values: np.full_like(values, 2**31 - 1), "features beyond what a bar can have"),
        ("lengths", lambda values: np.array([5], dtype=np.int32), "arrays that do not fit together"),
        ("format", lambda values: np.array([9, MINUTE_US]), "shapes of format 9"),
    ],
)
def test_a_damaged_library_is_refused(
    tmp_path: Path,
    make_bars: Callable[..., Bars],
    array: str,
    damage: Callable[[np.ndarray], np.ndarray],
    flaw: str,
) -> None:
    """What cannot be is named, instead of filling bars with it."""
    tape = seconds_of(make_bars, {0: (101.0,) * 4, 10: (100.0,) * 4, 30: (104.0,) * 4, 40: (103.0,) * 4})
    build_shapes([Recording(tape, "a")]).save(tmp_path / "own.npz")
    with np.load(tmp_path / "own.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    np.savez(tmp_path / "own.npz", **{**arrays, array: damage(arrays[array])})
    with pytest.raises(InputError, match=flaw):
        ShapeLibrary.load(tmp_path / "own.npz")


def test_bars_longer_than_the_library_s_say_that_shapes_are_stretched() -> None:
    """Reports print it."""
    library = shipped_shapes()
    assert library.describe(MINUTE_US) == "3,210 resampled real shapes of 1m bars inside 1m bars"
    assert (
        library.describe(300_000_000) == "3,210 resampled real shapes of 1m bars, stretched, inside 5m bars"
    )


def test_the_shipped_library_is_what_its_recordings_give(shared_klines: Path) -> None:
    """Built anew from the recordings of its NOTICE it is the same, shape for shape."""
    seconds, minutes = build_shipped(shared_klines)
    assert seconds.sha256 == shipped_inside().seconds.sha256
    assert minutes.sha256 == shipped_inside().parts.sha256


def test_a_shape_of_unknown_count_is_likened_by_the_rest(make_bars: Callable[..., Bars]) -> None:
    """Where a count was not recorded it counts neither for nor against, on either side."""
    near = seconds_of(make_bars, {0: (101.0,) * 4, 10: (100.0,) * 4, 30: (104.0,) * 4, 45: (103.0,) * 4})
    far = seconds_of(make_bars, {0: (100.0,) * 4, 30: (100.1,) * 4})
    near.count[:] = -1
    library = build_shapes([Recording(near, "uncounted"), Recording(far, "counted")])
    assert library.features[0, 2] != library.features[1, 2]
    assert library.nearest(BarTicks(1_010, 1_040, 1_000, 1_030, 20, 0.0)).tolist() == [0, 1]


def test_shapes_of_long_bars_have_as_many_levels_as_they_need(make_bars: Callable[..., Bars]) -> None:
    """An hour of seconds can hold thousands of prices."""
    rows = [
        (100.0 + i * 0.01, 100.005 + i * 0.01, 100.0 + i * 0.01, 100.002 + i * 0.01) for i in range(3_600)
    ]
    tape = make_bars(rows, counts=[3] * 3_600, interval_s=1)
    library = build_shapes([Recording(tape, "hour")], interval_us=3_600_000_000)
    _, ticks = library.prints(1, BarTicks(10_000, 30_000, 10_000, 30_000, 900, 0.0), 3_600_000_000)
    assert (ticks.min(), ticks.max()) == (10_000, 30_000)
    assert np.unique(ticks).size > 4_096
