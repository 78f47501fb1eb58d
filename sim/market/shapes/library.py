"""Hold real bar shapes and lay the likeliest of them over a bar.

A shape is what one real bar did inside: places in time and levels in its range, without price, date or name.  For a
bar to be filled, the ``NEIGHBOURS`` shapes most like it in range, body, trade count and traded value are found, one is
drawn by the bar's key, mirrored when the bar falls, and mapped onto the bar's open, high, low and close.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from sim.chance import mix
from sim.errors import InputError
from sim.market.bars import IntArray, interval_name
from sim.market.inside import BarTicks, flat
from sim.market.shapes.features import FEATURES, UNKNOWN, cell_of, centre_of, features_of, is_turned
from sim.market.shapes.warp import Shape, touch

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

NEIGHBOURS: Final = 4
_CANDIDATES: Final = 256
"""How many shapes, nearest by open and close alone, are compared in full."""
_RANK: Final = np.arange(_CANDIDATES, dtype=np.int64)
_FEATURE_MOST: Final = 1 << 16
_KEPT: Final = 8_192
"""Bars whose likeliest shapes, and shapes laid over bars, that are remembered: some 2 kB each."""
FORMAT: Final = 1
SHIPPED: Final = "shapes-1m.npz"
SHIPPED_PARTS: Final = "shapes-5m.npz"


@dataclass(frozen=True, eq=False)
class ShapeLibrary:
    """Hold shapes of bars of ``interval_us``; ``sources`` says, in words, what they were built from.

    ``times`` and ``levels`` (uint16) of all shapes one after the other, shape ``i`` in
    [``starts[i]``, ``starts[i + 1]``).  ``features`` is int32 of shape (shapes, 5), see
    :mod:`sim.market.shapes.features`.  Raises :class:`InputError` when empty.
    """

    interval_us: int
    sources: tuple[str, ...]
    starts: IntArray
    times: npt.NDArray[np.uint16]
    levels: npt.NDArray[np.uint16]
    features: npt.NDArray[np.int32]
    _shapes: dict[int, Shape] = field(default_factory=dict, init=False, repr=False)
    _near: dict[int, tuple[IntArray, IntArray, IntArray]] = field(
        default_factory=dict, init=False, repr=False
    )
    # What a bar may be filled with is the same under every seed, and many runs walk over one tape.
    _likeliest: dict[BarTicks, list[int]] = field(default_factory=dict, init=False, repr=False)
    _laid: dict[tuple[int, BarTicks, int], tuple[IntArray, IntArray]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        if not len(self):
            raise InputError("shapes", "no bar that moves", "seconds of at least one whole bar that moves")

    def __len__(self) -> int:
        return int(self.starts.size) - 1

    @cached_property
    def _has_unknowns(self) -> bool:
        return bool((self.features == UNKNOWN).any())

    @cached_property
    def sha256(self) -> str:
        """Hash what decides prints: shapes and features, in order."""
        digest = hashlib.sha256(f"{FORMAT} {self.interval_us}".encode())
        for array in (self.starts, self.times, self.levels, self.features):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def describe(self, interval_us: int) -> str:
        """Say what fills bars of this length; shapes of other bars are stretched over them, and it says so."""
        own = f"{len(self):,} resampled real shapes of {interval_name(self.interval_us)} bars"
        inside = f"inside {interval_name(interval_us)} bars"
        return f"{own} {inside}" if interval_us == self.interval_us else f"{own}, stretched, {inside}"

    def prints(self, key: int, bar: BarTicks, interval_us: int) -> tuple[IntArray, IntArray]:
        """Return the prints of the shape drawn for ``bar``; a bar that does not move has one.

        The arrays are shared by all who ask, and read-only.
        """
        if bar.high == bar.low:
            return flat(bar)
        near = self._likeliest.get(bar)
        if near is None:
            near = self.nearest(bar).tolist()
            _keep(self._likeliest, bar, near)
        wanted = near[mix(key, 1) * len(near) >> 64], bar, interval_us
        laid = self._laid.get(wanted)
        if laid is None:
            laid = self._lay(*wanted)
            for array in laid:
                array.flags.writeable = False
            _keep(self._laid, wanted, laid)
        return laid

    def _lay(self, number: int, bar: BarTicks, interval_us: int) -> tuple[IntArray, IntArray]:
        """Lay a shape over a bar that moves."""
        shape = self._shape(number)
        height = bar.high - bar.low
        open_, close = bar.open - bar.low, bar.close - bar.low
        turned = is_turned(open_, close, height)
        if turned:
            open_, close = height - open_, height - close
        ticks = shape.ticks(open_, close, height)
        ticks[0], ticks[-1] = open_, close
        times = shape.times * interval_us >> 16
        for extreme, touched in ((0, shape.touches_low), (height, shape.touches_high)):
            if not touched and ticks[0] != extreme and ticks[-1] != extreme:
                times, ticks = touch(times, ticks, extreme)
        return times, (bar.high - ticks if turned else bar.low + ticks)

    def nearest(self, bar: BarTicks) -> IntArray:
        """Return the numbers of the shapes most like a bar that moves, the likeliest first."""
        wanted = features_of(bar)
        numbers, columns, squares = self._candidates(cell_of(wanted[0], wanted[1]))
        if self._has_unknowns or UNKNOWN in wanted:
            apart = columns - np.array(wanted)
            apart *= (columns != UNKNOWN) & (np.array(wanted) != UNKNOWN)
            distance = (apart * apart).sum(axis=1)
        else:
            # (a − b)² less the b² that all share, for a third of the work.
            distance = squares - columns @ np.array([2 * value for value in wanted])
        # Ties by number: likeness alone must not leave the order open.
        distance *= _CANDIDATES
        distance += _RANK[: numbers.size]
        if numbers.size > NEIGHBOURS:
            distance.partition(NEIGHBOURS - 1)
            distance = distance[:NEIGHBOURS]
        distance.sort()
        likeliest: IntArray = numbers[distance % _CANDIDATES]
        return likeliest

    def _candidates(self, cell: int) -> tuple[IntArray, IntArray, IntArray]:
        """Return the numbers of the shapes to compare, their features row by row, and the rows' squares summed."""
        near = self._near.get(cell)
        if near is None:
            open_, close = centre_of(cell)
            features = self.features.astype(np.int64)
            apart = (features[:, 0] - open_) ** 2 + (features[:, 1] - close) ** 2
            numbers = np.sort(np.argsort(apart, kind="stable")[:_CANDIDATES])
            columns = np.ascontiguousarray(features[numbers])
            near = self._near[cell] = numbers, columns, (columns * columns).sum(axis=1)
        return near

    def _shape(self, number: int) -> Shape:
        shape = self._shapes.get(number)
        if shape is None:
            inside = np.s_[self.starts[number] : self.starts[number + 1]]
            shape = self._shapes[number] = Shape(self.times[inside], self.levels[inside])
        return shape

    def save(self, path: Path) -> None:
        """Write the library to ``path`` (.npz), for ``[market] shapes = "PATH"``."""
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                format=np.array([FORMAT, self.interval_us], dtype=np.int64),
                sources=np.frombuffer("\n".join(self.sources).encode(), dtype=np.uint8),
                lengths=np.diff(self.starts).astype(np.int32),
                times=self.times,
                levels=self.levels,
                features=self.features,
            )

    @staticmethod
    def load(path: Path) -> ShapeLibrary:
        """Read a library that :meth:`save` wrote; raise :class:`InputError` for anything else."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(
                str(path), error.strerror or "cannot be read", "a shape library (.npz)"
            ) from error
        return _read(content, str(path))


def _keep(kept: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    """Remember ``value``, and forget the oldest where there are many."""
    if len(kept) >= _KEPT:
        del kept[next(iter(kept))]
    kept[key] = value


def _read(content: bytes, shown: str) -> ShapeLibrary:
    names = ("format", "sources", "lengths", "times", "levels", "features")
    expected = "a .npz file that ShapeLibrary.save wrote"
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in names}
        version, interval_us = arrays["format"].tolist()
        lengths = arrays["lengths"].astype(np.int64)
        sources = tuple(arrays["sources"].tobytes().decode().split("\n"))
    except (ValueError, KeyError, TypeError, OSError, EOFError, BadZipFile) as error:
        raise InputError(shown, "not a shape library", expected) from error
    if version != FORMAT:
        raise InputError(shown, f"shapes of format {version}", f"format {FORMAT}: build the library anew")
    starts = np.concatenate(([0], np.cumsum(lengths)))
    if (flaw := _flaw(arrays, lengths, starts, interval_us)) is not None:
        raise InputError(shown, f"a damaged shape library: {flaw}", expected)
    return ShapeLibrary(
        interval_us=interval_us,
        sources=sources,
        starts=starts,
        times=arrays["times"],
        levels=arrays["levels"],
        features=arrays["features"].astype(np.int32),
    )


def _flaw(arrays: dict[str, Any], lengths: IntArray, starts: IntArray, interval_us: int) -> str | None:
    """Say what of a stored library cannot be, or None."""
    times, levels, features = arrays["times"], arrays["levels"], arrays["features"]
    if interval_us < 1 or not times.dtype == levels.dtype == np.uint16 or features.dtype != np.int32:
        return "numbers of another kind"
    if not times.size == levels.size == lengths.sum() or features.shape != (lengths.size, FEATURES):
        return "arrays that do not fit together"
    if not lengths.size or (lengths < 2).any():
        return "shapes without prints"
    begins = np.zeros(times.size, dtype=bool)
    begins[starts[:-1]] = True
    if ((np.diff(times.astype(np.int64), prepend=0) < 0) & ~begins).any():
        return "times that step back"
    reach = (np.minimum.reduceat(levels, starts[:-1]), np.maximum.reduceat(levels, starts[:-1]))
    if (
        (reach[0] != 0).any()
        or (reach[1] != 65_535).any()
        or (levels[starts[:-1]] > levels[starts[1:] - 1]).any()
    ):
        return "levels that do not span their bar"
    if (np.abs(features[features != UNKNOWN]) > _FEATURE_MOST).any():
        return "features beyond what a bar can have"
    return None


@lru_cache(maxsize=1)
def shipped_shapes() -> ShapeLibrary:
    """Return the seconds of real one-minute bars that come with the package, see ``data/NOTICE``."""
    return _embedded(SHIPPED)


@lru_cache(maxsize=1)
def shipped_parts() -> ShapeLibrary:
    """Return the minutes of real five-minute bars that come with the package, see ``data/NOTICE``."""
    return _embedded(SHIPPED_PARTS)


def _embedded(name: str) -> ShapeLibrary:
    return _read((files("sim.market") / "data" / name).read_bytes(), f"embedded:{name}")
