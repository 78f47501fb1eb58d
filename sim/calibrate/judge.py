"""Judge a slippage model on held-out dates, walking forward, against guesses that cost nothing (pure).

Each date is predicted by lines fitted on earlier dates only, and so are the baselines: the mean of all earlier fills,
their own quantile, and the symbol's last fill.  A baseline is beaten when the paired gain per fill, averaged by date,
has its whole 95 % bootstrap interval over dates above 0 and the exact one-sided sign test over dates is at most 5 %
(which no fewer than five dates can reach).  The model wins when both its lines beat all three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import Any, Final

import numpy as np

from sim.calibrate.fills import Fills
from sim.calibrate.slippage import QUANTILES, Fitted, fit, pinball
from sim.chance import key_of, mix

Array = np.ndarray[Any, Any]
Losses = dict[tuple[str, str], Array]
"""Each fill's loss by line and by who guessed."""

TRAINING_DATES: Final = 3
"""So many dates are fitted on before the first is judged."""
FEW_DATES: Final = 10
FEWEST_FILLS: Final = 30
"""A date with fewer fills is not judged: it would count as much as one with thousands."""
_DRAWS: Final = 4000
_LEVEL: Final = 0.05
BASELINES: Final = ("mean so far", "quantile so far", "last observed")


@dataclass(frozen=True, kw_only=True)
class Duel:
    """Hold one line against one baseline; errors in bps: absolute for the median, pinball at 0.9 for q90.

    ``gain_bps``: baseline's error less the model's, with its 95 % interval over dates.  ``better``: dates on which it
    was above 0.
    """

    line: str
    baseline: str
    model_bps: float
    baseline_bps: float
    gain_bps: float
    low_bps: float
    high_bps: float
    better: int
    dates: int

    @property
    def sign_p(self) -> float:
        """Return how likely as many better dates would be if better and worse were a coin's two sides."""
        return sum(comb(self.dates, k) for k in range(self.better, self.dates + 1)) / 2.0**self.dates

    @property
    def won(self) -> bool:
        """Tell whether the baseline was beaten."""
        return self.dates > 0 and self.low_bps > 0 and self.sign_p <= _LEVEL


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Hold all duels on the held-out dates, and on how many fills of how many dates they were fought."""

    duels: tuple[Duel, ...]
    dates: int
    fills: int

    @property
    def won(self) -> bool:
        """Tell whether both lines beat every baseline."""
        return bool(self.duels) and all(duel.won for duel in self.duels)

    @property
    def note(self) -> str:
        """Say what the result is worth where there are few dates; empty otherwise."""
        if self.dates >= FEW_DATES:
            return ""
        return f"conditional on this tape: {self.dates} dates judged, fewer than {FEW_DATES}"

    def error_bps(self, line: str) -> float:
        """Return the model's own error of one line; NaN where nothing was held out."""
        return next((duel.model_bps for duel in self.duels if duel.line == line), float("nan"))


def judge(fills: Fills, progress: Callable[[int, int], None] | None = None) -> Judgement:
    """Walk forward over the fills' dates; without more than
    ``TRAINING_DATES`` of them, with ``FEWEST_FILLS`` each, nothing is judged or won."""
    held_out = _judged_dates(fills)[TRAINING_DATES:]
    last = _last_observed(fills)
    losses: list[Losses] = []
    for number, date in enumerate(held_out, start=1):
        before, now = fills.date < date, fills.date == date
        losses.append(_losses(fit(fills.where(before)), fills, before, now, last))
        if progress is not None:
            progress(number, len(held_out))
    return _judged(losses, int(np.isin(fills.date, held_out).sum()))


def judge_elsewhere(fitted: Fitted, fills: Fills) -> Judgement:
    """Judge lines on every date of fills they were not fitted on, those of real takers say.

    The baselines know more than the lines here: their mean and quantile are those of the fills' other dates.  With one
    date there is nothing to compare, and nothing is won.
    """
    dates = _judged_dates(fills)
    if len(dates) < 2:
        return _judged([], 0)
    last = _last_observed(fills)
    losses = [_losses(fitted, fills, fills.date != date, fills.date == date, last) for date in dates]
    return _judged(losses, int(np.isin(fills.date, dates).sum()))


def _judged_dates(fills: Fills) -> Array:
    dates, counts = np.unique(fills.date, return_counts=True)
    found: Array = dates[counts >= FEWEST_FILLS]
    return found


def _judged(losses: list[Losses], fills: int) -> Judgement:
    if not losses:
        return Judgement(duels=(), dates=0, fills=0)
    duels = tuple(_duel(losses, line, baseline) for line in QUANTILES for baseline in BASELINES)
    return Judgement(duels=duels, dates=len(losses), fills=fills)


def _last_observed(fills: Fills) -> Array:
    """Return the slippage of the symbol's fill before each fill; NaN for its first."""
    last = np.full(len(fills), np.nan)
    for symbol in np.unique(fills.symbol):
        (places,) = np.nonzero(fills.symbol == symbol)
        last[places[1:]] = fills.slippage_bps[places[:-1]]
    return last


def _losses(fitted: Fitted, fills: Fills, before: Array, now: Array, last: Array) -> Losses:
    paid, earlier = fills.slippage_bps[now], fills.slippage_bps[before]
    losses: Losses = {}
    for line, quantile in QUANTILES.items():
        # The pinball loss at one half is half the absolute error; people know the latter.
        scale = 2.0 if line == "median" else 1.0
        mean = float(earlier.mean())
        guesses = {
            "model": fitted.predict(fills.where(now), line),
            "mean so far": np.full(paid.size, mean),
            "quantile so far": np.full(paid.size, np.quantile(earlier, quantile)),
            "last observed": np.where(np.isnan(last[now]), mean, last[now]),
        }
        for name, guess in guesses.items():
            losses[line, name] = scale * pinball(paid, guess, quantile)
    return losses


def _duel(losses: list[Losses], line: str, baseline: str) -> Duel:
    model = np.array([one[line, "model"].mean() for one in losses])
    other = np.array([one[line, baseline].mean() for one in losses])
    gain = other - model
    random = np.random.Generator(np.random.PCG64(mix(key_of("calibrate.bootstrap"), len(losses))))
    drawn = gain[random.integers(0, gain.size, size=(_DRAWS, gain.size))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Duel(
        line=line,
        baseline=baseline,
        model_bps=float(model.mean()),
        baseline_bps=float(other.mean()),
        gain_bps=float(gain.mean()),
        low_bps=float(low),
        high_bps=float(high),
        better=int((gain > 0).sum()),
        dates=gain.size,
    )
