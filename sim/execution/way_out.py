"""Close a position with reduce-only MARKET orders until the venue says that it is flat, then cancel its leftovers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, Final

from .exit_hedge import ExitHedge
from .intent_orders import IntentOrders
from .lookup import Sighting, is_final
from .outcomes import Failure
from .placement import BeforeAttempt, OrderResult
from .precision import decimal_of, plain

_CONFLICTS: Final = frozenset({-2022, -4118})
"""Nothing to reduce, or other closing orders take up the position: the codes do not tell which (failures F15)."""

_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 1.0
_HALTED_AFTER_S: Final = 60.0
_HALTED_WAIT_S: Final = 3.0
"""How long is waited at most between exits, and once the venue has taken none for so long: nobody storms a halt."""
_SWEEPS: Final = 12
_FURTHER_PATIENCE_S: Final = 20.0
"""How long is waited, once flat, for the fate of orders that were sent beside the first."""

_STOP_GOES_AFTER: Final = 3
"""How often the venue must see a conflict before the stop itself is cancelled to make room for the exit."""


class WayOut:
    """Close one intent's position."""

    __slots__ = ("_conflicts", "_own")

    def __init__(self, own: IntentOrders) -> None:
        self._own = own
        self._conflicts = 0

    async def flatten(self) -> OrderResult:
        """Close what is held; a success only once the venue says so, within ``flatten_patience_sec`` seconds."""
        own, loop = self._own, asyncio.get_running_loop()
        own.closing = True
        own.write()
        began_s = loop.time()
        gives_up_s = began_s + own.settings.flatten_patience_sec
        wait_s = _FIRST_WAIT_S
        remaining = await self._remaining()
        while True:
            result = await self._exit(remaining)
            remaining -= decimal_of(result.executed_quantity) if result.success else 0
            if remaining <= 0:
                break
            held = await self._held(result)
            if not isinstance(held, Failure):
                if not held:
                    result = replace(result, success=True, outcome="applied", order_id=result.order_id or "")
                    break
                remaining = min(remaining, held)
                await self._make_room(result)
            if loop.time() >= gives_up_s:
                own.report("flatten", f"not flat after {own.settings.flatten_patience_sec:g} s")
                # The journal keeps saying that it was to be closed.
                own.closing = False
                return replace(result, success=False)
            await asyncio.sleep(wait_s)
            longest_s = _LONGEST_WAIT_S if loop.time() - began_s < _HALTED_AFTER_S else _HALTED_WAIT_S
            wait_s = min(wait_s * 2, longest_s)
        await self.sweep()
        return result

    async def sweep(self) -> None:
        """Cancel this position's own orders, each until the venue says that it is gone (failures F14)."""
        own = self._own
        own.flat = True
        if own.further:
            # What is still under way may rest after the cancel that is meant for it.
            await asyncio.wait(own.further, timeout=_FURTHER_PATIENCE_S)
        if own.settings.sweep_when_flat:
            own.resting = await own.cancel_until_gone(own.resting, _SWEEPS)
            if own.resting:
                # Not forgotten: the next process that recovers the intent tries again.
                own.write()
                return
        own.forget()

    async def _remaining(self) -> Decimal:
        """Return how much is to be closed; an entry that was still being filled is looked at once more."""
        await self.read_fill()
        return self._own.filled or self._own.bracket.quantity

    async def read_fill(self) -> None:
        """Look once at an entry that may have been filled further since the last word of it."""
        own = self._own
        if own.fill_is_final:
            return
        seen = await own.look(own.entry_id, conditional=False)
        own.filled = max(own.filled, decimal_of(seen.executed))
        own.fill_is_final = is_final(seen) or own.filled >= own.bracket.quantity

    async def _exit(self, quantity: Decimal) -> OrderResult:
        """Send one exit; one that was accepted and not filled yet is given a moment."""
        own = self._own
        if own.settings.hedge_stop_sec:
            result = await ExitHedge(own, partial(self._send_exit, quantity)).run()
        else:
            result = await self._send_exit(quantity)
        if not result.success or decimal_of(result.executed_quantity) >= quantity:
            return result

        def is_done(seen: Sighting) -> bool:
            return is_final(seen) or decimal_of(seen.executed) >= quantity

        seen = await own.look_until(
            result.client_order_id or "", is_done, self._moment_s(), conditional=False
        )
        executed = max(seen.executed, result.executed_quantity)
        return replace(result, executed_quantity=executed)

    def _moment_s(self) -> float:
        """Return how long a filling is waited for: a bare position's not beyond its deadline, then one look is enough.

        What was accepted may fill late; another exit only reduces, and may be filled at once (failures F10).
        """
        longest_s = self._own.settings.look_up_cap_sec
        return max(0.0, min(longest_s, self._left_s())) if self._is_bare() else longest_s

    def _left_s(self) -> float:
        return self._own.deadline_s - asyncio.get_running_loop().time()

    def _is_bare(self) -> bool:
        """Tell whether the position may have no stop yet; an old deadline is another matter's."""
        return self._left_s() > -self._own.settings.protect_deadline_sec

    async def _send_exit(self, quantity: Decimal, before_attempt: BeforeAttempt | None = None) -> OrderResult:
        own = self._own
        client_id = own.new_id("exit")
        own.write()
        params: dict[str, Any] = {
            "symbol": own.bracket.symbol,
            "side": own.bracket.exit_side,
            "type": "MARKET",
            "quantity": plain(quantity),
            "reduceOnly": "true",
            "newOrderRespType": "RESULT",
            "newClientOrderId": client_id,
        }
        result = await own.place(params, "exit", before_attempt=before_attempt)
        # A placer of somebody else's need not say what the order was called.
        return result if result.client_order_id else replace(result, client_order_id=client_id)

    async def _held(self, result: OrderResult) -> Decimal | Failure:
        """Read what is still open; flat is believed at once only where the venue found nothing to reduce.

        A write never lags: whoever is in doubt sends the exit again and is told.  So does at once who has a bare
        position and an exit that was accepted and not filled.
        """
        if result.success and self._is_bare():
            return Failure("error", None, "the next exit tells")
        held = await self._own.held()
        if isinstance(held, Failure) or held or result.error_code in _CONFLICTS:
            return held
        if await self._own.is_surely_flat():
            return Decimal(0)
        return await self._own.held() or Failure("error", None, "no read has shown the position yet")

    async def _make_room(self, result: OrderResult) -> None:
        """After a conflict cancel what else would close the position: targets first, the stop only at last."""
        own = self._own
        if result.error_code not in _CONFLICTS:
            return
        self._conflicts += 1
        names = [name for name in own.resting if name != own.stop_id]
        if self._conflicts >= _STOP_GOES_AFTER:
            names = list(own.resting)
        await own.cancel_until_gone(names, 1)
