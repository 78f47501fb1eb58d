"""State what arithmetic says each map must show: chances of success, and seconds until all attempts have failed (pure).

Sources: metrics, "Closed forms the simulator must meet"; policies 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

D7_SLEEPS_S: Final = (0.5, 1.0, 2.0, 4.0)
"""Waits of d7 between its five attempts."""

ONE_RETRY_S: Final = (0.1,)
"""The wait of the baselines that try twice."""

ROUND_TRIP_S: Final = 0.04
"""Request and reply leg of the maps of failing orders."""

DECISION_DELAY_S: Final = 2.0
"""From the decision to the guard, in the map of the price that runs away."""

SLIPPAGE_LIMIT_PCT: Final = 0.5
"""The document's limit between plan and market, in per cent."""

CHASE_LEG_S: Final = 0.125
"""One leg in the map of the chased stop."""


def failure_in_bursts(rate: float, length_s: float, sleeps_s: Sequence[float]) -> float:
    """Return the chance that every attempt fails when failures come in bursts.

    ``rate`` is the share of time that bursts take, ``length_s`` their mean length (0: every request by itself).  A
    two-state Markov process, seen again after dt, has forgotten all but exp(-dt / (length · (1 - rate))); an attempt
    follows the last one after the wait and one round trip.
    """
    chance = rate
    for sleep_s in sleeps_s:
        memory = 0.0
        if length_s > 0.0:
            memory = math.exp(-(sleep_s + ROUND_TRIP_S) / (length_s * (1.0 - rate)))
        chance *= rate + (1.0 - rate) * memory
    return chance


def success_in_bursts(rate: float, length_s: float) -> float:
    """Return the chance that one of d7's five attempts succeeds."""
    return 1.0 - failure_in_bursts(rate, length_s, D7_SLEEPS_S)


def reduction_in_bursts(rate: float, length_s: float) -> float:
    """Return by how much d7 fails less than one retry after 0.1 s."""
    before = failure_in_bursts(rate, length_s, ONE_RETRY_S)
    return 1.0 - failure_in_bursts(rate, length_s, D7_SLEEPS_S) / before


def chase_success(drift_pct_per_s: float, buffer_pct: float) -> float:
    """Return the chance that a stop refused with -2021 rests at one of four moved attempts.

    Read mark, sleep, send.  The stop is judged by the mark, which is published once a second: the attempt rests iff
    the buffer exceeds drift × (publication shown on arrival - publication read), a whole number of seconds.  Averaged
    over the moment of the first refusal within its second.
    """
    phases = (np.arange(1000) + 0.5) / 1000
    rested = np.zeros(len(phases), dtype=bool)
    refused_s = phases
    for sleep_s in D7_SLEEPS_S:
        read_s = refused_s + 2 * CHASE_LEG_S
        arrives_s = read_s + 2 * CHASE_LEG_S + sleep_s
        passed = np.floor(arrives_s) - np.floor(read_s)
        rested |= drift_pct_per_s * passed < buffer_pct
        refused_s = arrives_s
    return float(rested.mean())


def chase_break_even_pct(drift_pct_per_s: float, mark_age_s: float = 0.5) -> float:
    """Return the buffer in per cent at which a stop judged by last would rest at the first moved attempt.

    buffer = drift × (mark age + reply leg + sleep + request leg).
    """
    return drift_pct_per_s * (mark_age_s + CHASE_LEG_S + D7_SLEEPS_S[0] + CHASE_LEG_S)


def claimed_after_silence(rate: float) -> float:
    """Return the chance that one of five attempts is answered, of which each is silent at ``rate``."""
    return float(1.0 - rate**5)


def exactly_one_after_silence(rate: float, applied: float) -> float:
    """Return the chance that five blind attempts leave exactly one order.

    ``applied``: the share of silence behind which an order lives.  Either attempts fail unapplied until one is
    answered, or all five are silent and one of them was applied.
    """
    lost, lives = rate * (1.0 - applied), rate * applied
    answered = sum((1.0 - rate) * lost**failed for failed in range(5))
    return float(answered + 5.0 * lives * lost**4)


def within_limit(drift_pct_per_s: float, round_trip_s: float) -> float:
    """Return the chance that d7's entry does not fill beyond 0.5 % from the plan, on a price that runs away.

    The guard reads the price one leg after it is called, and once; half of the attempts fail, and each later one meets
    a price that has run on.  Refused is within.
    """
    leg_s = round_trip_s / 2.0
    if drift_pct_per_s * (DECISION_DELAY_S + leg_s) > SLIPPAGE_LIMIT_PCT:
        return 1.0
    arrives_s, beyond = DECISION_DELAY_S + round_trip_s + leg_s, 0.0
    for failed, sleep_s in enumerate((*D7_SLEEPS_S, 0.0)):
        if drift_pct_per_s * arrives_s > SLIPPAGE_LIMIT_PCT:
            beyond += 0.5 ** (failed + 1)
        arrives_s += sleep_s + round_trip_s
    return 1.0 - beyond


def exhausted_s(round_trip_s: float) -> float:
    """Return how long d7 takes to fail five times."""
    return sum(D7_SLEEPS_S) + 5.0 * round_trip_s
