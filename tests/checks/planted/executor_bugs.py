"""Bugs in the code under test: each a few lines against :class:`planted.sound.Sound`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import Any

from planted.sound import REFUSED, UNKNOWN, WAIT, Params, Sound

from sim.execution import ExecutionResult, OrderResult

SHORT_OF_MARGIN = -2019


class DropsId(Sound):
    """Send a retry without the client id."""

    async def attempt(self, order: Params, k: int) -> tuple[OrderResult, str, float]:
        if k > 1:
            order = {name: value for name, value in order.items() if name != "newClientOrderId"}
        return await super().attempt(order, k)


class BlindResend(Sound):
    """Take silence for failure and send again under a new id."""

    async def attempt(self, order: Params, k: int) -> tuple[OrderResult, str, float]:
        order["newClientOrderId"] += f"-{k}"
        return await super().attempt(order, k)

    async def look_up(self, order: Params) -> str:
        return ""


class Patient(Sound):
    """Sound, and waiting for an answer as long as the client does."""

    patience_s = 60.0
    protect_s = 60.0


class NeverLooks(Patient):
    """Send again under the same id without asking what became of the first."""

    def kind_of(self, error: Exception) -> str:
        kind = super().kind_of(error)
        return WAIT if kind == UNKNOWN else kind


class GivesUpAndResends(NeverLooks):
    """The same after a second, long before the client's own time-out."""

    patience_s = 1.0
    protect_s = 3.5


class JudgesOnce(Sound):
    """Ask the guard before the first attempt and reuse the verdict for the others."""

    async def place(self, role: str, side: str, order: Params, before: Any = None) -> OrderResult:
        verdicts: list[str] = []

        async def once() -> str:
            if not verdicts:
                verdicts.append(await before())
            return verdicts[0]

        return await super().place(role, side, order, once if before is not None else None)


class SwapsSides(Sound):
    """Put an adjusted stop on the other side of the market, where it must become a buy for a long."""

    def stop_order(self, symbol: str, side: str, quantity: float, price: float, sign: int) -> Params:
        other = "BUY" if side == "SELL" else "SELL"
        # Twice the distance on the far side: the stop was computed below for a long, and is now above it.
        swapped = price * (1 + sign * 0.008)
        stop = self.exit_order(symbol, other, "STOP_MARKET", swapped, -sign)
        del stop["closePosition"]
        return {**stop, "quantity": self.on_step(quantity)}


class OneTooMany(Sound):
    """Count attempts from nought."""

    def attempts_allowed(self) -> int:
        return super().attempts_allowed() + 1


class SleepsAfterTheLast(Sound):
    """Back off once more when there is nothing left to try."""

    async def gives_up(self, symbol: str, role: str, k: int) -> None:
        await self.rest(symbol, role, k)


class SleepsTooShort(Sound):
    """Sleep half of what was announced."""

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s / 2)


class IgnoresRetryAfter(Sound):
    """Come back when the policy says, whatever the venue asked for."""

    async def attempt(self, order: Params, k: int) -> tuple[OrderResult, str, float]:
        result, kind, _ = await super().attempt(order, k)
        return result, kind, 0.0


class UnknownIsFailure(Sound):
    """Book 503 "Unknown error" as a failed order."""

    def kind_of(self, error: Exception) -> str:
        return REFUSED if getattr(error, "status_code", 0) == 503 else super().kind_of(error)


class NeverAsks(UnknownIsFailure):
    """The same where nothing was applied: nobody is harmed, and nobody knows."""

    async def clean_up(self, symbol: str) -> None:
        await self.client.futures_cancel_all_open_orders(symbol=symbol)


class SkipsRounding(Sound):
    """Send an adjusted price as it came out of the division."""

    def on_tick(self, price: float, *, up: bool) -> str:
        return f"{price:.6f}"


class NoneIsSuccess(Sound):
    """Take a reply of None for an order."""

    async def send(self, order: Params) -> Any:
        reply = await super().send(order)
        return {"orderId": "None"} if reply is None else reply


class MovesStops(Sound):
    """Sound, and moving its stop a little nearer after three seconds."""

    moves_stop = True


class CancelsFirst(MovesStops):
    """Take the old stop away before the new one stands."""

    async def move_stop(self, side: str, stop: Params, price: float, sign: int) -> None:
        nearer = {**stop, "stopPrice": self.on_tick(price, up=sign < 0)}
        await self.cancel(stop)
        await self.place("sl", side, nearer)


class MovesAway(MovesStops):
    """Give the better stop up for one further away."""

    async def move_stop(self, side: str, stop: Params, price: float, sign: int) -> None:
        await super().move_stop(side, stop, price * (1 - sign * 0.005), sign)


class ExitsUnbound(Sound):
    """Close with an order that could open."""

    async def send(self, order: Params) -> Any:
        return await super().send({name: value for name, value in order.items() if name != "reduceOnly"})


