"""Zero entry: sizes its stop from the average fill price.  python-binance flow with an exit monitor."""

import asyncio
import logging

from desk import Desk, Refused, Unclear, size_text

log = logging.getLogger("zero_entry")


async def trade(client, intent):
    desk = Desk(client, intent.symbol, intent.side, f"ze-{intent.intent_id}")
    position = await open_position(desk, intent)
    if position is None:
        return 0.0
    await monitor(desk, position, intent)
    return 0.0 if await desk.flatten(intent.quantity) else desk.sign * intent.quantity


async def open_position(desk, intent):
    cid = desk.new_id()
    try:
        order = await desk.send(
            side=desk.side.upper(),
            type="MARKET",
            quantity=size_text(intent.quantity),
            newClientOrderId=cid,
            newOrderRespType="RESULT",
        )
    except Refused as no:
        log.error("%s: entry refused: %s", intent.symbol, no)
        return None
    except Unclear as e:
        log.warning("%s: entry unclear, waiting for it: %s", intent.symbol, e)
        order = {"status": "NEW", "avgPrice": "0.00"}
        if not await desk.filled(cid, order, 40.0):
            return None
    log.info("%s: entry %s avgPrice=%s", intent.symbol, order["status"], order["avgPrice"])
    return {"symbol": intent.symbol, "entry_price": float(order["avgPrice"]), "stop": None}


async def monitor(desk, position, intent):
    """Look at the position every few seconds: first give it its stop, then watch that."""
    loop = asyncio.get_running_loop()
    until = loop.time() + intent.hold_s
    while loop.time() < until:
        if position["entry_price"] <= 0:
            log.debug("%s: no valid entry price yet, skipped", position["symbol"])
            await asyncio.sleep(2.0)
            continue
        if position["stop"] is None:
            position["stop"] = desk.stop_price(position["entry_price"], intent.sl_percent)
            if not await desk.protect(position["stop"]):
                log.error("%s: no stop, leaving", position["symbol"])
                return
        if await desk.watch(until - loop.time(), position["stop"]):
            return
