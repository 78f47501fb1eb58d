"""Keep one intent's orders: how they are called, what is filled, what rests, and how the venue is asked about them.

Every client id is written to the journal before its order is sent, so that whatever a crash or a deadline cuts off can
be found again.  The parts of a bracket (:mod:`sim.execution.safe_bracket`) share one of these.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from .client_ids import client_order_id
from .events import SideCallFailed
from .hybrid_levels import ProtectiveOrder
from .journal import IntentEntry, IntentJournal, head_of, members_of, object_of, text_of
from .lookup import Sighting, cancel_conditional, cancel_order, find_conditional, find_order, position_of
from .outcomes import Failure
from .patience import patience_s
from .placement import BeforeAttempt, OrderResult
from .policy_keys import Settings
from .precision import decimal_of, plain
from .safe_order_executor import SafeOrderExecutor

_NEWS_S: Final = 0.15
"""How long the stream is given to tell that exits ended with their position, before they are cancelled."""

_NOTHING: Final = Decimal(0)
_LEFT_AFTER_CRASH: Final = 0.3
"""The share of the time to protection that an earlier process leaves at least: it may have been bare for all of it."""

_CONFIRM_FLAT_S: Final = 0.5
"""How long after a first reading a flat position is read again: reads lag (failures F18)."""


class Bracket(NamedTuple):
    """State what is to be opened and how it is called; ``quantity`` in the base asset, ``side`` buy or sell."""

    intent_id: str
    symbol: str
    side: str
    quantity: Decimal

    @property
    def sign(self) -> int:
        """Return +1 for a long, -1 for a short."""
        return 1 if self.side == "buy" else -1

    @property
    def exit_side(self) -> str:
        """Return the side of the orders that close it."""
        return "SELL" if self.side == "buy" else "BUY"


class IntentOrders:
    """Hold what is known of one intent's orders; ``deadline_s`` is the loop's time by which a stop must rest."""

    __slots__ = (
        "_filled_text", "_head", "_journal", "_named", "_numbers", "_numbers_text", "_stop_text", "adopted", "begun_s",
        "bracket", "client", "closing", "deadline_s", "entry_id", "executor", "fill_is_final", "fill_price", "filled",
        "flat", "further", "resting", "settings", "stop", "stop_id", "was_held",
    )  # fmt: skip

    def __init__(
        self,
        executor: SafeOrderExecutor,
        client: Any,
        settings: Settings,
        bracket: Bracket,
        journal: IntentJournal,
    ) -> None:
        self.executor = executor
        self.client = client
        self.settings = settings
        self.bracket = bracket
        self.filled = _NOTHING
        self.fill_price = 0.0
        self.fill_is_final = True
        self.stop: ProtectiveOrder | None = None
        self.stop_id = self.entry_id = ""
        self.resting: list[str] = []
        self.further: list[asyncio.Task[None]] = []
        self.flat = self.closing = self.was_held = False
        self.deadline_s = self.begun_s = 0.0
        self.adopted = False
        self._journal = journal
        self._numbers: dict[str, int] = {}
        self._numbers_text = ""
        self._named: list[str] = []
        self._head = ""
        self._filled_text = _NOTHING, "0"
        self._stop_text: tuple[ProtectiveOrder | None, str] = (None, "{}")

    @property
    def over(self) -> bool:
        """Tell whether the position is closed or being closed."""
        return self.flat or self.closing

    def start_deadline(self, passed_s: float = 0.0) -> None:
        """Let the time run in which the position must be protected, of which ``passed_s`` are over."""
        whole_s = self.settings.protect_deadline_sec
        left_s = max(whole_s - passed_s, whole_s * _LEFT_AFTER_CRASH)
        self.deadline_s = asyncio.get_running_loop().time() + left_s

    def adopt(self, entry: IntentEntry) -> None:
        """Take over what an earlier process wrote down."""
        self.adopted = True
        self._numbers = dict(entry.numbers)
        self._numbers_text = members_of(self._numbers)
        self.entry_id, self.stop_id = entry.entry_id, entry.stop_id
        self.resting = list(entry.conditional_ids)
        self.filled, self.begun_s = entry.filled_quantity, entry.begun_s
        self.stop = ProtectiveOrder("SL", "sl", dict(entry.stop), True) if entry.stop else None
        # What was filled after the last word of it is read before anything is closed.
        self.fill_is_final = False
        self._named = [self.entry_id, *self.resting]
        self.executor.news.expect(*self._named)

    # -- orders ----------------------------------------------------------------------------------------------

    def new_id(self, order_type: str) -> str:
        """Return the client id of the next order of a kind, and begin to listen for news of it."""
        number = self._numbers.get(order_type, 0)
        self._numbers[order_type] = number + 1
        if number:
            self._numbers_text = members_of(self._numbers)
        else:
            known = f"{self._numbers_text}," if self._numbers_text else ""
            self._numbers_text = f'{known}"{order_type}":1'
        client_id = client_order_id(self.bracket.intent_id, order_type, number)
        self._named.append(client_id)
        self.executor.news.expect(client_id)
        return client_id

    def place(
        self,
        params: Mapping[str, Any],
        order_type: str,
        *,
        submit: Callable[..., Awaitable[Any]] | None = None,
        before_attempt: BeforeAttempt | None = None,
    ) -> Coroutine[Any, Any, OrderResult]:
        """Place one order of this intent; see :meth:`SafeOrderExecutor.place_order_with_safety`."""
        return self.executor.place_order_with_safety(
            submit_func=submit or self.client.futures_create_order,
            order_params=params,
            symbol=self.bracket.symbol,
            side=self.bracket.side,
            sl_price=params.get("stopPrice") if order_type == "sl" else None,
            client=self.client,
            order_type=order_type,
            before_attempt=before_attempt,
            can_close=True,
        )

    # -- asking ----------------------------------------------------------------------------------------------

    def patience_s(self) -> float:
        """Return how long to wait for the venue's next answer, seconds; 0: without a limit.

        What an earlier process began may be a position long since: its first look-up may be lost like any other.
        """
        may_hold = (self.filled > 0 or self.adopted) and not self.flat
        return patience_s(self.settings, self.executor.replies, exits=may_hold)

    async def look(self, client_id: str, *, conditional: bool) -> Sighting:
        """Ask once for one of the intent's orders."""
        symbol, settings = self.bracket.symbol, self.settings
        timeout_s = self.patience_s()
        if conditional:
            endpoint = settings.conditional_endpoint
            # An earlier process's order rests wherever that one sent it, and the position may be bare meanwhile.
            asked = find_conditional(
                self.client, symbol, client_id, endpoint, timeout_s=timeout_s, at_once=self.adopted
            )
        else:
            asked = find_order(self.client, symbol, client_id, algo=False, timeout_s=timeout_s)
        return await self.executor.replies.timed(asked, timeout_s) if timeout_s else await asked

    async def look_until(
        self, client_id: str, enough: Callable[[Sighting], bool], patience_s: float, *, conditional: bool
    ) -> Sighting:
        """Look, and listen, until a sighting is enough; the last one when ``patience_s`` seconds end first."""
        loop, news, settings = asyncio.get_running_loop(), self.executor.news, self.settings
        gives_up_s = loop.time() + patience_s
        wait_s = settings.look_up_base_sec
        while True:
            heard = news.latest(client_id)
            if heard is not None and enough(heard):
                return heard
            sighting = await news.unless_heard(client_id, self.look(client_id, conditional=conditional))
            if sighting is None:
                continue
            if enough(sighting) or loop.time() + wait_s > gives_up_s:
                return sighting
            await news.wait((client_id,), wait_s)
            wait_s = min(wait_s * settings.look_up_growth, settings.look_up_cap_sec)

    async def cancel(self, client_id: str, *, conditional: bool) -> Failure | None:
        """Cancel one of the intent's orders; None once the venue says that it is gone."""
        symbol, settings = self.bracket.symbol, self.settings
        timeout_s = self.patience_s()
        if conditional:
            endpoint = settings.conditional_endpoint
            return await cancel_conditional(self.client, symbol, client_id, endpoint, timeout_s=timeout_s)
        return await cancel_order(self.client, symbol, client_id, algo=False, timeout_s=timeout_s)

    async def cancel_until_gone(self, client_ids: list[str], tries: int) -> list[str]:
        """Cancel conditional orders, each until the venue says that it is gone; return those that may still rest."""
        wait_s, left = 0.2, list(client_ids)
        if left and self.settings.use_user_stream:
            # The venue ends exits by itself when a position closes, and says so: every cancel spared is weight.
            await self.executor.news.wait(tuple(left), _NEWS_S)
        for number in range(tries):
            left = [name for name in left if not self._has_ended(name)]
            left = [name for name in left if await self.cancel(name, conditional=True) is not None]
            if not left:
                break
            if number + 1 < tries:
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, 5.0)
        for client_id in left:
            self.report("cancel", f"{client_id} may still rest")
        return left

    def _has_ended(self, client_id: str) -> bool:
        seen = self.executor.news.latest(client_id)
        return seen is not None and seen.state == "ended"

    async def held(self) -> Decimal | Failure:
        """Read how much of the position is open, in the base asset: 0 when flat or on the other side."""
        position = await position_of(self.client, self.bracket.symbol, timeout_s=self.patience_s())
        if isinstance(position, Failure):
            return position
        if position * self.bracket.sign <= 0.0:
            return Decimal(0)
        self.was_held = True
        return decimal_of(abs(position))

    async def is_flat(self) -> bool:
        """Tell whether the venue says, twice, that nothing is open; what cannot be read is not flat."""
        if isinstance(held := await self.held(), Failure) or held:
            return False
        await asyncio.sleep(_CONFIRM_FLAT_S)
        return not isinstance(held := await self.held(), Failure) and not held

    async def is_surely_flat(self) -> bool:
        """Tell whether the position is closed for certain: read as flat, and once as open, or closed by a known exit.

        Reads lag (failures F18): one that never showed the position says nothing of its end.
        """
        return await self.is_flat() and await self.has_left()

    async def has_left(self) -> bool:
        """Tell whether a position that reads as flat has been there: a read showed it, or an exit was executed."""
        return self.was_held or self._heard_of_exit() or await self._sees_exit()

    def _heard_of_exit(self) -> bool:
        heard = (self.executor.news.latest(name) for name in self._named if name != self.entry_id)
        return any(seen is not None and seen.executed > 0.0 for seen in heard)

    async def _sees_exit(self) -> bool:
        for client_id in self.resting:
            if (await self.look(client_id, conditional=True)).executed > 0.0:
                return True
        return False

    # -- writing down ----------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write down what has been begun, before it is sent."""
        if not self._journal.keeps:
            return
        bracket, stop, filled = self.bracket, self.stop, self.filled
        # Most of an entry is what it was: only what changed is put into text anew.
        if not self._head:
            quantity = plain(bracket.quantity)
            self.begun_s = self.begun_s or time.time()
            self._head = head_of(bracket.intent_id, bracket.symbol, bracket.side, quantity, self.begun_s)
        if self._filled_text[0] is not filled:
            self._filled_text = filled, plain(filled)
        if self._stop_text[0] is not stop:
            self._stop_text = stop, object_of(stop.params) if stop is not None else "{}"
        text = text_of(
            self._head,
            self._filled_text[1],
            self.closing,
            self.entry_id,
            self.stop_id,
            self._stop_text[1],
            self._numbers_text,
            self.resting,
        )
        self._journal.write_text(bracket.intent_id, text)

    def forget(self) -> None:
        """Strike the intent from the journal, and stop listening: it is over."""
        self.executor.news.forget(*self._named)
        self._journal.forget(self.bracket.intent_id)

    def report(self, what: str, message: str) -> None:
        """Say that something beside the orders failed."""
        self.executor.emit(SideCallFailed(self.bracket.symbol, what, message, "see the position"))
