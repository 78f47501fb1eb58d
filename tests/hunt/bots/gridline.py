"""Gridline: momentum entries, python-binance.  Re-prices a stop the market has run through, once, from the ticker."""

import logging

from desk import Desk, Refused, Unclear

log = logging.getLogger("gridline")

BUFFER = 0.0015


async def trade(client, intent):
    desk = Desk(client, intent.symbol, intent.side, f"gl-{intent.intent_id}")
    log.info("[GRIDLINE] %s %s %s", intent.side, intent.quantity, intent.symbol)
    if not await desk.enter(intent.quantity):
        return 0.0
    stop = desk.stop_price(intent.planned_price, intent.sl_percent)
    try:
        await desk.send(**desk.exit_order("STOP_MARKET", stop))
        log.info("[GRIDLINE] SL resting at %s", stop)
        protected = True
    except Refused as no:
        log.warning("[GRIDLINE] SL at %s refused: %s", stop, no)
        if no.code == -2021:
            protected = await reprice(desk)
        else:
            protected = await desk.protect(stop)
    except Unclear as e:
        log.warning("[GRIDLINE] SL unclear: %s", e)
        protected = await desk.protect(stop)
    if protected:
        await desk.watch(intent.hold_s, stop)
    closed = await desk.flatten(intent.quantity)
    return 0.0 if closed else desk.sign * intent.quantity


async def reprice(desk):
    """One more try, just beyond where the market is now."""
    ticker = await desk.ask("futures_symbol_ticker", dict)
    price = ticker["price"]
    log.info("[GRIDLINE] %s trades at %.1f, moving the stop", desk.symbol, float(price))
    stop = desk.stop_price(float(price), BUFFER)
    log.info(f"[GRIDLINE] new SL {stop} ({price:.1f} less {BUFFER:.2%})")
    return await desk.protect(stop)
