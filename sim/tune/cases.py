"""Split dates and seeds between the search and the judgement before either has seen a price.

A case is one scenario on one day under one seed.  A scenario's day is its own stretch of the tape (or a whole day
of a tape without one), moved by whole days to wherever the tape holds it entirely; windows and shocks written as clock
times move with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sim.chance import Stream
from sim.errors import InputError
from sim.experiment.prepare import load_market_of, prepare
from sim.market import load_market
from sim.scenario import LoadedScenario, load_scenario
from sim.scenario.files import resolve
from sim.scenario.market_spec import LINE_EPOCH_US
from sim.tune.space import Dates

DAY_US = 86_400_000_000
HOLD_OUT_SEEDS_FROM = 10_001
ALL_DAYS = -1
"""The day of a case that replays a signal file: the whole of it, of which only one side's dates count."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Say where a scenario's day lies: its UTC day number, and the overrides that cut it from the tape."""

    day: int
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Days:
    """Hold one scenario with its days; ``word`` is how commands name it.

    ``whole``: the days are dates of one signal file, which is replayed as a whole.
    """

    word: str
    loaded: LoadedScenario
    slots: tuple[Slot, ...]
    whole: bool = False


@dataclass(frozen=True, order=True)
class Case:
    """Name one run: the scenario by its position, the day, the seed."""

    seed: int
    scenario: int
    day: int


@dataclass(frozen=True, kw_only=True)
class Split:
    """Hold the two disjoint sides.  ``notes`` say what could not be held apart; ``dropped`` days are the embargo."""

    scenarios: tuple[Days, ...]
    search: tuple[Case, ...]
    hold_out: tuple[Case, ...]
    dropped: tuple[int, ...]
    notes: tuple[str, ...]
    dates: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = ()
    """For each scenario the days of the search and those of the judgement."""

    def slot(self, case: Case) -> Slot:
        """Return where a case's day lies."""
        if case.day == ALL_DAYS:
            return Slot(day=ALL_DAYS)
        return next(slot for slot in self.scenarios[case.scenario].slots if slot.day == case.day)

    def counted(self, case: Case) -> tuple[int, ...]:
        """Return the dates whose intents count in a case; empty for all."""
        if case.day != ALL_DAYS:
            return ()
        return self.dates[case.scenario][case.seed >= HOLD_OUT_SEEDS_FROM]


