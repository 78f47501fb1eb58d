"""I09: sleeps follow the policy exactly (failures F09, F41).

After failed attempt k the executor sleeps min(base * growth^(k-1), cap), and nothing after the last attempt.  Jitter,
Retry-After and schedules by outcome turn that law into bounds: no less than the least and no more than the most that
the policy's values allow.
Announced sleeps are compared with that law; that they were really slept is read from what happened next in the
placement (a request sent, an attempt failed, its end).  What the process computed before that request is not slept, nor
is what passed while its loop stood still.  One finding per placement.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import first_from, first_of_group, latest_until, one_of, rows_of, sum_by
from sim.checks.case import NO_INTENT, BoolArray, Case, Columns, Finding, FloatArray, IntArray

_TOLERANCE_US = 1
_TOO_MANY = (-1003, -1015)


def find_wrong_sleeps(case: Case) -> list[Finding]:
    """Return placements that slept otherwise than the policy says; amount is the error in seconds."""
    placements, sleeps = case.table("placement"), case.table("backoff")
    owner = rows_of(placements["placement"], sleeps["placement"])
    finished = owner >= 0
    due_us = _due_us(case, sleeps["attempt"])
    least_us, most_us = _bounds_us(case, due_us)
    slept_us, was_last = _slept_us(case, placements, sleeps)
    delay_us = sleeps["delay_us"]
    announced_wrong = (delay_us < least_us - _TOLERANCE_US) | (delay_us > most_us + _TOLERANCE_US)
    slept_wrong = (slept_us >= 0) & (np.abs(slept_us - sleeps["delay_us"]) > _TOLERANCE_US)
    slept_wrong &= ~(_held_back(case, sleeps) & (slept_us > delay_us))

    cut_off = _cut_short(case, placements)
    whole = np.where(finished, ~cut_off[owner] if cut_off.size else True, False)
    slept_wrong, was_last = slept_wrong & whole, was_last & whole

    findings: dict[int, Finding] = {}
    for row in np.flatnonzero(finished & (announced_wrong | slept_wrong | was_last)):
        k = int(sleeps["attempt"][row])
        if was_last[row]:
            truth, error_us = f"slept {slept_us[row] / 1e6:g} s after the last attempt", float(slept_us[row])
        else:
            real_us = float(slept_us[row] if slept_wrong[row] else sleeps["delay_us"][row])
            truth, error_us = (
                f"slept {real_us / 1e6:g} s after failed attempt {k}",
                abs(real_us - due_us[row]),
            )
        belief = f"announced {sleeps['delay_us'][row] / 1e6:g} s, the policy says {due_us[row] / 1e6:g} s"
        at = int(owner[row])
        findings.setdefault(
            at,
            Finding(
                int(sleeps["intent"][row]), int(sleeps["at_us"][row]), error_us / 1e6, "s", truth, belief
            ),
        )
    for at, finding in _silent_and_missing(case, placements, sleeps):
        findings.setdefault(at, finding)
    return [findings[at] for at in sorted(findings)]


def _due_us(case: Case, failed: IntArray) -> FloatArray:
    """Return the policy's sleep after failed attempt k, in µs; written anew: a judge does not ask the accused."""
    settings = case.settings
    with np.errstate(over="ignore"):
        growth = np.power(settings.retry_backoff_growth, failed - 1.0)
    base_s = settings.retry_backoff_base_sec
    wanted_s = base_s * growth if base_s else np.zeros(failed.size)
    due: FloatArray = np.rint(np.minimum(wanted_s, settings.max_retry_backoff_sec) * 1e6)
    return due


