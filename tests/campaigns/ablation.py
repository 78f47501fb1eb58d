"""Take one safeguard away at a time and count the runs that then break a rule which the whole policy keeps.

Every safeguard is tried twice: in the storm, one scenario for all of them, of which each seed arms another part
(:mod:`tests.campaigns.storm`), and on the scenario that was made for what it guards against.  Runs are paired: same
seed, same place, same weather as the whole policy's.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scipy.stats import beta

from sim.report.printing import Heading, PrintedTable, printed, printed_range, text_table, wrapped
from tests.campaigns.runs import Case, Row
from tests.campaigns.storm import STORM

OWN: Final = "own"
"""Calls the scenarios that were made for one safeguard each, where places are chosen."""
WHOLE: Final = "safe"
INTENTS: Final = 8
_LOAD: Final = "load"


@dataclass(frozen=True, kw_only=True)
class Safeguard:
    """Name a safeguard, how it is removed, and the place in which it matters.

    ``less`` are the policy's keys without it, ``patch`` what is taken out of the code.  ``scenario`` with ``where``
    (its changes, called ``place``) is run with and without it; so are the keys of ``among``, which take a second
    safeguard away where two of them do the same.  ``by``: "rules" counts runs that break a rule, "load" runs in which
    the venue refused more for load.
    """

    name: str
    scenario: str
    less: tuple[str, ...] = ()
    patch: str = ""
    where: tuple[str, ...] = ()
    place: str = ""
    among: tuple[str, ...] = ()
    policy: str = WHOLE
    intents: int = INTENTS
    by: str = "rules"

    @property
    def beside(self) -> str:
        """Name what else is missing in both runs of a pair, as it does the same."""
        known = {key: guard.name for guard in SAFEGUARDS for key in guard.less}
        bound = ["price bound"] if self.policy != WHOLE else []
        return " ".join([*(known[key] for key in self.among), *bound])

    def pairs(self) -> list[tuple[Case, Case]]:
        """Return (with it, without it) in the storm and at its own place."""
        return [
            (
                self._case(place, where, called, intents),
                self._case(place, where, called, intents, removed=True),
            )
            for place, where, called, intents in (
                (STORM, (), STORM, INTENTS),
                (self.scenario, self.where, self.place, self.intents),
            )
        ]

    def _case(
        self, scenario: str, where: tuple[str, ...], called: str, intents: int, *, removed: bool = False
    ) -> Case:
        keys = (*self.among, *(self.less if removed else ()))
        base = self.policy if not self.among else f"{self.policy} less {' '.join(self.among)}"
        return Case(
            scenario=scenario,
            policy=self.policy,
            changes=(*where, *(f"execution.{key}" for key in keys)),
            intents=intents,
            name=f"{base}, no {self.name}" if removed else base,
            where=called,
            patch=self.patch if removed else "",
        )


_DROP: Final = (
    'market.shock=[{kind="drift", at="00:30:00", pct_per_s=-0.5, for_s=40}]',
    "workload.first_s=1795",
    "workload.poisson_per_hour=1200",
    "faults.internal_error.how.rate=0.7",
)
_LOST_STOPS: Final = ('faults.request_lost.match={role="sl"}', "faults.request_lost.how.rate=1.0")
_REFUSED_STOPS: Final = ("faults.would_trigger.how.rate=1.0",)
_LATE: Final = ("faults.late.how.rate=0.5", "faults.late.late_s=30")
_QUICK_VANISHING: Final = (
    "faults.vanishes.min_s=0", "faults.vanishes.max_s=0.02", "faults.vanishes_expired.min_s=0",
    "faults.vanishes_expired.max_s=0.02", "faults.no_margin.how.rate=0",
)  # fmt: skip
# A hundred clients of their own: what one limiter counts for all of them must not be what spreads them.  Only the first
# bar is run, before the scenario's own errors.  The queue is short beside the crowd, and the gateway fast beside the
# first wait (0.5 s): where it is busy for as long as the retries last, whoever waits longest fares best, and full
# jitter halves the waits.
_SHORT_QUEUE: Final = (
    "limits.service_ms=3", "limits.queue_most=3", "limits.orders_per_10s=100000", "limits.orders_per_min=100000",
    "limits.weight_per_min=1000000",
)  # fmt: skip

SAFEGUARDS: Final = (
    Safeguard(name="client id", scenario="ghost_entry", less=("client_ids=false",), patch="no_ids"),
    Safeguard(name="look-up", scenario="double_trap_no_code", less=("look_up_unknown=false",)),
    Safeguard(
        name="re-check",
        scenario="honest_internal_error",
        where=_DROP,
        place="errors in a drop",
        less=("recheck_each_attempt=false",),
        policy="safe-market",
        intents=12,
    ),
    Safeguard(name="tick rounding", scenario="calm_baseline", patch="no_ticks"),
    Safeguard(
        name="deadline",
        scenario="quickstart",
        where=_LOST_STOPS,
        place="stops lost",
        less=("protect_deadline_sec=600",),
    ),
    Safeguard(
        name="flatten", scenario="quickstart", where=_REFUSED_STOPS, place="stops refused", patch="no_way_out"
    ),
    Safeguard(
        name="read-back",
        scenario="paper_stop",
        where=_QUICK_VANISHING,
        place="stops gone at once",
        less=("read_back=false",),
        among=("verify_every_sec=0",),
    ),
    Safeguard(
        name="jitter",
        scenario="bar_close_herd",
        where=_SHORT_QUEUE,
        place="a hundred clients, a short queue",
        less=('jitter="none"',),
        intents=100,
        by=_LOAD,
    ),
    Safeguard(name="limiter", scenario="ban_spiral", less=("use_limiter=false",), intents=120),
    Safeguard(name="journal", scenario="crash_and_count", less=("keep_journal=false",)),
    Safeguard(name="answer limit", scenario="ghost_entry", less=("attempt_timeout_sec=0",)),
    Safeguard(name="caretaker", scenario="paper_stop", less=("verify_every_sec=0",)),
    Safeguard(
        name="watch",
        scenario="quickstart",
        where=_LATE,
        place="entries 30 s late",
        less=("watch_unknown_sec=0",),
    ),
    Safeguard(name="sweep", scenario="quick_reentry", less=("sweep_when_flat=false",), intents=40),
    Safeguard(
        name="Retry-After",
        scenario="ban_spiral",
        less=("honour_retry_after=false",),
        among=("use_limiter=false",),
        intents=120,
        by=_LOAD,
    ),
)


_NOTE: Final = (
    "also without: taken away in both runs of a pair, as it does the same; fails itself: runs in which what is "
    "compared with breaks a rule; fails: runs that break a rule which that one keeps under the same seed (jitter and "
    "Retry-After: or in which the venue refused more for load); 95 %: exact, by Clopper and Pearson"
)


def all_cases(only: Sequence[str] = ()) -> list[Case]:
    """Return all runs, the whole policy's first; ``only`` names safeguards to keep, or places ("storm", "own")."""
    places = {name for name in (STORM, OWN) if name in only} or {STORM, OWN}
    names = set(only) - {STORM, OWN}
    chosen = [guard for guard in SAFEGUARDS if not names or guard.name in names]
    pairs = [pair for guard in chosen for pair in guard.pairs() if _kind(pair[0].scenario) in places]
    # Beside the policies that lack something in both runs of a pair, the whole one is held to every rule.
    whole = [Case(scenario=STORM, policy=WHOLE, intents=INTENTS, name=WHOLE, where=STORM)]
    cases = [case for case, _ in pairs] + [case for _, case in pairs]
    return list(dict.fromkeys([*(whole if STORM in places else []), *cases]))


