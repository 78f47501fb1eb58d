"""Carry one intent the careful way: every order known by its id, a deadline from the first fill, nothing left behind.

    entry ─► fill read ─► stop ─► read back ─► targets (best effort) ─► looked after until flat ─► leftovers cancelled
       │          │         └─ passed, refused or late ─► flatten, reduce-only, until the venue says flat
       └─ unknown ┴─► watched: closed again if it appears

Policy keys decide each part; with ``protect_deadline_sec`` = 0 the document's flow is used instead of this one.
Times are those of the running loop.  The parts: :mod:`~sim.execution.safe_entry`, :mod:`~sim.execution.protection`,
:mod:`~sim.execution.caretaker`, :mod:`~sim.execution.way_out`, and what they share,
:mod:`~sim.execution.intent_orders`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from decimal import Decimal
from typing import Any

from .caretaker import Caretaker
from .hybrid_levels import ProtectiveOrder
from .intent_orders import Bracket, IntentOrders
from .journal import IntentEntry, IntentJournal
from .lookup import is_known
from .placement import BeforeAttempt, OrderResult
from .policy_keys import Settings
from .protection import Protection
from .safe_entry import SafeEntry
from .safe_order_executor import SafeOrderExecutor
from .values import is_long
from .way_out import WayOut

__all__ = ["Bracket", "SafeBracket"]

_NO_EXIT = OrderResult(False)


class SafeBracket:
    """Hold one position's life; the methods are called in the order enter, protect, close."""

    __slots__ = (
        "_caretaker",
        "_own",
        "_protection",
        "_watch",
        "_way_out",
        "bracket",
        "exit_result",
    )

    def __init__(
        self,
        executor: SafeOrderExecutor,
        client: Any,
        settings: Settings,
        bracket: Bracket,
        journal: IntentJournal,
    ) -> None:
        self.bracket = bracket
        self.exit_result = _NO_EXIT
        self._watch: asyncio.Task[None] | None = None
        self._own = IntentOrders(executor, client, settings, bracket, journal)
        self._way_out = WayOut(self._own)
        self._protection = Protection(self._own)
        self._caretaker = Caretaker(self._own, self._protection, self._way_out)

    @property
    def filled(self) -> Decimal:
        """Return how much of the entry is known to be filled, in the base asset."""
        return self._own.filled

    @property
    def fill_price(self) -> float:
        """Return the average price of the fill, 0 where the venue did not tell."""
        return self._own.fill_price

    @property
    def flat(self) -> bool:
        """Tell whether the venue said that the position is closed."""
        return self._own.flat

    def took_up(self, symbol: str, side: str | None) -> bool:
        """Tell whether an earlier process opened this position of a symbol, on ``side`` (None: on either)."""
        if not self._own.adopted or self.bracket.symbol != symbol:
            return False
        return side is None or (self.bracket.sign > 0) is is_long(side)

    def enter(
        self, params: Mapping[str, Any], before_attempt: BeforeAttempt | None
    ) -> Coroutine[Any, Any, OrderResult]:
        """Send the entry and find out how much of it was filled; ``filled`` is 0 when nothing is held."""
        return SafeEntry(self._own, self._way_out).enter(params, before_attempt)

    async def protect(self, orders: tuple[ProtectiveOrder, ...]) -> bool:
        """Place the stop (the first of ``orders``), then the targets; False when the position had to be closed."""
        if not await self._protection.place_all(orders):
            self.exit_result = await self._way_out.flatten()
            return False
        self._caretaker.start()
        return True

    async def move_stop(self, trigger: float) -> OrderResult:
        """Move the stop to a better price, in quote currency, without a gap; see :meth:`Protection.move_stop`."""
        result = await self._protection.move_stop(trigger)
        if result.outcome == "stop_passed" and not self._own.over:
            # Neither the new stop nor the old one rests.
            await self.close()
        return result

    async def resume(self, entry: IntentEntry) -> bool:
        """Take up what an earlier process had begun; True when a protected position is held afterwards.

        What the entry became is looked up until it is certain, and watched on beside this; a position without a live
        stop gets it again, one that was being closed, or whose stop was not decided yet, is closed.
        """
        own = self._own
        own.adopt(entry)
        own.start_deadline(self._passed_s())
        if not own.filled:
            watch = self._watch = asyncio.get_running_loop().create_task(
                self._watch_on(), name=f"watch {self.bracket.intent_id}"
            )
            await asyncio.wait((watch,), timeout=own.settings.unknown_deadline_sec)
            return False
        # All is asked at once: after a crash the position may have been bare for a while.
        flat, rests, _ = await asyncio.gather(
            own.is_surely_flat(), self._sees_stop(), self._way_out.read_fill()
        )
        if flat:
            await self._way_out.sweep()
            return False
        if (
            entry.closing
            or own.stop is None
            or not (rests or await self._protection.place_stop(own.stop, again=True) != "failed")
        ):
            self.exit_result = await self._way_out.flatten()
            return False
        self._caretaker.start()
        return True

    async def entry_is_settled(self) -> None:
        """Wait while an entry of unknown fate, taken up by :meth:`resume`, is watched."""
        if self._watch is not None:
            await self._watch

    async def _watch_on(self) -> None:
        """Watch an entry of unknown fate as the process that sent it would have: it may be carried out late yet."""
        own = self._own
        patience_s = max(own.settings.watch_unknown_sec - self._passed_s(), own.settings.unknown_deadline_sec)
        if await SafeEntry(own, self._way_out).watch(patience_s, absent_is_certain=True):
            own.forget()

    def _passed_s(self) -> float:
        """Return how long ago the intent was begun, by the wall clock, which is all two processes share."""
        own = self._own
        return max(0.0, time.time() - own.begun_s) if own.begun_s else 0.0

    async def _sees_stop(self) -> bool:
        """Look for the stop an earlier process placed."""
        own = self._own
        if own.closing or own.stop is None:
            return False
        # One that rests unseen refuses the other that is sent after this (-4130).
        left_s = own.deadline_s - asyncio.get_running_loop().time()
        patience_s = min(own.settings.protect_deadline_sec / 4, left_s / 3)
        return (await own.look_until(own.stop_id, is_known, patience_s, conditional=True)).state == "there"

    async def close(self) -> OrderResult:
        """Close the position on the strategy's wish; where that fails its stop is looked after on."""
        self._caretaker.stop()
        self.exit_result = await self._way_out.flatten()
        if not self.flat:
            self._caretaker.start()
        return self.exit_result

    async def gone(self) -> None:
        """Be told that the position closed: cancel what still rests.  Whoever is closing it does so himself."""
        if not self._own.over:
            self._caretaker.stop()
            await self._way_out.sweep()
