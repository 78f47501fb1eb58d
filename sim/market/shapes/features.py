"""Describe a bar by five whole numbers, so that likeness is exact arithmetic.

Only a logarithm's last bit, at the edge of a rounding, could differ between machines.

Weights were chosen on alternating hours of two whole days (BTCUSDT spot 2024-01-01, APEUSDT 2024-10-18), by how near
ratios of move rates came to 1; see ``reports/fidelity``.  A unit of likeness is 1 / 256.
"""

from __future__ import annotations

import math
from typing import Final

from sim.market.inside import BarTicks

_UNIT: Final = 256
_BODY: Final = 3 * _UNIT
"""Weight of where, in the bar's range, it opened and closed."""
_COUNT: Final = 0.5 * _UNIT
_RANGE: Final = 3.0 * _UNIT
_VALUE: Final = 0.3 * _UNIT
FEATURES: Final = 5
UNKNOWN: Final = -(2**20)
"""Stands for a count or a volume nobody recorded; it then plays no part in likeness."""


def is_turned(open_: int, close: int, height: int) -> bool:
    """Tell whether a bar with these places in its range is seen as its mirror image.

    A falling bar is; one that closed where it opened is when that is in its upper half, so that a bar and its mirror
    image are always seen alike.
    """
    return close < open_ or (close == open_ and 2 * open_ > height)


def features_of(bar: BarTicks) -> tuple[int, int, int, int, int]:
    """Return (open, close, count, range, value) of a bar that moves, seen as one that does not fall.

    ``open`` and ``close`` are places in the range; the others are
    logarithms: of trades, of the range as a share of the price at its middle, of the traded value.
    """
    height = bar.high - bar.low
    open_, close = bar.open - bar.low, bar.close - bar.low
    if is_turned(open_, close, height):
        open_, close = height - open_, height - close
    return (
        open_ * _BODY // height,
        close * _BODY // height,
        round(_COUNT * math.log(bar.trades + 1)) if bar.trades >= 0 else UNKNOWN,
        round(_RANGE * math.log(2 * height / (bar.high + bar.low))),
        round(_VALUE * math.log(bar.value + 1.0)) if bar.value > 0 else UNKNOWN,
    )


CELLS: Final = 12
"""Cells per side of the table that narrows the search by open and close."""


def cell_of(open_: int, close: int) -> int:
    """Return the cell of a bar's open and close features."""
    return min(open_ * CELLS // _BODY, CELLS - 1) * CELLS + min(close * CELLS // _BODY, CELLS - 1)


def centre_of(cell: int) -> tuple[int, int]:
    """Return the open and close features at the centre of a cell."""
    row, column = divmod(cell, CELLS)
    return (2 * row + 1) * _BODY // (2 * CELLS), (2 * column + 1) * _BODY // (2 * CELLS)
