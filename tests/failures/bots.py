"""Naive bots, each with one habit that cost somebody money: a few lines against the plain client.

They stand where the executor stands and are driven by the same flow, so that the same checks judge them.  None of
them is an executor anybody should use; :class:`Bot` is what they share, one attempt and no look-ups.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from sim.execution import ExecutionResult, OrderResult
from sim.execution.events import Event, PlacementEnded, PlacementStarted

Params = dict[str, Any]
ORDER = "/fapi/v1/order"
STEP_DECIMALS, TICK_DECIMALS = 3, 1
"""Of BTCUSDT, which all rows with bots trade."""


class Bot:
    """Enter at market, place stop and target, close after the hold: one attempt each, nothing looked up."""

    def __init__(self, client: Any, policy: Any, hooks: tuple[Any, ...], store: dict[str, str]) -> None:
        self.client, self.hooks = client, hooks
        self.last_id = itertools.count(1)

    def emit(self, event: Event) -> None:
        for hook in self.hooks:
            hook(event)

    async def prepare(self, symbols: Iterable[str]) -> None:
        await self.client.futures_exchange_info()

    async def submit_order(
        self, *, symbol: str, side: str, quantity: float, planned_price: float, sl_percent: float, tp_percent: float,
        **_: Any,
    ) -> ExecutionResult:  # fmt: skip
        sign = 1 if side == "buy" else -1
        entry = await self.enter(symbol, side, quantity)
        if not entry.success:
            return ExecutionResult("failed", None, entry, error_message=entry.error_message)
        protected = await self.protect(
            symbol,
            side,
            quantity,
            planned_price * (1 - sign * sl_percent),
            planned_price * (1 + sign * tp_percent),
        )
        return ExecutionResult("open", None, entry, protected, planned_price)

    async def enter(self, symbol: str, side: str, quantity: float) -> OrderResult:
        order = {
            "symbol": symbol,
            "side": side.upper(),
            "type": "MARKET",
            "quantity": f"{quantity:.{STEP_DECIMALS}f}",
        }
        return await self.place("entry", side, order)

    async def protect(self, symbol: str, side: str, quantity: float, stop: float, target: float) -> bool:
        placed = await self.place("sl", side, self.exit_order(symbol, side, "STOP_MARKET", stop))
        await self.place("tp", side, self.exit_order(symbol, side, "TAKE_PROFIT_MARKET", target))
        return placed.success

    async def close_position(self, *, symbol: str, side: str, quantity: float) -> OrderResult:
        order = {
            "symbol": symbol, "side": "SELL" if side == "buy" else "BUY", "type": "MARKET",
            "quantity": f"{quantity:.{STEP_DECIMALS}f}", "reduceOnly": "true",
        }  # fmt: skip
        return await self.place("exit", side, order)

    def exit_order(self, symbol: str, side: str, kind: str, price: float) -> Params:
        return {
            "symbol": symbol, "side": "SELL" if side == "buy" else "BUY", "type": kind,
            "stopPrice": f"{price:.{TICK_DECIMALS}f}", "closePosition": "true", "workingType": "MARK_PRICE",
        }  # fmt: skip

    async def place(self, role: str, side: str, order: Params) -> OrderResult:
        """Send once; an exception is a failure, and an answer with an id a success."""
        self.emit(PlacementStarted(order["symbol"], side, role, 1))
        result = await self.sent(order)
        self.emit(PlacementEnded(order["symbol"], side, role, result, False))
        return result

    async def sent(self, order: Params) -> OrderResult:
        try:
            reply = await self.client.futures_create_order(**order)
        except Exception as error:  # noqa: BLE001 - clients raise whatever their transport raises
            return OrderResult(
                False, None, getattr(error, "code", None) or None, str(error) or repr(error), 1
            )
        return self.judged(reply)

    def judged(self, reply: Any) -> OrderResult:
        number = reply.get("orderId") or reply.get("algoId") if isinstance(reply, dict) else None
        return OrderResult(bool(number), str(number) if number else None, attempts=1)


class CancelsFirst(Bot):
    """F07: refresh a good stop ten seconds after entry by cancelling it and placing another."""

    async def protect(self, symbol: str, side: str, quantity: float, stop: float, target: float) -> bool:
        protected = await super().protect(symbol, side, quantity, stop, target)
        await asyncio.sleep(10)
        await self.client.futures_cancel_all_open_orders(symbol=symbol)
        await self.place("sl", side, self.exit_order(symbol, side, "STOP_MARKET", stop))
        return protected


class StopsByBars(Bot):
    """F13: keep the stop in its own memory and compare it with the last closed bar."""

    async def protect(self, symbol: str, side: str, quantity: float, stop: float, target: float) -> bool:
        sign = 1 if side == "buy" else -1
        for _ in range(20):
            await asyncio.sleep(15)
            bars = await self.client.futures_klines(symbol=symbol, interval="1m", limit=2)
            if bars and sign * (float(bars[0][4]) - stop) <= 0:
                await self.close_position(symbol=symbol, side=side, quantity=quantity)
                break
        return True


class PlainTargets(Bot):
    """F14: place targets as ordinary orders that may also open."""

    def exit_order(self, symbol: str, side: str, kind: str, price: float) -> Params:
        order = super().exit_order(symbol, side, kind, price)
        if kind == "TAKE_PROFIT_MARKET":
            del order["closePosition"]
            order["quantity"] = "0.023"
        return order


class ClosesForEver(Bot):
    """F15: close until the venue says yes, which it cannot once there is nothing left to reduce."""

    async def close_position(self, *, symbol: str, side: str, quantity: float) -> OrderResult:
        again = OrderResult(False)
        for _ in range(6):
            again = await super().close_position(symbol=symbol, side=side, quantity=quantity)
            if again.success:
                return again
        return OrderResult(False, None, None, f"after six times: {again.error_message}", 6)


class NoNewsIsGood(Bot):
    """F16: take every call that raised nothing for an order."""

    def judged(self, reply: Any) -> OrderResult:
        return OrderResult(True, "placed", attempts=1)


class ForgetsAwait(Bot):
    """F16: call the client and never await what it returns."""

    async def sent(self, order: Params) -> OrderResult:
        if order["type"] != "STOP_MARKET":
            return await super().sent(order)
        coroutine = self.client.futures_create_order(**order)
        return OrderResult(coroutine is not None, "placed", attempts=1)


class NeedsAPrice(Bot):
    """F17: read the entry price from the acknowledgement, and skip a position whose price is 0."""

    async def sent(self, order: Params) -> OrderResult:
        self.average = 0.0
        try:
            reply = await self.client.futures_create_order(**{**order, "newOrderRespType": "RESULT"})
        except Exception as error:  # noqa: BLE001
            return OrderResult(False, None, getattr(error, "code", None) or None, str(error), 1)
        self.average = float(reply.get("avgPrice") or 0)
        return self.judged(reply)

    async def protect(self, symbol: str, side: str, quantity: float, stop: float, target: float) -> bool:
        if not self.average:
            return False
        return await super().protect(symbol, side, quantity, stop, target)


class LooksOnce(Bot):
    """F18: look once after silence, and take -2013 for an order that never was."""

    patience_s = 2.0

    def query(self, name: str) -> Params:
        return {"origClientOrderId": name}

    async def sent(self, order: Params) -> OrderResult:
        if order["type"] != "MARKET" or "reduceOnly" in order:
            return await super().sent(order)
        result = OrderResult(False)
        for _ in range(2):
            name = f"looks-{next(self.last_id)}-{id(self) % 997}"
            try:
                async with asyncio.timeout(self.patience_s):
                    return self.judged(await self.client.futures_create_order(**order, newClientOrderId=name))
            except Exception as error:  # noqa: BLE001
                result = OrderResult(False, None, getattr(error, "code", None) or None, repr(error), 1)
            try:
                found = await self.client.futures_get_order(symbol=order["symbol"], origClientOrderId=name)
                return self.judged(found)
            except Exception:  # noqa: BLE001
                continue
        return result


class AsksTheWrongPlace(Bot):
    """F19: confirm a stop at the ordinary endpoint, and take -2013 for a refusal."""

    async def place(self, role: str, side: str, order: Params) -> OrderResult:
        if role != "sl":
            return await super().place(role, side, order)
        self.emit(PlacementStarted(order["symbol"], side, role, 1))
        result = await self.sent(order)
        try:
            await self.client._signed_request(
                "GET", ORDER, {"symbol": order["symbol"], "orderId": result.order_id}
            )
        except Exception as error:  # noqa: BLE001
            result = OrderResult(False, None, getattr(error, "code", None), "rejected, as it is not there", 1)
        self.emit(PlacementEnded(order["symbol"], side, role, result, False))
        return result


class RetriesAnyway(Bot):
    """F20: send a stop again after a time-out under the same client id, and book -4116 as a refusal."""

    async def sent(self, order: Params) -> OrderResult:
        if order["type"] != "STOP_MARKET":
            return await super().sent(order)
        order = {
            **order,
            "newClientOrderId": f"again-{next(self.last_id)}",
            "quantity": "0.023",
            "reduceOnly": "true",
        }
        del order["closePosition"]
        first = await super().sent(order)
        return first if first.success else await super().sent(order)


class OneFlagForAll(Bot):
    """F22: count the bracket as placed when any leg of it was."""

    async def protect(self, symbol: str, side: str, quantity: float, stop: float, target: float) -> bool:
        placed = [
            await self.place("sl", side, self.exit_order(symbol, side, "STOP_MARKET", stop)),
            await self.place("tp", side, self.exit_order(symbol, side, "TAKE_PROFIT_MARKET", target)),
        ]
        return any(leg.success for leg in placed)


class WatchesLast(Bot):
    """F24: leave the working type to the venue, which takes the last price."""

    def exit_order(self, symbol: str, side: str, kind: str, price: float) -> Params:
        order = super().exit_order(symbol, side, kind, price)
        del order["workingType"]
        return order


class DiesOfRaces(Bot):
    """F28: move the stop after a while by cancelling it, and expect no answer but yes."""

    async def protect(self, symbol: str, side: str, quantity: float, stop: float, target: float) -> bool:
        placed = await self.place("sl", side, self.exit_order(symbol, side, "STOP_MARKET", stop))
        await asyncio.sleep(120)
        await self.client.futures_cancel_order(symbol=symbol, orderId=placed.order_id)
        again = await self.place("sl", side, self.exit_order(symbol, side, "STOP_MARKET", stop))
        return again.success


class SendsFloats(Bot):
    """F31: compute a price and send it as it is."""

    def exit_order(self, symbol: str, side: str, kind: str, price: float) -> Params:
        return {**super().exit_order(symbol, side, kind, price), "stopPrice": repr(price)}


class TrailsInBasisPoints(Bot):
    """F32: send a trailing distance of 1.5 % as 150."""

    async def protect(self, symbol: str, side: str, quantity: float, stop: float, target: float) -> bool:
        order = self.exit_order(symbol, side, "TRAILING_STOP_MARKET", stop)
        for key in ("stopPrice", "closePosition"):
            del order[key]
        order |= {"callbackRate": "150", "quantity": f"{quantity:.{STEP_DECIMALS}f}", "reduceOnly": "true"}
        return (await self.place("trailing", side, order)).success


class LeavesStops(Bot):
    """F34: never cancel the stop and the target of a position that is gone."""

    def exit_order(self, symbol: str, side: str, kind: str, price: float) -> Params:
        order = super().exit_order(symbol, side, kind, price)
        del order["closePosition"]
        return {**order, "quantity": "0.023", "reduceOnly": "true"}


class ReplacesWithTwo(Bot):
    """F35: place the better stop first and cancel the old one then, with orders that close the position."""

    async def protect(self, symbol: str, side: str, quantity: float, stop: float, target: float) -> bool:
        first = await self.place("sl", side, self.exit_order(symbol, side, "STOP_MARKET", stop))
        await asyncio.sleep(5)
        await self.place("sl", side, self.exit_order(symbol, side, "STOP_MARKET", stop * 1.0001))
        await self.client.futures_cancel_order(symbol=symbol, orderId=first.order_id)
        return True


class SplitsTargets(Bot):
    """F36: split the target into legs below the least notional, without saying that they only reduce."""

    async def protect(self, symbol: str, side: str, quantity: float, stop: float, target: float) -> bool:
        protected = await super().protect(symbol, side, quantity, stop, stop)
        for _ in range(3):
            leg = {
                "symbol": symbol, "side": "SELL" if side == "buy" else "BUY", "type": "LIMIT", "timeInForce": "GTC",
                "price": f"{target:.{TICK_DECIMALS}f}", "quantity": "0.001",
            }  # fmt: skip
            await self.place("tp", side, leg)
        return protected


class SendsBatches(Bot):
    """F44: send entry and stop as one batch, and take an error of the whole for a failure of each."""

    async def submit_order(
        self, *, symbol: str, side: str, quantity: float, planned_price: float, sl_percent: float, tp_percent: float,
        **_: Any,
    ) -> ExecutionResult:  # fmt: skip
        sign = 1 if side == "buy" else -1
        size = f"{quantity:.{STEP_DECIMALS}f}"
        entry = {"symbol": symbol, "side": side.upper(), "type": "MARKET", "quantity": size}
        stop = self.exit_order(symbol, side, "STOP_MARKET", planned_price * (1 - sign * sl_percent))
        self.emit(PlacementStarted(symbol, side, "entry", 1))
        try:
            replies = await self.client.futures_place_batch_order(batchOrders=[entry, stop])
            result = self.judged(replies[0])
        except Exception as error:  # noqa: BLE001
            result = OrderResult(False, None, getattr(error, "code", None) or None, str(error), 1)
        self.emit(PlacementEnded(symbol, side, "entry", result, False))
        return ExecutionResult(
            "open" if result.success else "failed", None, result, result.success, planned_price
        )


Maker = Callable[..., Bot]
