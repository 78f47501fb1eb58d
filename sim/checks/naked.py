"""Cut the record of exposure into stories and naked stretches, for the checks that judge them.

Naked is |position| above the cover of live, right-sided, exit-only stops inside liquidation; a flat account is
protected.  The record holds both after every change, so both are piecewise constant; they run on until the
account's books close.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.checks.arrays import among, first_of_group, rows_of, steps_of, symbol_numbers
from sim.checks.case import BoolArray, Case, Columns, FloatArray, IntArray
from sim.outages import Outages


class Story(NamedTuple):
    """Hold exposure rows by (account, symbol) and time; each row's state lasts from ``at_us`` to ``until_us``."""

    group: IntArray
    intent: IntArray
    at_us: IntArray
    until_us: IntArray
    position: FloatArray
    naked: FloatArray
    held: BoolArray


class Stretches(NamedTuple):
    """Hold naked stretches: whose, from when to when, at most how much uncovered, how long charged (µs)."""

    intent: IntArray
    from_us: IntArray
    to_us: IntArray
    uncovered: FloatArray
    length_us: IntArray
    charged_us: IntArray
    group: IntArray


def story_of(case: Case) -> Story:
    """Return the exposure of all accounts; of several changes within one microsecond only the last lasted."""
    return case.shared(_story)


def _story(case: Case) -> Story:
    exposure = case.table("exposure")
    group = groups_of(case, exposure)
    order = np.argsort(group, kind="stable")
    group, at_us = group[order], exposure["at_us"][order]
    superseded = np.zeros(group.size, dtype=np.bool_)
    superseded[:-1] = (group[1:] == group[:-1]) & (at_us[1:] == at_us[:-1])
    order, group, at_us = order[~superseded], group[~superseded], at_us[~superseded]

    books = case.table("account_end")
    book = rows_of(books["account"], exposure["account"][order])
    end_us = np.where(book >= 0, books["at_us"][book] if books["at_us"].size else 0, at_us)
    until_us = np.maximum(end_us, at_us)
    until_us[:-1] = np.where(group[1:] == group[:-1], at_us[1:], until_us[:-1])
    intent, position = exposure["intent"][order], exposure["position"][order]
    dust = steps_of(case.table("intent"), case.steps, intent) / 2
    naked = np.abs(position) - exposure["cover"][order]
    return Story(
        group, intent, at_us, until_us, position, np.where(naked > dust, naked, 0.0), np.abs(position) > dust
    )


def groups_of(case: Case, rows: Columns) -> IntArray:
    """Return the number of each row's (account, symbol); the symbol is that of the row's intent."""
    symbols, symbol = symbol_numbers(case.table("intent"), rows["intent"])
    group: IntArray = rows["account"] * (len(symbols) + 1) + symbol
    return group


def outages_of(case: Case) -> Outages:
    """Return what is excused in this run."""
    return case.shared(_outages)


def _outages(case: Case) -> Outages:
    rows, waits = case.table("outage"), _unearned_waits(case)
    if not waits["intent"].size:
        return Outages(rows)
    return Outages({name: np.concatenate([rows[name], waits[name]]) for name in waits})


def _unearned_waits(case: Case) -> Columns:
    """Return the waits that a 429 of nobody's making asked for: who keeps to them (I10) cannot protect anything."""
    waits, faults = case.table("told_to_wait"), case.table("fault")
    limited = np.array([kind.startswith("429") for kind in faults["kind"]], dtype=np.bool_)
    unearned = among(waits["request"], faults["request"][limited])
    return {
        "intent": waits["intent"][unearned],
        "opened_us": waits["at_us"][unearned],
        "closed_us": waits["until_us"][unearned],
    }


def stretches_of(case: Case) -> Stretches:
    """Return every naked stretch, in the order of accounts and time."""
    return case.shared(_stretches)


def _stretches(case: Case) -> Stretches:
    story = story_of(case)
    naked = story.naked > 0
    begins = naked & ~_before(naked, first_of_group(story.group))
    first = np.flatnonzero(begins)
    stretch = np.cumsum(begins) - 1
    uncovered = np.zeros(first.size)
    np.maximum.at(uncovered, stretch[naked], story.naked[naked])
    to_us = story.at_us[first].copy()
    np.maximum.at(to_us, stretch[naked], story.until_us[naked])
    intent, from_us = story.intent[first], story.at_us[first]
    length_us = to_us - from_us
    charged_us = length_us - outages_of(case).excused_us(intent, from_us, to_us)
    return Stretches(intent, from_us, to_us, uncovered, length_us, charged_us, story.group[first])


def _before(naked: BoolArray, new_group: BoolArray) -> BoolArray:
    """Tell which rows follow a naked row of the same account."""
    before = np.zeros(naked.size, dtype=np.bool_)
    before[1:] = naked[:-1]
    return before & ~new_group
