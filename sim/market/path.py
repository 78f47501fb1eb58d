"""State what the exchange may ask of a price path.

Times are integer µs since the start of the run (``t_us``); prices are floats equal to their decimal text.
A path is a pure function of its inputs: any question may be asked in any order, any number of times.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from sim.market.bars import FloatArray, IntArray
from sim.market.search import Trail


@runtime_checkable
class PricePath(Protocol):
    """Answer for last price, mark price and first crossings of one symbol over [0, ``end_us``)."""

    @property
    def symbol(self) -> str:
        """Name the symbol."""
        ...

    @property
    def epoch_us(self) -> int:
        """Give the Unix time of ``t_us`` = 0 in µs."""
        ...

    @property
    def end_us(self) -> int:
        """Give the duration in µs; later questions are answered with the last print."""
        ...

    @property
    def bar_us(self) -> int:
        """Give the length of the bars that :meth:`bar_extremes` and :meth:`bar_volume` speak of."""
        ...

    @property
    def tick(self) -> float:
        """Give the price step."""
        ...

    @property
    def source(self) -> str:
        """Name where the path comes from, for reports."""
        ...

    def last(self, t_us: int) -> float:
        """Return the price of the latest print at or before ``t_us``; before the first print, its price."""
        ...

    def prints(self, from_us: int, to_us: int) -> tuple[IntArray, FloatArray]:
        """Return times and prices of the prints in [``from_us``, ``to_us``)."""
        ...

    def first_last_crossing(self, level: float, rising: bool, after_us: int, until_us: int) -> int | None:
        """Return when last is first ≥ ``level`` (falling: ≤) in (``after_us``, ``until_us``], or None."""
        ...

    def mark(self, t_us: int) -> float:
        """Return the mark price visible at ``t_us``."""
        ...

    def mark_time(self, t_us: int) -> int:
        """Return when the mark visible at ``t_us`` was published; negative for one from before the tape."""
        ...

    def first_mark_crossing(self, level: float, rising: bool, after_us: int, until_us: int) -> int | None:
        """Return when a mark at or beyond ``level`` first shows in (``after_us``, ``until_us``], or None."""
        ...

    def first_trailing_trigger(
        self,
        activation: float | None,
        callback_rate: float,
        rising_extreme: bool,
        after_us: int,
        until_us: int,
        use_mark: bool,
    ) -> Trail | None:
        """Return the trigger of a trailing stop armed at ``after_us``, or None when it has none in time.

        A SELL follows a rising extreme: it activates at the first price ≥ ``activation`` and fires at the
        first price ≤ extreme · (1 − ``callback_rate``); a BUY is its mirror image (binance-facts 2.1).  The
        rate is a fraction.  ``activation`` None activates at once on the price in force at ``after_us``
        (the venue's default).
        """
        ...

    def halt_end_us(self, t_us: int) -> int | None:
        """Return when matching reopens if it is halted at ``t_us``, None while it trades.

        In a halt nothing prints, no conditional order triggers on last, and the mark stands.
        """
        ...

    def bar_extremes(self, t_us: int) -> tuple[float, float]:
        """Return the lowest and highest print of the bar that holds ``t_us``."""
        ...

    def bar_volume(self, t_us: int) -> float:
        """Return the volume (base asset) of the bar that holds ``t_us``."""
        ...
