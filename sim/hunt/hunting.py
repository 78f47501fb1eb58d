"""Hunt for the shortest scripts under which a bracket's code breaks a rule, and boil them down to findings."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from sim.errors import InputError
from sim.experiment.fingerprint import code_sha256
from sim.hunt.alphabet import OUTCOMES
from sim.hunt.bracket import Bracket
from sim.hunt.budget import Budget, Clock
from sim.hunt.exhaustive import Coverage, Level, Search
from sim.hunt.findings import Finding, Findings, Ground
from sim.hunt.ledger import Ledger, code_sha256_of
from sim.hunt.places import places_for
from sim.hunt.quarry import HOLD_S, Quarry
from sim.hunt.random_phase import RandomPhase
from sim.hunt.runner import runner_of
from sim.hunt.seen import Seen

Progress = Callable[[str, int, int], None]

DEPTH: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """Hold what a hunt found, by money at stake, and what it covered.

    ``known``: rules the run without any event breaks.  ``levels``: scripts there are and scripts run.
    ``practice``: rules of conduct broken by the clean run, told apart from findings.
    """

    clean: Seen
    known: frozenset[str]
    findings: tuple[Finding, ...]
    levels: tuple[Level, ...]
    coverage: Coverage
    scripts: int
    spent_s: float
    practice: tuple[str, ...]
    quarries: dict[str, Quarry]
    """Where scripts were run, by name; "" is the bracket itself."""

    @property
    def median_runs(self) -> float:
        """Return the median of runs that shrinking a finding took; NaN without findings."""
        return median(finding.runs for finding in self.findings) if self.findings else math.nan


def hunt(
    bracket: Bracket,
    *,
    depth: int = DEPTH,
    budget: Budget | None = None,
    jobs: int = 1,
    crashes: bool | None = None,
    hold_s: float = HOLD_S,
    out: Path | None = None,
    code: str = "",
    random: bool = False,
    elsewhere: bool = True,
    progress: Progress | None = None,
) -> Hunt:
    """Hunt a bracket: no event, then every script of up to ``depth`` outcomes and every crash, shortest first.

    ``budget`` bounds the scripts begun (rounds of a fixed size; shrinking is not counted).  ``jobs`` processes give
    the same findings as one.  ``crashes`` None: where the code under test can come back from one (it has ``recover``).
    ``random``: go on with random scripts until the budget, which must then be given, is used up; ``elsewhere``: also on
    other intents and scenarios.
    ``out`` is where the ledger is kept, ``code`` names the code under test in it, by
    default the files of the scenario's ``[code]``.
    """
    if random and budget is None:
        raise InputError("budget", None, "a budget, as random scripts have no end of their own")
    clock = Clock(budget or Budget())
    quarries = {"": Quarry(bracket, hold_s=hold_s)}
    if random and elsewhere:
        quarries |= places_for(bracket, hold_s)
    grounds = {on: Ground(clean=quarry.run(), notional=quarry.notional) for on, quarry in quarries.items()}
    quarry, ground = quarries[""], grounds[""]
    dying = quarry.comes_back if crashes is None else crashes
    clock.scripts += len(grounds)
    ledger = Ledger(out, question_of(quarry), code_of(code or code_sha256_of(bracket.loaded)))
    with runner_of(quarries, jobs) as runner:
        findings = Findings(runner, grounds)
        if ground.clean.broken:
            findings.take([((), ground.clean)])
        search = Search(runner, clock, ledger, ground.known)
        for failing in search.rounds(ground.clean, depth, crashes=dying):
            findings.take(failing)
            if progress is not None:
                level = search.levels[-1]
                progress(level.title, level.run, level.there)
        levels = search.levels
        if random and not clock.is_over:
            phase = RandomPhase(runner, clock, ledger, grounds, seed=quarry.seed, crashes=dying)
            for on, failing in phase.rounds():
                findings.take(failing, phase="random", on=on)
                if progress is not None:
                    progress("random", phase.scripts, phase.scripts)
            levels.append(Level(0, "random", phase.scripts, phase.scripts, 0, phase.broke, phase.known))
    return Hunt(
        clean=ground.clean,
        known=ground.known,
        findings=findings.by_stake(),
        levels=tuple(levels),
        coverage=search.coverage,
        scripts=clock.scripts,
        spent_s=clock.spent_s,
        practice=tuple(sorted({one.check for one in ground.clean.practice})),
        quarries=quarries,
    )


def question_of(quarry: Quarry) -> str:
    """Hash what is hunted: the scenario, the policy, the seed, the intent and the alphabet."""
    spec = quarry.loaded.scenario
    said = (
        spec.model_dump_json(exclude={"title", "story", "check"}),
        quarry.policy.sha256,
        quarry.seed,
        OUTCOMES,
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()


def code_of(code: str) -> str:
    """Hash this package and what names the code under test."""
    return hashlib.sha256(f"{code_sha256()}:{code}".encode()).hexdigest()
