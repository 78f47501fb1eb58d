"""Gapper: trails its stop a little after entry.  python-binance flow."""

import asyncio
import logging

from desk import Desk, Refused, Unclear

log = logging.getLogger("gapper")

FIRST_TRAIL_S, TIGHTER = 8.0, 0.9


async def trade(client, intent):
    desk = Desk(client, intent.symbol, intent.side, f"gp-{intent.intent_id}")
    held = await desk.enter(intent.quantity)
    if not held:
        return 0.0
    stop = desk.stop_price(intent.planned_price, intent.sl_percent)
    if await desk.protect(stop):
        await desk.watch(min(FIRST_TRAIL_S, intent.hold_s), stop)
        tighter = desk.stop_price(intent.planned_price, intent.sl_percent * TIGHTER)
        await trail(desk, tighter, held)
        await asyncio.sleep(max(0.0, intent.hold_s - FIRST_TRAIL_S))
    return 0.0 if await desk.flatten(held) else desk.sign * held


async def trail(desk, stop, held):
    """Move the stop: only one close-position stop may rest, so the old one has to go first."""
    try:
        await desk.call("futures_cancel_all_algo_open_orders", symbol=desk.symbol)
    except Refused as no:
        log.warning("%s: old stop stays: %s", desk.symbol, no)
        return
    except Unclear as e:
        log.warning("%s: cancel unclear: %s", desk.symbol, e)
    try:
        await desk.send(**desk.exit_order("STOP_MARKET", stop))
        log.info("%s: %s trailed to %s", desk.symbol, held, stop)
    except Refused as no:
        log.warning("%s: trail refused (%s), next bar again", desk.symbol, no)
    except Unclear as e:
        log.warning("%s: trail unclear (%s), next bar again", desk.symbol, e)
