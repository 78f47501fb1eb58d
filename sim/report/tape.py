"""Give a result's prices between its events: its path made anew, or what its record happened to see.

A path is a pure function of scenario, data and seed, so it need not be kept.  It is used only when scenario and data
still hash to what the manifest says.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.errors import InputError

if TYPE_CHECKING:
    from sim.experiment import Result
    from sim.market import PricePath

Moments = npt.NDArray[np.int64]
Prices = npt.NDArray[np.float64]

_SEEN_ONLY: Final = "prices only where the record saw one, as the tape could not be read again"


class Tape(Protocol):
    """Answer for the prices of one symbol."""

    @property
    def note(self) -> str:
        """Say what the prices are when they are not all of them, else ""."""
        ...

    def last(self, edges_us: Moments) -> tuple[Moments, Prices]:
        """Return times and prices of last: of each stretch between two edges no more than draws it."""
        ...

    def mark(self, moments_us: Moments) -> Prices:
        """Return the mark in force at each moment; NaN where it is not known."""
        ...


@dataclass(frozen=True)
class PathTape:
    """Ask the path itself."""

    path: PricePath
    note: str = ""

    def last(self, edges_us: Moments) -> tuple[Moments, Prices]:
        """Return of the prints between two edges the first, lowest, highest and last; it is drawn as steps."""
        first_us, last_us = int(edges_us[0]), int(edges_us[-1])
        printed_us, printed = self.path.prints(first_us, last_us + 1)
        moments = np.concatenate([[first_us], np.asarray(printed_us, dtype=np.int64), [last_us]])
        prices = np.concatenate([[self.path.last(first_us)], printed, [self.path.last(last_us)]])
        kept = {0, len(moments) - 1}
        places = np.searchsorted(moments, edges_us)
        for begin, end in pairwise(places.tolist()):
            if end > begin:
                part = prices[begin:end]
                kept |= {begin, begin + int(part.argmin()), begin + int(part.argmax()), end - 1}
        chosen = np.array(sorted(kept), dtype=np.int64)
        return moments[chosen], prices[chosen]

    def mark(self, moments_us: Moments) -> Prices:
        """Return the mark visible at each moment."""
        return np.array([self.path.mark(moment) for moment in moments_us.tolist()], dtype=np.float64)


@dataclass(frozen=True)
class SeenTape:
    """Offer the prices a record holds: at decisions, fills and changes of exposure."""

    seen: pd.DataFrame
    marks: pd.DataFrame
    note: str = _SEEN_ONLY

    def last(self, edges_us: Moments) -> tuple[Moments, Prices]:
        """Return what was seen within the edges."""
        inside = self.seen[self.seen["at_us"].between(int(edges_us[0]), int(edges_us[-1]))]
        return inside["at_us"].to_numpy(np.int64), inside["price"].to_numpy(np.float64)

    def mark(self, moments_us: Moments) -> Prices:
        """Return straight lines between the marks seen; NaN before the first and beyond the last."""
        if self.marks.empty:
            return np.full(len(moments_us), np.nan)
        known = self.marks["at_us"].to_numpy(np.float64)
        price = self.marks["price"].to_numpy(np.float64)
        found: Prices = np.interp(moments_us, known, price, left=np.nan, right=np.nan)
        return found


def tapes_of(result: Result) -> dict[str, PricePath]:
    """Make a result's paths anew, by symbol; none when scenario or data are not what they were."""
    from sim.experiment import armed
    from sim.experiment.prepare import load_market_of, paths_of
    from sim.scenario import load_scenario, split_overrides

    manifest = result.manifest
    scenario, overrides, swarm = _asked(str(manifest["command"]))
    if not scenario:
        return {}
    try:
        loaded = load_scenario(scenario, split_overrides(overrides)[0])
        if swarm:
            loaded = armed(loaded, int(manifest["seed"]))
        if loaded.sha256 != manifest.get("scenario_sha256"):
            return {}
        market = load_market_of(loaded)
        if market.sha256 != manifest.get("data_sha256"):
            return {}
        return paths_of(loaded, market, int(manifest["seed"]))[1]
    except (InputError, OSError):
        # The scenario or its tape has moved since: the story is then told with what the record saw.
        return {}


def tape_of(result: Result, symbol: str, intent: int, paths: dict[str, PricePath]) -> Tape:
    """Return the prices of ``symbol``: from ``paths`` if it is there, else what the record saw around ``intent``."""
    if symbol in paths:
        return PathTape(paths[symbol])
    frames = result.frames
    fills = frames["fills"][frames["fills"]["intent"] == intent]
    held = frames["protection"][frames["protection"]["intent"] == intent]
    intents = frames["intents"][frames["intents"]["intent"] == intent]
    seen = _moments([(intents["decided_us"], intents["plan_price"]), (fills["at_us"], fills["reference"])])
    marks = _moments(
        [
            (fills["at_us"], fills["mark"]),
            (held["from_us"], held["mark_from"]),
            (held["to_us"], held["mark_to"]),
        ]
    )
    return SeenTape(seen, marks)


def _moments(parts: Sequence[tuple[Any, Any]]) -> pd.DataFrame:
    frames = [pd.DataFrame({"at_us": at.to_numpy(), "price": price.to_numpy()}) for at, price in parts]
    whole = pd.concat(frames, ignore_index=True).astype({"at_us": "int64", "price": "float64"})
    return whole.dropna().sort_values("at_us", kind="stable").drop_duplicates("at_us", ignore_index=True)


def _asked(command: str) -> tuple[str, list[str], bool]:
    """Return scenario, overrides and whether faults were armed, as a run's command says them."""
    words = shlex.split(command)
    if words[:2] != ["sim", "run"] or len(words) < 3:
        return "", [], False
    overrides = [value for flag, value in pairwise(words) if flag == "--set"]
    return words[2], overrides, "--swarm" in words
