"""Boil failing scripts down to findings: one for each cause, each as small as it goes, by money at stake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sim.hunt.cause import Cause, cause_of, stake_of, words_of
from sim.hunt.runner import Runner
from sim.hunt.script import Script
from sim.hunt.seen import Seen
from sim.hunt.shrink import Shrunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """State one defect found: its cause, the smallest script that shows it, and what came of that.

    ``words``: what was believed, what was true, after what.  ``stake``: money at stake, quote.  ``runs``: runs that
    shrinking took.  ``alike``: failing scripts with this cause.  ``phase``: exhaustive or random.  ``on``: the place
    of the random phase ("" for the bracket itself).
    """

    cause: Cause
    script: Script
    seen: Seen
    words: str
    stake: float
    runs: int
    alike: int
    phase: str
    on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """State what scripts on one place are compared with: its run without events, and what that is worth (quote)."""

    clean: Seen
    notional: float

    @property
    def known(self) -> frozenset[str]:
        """Return the rules that are broken without any event."""
        return frozenset(one.check for one in self.clean.broken)


class Findings:
    """Collect failing scripts, shrink the first of each cause, and keep what is new."""

    def __init__(self, runner: Runner, grounds: dict[str, Ground]) -> None:
        self._runner = runner
        self._grounds = grounds
        self._alike: Counter[tuple[str, ...]] = Counter()
        self._found: dict[tuple[str, ...], Finding] = {}

    def take(
        self, failing: Sequence[tuple[Script, Seen]], *, phase: str = "exhaustive", on: str = ""
    ) -> list[Finding]:
        """Take a round's failing scripts of one place; return the new findings."""
        ground = self._grounds[on]
        fresh: list[tuple[Script, Seen]] = []
        for script, seen in failing:
            defect = cause_of(script, seen, ground.known if script else ()).defect
            if not self._alike[defect]:
                fresh.append((script, seen))
            self._alike[defect] += 1
        new = []
        # Without any event there is nothing to shrink.
        bare = [Shrunk(script, seen, 0) for script, seen in fresh if not script]
        shrinkable = [(script, seen) for script, seen in fresh if script]
        for shrunk in (*bare, *self._runner.shrink(shrinkable, ground.known, on)):
            known = ground.known if shrunk.script else frozenset[str]()
            cause = cause_of(shrunk.script, shrunk.seen, known)
            if cause.defect in self._found:
                continue
            self._alike[cause.defect] = max(1, self._alike[cause.defect])
            self._found[cause.defect] = Finding(
                cause=cause,
                script=shrunk.script,
                seen=shrunk.seen,
                words=words_of(shrunk.script, shrunk.seen, known),
                stake=stake_of(shrunk.seen, ground.clean, ground.notional),
                runs=shrunk.runs,
                alike=1,
                phase=phase,
                on=on,
            )
            new.append(self._found[cause.defect])
        return new

    def by_stake(self) -> tuple[Finding, ...]:
        """Return all findings: most money first, then the shortest script, then by cause."""
        counted = [replace(found, alike=self._alike[found.cause.defect]) for found in self._found.values()]
        return tuple(sorted(counted, key=lambda one: (-one.stake, len(one.script), one.cause)))
