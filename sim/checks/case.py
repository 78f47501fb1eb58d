"""Hold what a check reads and what it answers.

A check is a pure function from a :class:`Case` to findings, in a fixed order.  It sees the trace, the policy
the code under test ran on, and the bounds it is judged by; it has no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.execution.policy_keys import Settings
from sim.trace import Trace

Isolation = Literal["intent", "account"]
Kind = Literal["safety", "liveness", "simulator"]
Columns = dict[str, np.ndarray[Any, Any]]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

NO_INTENT = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """State one run to be judged.

    ``steps``: quantity step by symbol (base asset).  ``opening_wallet``: quote currency in each account.
    ``protect_us``: how long a position may be naked.  ``settle_belief_us``: how long after an intent's flow
    belief may still differ from truth.  ``errors``: what the run reported beside its trace.
    ``trigger_view_us``: how old the prices are that the venue's trigger engine judges.
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
    _tables: dict[str, Columns] = field(default_factory=dict, init=False, repr=False)

    def table(self, name: str) -> Columns:
        """Return a table's columns by name."""
        if name not in self._tables:
            # Texts are spelt out anew at every reading, and fifteen checks read the same tables.
            self._tables[name] = self.trace.arrays(name)
        return self._tables[name]


class Finding(NamedTuple):
    """State one breach: whose, when, by how much, what was true and what was believed, in plain words."""

    intent: int
    at_us: int
    amount: float
    unit: str
    truth: str
    belief: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Register one invariant: its name in reports, its kind, its story in one line."""

    id: str
    kind: Kind
    story: str
    find: Callable[[Case], list[Finding]]
