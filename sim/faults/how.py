"""Say when a fault happens: per request, in bursts, in a window, by script, or tied to something outside.

``rate``    fires when the fault's own draw for the request's key is below it, so raising it only adds faults.
``burst``   a two-state Markov process on the time axis that depends on (seed, fault name) alone; with
``per = "symbol"`` one for each symbol, else all symbols meet the same.
``window``  a stretch of the replayed day; ``windows``, several of them with one rate.
``script``  the n-th matching request (from 1), per intent unless ``scope = "run"``.
``coupled`` a probability that follows volatility, outside load or the bar's close (:mod:`sim.faults.coupled`).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.chance import Stream
from sim.exchange.request import Request
from sim.faults.coupled import Coupled, Coupling
from sim.faults.match import Match, Role
from sim.market import At, PricePath, at_us

__all__ = ["Burst", "Coupled", "How", "Match", "Role", "Timing", "Window", "burst_edges_us"]

Edges = list[tuple[int, int]]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Burst(_Strict):
    """Alternate quiet gaps and bursts of exponential lengths; inside a burst fire at ``rate``."""

    # Shorter ones are a rate; as bursts a day would hold millions of them.
    mean_gap_s: float = Field(ge=0.05, le=1e8)
    mean_length_s: float = Field(ge=0.05, le=1e8)
    rate: float = Field(default=1.0, ge=0, le=1)
    per: Literal["run", "symbol"] = "run"


class Window(_Strict):
    """Fire at ``rate`` from ``at`` on for ``for_s`` seconds."""

    at: At
    for_s: float = Field(gt=0, le=1e8)
    rate: float = Field(default=1.0, ge=0, le=1)


class How(_Strict):
    """Hold exactly one way for a fault to happen."""

    rate: float | None = Field(default=None, ge=0, le=1)
    burst: Burst | None = None
    window: Window | None = None
    windows: list[Window] | None = Field(default=None, min_length=1)
    script: list[Annotated[int, Field(ge=1)]] | None = Field(default=None, min_length=1)
    coupled: Coupled | None = None
    scope: Literal["intent", "run"] = "intent"

    @model_validator(mode="after")
    def _one_way(self) -> How:
        ways = ("rate", "burst", "window", "windows", "script", "coupled")
        given = [name for name in ways if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(ways)} (given: {', '.join(given) or 'none'})")
        if self.scope == "run" and self.script is None:
            raise ValueError('scope = "run" belongs to a script')
        if self.windows is not None and len({window.rate for window in self.windows}) > 1:
            raise ValueError("windows of one fault have one rate: give a fault for each rate")
        return self


class Timing:
    """Decide for one fault whether it fires on a matching request; holds the script's counters.

    ``edges_us``: (opened, closed) of each window or burst in order, of all symbols together; None for other ways.
    ``paths`` by symbol are what a coupling to volatility reads and whose symbols bursts ``per = "symbol"`` have.
    """

    def __init__(
        self,
        how: How,
        seed: int,
        name: str,
        epoch_us: int,
        until_us: int,
        paths: Mapping[str, PricePath] | None = None,
    ) -> None:
        self.epoch_us = epoch_us
        self._stream = Stream(seed, name)
        self.uniform: Callable[[int], float] = self._stream.uniform
        """The fault's own draw in [0, 1) for a key."""
        self._until_us = until_us
        self._rate = how.rate if how.rate is not None else 1.0
        self._script = frozenset(how.script) if how.script is not None else None
        self._per_run = how.scope == "run"
        self._seen: dict[int, int] = {}
        self._hit_before: set[int] = set()
        self._coupling: Coupling | None = None
        self._of_symbol: dict[str, Edges] | None = None
        self._new_edges: tuple[Burst, int, str] | None = None
        self.edges_us: Edges | None = None
        if how.burst is not None:
            self._rate = how.burst.rate
            if how.burst.per == "symbol":
                self._of_symbol = {}
                self._new_edges = (how.burst, seed, name)
                self.edges_us = sorted(
                    edge for symbol in sorted(paths or ()) for edge in self._bursts_of(symbol)
                )
            else:
                self.edges_us = burst_edges_us(how.burst, seed, name, until_us)
        elif how.window is not None:
            self._rate = how.window.rate
            self.edges_us = _window_edges_us([how.window], epoch_us, until_us)
        elif how.windows is not None:
            self._rate = how.windows[0].rate
            self.edges_us = _window_edges_us(how.windows, epoch_us, until_us)
        elif how.coupled is not None:
            self._coupling = Coupling(how.coupled, seed, epoch_us, until_us, paths or {})
            self._rate = how.coupled.rate
        if self._rate == 0:
            self.edges_us = None if self.edges_us is None else []

    @property
    def rate(self) -> float:
        """Return the probability per request while the fault is active; of a coupling, where all is typical."""
        return self._rate

    @property
    def until_us(self) -> int:
        """Return when faults end (µs since the start)."""
        return self._until_us

    @property
    def is_plain_rate(self) -> bool:
        """Tell whether :meth:`fires` is nothing but a draw below the rate until faults end."""
        return self._script is None and self.edges_us is None and self._coupling is None

    def active(self, at_us: int, symbol: str = "") -> bool:
        """Tell whether a condition in time holds at ``at_us``: inside a window or burst, or always (rate, coupled).

        A script counts requests and so is never active by itself.  The rate inside a window or burst is not
        drawn here: a condition holds or does not.  ``symbol`` matters to bursts per symbol; "" asks for any.
        """
        if at_us >= self._until_us or self._script is not None or self._rate == 0:
            return False
        return self.edges_us is None or self.stretch(at_us, symbol) is not None

    def stretch(self, at_us: int, symbol: str = "") -> tuple[int, int] | None:
        """Return (opened, closed) of the window or burst that holds ``at_us``, None outside and for other ways."""
        if self.edges_us is None or self._rate == 0:
            return None
        if self._of_symbol is not None and not symbol:
            return next((edge for edge in self.edges_us if edge[0] <= at_us < edge[1]), None)
        edges = self.edges_us if self._of_symbol is None else self._bursts_of(symbol)
        place = bisect_right(edges, (at_us, _ENDLESS)) - 1
        return edges[place] if place >= 0 and at_us < edges[place][1] else None

    def fires(self, request: Request, at_us: int, sticks_to: int | None = None) -> bool:
        """Tell whether the fault fires on ``request``, whose effect would set in at ``at_us``.

        ``sticks_to`` None: each request has its own luck.  Otherwise all requests with this key share theirs, and
        what a script hit once it hits always.
        """
        if at_us >= self._until_us:
            return False
        if self._script is not None:
            return self._script_hits(request, sticks_to)
        rate, edges = self._rate, self.edges_us
        if edges is not None:
            if self._of_symbol is not None:
                edges = self._bursts_of(_symbol_of(request)) if rate else []
            place = bisect_right(edges, (at_us, _ENDLESS)) - 1
            if place < 0 or at_us >= edges[place][1]:
                return False
        elif self._coupling is not None:
            rate = self._coupling.probability(at_us, _symbol_of(request))
        return self._stream.uniform(request.key if sticks_to is None else sticks_to) < rate

    def _script_hits(self, request: Request, sticks_to: int | None) -> bool:
        assert self._script is not None
        if sticks_to in self._hit_before:
            return True
        owner = -1 if self._per_run else request.slot.number
        seen = self._seen[owner] = self._seen.get(owner, 0) + 1
        hit = seen in self._script
        if hit and sticks_to is not None:
            self._hit_before.add(sticks_to)
        return hit

    def _bursts_of(self, symbol: str) -> Edges:
        assert self._of_symbol is not None
        assert self._new_edges is not None
        edges = self._of_symbol.get(symbol)
        if edges is None:
            burst, seed, name = self._new_edges
            edges = self._of_symbol[symbol] = burst_edges_us(burst, seed, f"{name}.{symbol}", self._until_us)
        return edges


