"""Patient: ccxt executor that retries network errors, as the manual says."""

import asyncio
import logging

import ccxt
from captain import NO, Captain, Unclear

log = logging.getLogger("patient")

RETRIES = 3


class Patient(Captain):
    async def _enter(self, market, side, quantity, cid):
        order = await self._market_order(market, side, quantity)
        if order is None:
            return 0.0
        for _ in range(20):
            if order.get("filled"):
                log.info("%s %s filled %s @ %s", market, side, order["filled"], order["average"])
                return order["filled"]
            await asyncio.sleep(0.3)
            try:
                order = await self._read("fetch_order", order["id"], market)
            except (Unclear, ccxt.OrderNotFound) as e:
                log.warning("%s", e)
        return 0.0

    async def _market_order(self, market, side, quantity):
        for attempt in range(1, RETRIES + 1):
            try:
                order = await self.ex.create_order(market, "market", side, quantity)
                if order.get("id"):
                    return order
                log.warning("no id in the answer, reading the position")
                return {"filled": await self._held(market), "average": None}
            except NO as e:
                log.error("%s refused: %s", market, e)
                return None
            except ccxt.OperationFailed as e:
                log.warning("%s on attempt %d/%d, retrying: %s", type(e).__name__, attempt, RETRIES, e)
                await asyncio.sleep(0.5 * attempt)
        return None