def _kind(scenario: str) -> str:
    return STORM if scenario == STORM else OWN


@dataclass(frozen=True, kw_only=True)
class Loss:
    """State what the lack of one safeguard cost on one scenario.

    ``fails``: runs that break a rule which the whole policy keeps in the same run (or in which the venue refused more
    for load); ``whole``: runs in which what it is compared with, the whole
    policy or one that lacks what is ``beside`` as well, itself breaks one; ``first``: the first such seed, 0 for none.
    ``low`` and ``high``: of 10,000 seeds, 95 % by Clopper and Pearson.
    """

    safeguard: str
    scenario: str
    runs: int
    whole: int
    fails: int
    first: int
    what: str
    beside: str
    low: float
    high: float


def losses(rows: Sequence[Row]) -> list[Loss]:
    """Return what each safeguard's lack cost, as far as it has been run."""
    found = {_key(row): row for row in rows}
    pairs = [(guard, *pair) for guard in SAFEGUARDS for pair in guard.pairs()]
    return [loss for pair in pairs if (loss := _loss(*pair, found)) is not None]


def _key(row: Row) -> tuple[str, str, int, int]:
    return row.scenario, row.policy, row.intents, row.seed


def _loss(
    guard: Safeguard, whole: Case, case: Case, found: Mapping[tuple[str, str, int, int], Row]
) -> Loss | None:
    def rows_of(one: Case) -> dict[int, Row]:
        asked = (one.place, one.label, one.intents)
        return {key[3]: row for key, row in found.items() if key[:3] == asked}

    without, base = rows_of(case), rows_of(whole)
    seeds = sorted(without.keys() & base.keys())
    if not seeds:
        return None
    by_load = guard.by == _LOAD
    worse = [seed for seed in seeds if _is_worse(without[seed], base[seed], by_load)]
    counts: Counter[str] = Counter()
    for seed in worse:
        counts.update(without[seed].broken - base[seed].broken)
    what = " ".join(f"{check}:{count}" for check, count in counts.most_common())
    if by_load:
        before, after = (sum(side[seed].denied for seed in seeds) for side in (base, without))
        entered, left = (sum(side[seed].traded for seed in seeds) for side in (base, without))
        fewer = sum(without[seed].denied < base[seed].denied for seed in seeds)
        told = f"refused {before} → {after} (fewer in {fewer} runs), entered {entered} → {left}"
        what = f"{told} {what}".strip()
    low, high = exact_per_10_000(len(worse), len(seeds))
    return Loss(
        safeguard=guard.name,
        scenario=case.place,
        runs=len(seeds),
        whole=sum(base[seed].failed for seed in seeds),
        fails=len(worse),
        first=worse[0] if worse else 0,
        what=what or "nothing",
        beside=guard.beside,
        low=round(low, 1),
        high=round(high, 1),
    )


