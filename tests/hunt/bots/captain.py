"""Captain: a class-based bracket executor on ccxt.  Nothing planted."""

import asyncio
import itertools
import logging
from dataclasses import dataclass

import ccxt

log = logging.getLogger("captain")

# What ccxt raises when the venue has read the order and said no.  Everything else may have been done.
NO = (
    ccxt.InvalidOrder,
    ccxt.InsufficientFunds,
    ccxt.BadRequest,
    ccxt.OperationRejected,
    ccxt.AuthenticationError,
)


@dataclass
class Outcome:
    status: str = ""
    success: bool = False
    exit: object = None
    protected: bool = False
    quantity: float | None = None
    error_code: int | None = None
    error_message: str = ""


class Unclear(Exception):
    pass


class Captain:
    def __init__(self, exchange):
        self.ex = exchange
        self.trades = itertools.count(1)
        self.guards = {}
        self.resume_at = 0.0

    async def prepare(self, symbols):
        await self.ex.load_markets()

    # -- one call --------------------------------------------------------

    async def _call(self, method, *args, timeout=1.2):
        loop = asyncio.get_running_loop()
        if loop.time() < self.resume_at:
            await asyncio.sleep(self.resume_at - loop.time() + 0.01)
        try:
            return await asyncio.wait_for(getattr(self.ex, method)(*args), timeout)
        except NO:
            raise
        except ccxt.DDoSProtection as e:
            headers = self.ex.last_response_headers or {}
            self.resume_at = loop.time() + float(headers.get("Retry-After") or 0.5)
            raise Unclear(f"{method}: told to wait: {e}") from e
        except (ccxt.BaseError, TimeoutError, OSError, ValueError, TypeError, AttributeError, KeyError) as e:
            raise Unclear(f"{method}: {type(e).__name__} {e}") from e

    async def _read(self, method, *args, tries=6):
        for n in range(tries):
            try:
                return await self._call(method, *args)
            except ccxt.OrderNotFound:
                raise
            except (Unclear, *NO) as e:
                log.warning("read failed: %s", e)
                await asyncio.sleep(0.2 * (n + 1))
        raise Unclear(f"{method} failed {tries} times")

    async def _order(self, symbol, kind, side, amount, params):
        order = await self._call("create_order", symbol, kind, side, amount, None, params)
        if not order.get("id"):
            raise Unclear(f"no id in {order}")
        log.info("%s %s %s %s -> #%s", side, amount, symbol, params, order["id"])
        return order

    async def _find(self, symbol, cid, trigger=False):
        try:
            params = {"clientOrderId": cid, "trigger": True} if trigger else {"clientOrderId": cid}
            order = await self._read("fetch_order", None, symbol, params)
        except ccxt.OrderNotFound:
            return None
        return order if order.get("id") else None

    async def _held(self, symbol):
        for _ in range(5):
            rows = await self._read("fetch_positions", [symbol])
            if isinstance(rows, list):
                return sum(abs(row["contracts"] or 0) for row in rows)
        raise Unclear("no positions")

    # -- entry -----------------------------------------------------------

    async def submit_order(self, *, symbol, side, quantity, planned_price, sl_percent, tp_percent, **_):
        market = self.ex.markets_by_id[symbol][0]["symbol"]
        tag = f"cpt{next(self.trades)}{symbol[:3]}"
        sign = 1 if side == "buy" else -1
        filled = await self._enter(market, side, quantity, f"{tag}-in")
        if not filled:
            return Outcome("failed", error_message="no fill")
        stop = self.ex.price_to_precision(market, planned_price * (1 - sign * sl_percent))
        out = "sell" if side == "buy" else "buy"
        if not await self._rest(market, out, quantity, {"stopLossPrice": stop}, f"{tag}-sl", 2.5):
            log.error("%s: could not rest a stop, leaving", market)
            closed = await self._leave(market, side, quantity)
            return Outcome("failed" if closed.success else "open", exit=closed, quantity=quantity)
        target = self.ex.price_to_precision(market, planned_price * (1 + sign * tp_percent))
        resting = 1 + await self._rest(market, out, quantity, {"takeProfitPrice": target}, f"{tag}-tp", 2.0)
        self.guards[market] = asyncio.create_task(self._guard(market, side, quantity, stop, tag, resting))
        return Outcome("open", True, protected=True, quantity=quantity)

    async def _enter(self, market, side, quantity, cid):
        """Once; what is unclear is looked for until it shows or half a minute is over."""
        order = None
        try:
            order = await self._order(market, "market", side, quantity, {"newClientOrderId": cid})
        except NO as e:
            log.error("entry refused: %s", e)
            return 0.0
        except Unclear as e:
            log.warning("entry unclear: %s", e)
        for _ in range(40):
            if order and order["filled"]:
                return order["filled"]
            await asyncio.sleep(0.3 if order else 0.8)
            try:
                order = await self._find(market, cid) or order
            except Unclear as e:
                log.warning("%s", e)
        return 0.0

    async def _rest(self, market, side, quantity, price, cid, within_s):
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        params = {**price, "reduceOnly": True, "workingType": "MARK_PRICE", "newClientOrderId": cid}
        while loop.time() < until:
            try:
                return bool(await self._order(market, "market", side, quantity, params))
            except ccxt.DuplicateOrderId:
                pass
            except NO as e:
                log.error("%s refused: %s", cid, e)
                return False
            except Unclear as e:
                log.warning("%s unclear: %s", cid, e)
            try:
                found = await self._find(market, cid, trigger=True)
            except Unclear:
                continue
            if found and found["status"] == "open":
                return True
        return False

    async def _guard(self, market, side, quantity, stop, tag, exits):
        """See that the stop stays, and goes with its position; it is placed again under a name of its own."""
        out = "sell" if side == "buy" else "buy"
        for n, pause in enumerate(itertools.chain((2.0, 2.5), itertools.repeat(15.0))):
            await asyncio.sleep(pause)
            try:
                resting = await self._read("fetch_open_orders", market, None, None, {"trigger": True})
                stops = [row for row in resting if (row["info"] or {}).get("orderType") == "STOP_MARKET"]
                if stops and len(resting) >= exits:
                    continue
                if not await self._held(market):
                    await self._sweep(market)
                    return
                if stops:
                    continue
                log.warning("%s: the stop is gone", market)
                if not await self._rest(market, out, quantity, {"stopLossPrice": stop}, f"{tag}-sl{n}", 2.5):
                    await self._leave(market, side, quantity)
                    return
            except Unclear as e:
                log.warning("guard: %s", e)

    # -- exit ------------------------------------------------------------

    async def close_position(self, *, symbol, side, quantity, **_):
        market = self.ex.markets_by_id[symbol][0]["symbol"]
        guard = self.guards.pop(market, None)
        if guard is not None:
            guard.cancel()
        return await self._leave(market, side, quantity)

    async def _leave(self, market, side, quantity):
        """Close until an order filled or found nothing to reduce; what the position reads may be old."""
        out, tag = "sell" if side == "buy" else "buy", f"cpx{next(self.trades)}"
        done = False
        for n in range(60):
            try:
                params = {"reduceOnly": True, "newClientOrderId": f"{tag}-{n}"}
                order = await self._order(market, "market", out, quantity, params)
                done = done or order["status"] == "closed"
            except NO as e:
                done = done or "-2022" in str(e)
                log.info("close: %s", e)
            except Unclear as e:
                log.warning("close: %s", e)
            try:
                if done and not await self._held(market):
                    await self._sweep(market)
                    return Outcome("closed", True)
            except Unclear as e:
                log.warning("%s", e)
            await asyncio.sleep(min(0.3 * (n + 1), 2.0))
        log.critical("%s: could not close", market)
        return Outcome("open", False, error_message="could not close")

    async def _sweep(self, market):
        for _ in range(30):
            try:
                if not await self._read("fetch_open_orders", market, None, None, {"trigger": True}):
                    return
                await self._call("cancel_all_orders", market, {"trigger": True})
            except (Unclear, *NO) as e:
                log.warning("sweep: %s", e)
            await asyncio.sleep(0.5)