def days_of(word: str, overrides: Sequence[str], klines: str | None) -> Days:
    """List the days on which a scenario can be replayed; ``klines`` replaces its tape (seen from here)."""
    loaded = load_scenario(word, overrides)
    spec = loaded.scenario
    if spec.isolation != "intent":
        expected = '"intent": in a shared account a loss belongs to nobody in particular'
        raise InputError(f"{loaded.path}: isolation", spec.isolation, expected)
    if spec.workload.signals is not None:
        if klines is not None:
            raise InputError(
                "dates.klines", klines, f"no other tape, as {word} replays signals of its own dates"
            )
        return Days(word=word, loaded=loaded, slots=tuple(map(_dated, _signal_days(loaded))), whole=True)
    if spec.market.line is not None:
        return Days(word=word, loaded=loaded, slots=(Slot(day=LINE_EPOCH_US // DAY_US),))
    tape_us, end_us = _span_us(loaded, loaded.klines)
    from_us, to_us = spec.market.stretch_us(tape_us, end_us)
    length_us = min(to_us - from_us, DAY_US)
    begin_us = tape_us + from_us
    moved: tuple[str, ...] = ()
    if klines is not None:
        reference = klines if ":" in klines else str(Path(klines).expanduser().resolve())
        moved = (f"market.klines={reference}",)
        tape_us, end_us = _span_us(loaded, [resolve(reference, loaded.base_dir)])
    slots = []
    clock_us = begin_us % DAY_US
    for day in range(tape_us // DAY_US, (tape_us + end_us) // DAY_US + 1):
        start_us = day * DAY_US + clock_us - tape_us
        if start_us >= 0 and start_us + length_us <= end_us:
            cut = (f"market.from={start_us / 1e6!r}", f"market.to={(start_us + length_us) / 1e6!r}")
            slots.append(Slot(day=day, overrides=(*moved, *cut)))
    if not slots:
        raise InputError("dates.klines", klines, f"a tape that holds {length_us / 1e6:g} s of some day")
    return Days(word=word, loaded=loaded, slots=tuple(slots))


def _dated(day: int) -> Slot:
    return Slot(day=day)


def _signal_days(loaded: LoadedScenario) -> list[int]:
    """Return the dates of a scenario's signals, as its runs will plan them."""
    ready = prepare(loaded, load_market_of(loaded), 1)
    epoch_us = next(iter(ready.paths.values())).epoch_us
    return sorted({(epoch_us + plan.decided_us) // DAY_US for plan in ready.plans})


def _span_us(loaded: LoadedScenario, references: Sequence[str]) -> tuple[int, int]:
    """Return the start of what the tapes share (Unix µs) and its length."""
    market = loaded.scenario.market
    tapes = [load_market(name, symbol=market.symbol, problems=market.problems) for name in references]
    start_us = max(tape.epoch_us for tape in tapes)
    return start_us, min(tape.epoch_us + tape.end_us for tape in tapes) - start_us


def split(scenarios: Sequence[Days], dates: Dates, seeds: int) -> Split:
    """Divide days and seeds; ``seeds`` is the number of runs of each scenario in a full evaluation.

    Run k of a scenario takes its k-th day, round and round, and a seed of its own: 1 … ``seeds`` in the search, from
    10001 on in the judgement, which makes at least one run for every day.
    """
    days = sorted({slot.day for one in scenarios for slot in one.slots})
    held, dropped = _held_out(days, dates)
    kept = [day for day in days if day not in held and day not in dropped]
    if dates.search is not None and dates.search < len(kept):
        chance = Stream(dates.draw, "tune.search-days")
        kept = sorted(sorted(kept, key=lambda day: (chance.uniform(day), day))[: dates.search])
    notes = []
    sides: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    search: list[Case] = []
    hold_out: list[Case] = []
    for position, one in enumerate(scenarios):
        own = [slot.day for slot in one.slots]
        seen, unseen = [day for day in own if day in kept], [day for day in own if day in held]
        if not seen or not unseen:
            notes.append(
                f"{one.word}: {len(own)} date{'s' if len(own) > 1 else ''}, too few to hold one out; only seeds are "
                "new in its judgement"
            )
            seen = unseen = seen or own
        sides.append((tuple(seen), tuple(unseen)))
        if one.whole:
            seen = unseen = [ALL_DAYS]
        search += [Case(k + 1, position, seen[k % len(seen)]) for k in range(seeds)]
        hold_out += [
            Case(HOLD_OUT_SEEDS_FROM + k, position, unseen[k % len(unseen)])
            for k in range(max(seeds, len(unseen)))
        ]
    return Split(
        scenarios=tuple(scenarios),
        search=tuple(sorted(search)),
        hold_out=tuple(sorted(hold_out)),
        dropped=tuple(sorted(dropped)),
        notes=tuple(notes),
        dates=tuple(sides),
    )


def _held_out(days: Sequence[int], dates: Dates) -> tuple[set[int], set[int]]:
    """Draw the days of the judgement, and the days around them that belong to nobody."""
    wanted = round(dates.hold_out * len(days))
    if len(days) < 3 or not wanted:
        return set(), set()
    length = -(-wanted // min(dates.blocks, wanted))
    chance = Stream(dates.draw, "tune.hold-out-days")
    held: set[int] = set()
    for start in sorted(range(len(days)), key=lambda place: (chance.uniform(days[place]), place)):
        block = days[start : start + length]
        if len(held) >= wanted:
            break
        if len(block) == length:
            held |= set(block[: wanted - len(held)])
    reach = range(-dates.embargo_days, dates.embargo_days + 1)
    around = {day + shift for day in held for shift in reach} - held
    return held, around.intersection(days)


def calm(loaded: LoadedScenario, without: Sequence[str]) -> LoadedScenario:
    """Return a scenario without its ``"shocks"``, its ``"faults"``, or both."""
    scenario = loaded.scenario
    if "faults" in without:
        scenario = scenario.model_copy(update={"faults": [], "regime": None})
    if "shocks" in without:
        scenario = scenario.model_copy(update={"market": scenario.market.model_copy(update={"shock": []})})
    return replace(loaded, scenario=scenario)