def _is_worse(row: Row, base: Row, by_load: bool) -> bool:
    return bool(row.broken - base.broken) or (by_load and row.denied > base.denied)


def exact_per_10_000(count: int, runs: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval (Clopper and Pearson) of failures per 10,000 runs: every seed has its own luck."""
    tail = (1.0 - confidence) / 2
    low = beta.ppf(tail, count, runs - count + 1) if count else 0.0
    high = beta.ppf(1.0 - tail, count + 1, runs - count) if count < runs else 1.0
    return float(low) * 10_000, float(high) * 10_000


def in_storm(found: Sequence[Loss]) -> list[Loss]:
    """Return what was lost in the storm, the one scenario of all safeguards."""
    return [loss for loss in found if loss.scenario == STORM]


def free(found: Sequence[Loss]) -> list[str]:
    """Return the safeguards whose lack cost nothing, in the storm or, where it has not been run, anywhere."""
    judged = in_storm(found) or found
    names = dict.fromkeys(loss.safeguard for loss in judged)
    return [name for name in names if not any(loss.fails for loss in judged if loss.safeguard == name)]


def tables(found: Sequence[Loss]) -> list[PrintedTable]:
    """Return one row per safeguard: in the storm, and at the place that was made for it."""
    storm, own = in_storm(found), [loss for loss in found if loss.scenario != STORM]
    made = []
    if storm:
        made.append(_table("One safeguard less, in one storm for all", storm))
    if own:
        made.append(_table("One safeguard less, at its own place", own, with_scenario=True))
    return made


def _table(title: str, found: Sequence[Loss], *, with_scenario: bool = False) -> PrintedTable:
    scenario = (Heading(name="scenario", numeric=False),) if with_scenario else ()
    headings = (
        Heading(name="without", numeric=False),
        *scenario,
        Heading(name="also without", numeric=False),
        Heading(name="seeds"),
        Heading(name="fails itself"),
        Heading(name="fails"),
        Heading(name="per 10,000"),
        Heading(name="95 %"),
        Heading(name="first seed"),
        Heading(name="runs by broken rule", numeric=False),
    )
    cells = tuple(
        (
            one.safeguard,
            *((one.scenario,) if with_scenario else ()),
            one.beside,
            printed(one.runs),
            printed(one.whole),
            printed(one.fails),
            printed(round(one.fails / one.runs * 10_000)),
            printed_range(round(one.low), round(one.high), ""),
            printed(one.first if one.first else math.nan),
            one.what,
        )
        for one in found
    )
    return PrintedTable(title=title, headings=headings, rows=cells, notes=() if with_scenario else (_NOTE,))


def whole_in_storm(rows: Sequence[Row]) -> str:
    """Say how the whole policy fared in the storm; empty where it has not been run."""
    mine = [row for row in rows if row.scenario == STORM and row.policy == WHOLE]
    failed = [row.seed for row in mine if row.failed]
    named = f", seeds {', '.join(map(str, failed))}" if failed else ""
    return f"{WHOLE} in the storm: {len(failed)} of {len(mine)} runs break a rule{named}" if mine else ""


def report(rows: Sequence[Row]) -> tuple[str, bool]:
    """Return the tables as text, and whether no safeguard is free and the whole policy keeps every rule there."""
    found = losses(rows)
    costless, said = free(found), whole_in_storm(rows)
    lines = []
    for table in tables(found):
        notes = [line for note in table.notes for line in wrapped(note)]
        lines += [table.title.upper(), *text_table(table), *notes, ""]
    lines += [said] if said else []
    lines.append(f"cost nothing: {', '.join(costless) or 'none of them'}")
    held = not any(row.failed for row in rows if row.scenario == STORM and row.policy == WHOLE)
    return "\n".join(lines), held and not costless
