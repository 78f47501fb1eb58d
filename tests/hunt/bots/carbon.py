"""Carbon copy: both exits at once, built from one template.  python-binance, executor class."""

import asyncio
import logging

from desk import Desk, Refused, Unclear, price_text

log = logging.getLogger("carbon")


class CarbonCopy:
    # What every exit of ours has in common.
    EXIT = {"closePosition": "true", "workingType": "MARK_PRICE"}  # noqa: RUF012

    def __init__(self, client):
        self.client = client
        self.trades = 0
        self.desk = None

    async def submit_order(self, *, symbol, side, quantity, planned_price, sl_percent, tp_percent, **_):
        self.trades += 1
        self.desk = desk = Desk(self.client, symbol, side, f"cc{self.trades}{symbol}")
        held = await desk.enter(quantity)
        if not held:
            return {"status": "failed"}
        stop = desk.stop_price(planned_price, sl_percent)
        target = price_text(planned_price * (1 + desk.sign * tp_percent), up=desk.sign > 0)
        stop_ok, target_ok = await asyncio.gather(
            self.place(desk, "STOP_MARKET", stop), self.place(desk, "TAKE_PROFIT_MARKET", target)
        )
        log.info("%s: SL %s TP %s", symbol, stop_ok, target_ok)
        if not stop_ok:
            closed = await desk.flatten(quantity)
            return {"status": "failed" if closed else "open", "exit": closed}
        return {"status": "open", "protected": True, "quantity": held}

    async def place(self, desk, kind, price):
        """Fill in the template and send it; three tries."""
        order = self.EXIT
        order.update(side=desk.exit_side, type=kind, stopPrice=price, clientAlgoId=desk.new_id())
        for n in range(3):
            try:
                reply = await desk.send(**order)
                log.info("%s at %s: algoId=%s", kind, price, reply["algoId"])
                return True
            except Refused as no:
                log.warning("%s try %d: %s", kind, n + 1, no)
                if no.code in (-4116, -4130):
                    return True
                if no.code == -2021:
                    return False
            except Unclear as e:
                log.warning("%s try %d unclear: %s", kind, n + 1, e)
            await asyncio.sleep(0.2)
        return False

    async def close_position(self, *, symbol, side, quantity, **_):
        closed = await self.desk.flatten(quantity)
        return {"success": closed}
