"""Put the shocks of one tape together and move its prints.

Assumptions.  Factors multiply, and the level one ends at stays unless it says otherwise; the price after them is
rounded to tick and never below one.  While a factor moves, the price prints at least every 250 ms, since a falling
market that does not trade would hide the fall.  Bps of basis add up.  During a halt there are no prints, and it
reopens with one.  The volume of bars stays that of the tape.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from sim.errors import InputError
from sim.market.bars import FloatArray, IntArray
from sim.market.grid import PriceGrid
from sim.market.mark import PUBLISHED_EVERY_US
from sim.market.shocks.base import Parts, ShockModel, Stretch
from sim.market.shocks.curves import bounds_of, product
from sim.market.shocks.standing import Standing

PRINTS_EVERY_US = 250_000
# Straight lines between knots miss their values by less than this part of them.
_NOISE = 1e-12


class Moved(NamedTuple):
    """Hold prints as shocks left them: ``ticks`` is last, ``source_ticks`` what the mark is made from."""

    times: IntArray
    ticks: IntArray
    source_ticks: IntArray


class Overlay:
    """Hold the parts of all shocks on the time axis of one tape.

    Raises :class:`InputError` for a shock that begins after the tape ends, or for a halt that the tape does not
    see reopen.  What else the tape cuts off is said in ``notes``.
    """

    def __init__(self, shocks: Iterable[ShockModel], epoch_us: int, end_us: int) -> None:
        self.notes: list[str] = []
        laid = [
            self._lay(f"market.shock[{index}]", shock, epoch_us, end_us) for index, shock in enumerate(shocks)
        ]
        self._factors = [parts.factor for parts in laid if parts.factor is not None]
        self._last_factors = [parts.last_factor for parts in laid if parts.last_factor is not None]
        self._bases = [parts.basis_bps for parts in laid if parts.basis_bps is not None]
        self._onset_us = min((c.onset_us for c in (*self._factors, *self._last_factors)), default=end_us)
        """When the first factor departs from 1."""
        self.halts = Standing(parts.halt for parts in laid if parts.halt is not None)
        self._stands = Standing(parts.mark_stands for parts in laid if parts.mark_stands is not None)
        self._as_of: dict[Stretch, int] = {}
        for stretch in self._stands.stretches:
            before = stretch.from_us - 1
            published_us = before - (epoch_us + before) % PUBLISHED_EVERY_US
            # Two stretches within a second: the later one repeats what the earlier one repeated.
            self._as_of[stretch] = self.mark_as_of(published_us)

    def _lay(self, where: str, shock: ShockModel, epoch_us: int, end_us: int) -> Parts:
        start_us, until_us = shock.span_us(epoch_us)
        lasts = f"the tape, which lasts {end_us / 1e6:g} s"
        if start_us >= end_us:
            raise InputError(f"{where}.at", shock.at, f"a time on {lasts}")
        parts = shock.lay(start_us)
        if parts.halt is not None and parts.halt.until_us >= end_us:
            raise InputError(f"{where}.for_s", shock.length_s, f"a halt that reopens on {lasts}")
        if until_us > end_us:
            self.notes.append(f"the tape ends before {where} does")
        return parts

    # -- what moves -----------------------------------------------------------------------------------

    @property
    def parts_last_from_mark(self) -> bool:
        """Tell whether last moves where what the mark is made from does not."""
        return bool(self._last_factors)

    def factor(self, times: IntArray) -> FloatArray:
        """Return the factor on last, and on what the mark is made from, at each time (µs since the start)."""
        return product(self._factors, times)

    def last_factor(self, times: IntArray) -> FloatArray:
        """Return the factor on last alone at each time."""
        return product(self._last_factors, times)

    def basis_bps(self, times: IntArray) -> FloatArray:
        """Return the bps to add to the mark's basis at each time."""
        bps = np.zeros(times.size)
        for curve in self._bases:
            bps += np.interp(times, curve.times, curve.values)
        return bps

    # -- what stands ----------------------------------------------------------------------------------

    def halt_end_us(self, t_us: int) -> int | None:
        """Return when matching reopens if it is halted at ``t_us``; None while it trades."""
        halt = self.halts.at(t_us)
        return None if halt is None else halt.until_us

    def mark_as_of(self, published_us: int) -> int:
        """Return the publication whose mark the one at ``published_us`` repeats: itself unless the mark stands."""
        stretch = self._stands.at(published_us)
        return published_us if stretch is None else self._as_of[stretch]

    def mark_stands(self, from_us: int, until_us: int) -> tuple[tuple[Stretch, int], ...]:
        """Return the stretches inside [``from_us``, ``until_us``) in which the mark stands, and what each repeats."""
        return tuple((one, self._as_of[one]) for one in self._stands.within(from_us, until_us))

    # -- bounds ---------------------------------------------------------------------------------------

    def refuse_beyond(self, grid: PriceGrid, highest: float) -> None:
        """Raise :class:`InputError` when the shocks lift ``highest`` beyond what ``grid`` keeps exactly."""
        curves = [*self._factors, *self._last_factors]
        lifted = highest * math.prod(float(curve.values.max()) for curve in curves)
        if lifted > grid.highest:
            raise InputError("market.shock", f"{highest:g} lifted to {lifted:g}", grid.not_too_high)

    def refuse_basis_below(self, lowest_bps: float) -> None:
        """Raise :class:`InputError` when the bursts may take a basis of at least ``lowest_bps`` to -10000 or lower."""
        if self._bases and lowest_bps + (burst := self._lowest_bps()) <= -10_000:
            expected = f"above {-10_000 - lowest_bps:g} bps, for a mark above 0"
            raise InputError("market.shock", f"bursts of basis down to {burst:g} bps", expected)

    def _lowest_bps(self) -> float:
        # Straight lines are lowest at their knots, also when they add up.
        return float(self.basis_bps(np.concatenate([curve.times for curve in self._bases])).min())

    def bounds(self, low: IntArray, high: IntArray, bar_us: int) -> tuple[IntArray, IntArray]:
        """Return bounds, in ticks, on the prints of each bar, on the price it begins with and on its mark's source.

        ``low`` and ``high`` bound the same on the tape.  The basis is not in them.
        """
        starts = np.arange(low.size, dtype=np.int64) * bar_us
        least, most = np.ones(starts.size), np.ones(starts.size)
        for curve in self._factors:
            below, above = bounds_of(curve, starts, bar_us)
            least, most = least * below, most * above
        last_least, last_most = np.ones(starts.size), np.ones(starts.size)
        for curve in self._last_factors:
            below, above = bounds_of(curve, starts, bar_us)
            last_least, last_most = last_least * below, last_most * above
        # The mark's source does not have the factor on last alone.
        least, most = least * np.minimum(last_least, 1.0), most * np.maximum(last_most, 1.0)
        # Rounding never reorders, so rounded bounds still bound rounded prints.
        lowest = np.maximum(np.rint(low * least * (1 - _NOISE)), 1.0).astype(np.int64)
        highest = np.maximum(np.rint(high * most * (1 + _NOISE)), 1.0).astype(np.int64)
        return self.standing_bounds(lowest, highest, bar_us)

    def standing_bounds(self, low: IntArray, high: IntArray, bar_us: int) -> tuple[IntArray, IntArray]:
        """Widen bounds on what bars hold by what stands in them from bars before: last in a halt, the mark."""
        low, high = low.copy(), high.copy()
        carried = [(halt, halt.from_us - 1) for halt in self.halts.stretches]
        for stretch, seen_us in sorted([*carried, *self._as_of.items()]):
            # Before the first print its price is in force, and a halt from the start on puts it off.
            place = self.halt_end_us(0) or 0 if seen_us < 0 else seen_us
            # What stands from the start on may also be the first recorded mark, which bar 0 bounds.
            sources = {min(place // bar_us, low.size - 1), 0 if seen_us < 0 else place // bar_us}
            bars = np.s_[stretch.from_us // bar_us : (stretch.until_us - 1) // bar_us + 1]
            for source in sorted(min(source, low.size - 1) for source in sources):
                low[bars] = np.minimum(low[bars], low[source])
                high[bars] = np.maximum(high[bars], high[source])
        return low, high

    def basis_bounds(self, starts: IntArray, bar_us: int) -> tuple[FloatArray, FloatArray]:
        """Return bounds on the bps of each bar."""
        least, most = np.zeros(starts.size), np.zeros(starts.size)
        for curve in self._bases:
            below, above = bounds_of(curve, starts, bar_us)
            least, most = least + below, most + above
        return least, most

    # -- prints ---------------------------------------------------------------------------------------

    def apply(self, times: IntArray, ticks: IntArray, before: int, from_us: int, until_us: int) -> Moved:
        """Move the prints of [``from_us``, ``until_us``), adding some where a shock moves, dropping those in halts.

        ``before`` is the undisturbed price, in ticks, in force as the stretch begins.
        """
        if until_us <= self._onset_us and not self.halts.stretches:
            # Nothing has moved yet, as in most bars that somebody looks at: no factor, no print of a shock's own.
            return Moved(times, ticks, ticks)
        own = self._own_prints(from_us, until_us)
        added = np.setdiff1d(own, times) if own.size else own
        if added.size:
            place = times.searchsorted(added, side="right")
            carried = np.concatenate(([before], ticks))[place]
            times, ticks = np.insert(times, place, added), np.insert(ticks, place, carried)
        if self.halts.stretches:
            trading = ~self.halts.holds(times)
            times, ticks = times[trading], ticks[trading]
        factor = self.factor(times)
        source = _moved(ticks, factor)
        last = _moved(ticks, factor * self.last_factor(times)) if self._last_factors else source
        return Moved(times, last, source)

    def _own_prints(self, from_us: int, until_us: int) -> IntArray:
        reopens = [halt.until_us for halt in self.halts.stretches if from_us <= halt.until_us < until_us]
        found = [np.array(reopens, dtype=np.int64)]
        for curve in (*self._factors, *self._last_factors):
            start_us, stop_us = curve.onset_us, int(curve.times[-1])
            if start_us < until_us and from_us <= stop_us:
                skipped = max(0, -(-(from_us - start_us) // PRINTS_EVERY_US))
                first = start_us + skipped * PRINTS_EVERY_US
                found.append(np.arange(first, min(stop_us, until_us), PRINTS_EVERY_US))
                # The corners print too, so that the full depth is reached and is the level that stays.
                corners = curve.times[curve.times >= start_us]
                found.append(corners[(corners >= from_us) & (corners < until_us)])
        return np.concatenate(found)


def _moved(ticks: IntArray, factor: FloatArray) -> IntArray:
    moved: IntArray = np.maximum(np.rint(ticks * factor), 1.0).astype(np.int64)
    return moved
