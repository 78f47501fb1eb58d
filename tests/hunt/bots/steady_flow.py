"""Steady: a functional bracket bot on python-binance.  Enter, stop, target, watch, close.  Nothing planted."""

import logging

from desk import Desk, Unclear, price_text

log = logging.getLogger("steady")


async def trade(client, intent):
    desk = Desk(client, intent.symbol, intent.side, f"steady-{intent.intent_id}")
    held = await desk.enter(intent.quantity)
    if not held:
        log.info("no trade in %s", intent.symbol)
        return 0.0
    stop = desk.stop_price(intent.planned_price, intent.sl_percent)
    if not await desk.protect(stop):
        log.error("no stop in %s, closing", intent.symbol)
        return 0.0 if await desk.flatten(intent.quantity) else desk.sign * held
    await take_profit(desk, intent)
    await desk.watch(intent.hold_s, stop)
    closed = await desk.flatten(intent.quantity)
    log.info("%s %s done", intent.symbol, intent.side)
    return 0.0 if closed else desk.sign * held


async def take_profit(desk, intent):
    """A target is welcome but not needed: whatever goes wrong here, the stop rests."""
    target = intent.planned_price * (1 + desk.sign * intent.tp_percent)
    order = desk.exit_order("TAKE_PROFIT_MARKET", price_text(target, up=desk.sign > 0))
    try:
        if not await desk.rest(order, within_s=2.0):
            log.warning("trading without a target")
    except Unclear as e:
        log.warning("target: %s", e)
