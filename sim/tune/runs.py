"""Run candidates on cases, in this process or in several, and boil each run down to what the goals need.

What a run gives depends on its job alone, so workers and order change nothing; a job that was asked for before is
not run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from sim.experiment.prepare import Market, load_market_of
from sim.experiment.rows import RunRows, run_rows
from sim.scenario import LoadedScenario, load_policy_named, load_scenario
from sim.sweep.pool import Workers, completed, workers
from sim.tune.cases import calm
from sim.tune.edge import Edge

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Job:
    """Describe one run so that any process can make it.  ``without``: "shocks", "faults" or both left out.

    ``dates``: only intents decided on these UTC days count; empty for all.
    """

    scenario: str
    overrides: tuple[str, ...]
    policy: str
    changes: tuple[str, ...]
    seed: int
    intents: int | None
    dates: tuple[int, ...] = ()
    without: tuple[str, ...] = ()
    edge: Edge | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Hold what one run gave: one element per intent in the arrays, counts for the run.

    ``loss_bps`` is the loss against the ideal executor plus what a declared edge lost; ``loss_quote`` the same in
    quote; ``missed_bps`` what refusals, and with an edge delays, missed; ``naked`` excess quote·s.
    """

    date: Array
    loss_bps: Array
    loss_quote: Array
    missed_bps: Array
    naked: Array
    ideal_bps: Array
    refused: Array
    doubled: int
    unresolved: int
    naked_too_long: int
    violations: int

    @property
    def mean_bps(self) -> float:
        """Return the mean loss; 0 when no intent was decided."""
        return float(self.loss_bps.mean()) if len(self.loss_bps) else 0.0


@lru_cache(maxsize=256)
def _scenario(word: str, overrides: tuple[str, ...], without: tuple[str, ...]) -> LoadedScenario:
    loaded = load_scenario(word, overrides)
    return calm(loaded, without) if without else loaded


_MARKETS: dict[tuple[str, tuple[str, ...]], Market] = {}


def _market(loaded: LoadedScenario, job: Job) -> Market:
    # Only these change what is read from the files; an assumed rate must not load the tape again.
    key = (job.scenario, tuple(item for item in job.overrides if item.startswith("market.")))
    if key not in _MARKETS:
        if len(_MARKETS) >= 256:
            _MARKETS.clear()
        _MARKETS[key] = load_market_of(loaded)
    return _MARKETS[key]


def make_run(job: Job) -> Outcome:
    """Make one run."""
    loaded = _scenario(job.scenario, job.overrides, job.without)
    policy = load_policy_named(job.policy, job.changes)
    rows = run_rows(
        loaded,
        policy,
        seed=job.seed,
        market=_market(loaded, job),
        intents=job.intents,
        overrides=job.overrides,
    )
    fees_bps = round_trip_fees_bps(loaded)
    if job.dates:
        rows = on_dates(rows, job.dates)
    return outcome_of(rows, loaded.scenario.invariants.protect_s, job.edge, fees_bps)


def on_dates(rows: RunRows, dates: Sequence[int]) -> RunRows:
    """Keep the intents decided on these UTC days, their violations, and those of the run as a whole."""
    kept = np.isin(rows.intents["date"], dates)
    of_kept = np.isin(rows.violations["intent"], [-1, *rows.intents["intent"][kept]])
    return replace(
        rows,
        intents={name: column[kept] for name, column in rows.intents.items()},
        violations={name: column[of_kept] for name, column in rows.violations.items()},
    )


def round_trip_fees_bps(loaded: LoadedScenario) -> float:
    """Return what entering and leaving at market costs, in bps."""
    return 2e4 * loaded.scenario.fills_in_force().taker_fee


def outcome_of(rows: RunRows, protect_s: float, edge: Edge | None, fees_bps: float) -> Outcome:
    """Boil rows down.  An intent whose loss cannot be told (its books never closed) is unresolved and counts 0."""
    it = rows.intents
    notional = it["planned_notional_quote"].astype(float)
    loss = it["loss_against_ideal_bps"].astype(float)
    unknown = np.isnan(loss) & (notional > 0)
    loss = np.nan_to_num(loss)
    per_bps = np.divide(1e4, notional, out=np.zeros(len(notional)), where=notional > 0)
    if edge is None:
        missed = np.maximum(np.nan_to_num(it["refused_result_quote"].astype(float) * per_bps), 0.0)
    else:
        entered = it["entry_fills"] > 0
        delay_s = (it["filled_us"].astype(float) - it["decided_us"]) / 1e6
        gone = 1.0 - edge.left(np.where(entered, np.nan_to_num(delay_s), np.inf))
        missed = edge.bps * gone
        seen, sent = (it[f"slippage_{at}_bps"].astype(float) for at in ("check", "send"))
        # Where nobody looked, the price at the send says what was paid knowingly or not.
        paid = np.nan_to_num(np.where(np.isnan(seen), sent, seen))
        loss = np.where(entered, loss + paid, -fees_bps) + missed
    unresolved = (it["outcome"] == "unresolved") | unknown | (np.nan_to_num(it["orphaned"].astype(float)) > 0)
    return Outcome(
        date=it["date"].astype(np.int64),
        loss_bps=loss,
        loss_quote=loss * notional / 1e4,
        missed_bps=missed,
        naked=np.nan_to_num(it["naked_excess_notional_s"].astype(float)),
        ideal_bps=np.nan_to_num(it["ideal_result_quote"].astype(float) * per_bps),
        refused=it["refused"].astype(bool),
        doubled=int((it["over_fill"] > 0).sum()),
        unresolved=int(unresolved.sum()),
        naked_too_long=int((np.nan_to_num(it["naked_charged_s"].astype(float)) > protect_s).sum()),
        violations=int((rows.violations["kind"] == "safety").sum()),
    )


class Bench:
    """Make runs on workers and remember them.  Use :func:`bench` to open one."""

    def __init__(self, found: Workers, told: Callable[[int], None] | None = None) -> None:
        self._workers = found
        self._told = told
        self._known: dict[Job, Outcome] = {}

    def outcomes(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Return the outcome of every job, in order."""
        new = [job for job in dict.fromkeys(jobs) if job not in self._known]
        # All policies of one weather in a row: a seed's prices are made once for them.
        new.sort(key=lambda job: (job.scenario, job.overrides, job.without, job.seed))
        for job, outcome in completed(self._workers, make_run, new):
            self._known[job] = outcome
            if self._told is not None:
                self._told(len(self._known))
        return [self._known[job] for job in jobs]


@contextmanager
def bench(jobs: int, told: Callable[[int], None] | None = None) -> Iterator[Bench]:
    """Open a bench of ``jobs`` processes (one: this one).  ``told(runs)`` is called as runs end."""
    with workers(jobs) as found:
        yield Bench(found, told)
