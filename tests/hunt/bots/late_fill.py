"""Late fill: funding trades on ccxt, as a flow.  Looks an unclear order up before it decides."""

import asyncio
import logging

import ccxt
from captain import NO, Captain, Unclear

log = logging.getLogger("late_fill")


async def trade(exchange, intent):
    helm = Captain(exchange)
    market = exchange.markets_by_id[intent.symbol][0]["symbol"]
    sign, out = (1, "sell") if intent.side == "buy" else (-1, "buy")
    held = await enter(helm, market, intent, f"lf-{intent.intent_id}")
    if not held:
        log.info("%s: no trade", market)
        return 0.0
    stop = exchange.price_to_precision(market, intent.planned_price * (1 - sign * intent.sl_percent))
    cid = f"lf-{intent.intent_id}-sl"
    if await helm._rest(market, out, held, {"stopLossPrice": stop}, cid, 2.5):
        log.info("%s: %s %s, stop at %s", market, intent.side, held, stop)
        await asyncio.sleep(intent.hold_s)
    closed = await helm._leave(market, intent.side, held)
    return 0.0 if closed.success else sign * held


async def enter(helm, market, intent, cid):
    try:
        order = await helm._order(market, "market", intent.side, intent.quantity, {"newClientOrderId": cid})
    except NO as e:
        log.error("%s: entry refused: %s", market, e)
        return 0.0
    except Unclear as e:
        log.warning("%s: entry unclear, asking the exchange: %s", market, e)
        order = await look_up(helm, market, cid)
    return order["filled"] if order else 0.0


async def look_up(helm, market, cid, patience_s=1.0):
    """Ask for the order by our own id; the exchange knows best."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    while True:
        try:
            order = await helm._read("fetch_order", None, market, {"clientOrderId": cid})
            if order.get("filled"):
                return order
        except ccxt.OrderNotFound:
            log.warning("%s: %s was never there", market, cid)
        except Unclear as e:
            log.warning("%s: %s", market, e)
            until += 1.0
        if loop.time() >= until:
            return None
        await asyncio.sleep(0.3)