def _bounds_us(case: Case, due_us: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the shortest and the longest sleep the policy allows where its plain law says ``due_us``."""
    settings = case.settings
    least, most = due_us.copy(), due_us.copy()
    if settings.schedule == "by-outcome":
        least *= 0.0
        most = np.maximum(most, settings.max_retry_backoff_sec * 1e6)
    if settings.jitter in ("full", "decorrelated"):
        least *= 0.0
        if settings.jitter == "decorrelated":
            most = np.maximum(most, settings.max_retry_backoff_sec * 1e6)
    elif settings.jitter == "equal":
        least /= 2.0
    elif settings.jitter == "proportional":
        least, most = least * (1 - settings.jitter_share), most * (1 + settings.jitter_share)
    elif settings.jitter == "additive":
        most = most + settings.jitter_max_sec * 1e6
    if settings.honour_retry_after:
        most = np.full(due_us.size, np.inf)
    return least, most


def _slept_us(case: Case, placements: Columns, sleeps: Columns) -> tuple[IntArray, BoolArray]:
    """Return how long each announced sleep lasted (-1: unknown) and whether the placement ended on it."""
    requests, attempts = case.table("request"), case.table("attempt")
    in_placement = requests["placement"] >= 0
    parts = (
        (requests["placement"][in_placement], requests["sent_us"][in_placement], 0),
        (attempts["placement"], attempts["at_us"], 1),
        (placements["placement"], placements["ended_us"], 2),
        (sleeps["placement"], sleeps["at_us"], 3),
    )
    placement = np.concatenate([part[0] for part in parts])
    at_us = np.concatenate([part[1] for part in parts])
    kind = np.concatenate([np.full(part[0].size, part[2], dtype=np.int64) for part in parts])
    # At equal times a sleep comes last: what happened at that instant led to it.
    order = np.lexsort((kind, at_us, placement))
    after = np.full(order.size, -1, dtype=np.int64)
    after[order[:-1]] = np.where(placement[order[1:]] == placement[order[:-1]], order[1:], -1)
    following = after[order.size - sleeps["at_us"].size :]
    known = (following >= 0) & (sleeps["delay_us"] > 0)
    slept = np.where(known, at_us[following] - sleeps["at_us"], -1)
    slept = np.where(known & _woke_in_time(case, sleeps, at_us[following]), sleeps["delay_us"], slept)
    return slept, known & (kind[following] == 2)


def _held_back(case: Case, sleeps: Columns) -> BoolArray:
    """Tell after which sleeps a limiter may hold the next request back: the venue had said it got too many."""
    attempts = case.table("attempt")
    if not (case.settings.use_limiter and attempts["at_us"].size):
        return np.zeros(sleeps["at_us"].size, dtype=np.bool_)
    # Both tell of the same failure, in the same placement.
    most = int(max(attempts["attempt"].max(), sleeps["attempt"].max(initial=0))) + 1
    failed = rows_of(
        attempts["placement"] * most + attempts["attempt"], sleeps["placement"] * most + sleeps["attempt"]
    )
    held: BoolArray = (failed >= 0) & one_of(attempts["code"], _TOO_MANY)[failed]
    return held


def _woke_in_time(case: Case, sleeps: Columns, next_us: IntArray) -> BoolArray:
    """Tell which sleeps ended as announced although what came next, at ``next_us``, came later.

    Its intent then began to think at that instant; or the loop of its process stood, and this was as it went on.
    The record does not say in which placement an intent thinks, but no other begins at that very microsecond by chance.
    """
    events = case.table("process")
    due_us = sleeps["at_us"] + sleeps["delay_us"]
    if not events["at_us"].size:
        return np.zeros(due_us.size, dtype=np.bool_)
    due_us = _once_released(case, sleeps["intent"], due_us)
    thinks = one_of(events["kind"], ("delayed",))
    who, begun_us = events["intent"][thinks], events["at_us"][thinks]
    thought = first_from(who, begun_us, sleeps["intent"], due_us - _TOLERANCE_US)
    thought_us = begun_us[thought] if begun_us.size else next_us
    by_thought = (thought >= 0) & (thought_us <= due_us + _TOLERANCE_US) & (thought_us <= next_us)
    in_time: BoolArray = by_thought | (np.abs(next_us - due_us) <= _TOLERANCE_US)
    return in_time


def _once_released(case: Case, intents: IntArray, due_us: IntArray) -> IntArray:
    """Return when each timer that is due at ``due_us`` ran: later, where the loop of its process stood then."""
    events = case.table("process")
    owner = intents if case.isolation == "intent" else np.full(intents.size, NO_INTENT)
    stands, goes_on = (one_of(events["kind"], (kind,)) for kind in ("blocked", "released"))
    stood_us, on_us = events["at_us"][stands], events["at_us"][goes_on]
    if not (stood_us.size and on_us.size):
        return due_us
    since = latest_until(events["intent"][stands], stood_us, owner, due_us)
    until = first_from(events["intent"][goes_on], on_us, owner, due_us)
    before = latest_until(events["intent"][goes_on], on_us, owner, due_us)
    still = (since >= 0) & (until >= 0) & ((before < 0) | (on_us[before] <= stood_us[since]))
    return np.where(still, on_us[until], due_us)


def _silent_and_missing(case: Case, placements: Columns, sleeps: Columns) -> list[tuple[int, Finding]]:
    """Return placements that waited unannounced after their last failure, or resent without a sleep."""
    attempts = case.table("attempt")
    order = np.lexsort((attempts["attempt"], attempts["placement"]))
    last = order[_last(attempts["placement"][order])]
    row = rows_of(attempts["placement"][last], placements["placement"])
    failed_us = attempts["at_us"][last][row] if last.size else np.zeros(row.size, dtype=np.int64)
    idle_us = np.where((row >= 0) & ~placements["success"], placements["ended_us"] - failed_us, 0)
    if case.settings.look_up_unknown or case.settings.judge_refused_stop:
        # What passes there is spent on looking, not on sleeping.
        idle_us *= 0

    whole = ~_cut_short(case, placements)
    announced = sum_by(placements["placement"], sleeps["placement"])
    missing = (placements["attempts"] > 0) & (announced != placements["attempts"] - 1)
    found: list[tuple[int, Finding]] = []
    for at in np.flatnonzero(whole & ((idle_us > _TOLERANCE_US) | missing)):
        if idle_us[at] > _TOLERANCE_US:
            amount_s = float(idle_us[at]) / 1e6
            truth = f"{amount_s:g} s passed between the last failed attempt and the end"
        else:
            due_s = _due_us(case, np.arange(1, placements["attempts"][at])).sum() / 1e6
            amount_s = abs(due_s - float(placements["backoff_us"][at]) / 1e6)
            truth = f"{announced[at]:.0f} sleeps between {placements['attempts'][at]} attempts"
        finding = Finding(
            int(placements["intent"][at]), int(placements["ended_us"][at]), amount_s, "s", truth,
            f"{placements['attempts'][at]} attempts, {placements['backoff_us'][at] / 1e6:g} s of back-off",
        )  # fmt: skip
        found.append((int(at), finding))
    return found


def _last(sorted_keys: IntArray) -> BoolArray:
    last = np.ones(sorted_keys.size, dtype=np.bool_)
    last[:-1] = first_of_group(sorted_keys)[1:]
    return last


def _cut_short(case: Case, placements: Columns) -> BoolArray:
    """Tell which placements ended while they slept: by a deadline, a second look, or news that the order is there."""
    cut: BoolArray = one_of(placements["outcome"], ("cut_off", "withdrawn"))
    if case.settings.look_up_unknown:
        cut = cut | placements["success"]
    return cut
