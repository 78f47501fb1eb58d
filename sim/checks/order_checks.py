"""List the checks of how orders are asked for: prices they rest on, levels, limits, names, resends, numbers."""

from __future__ import annotations

from typing import Final

from sim.checks.case import Check
from sim.checks.i04_entry_price import find_unchecked_entries
from sim.checks.i05_entry_fill import find_costly_entries
from sim.checks.i06_stop_side import find_misplaced_stops
from sim.checks.i07_risk_budget import find_widened_stops
from sim.checks.i10_limits import find_pressing
from sim.checks.i11_unknown import find_orders_in_the_dark
from sim.checks.i12_client_ids import find_orders_without_a_name
from sim.checks.i13_same_again import find_vain_resends
from sim.checks.i19_numbers import find_bad_numbers
from sim.checks.i20_same_order import find_changed_orders

ORDER_CHECKS: Final[tuple[Check, ...]] = (
    Check(
        id="I04",
        kind="safety",
        story="Every attempt at an entry rests on a fresh price within the policy's slippage limit.",
        find=find_unchecked_entries,
    ),
    Check(
        id="I05",
        kind="safety",
        story="An entry fills within slippage limit and tolerance of its plan, or a bounded cause explains it.",
        find=find_costly_entries,
    ),
    Check(
        id="I06",
        kind="safety",
        story="Stops stand on the losing side, not too near, and inside the liquidation price.",
        find=find_misplaced_stops,
    ),
    Check(
        id="I07",
        kind="safety",
        story="Adjusting a stop never makes it lose more than the intent's risk budget.",
        find=find_widened_stops,
    ),
    Check(
        id="I10",
        kind="safety",
        story="Nothing is sent while the venue said to wait, and caps are used up to their share only.",
        find=find_pressing,
    ),
    Check(
        id="I11",
        kind="practice",
        story="After an unknown outcome nothing more is ordered until a look-up or an event told.",
        find=find_orders_in_the_dark,
    ),
    Check(
        id="I12",
        kind="practice",
        story="Every order carries a client id of its intent's own, and a resend the same one.",
        find=find_orders_without_a_name,
    ),
    Check(
        id="I13",
        kind="practice",
        story="An order refused for what it says is never sent again as it was.",
        find=find_vain_resends,
    ),
    Check(
        id="I19",
        kind="safety",
        story="Numbers are finite and above 0, on tick and step, and worth the minimum notional.",
        find=find_bad_numbers,
    ),
    Check(
        id="I20",
        kind="practice",
        story="The caller's order is not changed behind its back, and retries differ in declared fields only.",
        find=find_changed_orders,
    ),
)
