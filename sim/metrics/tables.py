"""Make the columns of one trace's frames, each table when it is first asked for.

Whoever needs only the intents never pays for the rest; :func:`sim.metrics.build_frames` asks for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np

from sim.errors import InputError
from sim.metrics.columns import COLUMNS
from sim.metrics.intent_frame import intents_columns
from sim.metrics.lookup import Columns
from sim.metrics.source import Source
from sim.metrics.venue_frames import (
    accounts_columns,
    fills_columns,
    liquidations_columns,
    orders_columns,
    protection_columns,
    shadows_columns,
)
from sim.metrics.wire_frames import attempts_columns, faults_columns, placements_columns, requests_columns
from sim.trace import Trace

PROTECTION_DEADLINE_S: Final = 60.0
"""Seconds after the decision at which recovery is judged: five attempts with one time-out fit in."""

BUDGET_R: Final = 2.0
"""Loss at the stop that still counts as recovered, in multiples of the planned risk."""


class Tables(Mapping[str, Columns]):
    """Hold the columns of one run by frame and name: the keys of :data:`sim.metrics.COLUMNS`.

    Arguments are those of :func:`sim.metrics.build_frames`, which documents them.
    """

    def __init__(
        self,
        trace: Trace,
        *,
        episode_us: int,
        seed: int,
        epoch_us: int = 0,
        deadline_s: float = PROTECTION_DEADLINE_S,
        budget_r: float = BUDGET_R,
        steps: Mapping[str, float] | None = None,
        reproduce: Callable[[int], str] | None = None,
    ) -> None:
        for name, value in (("episode_us", episode_us), ("deadline_s", deadline_s), ("budget_r", budget_r)):
            if not value > 0:
                raise InputError(name, value, "a number above 0")
        self.source = Source(trace, episode_us=episode_us, seed=seed, epoch_us=epoch_us)
        self.deadline_us = round(deadline_s * 1e6)
        self.budget_r = budget_r
        self.steps = steps or {}
        self.reproduce = reproduce
        self._made: dict[str, Columns] = {}

    def __getitem__(self, name: str) -> Columns:
        if name not in self._made:
            self._made[name] = _MAKERS[name](self)
        return self._made[name]

    def pop(self, name: str) -> Columns:
        """Return a table's columns and forget them; asked for again they would be made anew."""
        columns = self[name]
        del self._made[name]
        return columns

    def __iter__(self) -> Iterator[str]:
        return iter(COLUMNS)

    def __len__(self) -> int:
        return len(COLUMNS)

    @property
    def run_end_us(self) -> int:
        """Return the last moment the trace speaks of: where a cut-off run ended."""
        moments = [self["requests"]["answered_us"]]
        moments += [self.source.table(name)["at_us"] for name in ("exposure", "account_end", "order")]
        return max((int(values.max()) for values in moments if len(values)), default=0)


def _violations(tables: Tables) -> Columns:
    raw, reproduce = tables.source.table("violation"), tables.reproduce
    intents = raw["intent"].tolist()
    again = {intent: reproduce(intent) if reproduce is not None else "" for intent in set(intents)}
    return {
        "run": tables.source.runs(len(intents)),
        **raw,
        "reproduce": np.array([again[intent] for intent in intents], dtype=object),
    }


def _stop_moves(tables: Tables) -> Columns:
    raw = tables.source.table("stop_moved")
    return {"run": tables.source.runs(len(raw["intent"])), **raw}


def _fault_edges(tables: Tables) -> Columns:
    raw = tables.source.table("fault_edge")
    return {"run": tables.source.runs(len(raw["fault"])), **raw}


def _log(tables: Tables) -> Columns:
    raw = tables.source.table("log")
    return {"run": tables.source.runs(len(raw["intent"])), **raw}


def _intents(tables: Tables) -> Columns:
    return intents_columns(
        tables.source,
        tables,
        run_end_us=tables.run_end_us,
        steps=tables.steps,
        deadline_us=tables.deadline_us,
        budget_r=tables.budget_r,
    )


_MAKERS: Final[dict[str, Callable[[Tables], Columns]]] = {
    "requests": lambda tables: requests_columns(tables.source),
    "attempts": lambda tables: attempts_columns(tables.source, tables["requests"]),
    "placements": lambda tables: placements_columns(tables.source, tables["requests"], tables["attempts"]),
    "orders": lambda tables: orders_columns(tables.source, tables["requests"]),
    "fills": lambda tables: fills_columns(tables.source),
    "protection": lambda tables: protection_columns(tables.source, tables.run_end_us),
    "faults": lambda tables: faults_columns(tables.source, tables["requests"]),
    "violations": _violations,
    "shadows": lambda tables: shadows_columns(tables.source),
    "accounts": lambda tables: accounts_columns(tables.source),
    "liquidations": lambda tables: liquidations_columns(tables.source),
    "stop_moves": _stop_moves,
    "fault_edges": _fault_edges,
    "log": _log,
    "intents": _intents,
}
