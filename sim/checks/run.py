"""Run all checks on one trace and record what they found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sim.checks.bounds import Bounds
from sim.checks.case import Caps, Case, Check, Finding, Grid, Isolation
from sim.checks.table import CHECKS
from sim.execution.policy_keys import Settings
from sim.trace import Trace

_DEFAULT: Final = Bounds()


def run_checks(
    trace: Trace,
    *,
    settings: Settings,
    steps: Mapping[str, float],
    isolation: Isolation,
    opening_wallet: float,
    protect_s: float = 5.0,
    settle_belief_s: float = 30.0,
    errors: Sequence[str] = (),
    trigger_view_s: float = 0.0,
    bounds: Bounds = _DEFAULT,
    grids: Mapping[str, Grid] | None = None,
    caps: Caps | None = None,
    fault_rates: Mapping[str, float] | None = None,
    own_processes: bool = False,
) -> int:
    """Write a ``violation`` row for every finding of every check and return their number.

    ``settings`` is the policy the run was made with, ``steps`` the quantity step of every traded symbol,
    ``opening_wallet`` the quote currency each account began with, ``errors`` the run's own (unseen
    exceptions, coroutines never awaited), ``trigger_view_s`` the age of the prices that the venue's trigger engine
    judges, ``bounds`` all other bounds, ``grids`` tick and minimum notional by symbol, ``caps`` what the venue allows,
    ``fault_rates`` how often each fault that is drawn per request is to fire, ``own_processes`` whether each intent ran
    in a process of its own.
    A safety, liveness or practice row speaks about the code under test, a simulator row about this package; practice
    is a rule of conduct that by itself loses nothing.  The trace must not have been judged before.
    """
    case = Case(
        trace=trace,
        settings=settings,
        steps=steps,
        isolation=isolation,
        opening_wallet=opening_wallet,
        protect_us=round(protect_s * 1e6),
        settle_belief_us=round(settle_belief_s * 1e6),
        errors=errors,
        trigger_view_us=round(trigger_view_s * 1e6),
        bounds=bounds,
        grids=grids or {},
        caps=caps,
        fault_rates=fault_rates or {},
        own_processes=own_processes,
    )
    return sum(tell(trace, check, check.find(case)) for check in CHECKS)


def tell(trace: Trace, check: Check, findings: Iterable[Finding]) -> int:
    """Write a ``violation`` row for each of a check's findings and return their number."""
    write = trace.writer("violation")
    rows = [(check.id, finding.kind or check.kind, *finding[:6]) for finding in findings]
    for row in rows:
        write(row)
    return len(rows)
