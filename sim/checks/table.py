"""List every check, in the order in which their findings are written."""

from __future__ import annotations

from typing import Final

from sim.checks.case import Check
from sim.checks.i01_one_entry import find_second_entries
from sim.checks.i02_belief_is_truth import find_wrong_beliefs
from sim.checks.i03_naked_time import find_long_naked_stretches
from sim.checks.i08_attempts import find_surplus_attempts
from sim.checks.i09_backoff import find_wrong_sleeps
from sim.checks.i14_claims import find_false_claims
from sim.checks.i15_exits import find_exits_that_open
from sim.checks.i16_clean_when_flat import find_leftover_exits
from sim.checks.i17_stop_moves import find_bad_stop_moves
from sim.checks.i18_panic_close import find_missing_closes
from sim.checks.l01_settles import find_unsettled_intents
from sim.checks.l02_every_intent_ends import find_unended_intents
from sim.checks.l03_nothing_lost import find_lost_work
from sim.checks.l04_not_trivially_safe import find_trivial_safety
from sim.checks.order_checks import ORDER_CHECKS
from sim.checks.s01_conservation import find_money_from_nowhere
from sim.checks.s02_time_order import find_time_going_back
from sim.checks.s04_no_gift_fills import find_gift_fills
from sim.checks.s05_triggers import find_false_triggers
from sim.checks.s06_faults import find_stray_faults
from sim.checks.s07_order_life import find_illegal_lives
from sim.checks.s08_real_world import find_real_world_calls
from sim.checks.s11_liquidations import find_wrong_liquidations

_LISTED: Final[tuple[Check, ...]] = (
    Check(
        id="I01",
        kind="safety",
        story="One accepted entry per intent, and never more than one step above its quantity.",
        find=find_second_entries,
    ),
    Check(
        id="I02",
        kind="safety",
        story="Once an intent has settled, the position it believes in is the one its account holds.",
        find=find_wrong_beliefs,
    ),
    Check(
        id="I03",
        kind="safety",
        story="No position stands longer than the bound without a live, right-sided stop for all of it.",
        find=find_long_naked_stretches,
    ),
    Check(
        id="I08",
        kind="safety",
        story="A placement makes at most max_order_retries attempts.",
        find=find_surplus_attempts,
    ),
    Check(
        id="I09",
        kind="safety",
        story="Sleeps between attempts follow the policy exactly, and none follows the last attempt.",
        find=find_wrong_sleeps,
    ),
    Check(
        id="I14",
        kind="safety",
        story="A reported success exists at the venue; behind a reported failure nothing was applied.",
        find=find_false_claims,
    ),
    Check(
        id="I15",
        kind="safety",
        story="Exits are exit-only orders, and no exit opens, enlarges or turns a position.",
        find=find_exits_that_open,
    ),
    Check(
        id="I16",
        kind="safety",
        story="Once an account is flat for the bound, no stop or target of its last position is live.",
        find=find_leftover_exits,
    ),
    Check(
        id="I17",
        kind="safety",
        story="Moving a stop leaves no longer gap than the bound, and never gives up the better stop.",
        find=find_bad_stop_moves,
    ),
    Check(
        id="I18",
        kind="safety",
        story="Who misses the protection deadline sends a close within the bound and learns its outcome.",
        find=find_missing_closes,
    ),
    *ORDER_CHECKS,
    Check(
        id="L01",
        kind="liveness",
        story="Once faults stop, an intent is flat or protected within the bound, with nothing open.",
        find=find_unsettled_intents,
    ),
    Check(
        id="L02",
        kind="liveness",
        story="Every intent ends exactly once, and not because an exception escaped.",
        find=find_unended_intents,
    ),
    Check(
        id="L03",
        kind="liveness",
        story="No task dies unseen, no coroutine is left unawaited, and the loop never stands longer than the bound.",
        find=find_lost_work,
    ),
    Check(
        id="L04",
        kind="liveness",
        story="It is no safety to trade nothing: when all is calm most intents trade.",
        find=find_trivial_safety,
    ),
    Check(
        id="S01",
        kind="simulator",
        story="Money and positions are the sums of fills: wallet = opening + realised - fees.",
        find=find_money_from_nowhere,
    ),
    Check(
        id="S02",
        kind="simulator",
        story="Event times never decrease within a table, and nothing ends before it begins.",
        find=find_time_going_back,
    ),
    Check(
        id="S04",
        kind="simulator",
        story="No fill is better for the taker than the price it was matched against.",
        find=find_gift_fills,
    ),
    Check(
        id="S05",
        kind="simulator",
        story="A stop or target that fired did so on its own side of the price.",
        find=find_false_triggers,
    ),
    Check(
        id="S06",
        kind="simulator",
        story="Every fault stands once in the record, on a request that was made.",
        find=find_stray_faults,
    ),
    Check(
        id="S07",
        kind="simulator",
        story="Orders live along the legal graph, and are filled exactly when there is a fill.",
        find=find_illegal_lives,
    ),
    Check(
        id="S08",
        kind="simulator",
        story="Nothing touches the wall clock, a real sleep, a thread, a process or a socket.",
        find=find_real_world_calls,
    ),
    Check(
        id="S11",
        kind="simulator",
        story="A position is liquidated where its margin ends, whole, and for no more than its isolated wallet.",
        find=find_wrong_liquidations,
    ),
)


def _place(check: Check) -> tuple[int, str]:
    return "ILS".index(check.id[0]), check.id


CHECKS: Final[tuple[Check, ...]] = tuple(sorted(_LISTED, key=_place))
"""All checks: invariants, liveness, then what the simulator itself is held to."""
