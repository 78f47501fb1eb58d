"""Enter, and find out what became of it: filled, in part, not at all, or unknown and watched until it is certain.

An entry that nobody can find is not resent (unless the policy says so): it is watched, and closed again if it appears
(failures F03, F04, F17).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from .intent_orders import IntentOrders
from .lookup import Sighting, is_final, is_known
from .placement import BeforeAttempt, OrderResult
from .precision import decimal_of
from .way_out import WayOut

_CANCEL_PATIENCE_S: Final = 10.0
_FINAL_SHARE: Final = 0.25
"""How much of the time to protection may pass while the rest of a partial fill is awaited."""


class SafeEntry:
    """Send the entry of one intent, and settle it."""

    __slots__ = ("_own", "_way_out")

    def __init__(self, own: IntentOrders, way_out: WayOut) -> None:
        self._own = own
        self._way_out = way_out

    async def enter(self, params: Mapping[str, Any], before_attempt: BeforeAttempt | None) -> OrderResult:
        """Send the entry and find out how much of it was filled; the intent's ``filled`` is 0 when nothing is held."""
        own = self._own
        own.entry_id = own.new_id("entry")
        own.write()
        sent = {**params, "newClientOrderId": own.entry_id, "newOrderRespType": "RESULT"}
        result = await own.place(sent, "entry", before_attempt=before_attempt)
        if result.success:
            result = await self._booked(result)
        certain = True
        if result.outcome == "unknown" and not result.success:
            certain = own.settings.watch_unknown_sec > 0.0 and await self.watch(
                own.settings.watch_unknown_sec, absent_is_certain=False
            )
        if certain and not own.filled:
            own.forget()
        if result.success and not own.filled:
            message = "the entry ended without a fill"
            return replace(result, success=False, outcome="ended", error_message=message)
        return result

    async def _booked(self, result: OrderResult) -> OrderResult:
        """Book the fill of an accepted entry; one whose fill cannot be read is *unknown* and no success."""
        own = self._own
        if not own.settings.read_back:
            own.filled, own.fill_price = own.bracket.quantity, result.average_price
            own.start_deadline()
            return result
        if result.executed_quantity <= 0.0:
            seen = await own.look_until(
                own.entry_id, _is_settled, own.settings.unreadable_sec, conditional=False
            )
            if not _is_settled(seen):
                message = f"accepted, and no fill was seen for {own.settings.unreadable_sec:g} s"
                return replace(result, success=False, outcome="unknown", error_message=message)
            result = replace(
                result,
                executed_quantity=seen.executed,
                average_price=seen.average_price,
                order_status=seen.status,
            )
        own.start_deadline()
        if result.executed_quantity > 0.0 and result.order_status == "PARTIALLY_FILLED":
            result = await self._final(result)
        own.filled = decimal_of(result.executed_quantity) if result.executed_quantity > 0.0 else Decimal(0)
        own.fill_price = result.average_price
        return result

    async def _final(self, result: OrderResult) -> OrderResult:
        """Wait a moment for the rest of a partial fill; what comes later is read before the position is closed."""
        own = self._own
        seen = await own.look_until(
            own.entry_id, is_final, own.settings.protect_deadline_sec * _FINAL_SHARE, conditional=False
        )
        own.fill_is_final = is_final(seen)
        if seen.executed < result.executed_quantity:
            return result
        return replace(result, executed_quantity=seen.executed, average_price=seen.average_price)

    async def watch(self, patience_s: float, *, absent_is_certain: bool) -> bool:
        """Look on for an entry of unknown fate and close what appears; True when nothing of it is left for certain.

        ``absent_is_certain``: an order still missing after ``patience_s`` seconds does not exist.  What cannot be
        read is looked at ``unreadable_sec`` longer.
        """
        own = self._own
        seen = await own.look_until(own.entry_id, is_known, patience_s, conditional=False)
        if seen.state == "unreadable":
            seen = await own.look_until(
                own.entry_id, _is_readable, own.settings.unreadable_sec, conditional=False
            )
        if seen.state == "there" and seen.executed <= 0.0:
            await own.cancel(own.entry_id, conditional=False)
            seen = await own.look_until(own.entry_id, _is_settled, _CANCEL_PATIENCE_S, conditional=False)
        if seen.executed > 0.0:
            own.filled = decimal_of(seen.executed)
            own.fill_is_final = is_final(seen)
            await self._way_out.flatten()
            return own.flat
        if seen.state == "ended":
            return True
        if seen.state == "absent" and absent_is_certain:
            return True
        own.report(
            "entry", f"{own.entry_id} is still {seen.state} at {asyncio.get_running_loop().time():.1f} s"
        )
        return False


def _is_readable(seen: Sighting) -> bool:
    return seen.state != "unreadable"


def _is_settled(seen: Sighting) -> bool:
    return seen.state == "ended" or seen.executed > 0.0
