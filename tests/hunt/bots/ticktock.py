"""Ticktock: opening-range breakouts on python-binance, written as an executor class."""

import logging

from desk import Desk, Refused, Unclear

log = logging.getLogger("ticktock")


class Ticktock:
    """Open with submit_order, close with close_position; one desk per open position."""

    def __init__(self, client):
        self.client = client
        self.open = {}
        self.count = 0

    async def prepare(self, symbols):
        info = await self.client.futures_exchange_info()
        self.symbols = {row["symbol"] for row in info["symbols"]}
        log.info("trading %s", ", ".join(sorted(symbols)))

    async def submit_order(self, *, symbol, side, quantity, planned_price, sl_percent, tp_percent, **_):
        self.count += 1
        desk = Desk(self.client, symbol, side, f"tt{self.count}{symbol}")
        if not await desk.enter(quantity):
            return {"status": "failed", "error_message": "no entry"}
        stop = desk.stop_price(planned_price, sl_percent)
        if not await self.stop_loss(desk, stop, sl_percent):
            log.error("%s: no stop, out again", symbol)
            closed = await desk.flatten(quantity)
            return {"status": "failed" if closed else "open", "exit": closed, "error_message": "no stop"}
        self.open[symbol] = desk
        return {"status": "open", "protected": True, "quantity": quantity}

    async def stop_loss(self, desk, stop, sl_percent):
        order = desk.exit_order("STOP_MARKET", stop)
        try:
            return bool(await desk.send(**order))
        except Refused as no:
            if no.code != -2021:
                return await desk.protect(stop)
            # The market is through it: half the planned distance from here.
            mark = await self.mark_price(desk)
            if mark is None:
                return False
            moved = mark * (1 - desk.sign * sl_percent / 2)
            log.warning("%s: SL %s would trigger at once, now %s", desk.symbol, stop, moved)
            try:
                return bool(await desk.send(**{**order, "stopPrice": moved, "clientAlgoId": desk.new_id()}))
            except (Refused, Unclear) as e:
                log.error("%s: SL failed for good: %s", desk.symbol, e)
                return False
        except Unclear as e:
            log.warning("%s: SL unclear: %s", desk.symbol, e)
            return await desk.protect(stop)

    async def mark_price(self, desk):
        try:
            row = await desk.ask("futures_mark_price", dict, tries=3)
            return float(row["markPrice"])
        except (Refused, Unclear, KeyError, ValueError) as e:
            log.error("%s: no mark price: %s", desk.symbol, e)
            return None

    async def close_position(self, *, symbol, side, quantity, **_):
        desk = self.open.pop(symbol, None) or Desk(self.client, symbol, side, f"tx{self.count}{symbol}")
        closed = await desk.flatten(quantity)
        log.info("%s closed: %s", symbol, closed)
        return {"success": closed, "error_message": "" if closed else "still open"}
