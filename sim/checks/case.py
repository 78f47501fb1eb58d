"""Hold what a check reads and what it answers.

A check is a pure function from a :class:`Case` to findings, in a fixed order.  It sees the trace, the policy
the code under test ran on, and the bounds it is judged by; it has no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from sim.checks.bounds import Bounds
from sim.execution.policy_keys import Settings
from sim.trace import Trace

Isolation = Literal["intent", "account"]
Kind = Literal["safety", "liveness", "practice", "simulator"]
Columns = dict[str, np.ndarray[Any, Any]]
_Made = TypeVar("_Made")
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

NO_INTENT = -1


class Grid(NamedTuple):
    """State a symbol's tick and minimum notional, both in quote currency."""

    tick: float
    min_notional: float


class Caps(NamedTuple):
    """State what the venue allows, and in which windows: they begin with the Unix minute, ``epoch_us`` is µs of t = 0.

    ``weight_per_min`` holds for an address (``shared_ip``: all intents ask from one), order counts for an account.
    """

    weight_per_min: int
    orders_per_10s: int
    orders_per_min: int
    shared_ip: bool
    epoch_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """State one run to be judged.

    ``steps``: quantity step by symbol (base asset).  ``opening_wallet``: quote currency in each account.
    ``protect_us``: how long a position may be naked.  ``settle_belief_us``: how long after an intent's flow
    belief may still differ from truth.  ``errors``: what the run reported beside its trace.
    ``trigger_view_us``: how old the prices are that the venue's trigger engine judges.  ``bounds``: all other bounds.
    ``grids``: tick and minimum notional by symbol; without them nothing is held to them.  ``caps``: what the venue
    allows; None: it refuses nobody.  ``fault_rates``: how often each fault that is drawn per request is to fire.
    ``own_processes``: each intent runs in a process of its own, which hears nobody else's answers.
    """

    trace: Trace
    settings: Settings
    steps: Mapping[str, float]
    isolation: Isolation
    opening_wallet: float
    protect_us: int
    settle_belief_us: int
    errors: Sequence[str]
    trigger_view_us: int = 0
    bounds: Bounds = field(default_factory=Bounds)
    grids: Mapping[str, Grid] = field(default_factory=dict)
    caps: Caps | None = None
    fault_rates: Mapping[str, float] = field(default_factory=dict)
    own_processes: bool = False
    _tables: dict[str, Columns] = field(default_factory=dict, init=False, repr=False)
    _shared: dict[Callable[[Case], Any], Any] = field(default_factory=dict, init=False, repr=False)

    def table(self, name: str) -> Columns:
        """Return a table's columns by name."""
        if name not in self._tables:
            # Texts are spelt out anew at every reading, and fifteen checks read the same tables.
            self._tables[name] = self.trace.arrays(name)
        return self._tables[name]

    def shared(self, make: Callable[[Case], _Made]) -> _Made:
        """Return what ``make`` reads from this case; it is made once, for all checks that ask, and read-only."""
        if make not in self._shared:
            self._shared[make] = make(self)
        made: _Made = self._shared[make]
        return made


class Finding(NamedTuple):
    """State one breach: whose, when, by how much, what was true and what was believed, in plain words.

    ``kind``: the check's own, unless this one breach is of another.
    """

    intent: int
    at_us: int
    amount: float
    unit: str
    truth: str
    belief: str
    kind: Kind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Register one invariant: its name in reports, its kind, its story in one line."""

    id: str
    kind: Kind
    story: str
    find: Callable[[Case], list[Finding]]
