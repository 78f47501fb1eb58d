"""Hold a number with its interval, and the words that go with too little evidence (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]

CONDITIONAL: Final = "conditional on this tape"
"""What a number says when it rests on fewer than :data:`ENOUGH_DATES` independent dates."""

ENOUGH_DATES: Final = 10


def note_of(dates: int) -> str:
    """Return the note of a number over ``dates`` independent dates: empty when there are enough."""
    return CONDITIONAL if dates < ENOUGH_DATES else ""


@dataclass(frozen=True, slots=True)
class Interval:
    """Hold a number with its interval; NaN where it cannot be said.

    ``clusters`` counts date × seed, ``discordant`` those of them that hold a value other than 0 (for a difference:
    a pair that differs), ``dates`` the dates; ``note`` says what the interval must not be read as; ``error`` is the
    standard error over clusters and ``n`` the number of values.
    """

    value: float
    low: float
    high: float
    clusters: int
    discordant: int
    dates: int
    note: str
    error: float
    n: int = 0

    @property
    def width(self) -> float:
        """Return high - low."""
        return self.high - self.low

    @property
    def excludes_zero(self) -> bool:
        """Tell whether zero lies outside; never said of what is conditional on this tape."""
        return CONDITIONAL not in self.note and (self.low > 0.0 or self.high < 0.0)


def t_quantile(share: float, degrees: float) -> float:
    """Return the quantile of Student's law."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, share))


def t_tail(value: float, degrees: float) -> float:
    """Return the share of Student's law above ``value``."""
    from scipy.special import stdtr

    return float(stdtr(degrees, -value)) if math.isfinite(value) else math.nan
