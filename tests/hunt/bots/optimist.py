"""Optimist: python-binance bot around one post() helper that never lets an exception through."""

import asyncio
import logging

from desk import Desk, Refused, Unclear

log = logging.getLogger("optimist")


class Optimist:
    def __init__(self, client):
        self.client = client
        self.desk = None
        self.n = 0

    async def post(self, **order):
        """Send an order; {} when the venue did not take it, so that callers need no try."""
        try:
            return await self.desk.send(**order)
        except Refused as no:
            log.warning("post %s: %s", order["type"], no)
            return {}
        except Unclear as e:
            log.warning("post %s unclear: %s", order["type"], e)
            return await self.desk.find(clientAlgoId=order["clientAlgoId"]) or {}

    async def submit_order(self, *, symbol, side, quantity, planned_price, sl_percent, tp_percent, **_):
        self.n += 1
        self.desk = desk = Desk(self.client, symbol, side, f"op{self.n}{symbol}")
        held = await desk.enter(quantity)
        if not held:
            return {"status": "failed", "message": "entry did not fill"}
        stop = desk.stop_price(planned_price, sl_percent)
        try:
            reply = await self.post(**desk.exit_order("STOP_MARKET", stop))
        except Unclear as e:
            log.error("could not find out about the stop: %s", e)
            reply = None
        if reply is None:
            closed = await desk.flatten(quantity)
            return {"status": "failed" if closed else "open", "exit": closed}
        log.info("[OK] %s SL placed at %s, id=%s", symbol, stop, reply.get("algoId"))
        self.watcher = asyncio.create_task(desk.watch(3600.0, stop)) if reply.get("algoId") else None
        return {"status": "open", "protected": True, "quantity": held}

    async def close_position(self, *, symbol, side, quantity, **_):
        if self.watcher is not None:
            self.watcher.cancel()
        closed = await self.desk.flatten(quantity)
        return {"success": closed, "error_message": "" if closed else "close failed"}
