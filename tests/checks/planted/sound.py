"""A small executor that keeps every rule: the sound code into which bugs are planted, one at a time.

Every write carries a client id and a resend carries the same one; after an unknown outcome the order is looked up on
both endpoints before anything is sent; -4116 means "it is there"; entries are judged anew before each attempt; a stop
that does not stand by the deadline means a reduce-only close, verified; what is left when flat is cancelled.  Written
for these tests: one symbol, one-way mode, no partial fills.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from sim.execution import ExecutionResult, ExecutionSafetyGuard, OrderResult
from sim.execution.events import (
    AttemptFailed,
    BackoffStarted,
    Event,
    PlacementEnded,
    PlacementStarted,
    StopAdjusted,
)

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
TICK, STEP = Decimal("0.10"), Decimal("0.001")
UNKNOWN, WAIT, REFUSED = "unknown", "wait", "refused"
Params = dict[str, Any]


class Sound:
    """Open, protect and close as :class:`sim.execution.EventDrivenExecutor` does, without its known gaps."""

    patience_s = 1.0
    protect_s = 3.5
    moves_stop = False

    def __init__(self, client: Any, policy_store: Any, *, hooks: Iterable[Any] = (), **_: Any) -> None:
        self.client, self.settings, self.hooks = client, policy_store.settings, tuple(hooks)
        self.guard = ExecutionSafetyGuard(policy_store, hooks=self.hooks)
        self.last_id = itertools.count(1)

    def emit(self, event: Event) -> None:
        for hook in self.hooks:
            hook(event)

    async def prepare(self, symbols: Iterable[str]) -> None:
        await self.client.futures_exchange_info()

    # -- the intent -----------------------------------------------------------------------------------

    async def submit_order(
        self, *, symbol: str, side: str, quantity: float, planned_price: float, sl_percent: float, tp_percent: float,
        leverage: float | None = None, **_: Any,
    ) -> ExecutionResult:  # fmt: skip
        sign = 1 if side == "buy" else -1
        entry = {"symbol": symbol, "side": side.upper(), "type": "MARKET", "quantity": self.on_step(quantity)}
        seen: list[float] = []

        async def fresh() -> str:
            seen.append(await self.price(symbol))
            verdict = await self.guard.validate_and_adjust_order(
                symbol=symbol, side=side, planned_entry_price=planned_price, current_market_price=seen[-1],
                sl_price=seen[-1] * (1 - sign * sl_percent), tp_price=seen[-1] * (1 + sign * tp_percent),
                leverage=leverage,
            )  # fmt: skip
            return "" if verdict.is_valid else verdict.reason

        placed = await self.place("entry", side, entry, before=fresh)
        if not placed.success:
            status = "refused" if placed.attempts == 0 else "failed"
            return ExecutionResult(status, None, placed, error_message=placed.error_message)
        due_s = asyncio.get_running_loop().time() + self.protect_s
        exit_side, market = ("SELL" if sign > 0 else "BUY"), seen[-1]
        stop = self.stop_order(symbol, exit_side, quantity, market * (1 - sign * sl_percent), sign)
        if not await self.protect(side, stop, due_s):
            closed = await self.close_position(symbol=symbol, side=side, quantity=quantity)
            return ExecutionResult(
                "failed" if closed.success else "open", None, placed, False, market, closed, "not protected"
            )
        profit = self.exit_order(
            symbol, exit_side, "TAKE_PROFIT_MARKET", market * (1 + sign * tp_percent), -sign
        )
        await self.place("tp", side, profit)
        if self.moves_stop:
            await asyncio.sleep(3.0)
            await self.move_stop(side, stop, market * (1 - sign * sl_percent * 0.9), sign)
        return ExecutionResult("open", None, placed, True, market)

    async def price(self, symbol: str) -> float:
        """Read the price, and again when no answer comes: it costs a request and no order."""
        for _ in range(4):
            try:
                async with asyncio.timeout(self.patience_s):
                    return await self.guard.get_current_market_price(symbol, self.client)
            except Exception:  # noqa: BLE001
                await asyncio.sleep(0.1)
        return await self.guard.get_current_market_price(symbol, self.client)

    async def protect(self, side: str, stop: Params, due_s: float) -> bool:
        """Place the stop; whoever has none by the deadline is not protected."""
        try:
            async with asyncio.timeout_at(due_s):
                return (await self.place("sl", side, stop)).success
        except TimeoutError:
            return False

    async def move_stop(self, side: str, stop: Params, price: float, sign: int) -> None:
        """Put the nearer stop in place first, and take the old one away once it stands."""
        nearer = {**stop, "stopPrice": self.on_tick(price, up=sign < 0)}
        nearer.pop("newClientOrderId", None)
        if (await self.place("sl", side, nearer)).success:
            await self.cancel(stop)

    async def close_position(self, *, symbol: str, side: str, quantity: float) -> OrderResult:
        """Close at market, reduce-only; flat already is as good; then cancel what is left."""
        order = {
            "symbol": symbol, "side": "SELL" if side == "buy" else "BUY", "type": "MARKET",
            "quantity": self.on_step(quantity), "reduceOnly": "true",
        }  # fmt: skip
        closed = await self.place("exit", side, order)
        if not closed.success and closed.error_code != -2022:
            return closed
        await self.clean_up(symbol)
        return closed

    async def clean_up(self, symbol: str) -> None:
        """Cancel what rests until nothing does: a cancel whose answer was lost may not have worked."""
        for wait_s in (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0):
            try:
                await self.client.futures_cancel_all_open_orders(symbol=symbol)
                if not await self.client.futures_get_open_orders(symbol=symbol):
                    return
            except Exception:  # noqa: BLE001 - clients raise whatever their transport raises
                pass
            await asyncio.sleep(wait_s)

    async def cancel(self, order: Params) -> None:
        for wait_s in (0.2, 0.5, 1.0, 2.0, 4.0):
            try:
                await self.client.futures_cancel_order(
                    symbol=order["symbol"], origClientOrderId=order["newClientOrderId"]
                )
                return
            except Exception as error:  # noqa: BLE001
                if self.kind_of(error) == REFUSED:
                    return
            await asyncio.sleep(wait_s)

    # -- one placement --------------------------------------------------------------------------------

    async def place(self, role: str, side: str, order: Params, before: Any = None) -> OrderResult:
        """Send until the order is there, is refused for good, or attempts run out; never leave it unknown."""
        symbol, limit = order["symbol"], self.attempts_allowed()
        order["newClientOrderId"] = f"sound-{next(self.last_id)}"
        self.emit(PlacementStarted(symbol, side, role, limit))
        result = OrderResult(False)
        for k in range(1, limit + 1):
            try:
                reason = await before() if before is not None else ""
            except Exception as error:  # noqa: BLE001
                reason = f"no price: {error}"
            if reason:
                result = OrderResult(False, None, None, reason, k if k > 1 else 0)
                if k > 1:
                    self.emit(AttemptFailed(symbol, role, k, limit, None, reason, False))
                break
            result, kind, wait_s = await self.attempt(order, k)
            if result.success:
                break
            again = kind != REFUSED and k < limit
            code, message = result.error_code, result.error_message or ""
            self.emit(AttemptFailed(symbol, role, k, limit, code, message, again))
            if not again:
                await self.gives_up(symbol, role, k)
                break
            await self.rest(symbol, role, k, wait_s)
        self.emit(PlacementEnded(symbol, side, role, result, False))
        return result

    async def attempt(self, order: Params, k: int) -> tuple[OrderResult, str, float]:
        """Send once and find out what became of it: (result, kind of failure, what the venue asked to wait)."""
        try:
            reply = await self.send(order)
            if isinstance(reply, dict) and reply.get("orderId"):
                return OrderResult(True, str(reply["orderId"]), attempts=k), "", 0.0
            code, message, kind, wait_s = None, "no order in the reply", UNKNOWN, 0.0
        except Exception as error:  # noqa: BLE001
            code, message, kind = getattr(error, "code", None) or None, str(error), self.kind_of(error)
            headers = getattr(getattr(error, "response", None), "headers", {})
            wait_s = float(headers.get("Retry-After", 0))
        if kind == UNKNOWN or code == -4116:
            found = await self.look_up(order)
            if found:
                return OrderResult(True, found, attempts=k), "", 0.0
        return OrderResult(False, None, code, message, k), kind, wait_s

    async def send(self, order: Params) -> Any:
        # The client would wait ten seconds for an answer, with a position bare meanwhile.
        async with asyncio.timeout(self.patience_s):
            return await self.client._signed_request("POST", ORDER, dict(order))

    async def look_up(self, order: Params) -> str:
        """Return the order's number, "" once the venue says on both endpoints that there is none."""
        wait_s = 0.2
        while True:
            missing = 0
            for path, name in ((ORDER, "origClientOrderId"), (ALGO, "clientAlgoId")):
                try:
                    query = {"symbol": order["symbol"], name: order["newClientOrderId"]}
                    async with asyncio.timeout(self.patience_s):
                        reply = await self.client._signed_request("GET", path, query)
                    return str(reply.get("orderId") or reply.get("algoId"))
                except Exception as error:  # noqa: BLE001
                    missing += self.kind_of(error) == REFUSED
            if missing == 2:
                return ""
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, 4.0)

    def kind_of(self, error: Exception) -> str:
        """Sort an exception: the outcome is unknown, it failed for now, or it was refused for good."""
        status, code = getattr(error, "status_code", 0), getattr(error, "code", 0) or 0
        if code in (-1003, -1008, -1015, -1021) or status in (418, 429):
            return WAIT
        if status == 503 and ("Service Unavailable" in str(error) or "Internal error" in str(error)):
            return WAIT
        if code == -1001 and status < 503:
            return WAIT
        if code <= -1100 or status in (400, 401, 403, 404):
            return REFUSED
        return UNKNOWN

    async def rest(self, symbol: str, role: str, k: int, asked_s: float = 0.0) -> None:
        """Sleep as the policy says, or as long as the venue asked for."""
        settings = self.settings
        delay_s = settings.retry_backoff_base_sec * settings.retry_backoff_growth ** (k - 1)
        delay_s = max(min(delay_s, settings.max_retry_backoff_sec), asked_s)
        self.emit(BackoffStarted(symbol, role, delay_s, k + 1))
        await self.sleep(delay_s)

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)

    async def gives_up(self, symbol: str, role: str, k: int) -> None:
        """Do nothing more: there is no attempt left to wait for."""

    def attempts_allowed(self) -> int:
        return int(self.settings.max_order_retries)

    # -- numbers --------------------------------------------------------------------------------------

    def stop_order(self, symbol: str, side: str, quantity: float, price: float, sign: int) -> Params:
        stop = self.exit_order(symbol, side, "STOP_MARKET", price, sign)
        if self.moves_stop:
            # Two stops that close the position may not stand at once (-4130); two reduce-only ones may.
            del stop["closePosition"]
            stop |= {"quantity": self.on_step(quantity), "reduceOnly": "true"}
        return stop

    def exit_order(self, symbol: str, side: str, kind: str, price: float, sign: int) -> Params:
        return {
            "symbol": symbol, "side": side, "type": kind, "stopPrice": self.on_tick(price, up=sign < 0),
            "closePosition": "true", "workingType": "MARK_PRICE",
        }  # fmt: skip

    def on_tick(self, price: float, *, up: bool) -> str:
        rounding = ROUND_CEILING if up else ROUND_FLOOR
        return f"{(Decimal(repr(price)) / TICK).to_integral_value(rounding) * TICK:f}"

    def on_step(self, quantity: float) -> str:
        return f"{Decimal(repr(quantity)).quantize(STEP):f}"

    def adjusted(self, symbol: str, side: str, old: float, new: float, market: float) -> None:
        self.emit(StopAdjusted(symbol, side, old, new, market))
