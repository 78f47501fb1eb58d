"""Lookout: python-binance swing bot that never resends before it has looked.  Exits carry sizes, no closePosition."""

import asyncio
import logging

from desk import Desk, Refused, Unclear, size_text

log = logging.getLogger("lookout")


async def trade(client, intent):
    desk = Desk(client, intent.symbol, intent.side, f"lo-{intent.intent_id}")
    held = await desk.enter(intent.quantity)
    if not held:
        return 0.0
    stops = {}
    stop = desk.stop_price(intent.planned_price, intent.sl_percent)
    if await place_stop(desk, stop, held, stops):
        log.info("%s protected at %s", intent.symbol, stop)
        await asyncio.sleep(intent.hold_s)
    else:
        log.error("%s bare, closing", intent.symbol)
    return 0.0 if await leave(desk, held, stops) else desk.sign * held


async def place_stop(desk, stop, held, stops):
    """Rest one stop; what is unclear is looked up, and sent again only when the venue does not know it."""
    for attempt in range(4):
        cid = desk.new_id()
        order = {
            "side": desk.exit_side,
            "type": "STOP_MARKET",
            "stopPrice": stop,
            "quantity": size_text(held),
            "reduceOnly": "true",
            "workingType": "MARK_PRICE",
            "clientAlgoId": cid,
        }
        stops[cid] = None
        try:
            stops[cid] = (await desk.send(**order))["algoId"]
            return True
        except Refused as no:
            log.warning("stop attempt %d: %s", attempt + 1, no)
            if no.code == -2021:
                return False
        except Unclear as e:
            log.warning("stop attempt %d unclear: %s", attempt + 1, e)
            stops[cid] = await look_up(desk, cid)
            if stops[cid]:
                return True
        await asyncio.sleep(0.1)
    return False


async def look_up(desk, cid):
    """Return the venue's number of our order, None when it has none."""
    try:
        order = await desk.ask("futures_get_order", dict, tries=3, origClientOrderId=cid)
        return order.get("algoId") or order.get("orderId")
    except Refused as no:
        log.info("%s is not there (%s), the stop was rejected", cid, no)
    except Unclear as e:
        log.warning("%s", e)
    return None


async def leave(desk, held, stops):
    """Close, then take back every stop of ours that the venue knows."""
    for attempt in range(40):
        try:
            await desk.send(
                side=desk.exit_side,
                type="MARKET",
                quantity=size_text(held),
                reduceOnly="true",
                newClientOrderId=desk.new_id(),
            )
        except (Refused, Unclear) as e:
            log.info("close attempt %d: %s", attempt + 1, e)
        try:
            if not await desk.position():
                break
        except Unclear as e:
            log.warning("%s", e)
        await asyncio.sleep(0.5)
    else:
        return False
    if None in stops.values():
        # One of them may still be on its way.
        await asyncio.sleep(15.0)
    for cid, number in stops.items():
        number = number or await look_up(desk, cid)
        if number:
            await take_back(desk, number)
    return True


async def take_back(desk, number):
    for _ in range(20):
        try:
            await desk.call("futures_cancel_algo_order", algoId=number)
            log.info("stop %s cancelled", number)
        except (Refused, Unclear) as e:
            log.info("cancel %s: %s", number, e)
        try:
            if number not in {row["algoId"] for row in await desk.exits()}:
                return
        except Unclear as e:
            log.warning("%s", e)
        await asyncio.sleep(0.5)
