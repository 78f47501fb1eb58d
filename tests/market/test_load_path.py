"""Runs of several policies under one seed share a path; another seed or tape has its own."""

from __future__ import annotations

from collections.abc import Callable

from sim.market import Bars, MarkSource, MarkSpec, path_over
from sim.market.inside import BRIDGE
from sim.market.kline_path import KlinePath
from sim.market.problems import REFUSE_ALL


def over(tape: Bars, seed: int) -> KlinePath:
    """Build the path of ``tape`` under ``seed``."""
    path = path_over(
        tape, tick=0.1, seed=seed, price_decimals=1, inside=BRIDGE, mark=MarkSource(MarkSpec(), seed), shocks=(),
        problems=REFUSE_ALL,
    )  # fmt: skip
    assert isinstance(path, KlinePath)
    return path


def test_one_seed_has_one_path(make_bars: Callable[..., Bars]) -> None:
    """The same question about the same tape is answered by what was built for the first."""
    tape = make_bars([(100.0, 101.0, 99.0, 100.5)] * 3)
    assert over(tape, 1) is over(tape, 1)
    assert over(tape, 2) is not over(tape, 1)
    assert over(make_bars([(100.0, 101.0, 99.0, 100.5)] * 3), 1) is not over(tape, 1)
