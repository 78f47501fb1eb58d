"""Loopback: time-based exits on python-binance.  Does not rest before the venue has confirmed the close."""

import asyncio
import logging

from desk import Desk, Refused, Unclear, size_text

log = logging.getLogger("loopback")


class Loopback:
    def __init__(self, client):
        self.client = client
        self.desks = {}
        self.n = 0

    async def submit_order(self, *, symbol, side, quantity, planned_price, sl_percent, tp_percent, **_):
        self.n += 1
        desk = Desk(self.client, symbol, side, f"lb{self.n}{symbol}")
        held = await desk.enter(quantity)
        if not held:
            return {"status": "failed"}
        if not await desk.protect(desk.stop_price(planned_price, sl_percent)):
            closed = await desk.flatten(quantity)
            return {"status": "failed" if closed else "open", "exit": closed}
        self.desks[symbol] = desk
        return {"status": "open", "protected": True, "quantity": held}

    async def close_position(self, *, symbol, side, quantity, **_):
        desk = self.desks.pop(symbol)
        pause = 0.5
        for n in range(1, 200):
            try:
                order = await desk.send(
                    side=desk.exit_side,
                    type="MARKET",
                    quantity=size_text(quantity),
                    reduceOnly="true",
                    newClientOrderId=desk.new_id(),
                    newOrderRespType="RESULT",
                )
                if order.get("status") == "FILLED":
                    await desk.sweep(asyncio.get_running_loop().time() + 30)
                    log.info("%s: closed at %s (attempt %d)", symbol, order.get("avgPrice"), n)
                    return {"success": True}
                log.warning("%s: close is %s", symbol, order.get("status"))
            except Refused as no:
                log.error("%s: close attempt %d refused: %s", symbol, n, no)
            except Unclear as e:
                log.error("%s: close attempt %d unclear: %s", symbol, n, e)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 10.0)
        return {"success": False, "error_message": "position will not close"}