class ClosesTwice(ExitsUnbound):
    """Close once more to be sure."""

    async def close_position(self, *, symbol: str, side: str, quantity: float) -> OrderResult:
        await super().close_position(symbol=symbol, side=side, quantity=quantity)
        return await super().close_position(symbol=symbol, side=side, quantity=quantity)


class LeavesTargets(Sound):
    """Never clean up behind a closed position."""

    def exit_order(self, symbol: str, side: str, kind: str, price: float, sign: int) -> Params:
        order = super().exit_order(symbol, side, kind, price, sign)
        if kind == "TAKE_PROFIT_MARKET":
            del order["closePosition"]
            order |= {"quantity": "0.010", "reduceOnly": "true"}
        return order


class LeavesTargetsBehind(LeavesTargets):
    """The same, without the clean-up."""

    async def clean_up(self, symbol: str) -> None:
        return None


class KeepsUnprotected(Sound):
    """Log that there is no stop, and go on."""

    async def protect(self, side: str, stop: Params, due_s: float) -> bool:
        await super().protect(side, stop, due_s)
        return True


class ForgetsThePosition(KeepsUnprotected):
    """Report an entry that could not be protected as if nothing had been bought."""

    async def submit_order(self, **plan: Any) -> ExecutionResult:
        result = await super().submit_order(**plan)
        return ExecutionResult("failed", None, result.entry) if result.status == "open" else result


class NeverStops(Sound):
    """The canary: claims nothing, sends no stop."""

    async def protect(self, side: str, stop: Params, due_s: float) -> bool:
        return True


class NeverReturns(Sound):
    """Wait for something that does not come."""

    async def submit_order(self, **plan: Any) -> ExecutionResult:
        await asyncio.get_running_loop().create_future()
        raise AssertionError


class DiesInTheBackground(Sound):
    """Leave the clean-up to a task nobody looks at."""

    async def clean_up(self, symbol: str) -> None:
        async def work() -> None:
            raise ValueError(symbol)

        asyncio.ensure_future(work())  # noqa: RUF006 - losing it is the bug


class RefusesAll(Sound):
    """Be safe by trading nothing."""

    async def submit_order(self, **plan: Any) -> ExecutionResult:
        return ExecutionResult("refused", error_message="it might go wrong")


class SleepsForReal(Sound):
    """Block the loop for a moment, and swallow what the fence says."""

    async def clean_up(self, symbol: str) -> None:
        with contextlib.suppress(BaseException):
            time.sleep(0.001)
        await super().clean_up(symbol)


class ResendsRefusals(Sound):
    """Send what was refused for good once more, byte for byte."""

    def kind_of(self, error: Exception) -> str:
        kind = super().kind_of(error)
        return WAIT if kind == REFUSED and getattr(error, "code", 0) == SHORT_OF_MARGIN else kind


class ChangesTheOrder(Sound):
    """Send a retry with another quantity than the caller asked for."""

    async def attempt(self, order: Params, k: int) -> tuple[OrderResult, str, float]:
        if k > 1 and "quantity" in order:
            order["quantity"] = "0.009"
        return await super().attempt(order, k)


class Dawdles(Sound):
    """Check the price, think for half a minute, then send."""

    async def attempt(self, order: Params, k: int) -> tuple[OrderResult, str, float]:
        if "stopPrice" not in order and "reduceOnly" not in order:
            await asyncio.sleep(30.0)
        return await super().attempt(order, k)


class ChasesStops(Sound):
    """Sound, and answering a stop refused by the price with one a little further away."""

    further = 0.0005

    async def attempt(self, order: Params, k: int) -> tuple[OrderResult, str, float]:
        result, kind, wait_s = await super().attempt(order, k)
        if result.error_code == -2021 and "stopPrice" in order:
            old, sign = float(order["stopPrice"]), 1 if order["side"] == "SELL" else -1
            order["stopPrice"] = self.on_tick(old * (1 - sign * self.further), up=sign < 0)
            self.adjusted(order["symbol"], "buy" if sign > 0 else "sell", old, float(order["stopPrice"]), old)
            return result, WAIT, wait_s
        return result, kind, wait_s


class Widens(ChasesStops):
    """Answer it with one ten times as far as was planned."""

    further = 0.03


SALT = [os.urandom(8)]


class LegsByHash(Sound):
    """Begin what is due at the same time in the order of a hash that is another one in each process."""

    async def clean_up(self, symbol: str) -> None:
        SALT[0] = os.urandom(8)
        calls = [self.client.futures_get_open_orders, self.client.futures_cancel_all_open_orders]
        calls.sort(key=lambda call: hash((SALT[0], call.__name__)))
        await asyncio.gather(*(call(symbol=symbol) for call in calls))
