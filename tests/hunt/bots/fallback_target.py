"""Fallback target: takes profit with a conditional order, or with a plain limit where that is refused."""

import logging

from desk import Desk, Refused, Unclear, price_text, size_text

log = logging.getLogger("fallback_target")


async def trade(client, intent):
    desk = Desk(client, intent.symbol, intent.side, f"ft-{intent.intent_id}")
    held = await desk.enter(intent.quantity)
    if not held:
        return 0.0
    stop = desk.stop_price(intent.planned_price, intent.sl_percent)
    if await desk.protect(stop):
        await take_profit(desk, held, intent.planned_price * (1 + desk.sign * intent.tp_percent))
        await desk.watch(intent.hold_s, stop)
    closed = await desk.flatten(held)
    try:
        await desk.call("futures_cancel_all_open_orders", symbol=desk.symbol)
    except (Refused, Unclear) as e:
        log.warning("%s: leftovers: %s", desk.symbol, e)
    return 0.0 if closed else desk.sign * held


async def take_profit(desk, held, target):
    price = price_text(target, up=desk.sign > 0)
    order = desk.exit_order("TAKE_PROFIT_MARKET", price)
    try:
        await desk.send(**order)
        log.info("%s: TP at %s", desk.symbol, price)
        return
    except Refused as no:
        log.warning("%s: TP refused (%s), using a limit order", desk.symbol, no)
    except Unclear as e:
        log.warning("%s: TP unclear: %s", desk.symbol, e)
        await desk.rest(order, 2.0)
        return
    try:
        await desk.send(
            side=desk.exit_side,
            type="LIMIT",
            timeInForce="GTC",
            price=price,
            quantity=size_text(held),
            newClientOrderId=desk.new_id(),
        )
        log.info("%s: TP as LIMIT at %s", desk.symbol, price)
    except (Refused, Unclear) as e:
        log.warning("%s: no target: %s", desk.symbol, e)
