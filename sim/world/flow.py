"""Live one intent: decide, enter through the code under test, hold, close.

The flow is the strategy around the executor, not part of it: it decides, waits and asks for the close.  It hears
that its position closed (as from a user stream) and nothing else of the truth.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from sim.clock.places import origin
from sim.exchange.account import Account
from sim.exchange.attribution import CURRENT_INTENT, IntentSlot
from sim.exchange.replies import Refusal
from sim.exchange.request import key_for
from sim.exchange.shadow import Bracket, Shadow, Stage
from sim.scenario.workload import IntentPlan

if TYPE_CHECKING:
    from sim.world.run import World

_FLAT_ALREADY = -2022
_AFTER_US = (60_000_000, 300_000_000, 1_800_000_000)
"""When the value of a refusal is looked at besides its end: 1, 5 and 30 minutes after the fill."""


class IntentFlow:
    """Run the flows of a world's intents and record what each believes at its end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._loop = world.loop
        self._delay_us = round(world.scenario.workload.decision_delay_s * 1e6)
        venue = world.venue
        self._stages = {
            symbol: Stage(book, venue.trigger_delay, venue.filters[symbol], world.scenario.account.wallet)
            for symbol, book in venue.books.items()
        }
        self._plays_shadows = world.plays_shadows
        self._waiting: dict[tuple[int, str], list[asyncio.Future[None]]] = {}
        self._write_intent = world.trace.writer("intent")
        self._write_end = world.trace.writer("intent_end")
        self._write_shadow = world.trace.writer("shadow")

    async def live(self, plan: IntentPlan, slot: IntentSlot, executor: Any) -> None:
        """Carry ``plan`` from decision to close, through ``executor``."""
        CURRENT_INTENT.set(slot)
        loop = self._loop
        plan_price, quantity, bracket = self._decide(plan, slot)
        self._play_ideals(plan, bracket)
        if self._delay_us:
            await asyncio.sleep(self._delay_us / 1e6)
        submit_plan = getattr(executor, "submit_plan", None)
        if submit_plan is not None:
            # Code that may want to know all of an intent, its deadline and levels too.
            result = await submit_plan(plan, plan_price, quantity, bracket)
        else:
            result = await executor.submit_order(**plan.wish(plan_price, quantity))
        if result.status == "refused" and self._plays_shadows:
            self._play(plan, bracket, "refused", self._arrival(plan, loop.now_us))
        if result.status != "open":
            outcome = "flattened" if result.exit is not None else result.status
            self._end(slot, outcome, 0.0, False, result.error_message or "")
            return
        # An executor may enter with less than was wished, and says so.
        held = getattr(result, "quantity", None) or quantity
        believed = plan.direction * held
        # An executor that names its intents is spoken to by that name.
        name = getattr(result, "intent_id", None)
        named = {} if name is None else {"intent_id": name}
        if await self._wait_flat(slot.account, plan.symbol, bracket.deadline_us):
            if named:
                await executor.position_closed(**named)
            self._end(slot, "closed by the venue", 0.0, False, "")
            return
        closed = await executor.close_position(symbol=plan.symbol, side=plan.side, quantity=held, **named)
        if closed.success or closed.error_code == _FLAT_ALREADY:
            self._end(slot, "closed", 0.0, False, "")
        else:
            self._end(slot, "close failed", believed, result.protected, closed.error_message or "")

    def missed(self, plan: IntentPlan, slot: IntentSlot) -> None:
        """Write down an intent that was due while its process was dead: it is wished for, and nobody acts."""
        _, _, bracket = self._decide(plan, slot)
        self._play_ideals(plan, bracket)

    async def resumed(
        self,
        plan: IntentPlan,
        slot: IntentSlot,
        executor: Any,
        boot: Awaitable[Mapping[str, float]],
        *,
        told: bool,
    ) -> None:
        """Go on in a process that came back: hold and close what its executor recovered, else know nothing.

        ``boot`` brings the positions the process believes in, signed, by symbol; ``told`` says that this intent
        takes its symbol's.
        """
        CURRENT_INTENT.set(slot)
        position = (await boot).get(plan.symbol, 0.0) if told else 0.0
        if not position:
            self._end(
                slot, "crashed", 0.0, False, "its process died; the one that came back knows of no position"
            )
            return
        if await self._wait_flat(slot.account, plan.symbol, plan.decided_us + plan.hold_us):
            # The strategy that came back knows the symbol, and no names.
            if (told_so := getattr(executor, "symbol_closed", None)) is not None:
                await told_so(plan.symbol)
            self._end(slot, "crashed", 0.0, False, "its process died; the venue closed what was recovered")
            return
        side = "buy" if position > 0 else "sell"
        closed = await executor.close_position(symbol=plan.symbol, side=side, quantity=abs(position))
        gone = closed.success or closed.error_code == _FLAT_ALREADY
        text = "its process died; what was recovered was closed" if gone else closed.error_message or ""
        self._end(slot, "crashed", 0.0 if gone else position, False, text)

    def _decide(self, plan: IntentPlan, slot: IntentSlot) -> tuple[float, float, Bracket]:
        world = self._world
        path = world.venue.paths[plan.symbol]
        filters = world.venue.filters[plan.symbol]
        now = self._loop.now_us
        plan_price = plan.plan_price if plan.plan_price is not None else path.last(now)
        raw = plan.quantity if plan.quantity is not None else (plan.notional or 0.0) / plan_price
        quantity = float((Decimal(repr(raw)) / filters.step).to_integral_value(ROUND_DOWN) * filters.step)
        self._set_leverage(slot, plan)
        bracket = Bracket(
            plan.direction,
            quantity,
            plan_price * (1 - plan.direction * plan.sl_pct),
            plan_price * (1 + plan.direction * plan.tp_pct),
            now + plan.hold_us,
            plan.number,
            max(1, math.ceil(plan.leverage)),
        )
        self._write_intent(
            (
                plan.number, now, plan.symbol, plan.direction, quantity, plan_price, bracket.sl_price,
                bracket.tp_price, float(plan.leverage), plan.hold_us, plan.confidence,
            )
        )  # fmt: skip
        return plan_price, quantity, bracket

    def _set_leverage(self, slot: IntentSlot, plan: IntentPlan) -> None:
        """Let the venue know the leverage, off the wire: the strategy set it long before it trades."""
        wanted = max(1, math.ceil(plan.leverage))
        if not slot.account.positions:
            slot.account.leverage[plan.symbol] = wanted
            return
        # In one account another intent's position or order may forbid the change, and the old leverage stands.
        with suppress(Refusal):
            self._world.venue.set_leverage(slot, plan.symbol, wanted)

    def _arrival(self, plan: IntentPlan, leaves_us: int) -> int:
        """Return when the entry would reach the venue, with the run's own latency draw for it."""
        key = key_for(plan.number, "entry", "POST /fapi/v1/order", 0)
        return leaves_us + self._world.gateway.legs_us(key, leaves_us)[0]

    def _play_ideals(self, plan: IntentPlan, bracket: Bracket) -> None:
        if self._plays_shadows:
            now = self._loop.now_us
            floor = self._play(plan, bracket, "floor", now)
            self._play(plan, bracket, "ideal", self._arrival(plan, now + self._delay_us), earlier=floor)

    def _play(
        self, plan: IntentPlan, bracket: Bracket, kind: str, arrives_us: int, earlier: Shadow | None = None
    ) -> Shadow:
        stage = self._stages[plan.symbol]
        shadow = stage.play(bracket, arrives_us, earlier)
        later = (math.nan,) * len(_AFTER_US)
        if kind == "refused":
            later = tuple(stage.result_after(bracket, shadow, after_us) for after_us in _AFTER_US)
        self._write_shadow(
            (
                plan.number, kind, shadow.filled_us, shadow.fill_price, shadow.exit_us, shadow.exit_price,
                shadow.exit_reason, shadow.pnl, *later, shadow.stop_crossed_us,
            )
        )  # fmt: skip
        return shadow

    # -- waiting --------------------------------------------------------------------------------------

    async def _wait_flat(self, account: Account, symbol: str, deadline_us: int) -> bool:
        """Wait until the position is closed (True) or the deadline has come (False)."""
        if self._knows_flat(account, symbol):
            return True
        loop = self._loop
        if deadline_us <= loop.now_us:
            return False
        future: asyncio.Future[None] = loop.create_future()
        waiting = self._waiting.setdefault((account.number, symbol), [])
        waiting.append(future)
        timer = loop.at_us(deadline_us, _wake, future)
        await future
        timer.cancel()
        waiting.remove(future)
        return self._knows_flat(account, symbol)

    def _knows_flat(self, account: Account, symbol: str) -> bool:
        """Tell whether the strategy knows that nothing is held: at once and truly, unless a fault is in between."""
        news = self._world.state_faults.news
        return not account.holds(symbol) if news is None else news.knows_flat(account, symbol)

    def position_closed(self, account: Account, symbol: str) -> None:
        """Wake the flows that hold a position of this account."""
        for future in self._waiting.get((account.number, symbol), ()):
            _wake(future)

    # -- the end --------------------------------------------------------------------------------------

    def _end(self, slot: IntentSlot, outcome: str, position: float, protected: bool, error: str) -> None:
        self._write_end((slot.number, self._loop.now_us, outcome, position, protected, error))

    def record_escape(self, slot: IntentSlot, error: BaseException | None) -> None:
        """Record that an exception left the code under test."""
        text = f"{type(error).__name__}: {error}"
        place = "" if error is None else origin(error)
        if place and place not in text:
            text += f" ({place})"
        self._end(slot, "escaped", 0.0, False, text)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
