"""Judge brackets: by the checks about the code under test, not those about this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from sim.checks import CHECKS, tell
from sim.exchange.filters import SymbolFilters
from sim.experiment.beside import Beside, fits, named
from sim.experiment.run import bounds_of, case_of
from sim.scenario import LoadedPolicy, Scenario
from sim.world import RunRecord

_ASKED: Final = tuple(check for check in CHECKS if check.kind != "simulator")


class Judge:
    """Hold what runs of one bracket are judged by; ``filters`` by symbol."""

    def __init__(self, policy: LoadedPolicy, filters: Mapping[str, SymbolFilters]) -> None:
        self._policy = policy
        self._filters = filters

    def judge(self, record: RunRecord, spec: Scenario) -> None:
        """Write every broken rule of the code under test into the run's trace."""
        case = case_of(record, spec, self._policy, self._filters)
        for check in _ASKED:
            tell(record.trace, check, check.find(case))

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
        case = case_of(replace(record, trace=whole, errors=()), spec, self._policy, self._filters)
        found = {
            finding.intent
            for check in _ASKED
            for finding in check.find(case)
            if (finding.kind or check.kind) != "practice"
        }
        return sorted({*alone, *(beside[place] for place in named(found, len(beside)))})
