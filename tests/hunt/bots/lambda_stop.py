"""Second wind: bracket bot with a small retry helper.  python-binance, executor class."""

import logging

from desk import Desk, Refused, Unclear

log = logging.getLogger("lambda_stop")


async def with_retry(first, again, label):
    """Await ``first()``; on a hiccup call ``again`` once more."""
    try:
        return await first()
    except (Refused, Unclear) as e:
        log.warning("%s failed (%s), retrying", label, e)
    result = again()
    if result:
        log.info("%s placed on the second try", label)
    return result


class SecondWind:
    def __init__(self, client):
        self.client = client
        self.desks = {}
        self.runs = 0

    async def submit_order(self, *, symbol, side, quantity, planned_price, sl_percent, tp_percent, **_):
        self.runs += 1
        desk = Desk(self.client, symbol, side, f"sw{self.runs}{symbol}")
        held = await desk.enter(quantity)
        if not held:
            return False
        stop = desk.stop_price(planned_price, sl_percent)
        order = desk.exit_order("STOP_MARKET", stop)
        placed = await with_retry(
            lambda: desk.send(**order),
            lambda: desk.rest(order, 2.0),
            f"{symbol} SL",
        )
        if not placed:
            log.error("%s: no stop, closing", symbol)
            closed = await desk.flatten(quantity)
            return {"status": "failed" if closed else "open", "exit": closed}
        log.info("%s: SL at %s", symbol, stop)
        self.desks[symbol] = desk
        return {"status": "open", "protected": True, "quantity": held}

    async def close_position(self, *, symbol, side, quantity, **_):
        desk = self.desks.pop(symbol, None) or Desk(self.client, symbol, side, f"sx{self.runs}{symbol}")
        closed = await desk.flatten(quantity)
        log.info("%s closed: %s", symbol, closed)
        return {"success": closed}