_ENDLESS = 1 << 62


def _window_edges_us(windows: Sequence[Window], epoch_us: int, until_us: int) -> Edges:
    """Return (opened, closed) of the windows in order, those that overlap joined."""
    edges: Edges = []
    for start, for_s in sorted((at_us(window.at, epoch_us), window.for_s) for window in windows):
        end = min(start + round(for_s * 1e6), until_us)
        if edges and start <= edges[-1][1]:
            edges[-1] = (edges[-1][0], max(end, edges[-1][1]))
        elif start < end:
            edges.append((start, end))
    return edges


def _symbol_of(request: Request) -> str:
    return str(request.params.get("symbol") or request.slot.symbol)


def burst_edges_us(burst: Burst, seed: int, name: str, until_us: int) -> Edges:
    """Return the bursts' (opened, closed) times up to ``until_us``, from (seed, name) alone."""
    gaps, lengths = Stream(seed, name + ".gap"), Stream(seed, name + ".length")
    edges: Edges = []
    t_us, index = 0, 0
    while True:
        t_us += max(1, round(-burst.mean_gap_s * 1e6 * math.log(1 - gaps.uniform(index))))
        if t_us >= until_us:
            return edges
        end_us = t_us + max(1, round(-burst.mean_length_s * 1e6 * math.log(1 - lengths.uniform(index))))
        edges.append((t_us, min(end_us, until_us)))
        t_us, index = end_us, index + 1
