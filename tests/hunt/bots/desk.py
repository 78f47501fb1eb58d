"""Order desk shared by our python-binance bots: one place that knows what an answer means.

A call ends in a reply, in Refused (certainly not done) or in Unclear (may have been done: look before you act).
"""

import asyncio
import itertools
import logging
from decimal import ROUND_DOWN, ROUND_UP, Decimal

import aiohttp
from binance.exceptions import BinanceAPIException, BinanceRequestException

log = logging.getLogger("desk")

TICK, STEP = Decimal("0.1"), Decimal("0.001")
MAYBE_DONE = {-1000, -1001, -1006, -1007}
TRY_AGAIN = {-1003, -1008, -1015, -1021}


class Refused(Exception):
    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code


class Unclear(Exception):
    pass


def price_text(price, up=False):
    """Round to the tick, away from the market for stops; decimals as text."""
    return str(Decimal(repr(float(price))).quantize(TICK, ROUND_UP if up else ROUND_DOWN))


def size_text(quantity):
    return str(Decimal(repr(float(quantity))).quantize(STEP, ROUND_DOWN))


class Desk:
    """All calls of one trade go through here; client ids carry the trade's own tag."""

    patience = 1.2

    def __init__(self, client, symbol, side, tag):
        self.client, self.symbol, self.side = client, symbol, side.lower()
        self.sign = 1 if self.side == "buy" else -1
        self.exit_side = "SELL" if self.sign > 0 else "BUY"
        self.quiet_until = 0.0
        self._ids = (f"{tag}-{n}" for n in itertools.count(1))

    def new_id(self):
        return next(self._ids)

    async def call(self, name, **params):
        loop = asyncio.get_running_loop()
        while loop.time() < self.quiet_until:
            await asyncio.sleep(self.quiet_until - loop.time() + 0.01)
        try:
            reply = await asyncio.wait_for(getattr(self.client, name)(**params), self.patience)
        except BinanceAPIException as e:
            if e.status_code in (418, 429):
                wait = float((e.response.headers or {}).get("Retry-After") or 0.5)
                self.quiet_until = loop.time() + wait
                log.warning("%s: HTTP %s, quiet for %.1fs", name, e.status_code, wait)
                raise Refused(e.code, e.message) from e
            if e.status_code == 400 and e.code not in MAYBE_DONE:
                raise Refused(e.code, e.message) from e
            raise Unclear(f"{name}: HTTP {e.status_code} {e.code} {e.message}") from e
        except (TimeoutError, OSError, aiohttp.ClientError, BinanceRequestException) as e:
            raise Unclear(f"{name}: {e!r}") from e
        return reply

    async def send(self, **order):
        reply = await self.call("futures_create_order", symbol=self.symbol, **order)
        if not isinstance(reply, dict) or not (reply.get("orderId") or reply.get("algoId")):
            raise Unclear(f"a reply without an id: {reply!r}")
        log.info(
            "%s %s %s -> %s",
            order["side"],
            order["type"],
            self.symbol,
            reply.get("orderId") or reply["algoId"],
        )
        return reply

    async def ask(self, name, kind, tries=8, **params):
        """Read until the answer has the right shape; Refused -2013 comes through."""
        for n in range(tries):
            try:
                reply = await self.call(name, symbol=self.symbol, **params)
                if isinstance(reply, kind) and not (isinstance(reply, dict) and "code" in reply):
                    return reply
                log.warning("%s answered %r", name, reply)
            except Refused as no:
                if no.code == -2013:
                    raise
                log.warning("%s refused: %s", name, no)
            except Unclear as e:
                log.warning("%s", e)
            await asyncio.sleep(0.2 * (n + 1))
        raise Unclear(f"{name}: no answer in {tries} tries")

    async def find(self, **query):
        try:
            return await self.ask("futures_get_order", dict, **query)
        except Refused:
            return None

    async def position(self):
        rows = await self.ask("futures_position_information", list)
        return sum(float(row["positionAmt"]) for row in rows)

    async def exits(self):
        return await self.ask("futures_get_open_algo_orders", list)

    # -- entry --

    async def enter(self, quantity, wait_s=40.0):
        """Market order, sent once.  Returns the quantity held (0.0: nothing)."""
        cid, order = self.new_id(), {}
        try:
            order = await self.send(
                side=self.side.upper(),
                type="MARKET",
                quantity=size_text(quantity),
                newClientOrderId=cid,
                newOrderRespType="RESULT",
            )
        except Refused as no:
            log.error("entry refused: %s", no)
            return 0.0
        except Unclear as e:
            log.warning("entry unclear, looking it up: %s", e)
        return await self.filled(cid, order, wait_s)

    async def filled(self, cid, order, wait_s):
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while float(order.get("executedQty") or 0) <= 0:
            if loop.time() > until:
                log.error("entry %s never showed up", cid)
                return 0.0
            await asyncio.sleep(0.3)
            try:
                order = await self.find(origClientOrderId=cid) or {}
            except Unclear as e:
                log.warning("%s", e)
        log.info("entry filled %s @ %s", order["executedQty"], order.get("avgPrice"))
        return float(order["executedQty"])

    # -- stop --

    def stop_price(self, reference, distance):
        return price_text(reference * (1 - self.sign * distance), up=self.sign < 0)

    def exit_order(self, kind, price):
        return {
            "side": self.exit_side,
            "type": kind,
            "stopPrice": price,
            "closePosition": "true",
            "workingType": "MARK_PRICE",
            "clientAlgoId": self.new_id(),
        }

    async def protect(self, price, within_s=2.5):
        """Rest a stop; False when that was not possible in time (then flatten)."""
        order = self.exit_order("STOP_MARKET", price)
        return await self.rest(order, within_s)

    async def rest(self, order, within_s):
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while loop.time() < until:
            try:
                return (await self.send(**order)).get("algoStatus") in ("NEW", None)
            except Refused as no:
                if no.code not in TRY_AGAIN | {-4116, -4130}:
                    log.error("%s refused: %s", order["type"], no)
                    return False
                if no.code in TRY_AGAIN:
                    await asyncio.sleep(0.2)
                    continue
            except Unclear as e:
                log.warning("%s unclear: %s", order["type"], e)
            found = await self.find(clientAlgoId=order["clientAlgoId"])
            if found and found.get("algoStatus") == "NEW":
                return True
        return False

    async def watch(self, hold_s, price):
        """Hold: look after the stop; True when the position is gone before the time is over."""
        loop = asyncio.get_running_loop()
        until = loop.time() + hold_s
        for pause in itertools.chain((2.0, 2.5), itertools.repeat(15.0)):
            left = until - loop.time()
            if left <= 0:
                return False
            await asyncio.sleep(min(pause, left))
            try:
                if any(row["orderType"] == "STOP_MARKET" for row in await self.exits()):
                    continue
                if not await self.position():
                    log.info("position is gone")
                    return True
            except Unclear as e:
                log.warning("%s", e)
                continue
            log.warning("the stop is gone, placing it again")
            if not await self.protect(price):
                return False
        return False

    # -- exit --

    async def flatten(self, quantity, for_s=90.0):
        """Close with reduce-only orders until one filled or found nothing, and the position reads 0; then sweep.

        Positions are read from replicas that lag: a 0 alone proves nothing.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + for_s
        done = False
        while loop.time() < until:
            try:
                order = await self.send(
                    side=self.exit_side,
                    type="MARKET",
                    quantity=size_text(quantity),
                    reduceOnly="true",
                    newClientOrderId=self.new_id(),
                    newOrderRespType="RESULT",
                )
                done = done or order.get("status") == "FILLED"
            except Refused as no:
                done = done or no.code == -2022
                log.info("close: %s", no)
            except Unclear as e:
                log.warning("close unclear: %s", e)
            try:
                if done and not await self.position():
                    return await self.sweep(until)
            except Unclear as e:
                log.warning("%s", e)
            await asyncio.sleep(0.5)
        log.critical("could not close %s", self.symbol)
        return False

    async def sweep(self, until):
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            try:
                if not await self.exits():
                    return True
                await self.call("futures_cancel_all_algo_open_orders", symbol=self.symbol)
            except (Refused, Unclear) as e:
                log.warning("sweep: %s", e)
            await asyncio.sleep(0.3)
        return True
