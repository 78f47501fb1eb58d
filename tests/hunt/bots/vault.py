"""Vault: bracket bot whose limits live in a policy store (ours talks to Redis, hence async).  python-binance."""

import asyncio
import logging

from desk import Desk, Refused, Unclear

log = logging.getLogger("vault")

DEFAULTS = {"execution.max_stop_retries": 3, "execution.retry_pause_s": 0.2}


class VaultStore:
    """The store as the risk team ships it; every read is a round trip."""

    def __init__(self, values=None):
        self.values = dict(DEFAULTS, **(values or {}))

    async def get_policy(self, key, default=None):
        await asyncio.sleep(0)
        return self.values.get(key, default)


class VaultBot:
    def __init__(self, client):
        self.client = client
        self.policies = VaultStore()
        self.opened = {}

    async def submit_order(self, *, symbol, side, quantity, planned_price, sl_percent, tp_percent, **_):
        desk = self.opened[symbol] = Desk(self.client, symbol, side, f"va{len(self.opened)}{symbol}")
        held = await desk.enter(quantity)
        if not held:
            return {"status": "failed", "reason": "no fill"}
        stop = desk.stop_price(planned_price, sl_percent)
        if not await self.rest_stop(desk, stop):
            closed = await desk.flatten(quantity)
            return {"status": "failed" if closed else "open", "exit": closed, "reason": "no stop"}
        return {"status": "open", "protected": True, "quantity": held}

    async def rest_stop(self, desk, stop):
        order = desk.exit_order("STOP_MARKET", stop)
        attempt = 0
        while True:
            attempt += 1
            try:
                reply = await desk.send(**order)
                log.info("%s: stop %s rests, attempt %d", desk.symbol, reply["algoId"], attempt)
                return True
            except Refused as no:
                log.warning("%s: stop attempt %d: %s", desk.symbol, attempt, no)
                if no.code == -2021:
                    return False
            except Unclear as e:
                log.warning("%s: stop attempt %d unclear: %s", desk.symbol, attempt, e)
                if await desk.find(clientAlgoId=order["clientAlgoId"]):
                    return True
            if attempt >= self.policies.get_policy("execution.max_stop_retries", 3):
                log.error("%s: giving up after %d attempts", desk.symbol, attempt)
                return False
            await asyncio.sleep(0.2)

    async def close_position(self, *, symbol, side, quantity, **_):
        return {"success": await self.opened[symbol].flatten(quantity)}
