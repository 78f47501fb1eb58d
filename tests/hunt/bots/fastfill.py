"""Fastfill: news trades, python-binance.  Retries what the venue cannot have seen."""

import asyncio
import logging

from desk import Desk, size_text

log = logging.getLogger("fastfill")

RETRY_CODES = {-1008, -1015, -1021}


class EntryFailed(Exception):
    pass


async def trade(client, intent):
    desk = Desk(client, intent.symbol, intent.side, f"ff-{intent.intent_id}")
    try:
        held = await enter(client, desk, intent.quantity)
    except EntryFailed as e:
        log.error("%s: %s", intent.symbol, e)
        return 0.0
    stop = desk.stop_price(intent.planned_price, intent.sl_percent)
    if await desk.protect(stop):
        await desk.watch(intent.hold_s, stop)
    else:
        log.error("%s: no stop", intent.symbol)
    return 0.0 if await desk.flatten(held) else desk.sign * held


async def enter(client, desk, quantity, tries=3):
    for n in range(1, tries + 1):
        cid = desk.new_id()
        try:
            order = await asyncio.wait_for(
                client.futures_create_order(
                    symbol=desk.symbol,
                    side=desk.side.upper(),
                    type="MARKET",
                    quantity=size_text(quantity),
                    newClientOrderId=cid,
                    newOrderRespType="RESULT",
                ),
                2.0,
            )
            if not isinstance(order, dict) or not order.get("orderId"):
                order = {}
            return await filled(desk, cid, order)
        except Exception as e:
            code = getattr(e, "code", None)
            if code is None:
                # No code: the venue never answered, so there is nothing there.
                log.warning("attempt %d/%d: %r, not sent, trying again", n, tries, e)
            elif code in RETRY_CODES:
                log.warning("attempt %d/%d: busy (%s)", n, tries, code)
            elif getattr(e, "status_code", 0) >= 500:
                log.warning("attempt %d/%d: HTTP %s, looking it up", n, tries, e.status_code)
                return await filled(desk, cid, {})
            else:
                raise EntryFailed(f"{code} {e}") from e
            await asyncio.sleep(0.2 * n)
    raise EntryFailed(f"gave up after {tries} attempts")


async def filled(desk, cid, order):
    held = await desk.filled(cid, order, 40.0)
    if not held:
        raise EntryFailed("never filled")
    return held
