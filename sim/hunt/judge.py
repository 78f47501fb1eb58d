"""Judge brackets: by the checks about the code under test, not those about this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from sim.checks import CHECKS, Grid
from sim.checks.case import Case
from sim.exchange.filters import SymbolFilters
from sim.experiment.beside import Beside, fits, named
from sim.experiment.run import bounds_of, caps_of
from sim.scenario import LoadedPolicy, Scenario
from sim.trace import Trace
from sim.world import RunRecord
from sim.world.processes import run_apart

_ASKED: Final = tuple(check for check in CHECKS if check.kind != "simulator")


class Judge:
    """Hold what runs of one bracket are judged by; ``filters`` by symbol."""

    def __init__(self, policy: LoadedPolicy, filters: Mapping[str, SymbolFilters]) -> None:
        self._settings = policy.store.settings
        self._steps = {symbol: float(rules.step) for symbol, rules in filters.items()}
        self._grids = {
            name: Grid(float(rules.tick), float(rules.min_notional)) for name, rules in filters.items()
        }

    def judge(self, record: RunRecord, spec: Scenario) -> None:
        """Write every broken rule of the code under test into the run's trace."""
        case = self._case(record.trace, record, spec)
        write = record.trace.writer("violation")
        for check in _ASKED:
            for finding in check.find(case):
                write((check.id, finding.kind or check.kind, *finding[:6]))

    def suspects(self, runs: Sequence[tuple[RunRecord, Scenario]]) -> list[int]:
        """Return the places of those runs that may have broken a safety or liveness rule; no others have.

        Reads the traces without changing them.
        """
        beside: list[int] = []
        alone: list[int] = []
        for place, (record, spec) in enumerate(runs):
            # What is asked of a whole run is asked of it alone: its errors, and whether it traded when all was calm.
            # Whom a wait binds depends on whose processes shared it, which differs from run to run.
            calm, waits = bounds_of(spec).least_trading is not None, len(record.trace.tables["told_to_wait"])
            fit = not (record.errors or calm or waits) and fits(record)
            (beside if fit else alone).append(place)
        if not beside:
            return alone
        record, spec = runs[beside[0]]
        whole = Beside([runs[place][0] for place in beside], keep=True)
        case = self._case(whole, replace(record, errors=()), spec)
        found = {
            finding.intent
            for check in _ASKED
            for finding in check.find(case)
            if (finding.kind or check.kind) != "practice"
        }
        return sorted({*alone, *(beside[place] for place in named(found, len(beside)))})

    def _case(self, trace: Trace, record: RunRecord, spec: Scenario) -> Case:
        return Case(
            trace=trace,
            settings=self._settings,
            steps=self._steps,
            isolation=spec.isolation,
            opening_wallet=spec.account.wallet,
            protect_us=round(spec.invariants.protect_s * 1e6),
            settle_belief_us=round(spec.invariants.settle_belief_s * 1e6),
            errors=record.errors,
            trigger_view_us=round(spec.fills.trigger_view_delay_ms * 1e3),
            bounds=bounds_of(spec),
            grids=self._grids,
            caps=caps_of(record, spec) if spec.limits.enforce else None,
            own_processes=run_apart(spec),
        )
