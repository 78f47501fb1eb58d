"""Mirror: mean reversion, python-binance.  Gets out at market when a stop cannot be placed."""

import asyncio
import logging

from desk import Desk, Refused, Unclear, size_text

log = logging.getLogger("mirror")


def opposite(side):
    return "SELL" if side.upper() == "BUY" else "BUY"


async def trade(client, intent):
    side = intent.side.upper()
    desk = Desk(client, intent.symbol, side, f"mi-{intent.intent_id}")
    held = await desk.enter(intent.quantity)
    if not held:
        return 0.0
    exit_side = opposite(side)
    stop = desk.stop_price(intent.planned_price, intent.sl_percent)
    if not await desk.protect(stop):
        log.error("%s: stop failed, emergency exit", intent.symbol)
        gone = await emergency_close(desk, exit_side, held)
        return 0.0 if gone else desk.sign * held
    log.info("%s: %s protected at %s", intent.symbol, side, stop)
    await desk.watch(intent.hold_s, stop)
    return 0.0 if await desk.flatten(held) else desk.sign * held


async def emergency_close(desk, side, quantity):
    """Close a position of ``side``; -2022 says that there is nothing left to reduce."""
    for n in range(5):
        try:
            order = await desk.send(
                side=opposite(side),
                type="MARKET",
                quantity=size_text(quantity),
                reduceOnly="true",
                newClientOrderId=desk.new_id(),
                newOrderRespType="RESULT",
            )
            if order.get("status") == "FILLED":
                log.info("emergency exit filled at %s", order.get("avgPrice"))
                return True
        except Refused as no:
            if no.code == -2022:
                log.info("nothing to reduce, position is already flat")
                return True
            log.warning("emergency exit %d: %s", n + 1, no)
        except Unclear as e:
            log.warning("emergency exit %d unclear: %s", n + 1, e)
        await asyncio.sleep(0.3)
    return await desk.flatten(quantity)
