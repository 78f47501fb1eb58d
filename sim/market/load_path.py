"""Turn a reference to market data into the best path its content allows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

from sim.errors import InputError
from sim.market.bars import Bars, Trades, interval_name
from sim.market.inside import BRIDGE, SECOND_US, Inside
from sim.market.kline_path import KlinePath
from sim.market.loader import load_bars, load_market
from sim.market.mark import MARK_IS_LAST, MarkSource, MarkSpec
from sim.market.problems import REFUSE_ALL, Problems
from sim.market.shapes import NestedShapes, ShapeLibrary, shipped_inside
from sim.market.shocks import Shock
from sim.market.trade_path import TradePath

_BARS_OF_KEPT_PATHS: Final = 1_440

Filling = Literal["recorded", "shapes", "bridge"]
"""How a tape becomes prints: as recorded (trades, bars of a second), by real shapes, by a bridge."""


def choose_inside(tape: Bars | Trades, filling: Filling | None, shapes: ShapeLibrary | None = None) -> Inside:
    """Return what fills the bars of ``tape``; trades have none to fill, and nothing is asked of it.

    ``filling`` None takes the best that the tape allows: its own trades or seconds, else shapes.  ``shapes`` stands in
    for the shipped library.  Raises :class:`InputError` where the tape does not fit the filling.
    """
    if isinstance(tape, Trades) or tape.interval_us <= SECOND_US:
        if filling in ("shapes", "bridge"):
            what = (
                "recorded trades"
                if isinstance(tape, Trades)
                else f"bars of {interval_name(tape.interval_us)}"
            )
            expected = f'"recorded", or no path at all: {what} of {tape.symbol} need no filling'
            raise InputError("market.path", filling, expected)
        return BRIDGE
    if filling == "recorded":
        given = f"recorded, for bars of {interval_name(tape.interval_us)}"
        raise InputError(
            "market.path", given, "trades or bars of one second; bars are filled by shapes or a bridge"
        )
    if filling == "bridge":
        return BRIDGE
    return shipped_inside() if shapes is None else NestedShapes(shapes, shipped_inside().parts)


def load_path(
    reference: str,
    *,
    tick: float,
    seed: int,
    price_decimals: int,
    symbol: str | None = None,
    problems: Problems = REFUSE_ALL,
    mark: MarkSpec = MARK_IS_LAST,
    shocks: tuple[Shock, ...] = (),
    filling: Filling | None = None,
    cache: bool = True,
) -> KlinePath | TradePath:
    """Load ``reference`` and build its path: trades and seconds as recorded, longer bars filled (``filling``).

    Arguments and errors are those of :func:`load_bars`, :func:`choose_inside`, :class:`KlinePath` and
    :class:`TradePath`; ``seed`` plays no part in recorded trades, but in the basis of their mark.
    """
    recorded = None
    if mark.references:
        recorded = load_bars(mark.references[0], symbol=symbol, problems=problems, cache=cache)
    source = MarkSource(mark, seed, recorded)
    data = load_market(reference, symbol=symbol, problems=problems, cache=cache)
    return path_over(
        data,
        tick=tick,
        seed=seed,
        price_decimals=price_decimals,
        inside=choose_inside(data, filling),
        mark=source,
        shocks=shocks,
        problems=problems,
    )


def path_over(
    tape: Bars | Trades,
    *,
    tick: float,
    seed: int,
    price_decimals: int,
    inside: Inside,
    mark: MarkSource,
    shocks: tuple[Shock, ...],
    problems: Problems,
) -> KlinePath | TradePath:
    """Build the path of a loaded tape; ``inside`` fills bars, and trades have none to fill.

    A path is a pure function of all this, so that runs of several policies under one seed share what was made of it;
    tapes longer than a day of minutes are too large to be kept for that.
    Arguments and errors are those of :class:`KlinePath` and :class:`TradePath`.
    """
    snap = problems.off_tick == "snap"
    if isinstance(tape, Trades):
        return TradePath(
            tape, tick=tick, price_decimals=price_decimals, mark=mark, shocks=shocks, snap_to_tick=snap
        )
    build: Callable[..., KlinePath] = _kept_path if len(tape) <= _BARS_OF_KEPT_PATHS else KlinePath
    return build(
        tape,
        tick=tick,
        seed=seed,
        price_decimals=price_decimals,
        inside=inside,
        mark=mark,
        shocks=shocks,
        snap_to_tick=snap,
    )


_kept_path = lru_cache(maxsize=8)(KlinePath)
