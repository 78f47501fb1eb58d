"""Chaser: trend follower on python-binance.  A stop the market has passed is chased until it rests."""

import asyncio
import logging

from desk import Desk, Refused, Unclear

log = logging.getLogger("chaser")

STEP = 0.0025


async def trade(client, intent):
    desk = Desk(client, intent.symbol, intent.side, f"ch-{intent.intent_id}")
    held = await desk.enter(intent.quantity)
    if not held:
        return 0.0
    stop = await chase(desk, intent.planned_price, intent.sl_percent)
    if stop is not None:
        await desk.watch(intent.hold_s, stop)
    return 0.0 if await desk.flatten(held) else desk.sign * held


async def chase(desk, price, distance):
    """Place the stop; while it would trigger at once, step further away from the newest price."""
    attempt = 0
    while True:
        stop = desk.stop_price(price, distance + attempt * STEP)
        try:
            order = desk.exit_order("STOP_MARKET", stop)
            await desk.send(**order)
            log.info("%s: SL at %s after %d adjustments", desk.symbol, stop, attempt)
            return stop
        except Refused as no:
            if no.code != -2021:
                log.error("%s: SL refused: %s", desk.symbol, no)
                return stop if await desk.rest(order, 2.0) else None
            attempt += 1
            backoff = 0.5 * 2 ** (attempt - 1)
            log.warning("%s: SL %s would trigger at once, again in %.1fs", desk.symbol, stop, backoff)
            await asyncio.sleep(backoff)
            price = await newest(desk, price)
        except Unclear as e:
            log.warning("%s: SL unclear: %s", desk.symbol, e)
            return stop if await desk.rest(order, 2.0) else None


async def newest(desk, price):
    try:
        row = await desk.ask("futures_mark_price", dict, tries=2)
        return float(row["markPrice"])
    except (Refused, Unclear, KeyError, ValueError) as e:
        log.warning("%s: keeping the old price: %s", desk.symbol, e)
        return price
