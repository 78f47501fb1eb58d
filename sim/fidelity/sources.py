"""Build the path of each source over the bars of a tape: the table that everything else walks through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sim.errors import unknown_name
from sim.fidelity.folds import BLOCK_FOLDS, Scheme, block_fold, training_of_fold, training_without
from sim.fidelity.tapes import Tape
from sim.market import Bars, KlinePath, PricePath, TradePath, Trades
from sim.market.bars import IntArray
from sim.market.shapes import Recording, ShapeLibrary, build_shapes

REAL: Final = "real"
"""The name of the truth among sources."""

Build = Callable[[Tape, int, Any], KlinePath]


@dataclass(frozen=True, kw_only=True)
class Source:
    """State one way to fill bars.

    ``build`` takes a tape, a seed and a library (None where ``scheme`` is).  ``scheme`` says how its library is
    kept apart from the bars it is judged on.
    """

    name: str
    label: str
    build: Build
    scheme: Scheme | None = None


def _bridge(tape: Tape, seed: int, library: Any) -> KlinePath:
    return KlinePath(tape.bars, tick=tape.tick, seed=seed, price_decimals=tape.decimals)


def _shapes(tape: Tape, seed: int, library: ShapeLibrary) -> KlinePath:
    return KlinePath(tape.bars, tick=tape.tick, seed=seed, price_decimals=tape.decimals, inside=library)


SOURCES: Final[dict[str, Source]] = {
    source.name: source
    for source in (
        Source(name="bridge", label="bridge", build=_bridge),
        Source(name="shapes", label="shapes, other hours", build=_shapes, scheme="blocks"),
        Source(name="shapes_elsewhere", label="shapes, other dates", build=_shapes, scheme="dates"),
    )
}


def source_of(name: str) -> Source:
    """Return a source by name; raise InputError for an unknown one."""
    if name not in SOURCES:
        raise unknown_name("source", name, "a path source", SOURCES)
    return SOURCES[name]


class Libraries:
    """Build each library once, from tapes that are apart from what it is asked for."""

    def __init__(self, training: Sequence[Tape]) -> None:
        self._training = training
        self._made: dict[tuple[str, str], ShapeLibrary | None] = {}

    def of_fold(self, fold: int) -> ShapeLibrary | None:
        """Return the library that judges block fold ``fold``."""
        return self._once(("blocks", str(fold)), lambda: training_of_fold(self._training, fold))

    def without(self, judged: Tape) -> ShapeLibrary | None:
        """Return the library of all dates but those of ``judged``."""
        dates = ",".join(sorted({*judged.dates}))
        return self._once(("dates", dates), lambda: training_without(self._training, judged))

    def _once(
        self, key: tuple[str, str], stretches: Callable[[], Sequence[Recording]]
    ) -> ShapeLibrary | None:
        if key not in self._made:
            found = [recording for recording in stretches() if _moves(recording.tape)]
            interval_us = self._training[0].level.bar_us if self._training else 0
            self._made[key] = build_shapes(found, interval_us=interval_us) if found else None
        return self._made[key]


def _moves(tape: Bars | Trades) -> bool:
    if isinstance(tape, Trades):
        return bool(np.ptp(tape.price) > 0)
    return bool((tape.high > tape.low).any()) or bool(np.ptp(tape.close) > 0)


def path_of(source: Source, tape: Tape, seed: int, libraries: Libraries) -> KlinePath | None:
    """Return the path of ``source`` over the bars of ``tape``, every bar filled by a library that never saw it.

    None when nothing is left to build such a library from: then the source cannot be judged on this tape.
    """
    if source.scheme is None:
        return source.build(tape, seed, None)
    if source.scheme == "dates":
        library = libraries.without(tape)
        return None if library is None else source.build(tape, seed, library)
    folds = block_fold(tape.bar_starts_us, tape.level)
    needed = [libraries.of_fold(fold) for fold in BLOCK_FOLDS]
    if any(needed[fold] is None for fold in set(folds.tolist())):
        return None
    # A fold that no bar of the tape lies in is never asked.
    parts = [source.build(tape, seed, library or next(filter(None, needed))) for library in needed]
    return FoldedPath(tape, seed, parts, folds)


def true_path(tape: Tape, seed: int) -> PricePath:
    """Return the real path: recorded trades where there are any, else the known steps filled four a second."""
    if tape.trades is not None:
        return TradePath(tape.trades, tick=tape.tick, price_decimals=tape.decimals)
    return KlinePath(tape.steps, tick=tape.tick, seed=seed, price_decimals=tape.decimals)


class FoldedPath(KlinePath):
    """Take each bar from the path whose library was built without it."""

    def __init__(self, tape: Tape, seed: int, parts: Sequence[KlinePath], folds: IntArray) -> None:
        super().__init__(tape.bars, tick=tape.tick, seed=seed, price_decimals=tape.decimals)
        self.source = parts[0].source
        self._parts = parts
        self._folds = folds

    def _make_prints(self, index: int) -> tuple[IntArray, IntArray]:
        return self._parts[int(self._folds[index])]._make_prints(index)
