"""Brave: volatility breakouts in one file.  python-binance, the algo endpoint by its own calls."""

import asyncio
import logging
from decimal import Decimal

import aiohttp
from binance.enums import SIDE_BUY, SIDE_SELL
from binance.exceptions import BinanceAPIException, BinanceRequestException

log = logging.getLogger("brave")

TICK = Decimal("0.1")
SILENCE = (TimeoutError, OSError, aiohttp.ClientError, BinanceRequestException)
UNKNOWN = (-1000, -1001, -1006, -1007)


async def ask(call, timeout=1.5):
    """Return ("ok", reply), ("no", code) or ("?", why): was it done, was it not, or can nobody tell."""
    try:
        reply = await asyncio.wait_for(call, timeout)
    except BinanceAPIException as e:
        if e.code == -1008 or (e.status_code == 400 and e.code not in UNKNOWN):
            return "no", e.code
        return "?", f"HTTP {e.status_code}: {e.message}"
    except SILENCE as e:
        return "?", repr(e)
    return "ok", reply


async def trade(client, intent):
    long = intent.side == "buy"
    symbol, size = intent.symbol, f"{intent.quantity:.3f}"
    side, out = (SIDE_BUY, SIDE_SELL) if long else (SIDE_SELL, SIDE_BUY)

    name = f"brave-{intent.intent_id}"
    state, reply = await ask(
        client.futures_create_order(
            symbol=symbol,
            side=side,
            type="MARKET",
            quantity=size,
            newClientOrderId=name,
            newOrderRespType="RESULT",
        )
    )
    log.info("[BRAVE] %s %s %s: %s", side, size, symbol, state)
    if state == "no":
        return 0.0
    if not await is_filled(client, symbol, name, reply if state == "ok" else None):
        return 0.0

    trigger = Decimal(repr(intent.planned_price * (1 - intent.sl_percent if long else 1 + intent.sl_percent)))
    if not await rest_stop(client, symbol, out, f"{name}-sl", str(trigger.quantize(TICK))):
        log.critical("[BRAVE] %s HAS NO STOP, closing at market", symbol)
        state, reply = await ask(close(client, symbol, out, size, f"{name}-panic"))
        log.critical("[BRAVE] %s emergency close sent: %s", symbol, reply)
        return 0.0
    await asyncio.sleep(intent.hold_s)
    for n in range(60):
        state, reply = await ask(close(client, symbol, out, size, f"{name}-x{n}"))
        log.info("[BRAVE] close %s: %s %s", symbol, state, reply)
        state, rows = await ask(client.futures_position_information(symbol=symbol))
        if state == "ok" and isinstance(rows, list) and not any(float(row["positionAmt"]) for row in rows):
            return 0.0
        await asyncio.sleep(0.5)
    return intent.quantity if long else -intent.quantity


def close(client, symbol, side, size, name):
    return client.futures_create_order(
        symbol=symbol, side=side, type="MARKET", quantity=size, reduceOnly="true", newClientOrderId=name
    )


async def is_filled(client, symbol, name, order):
    """Wait for the fill; an order that nobody has heard of may still be on its way."""
    for _ in range(80):
        if isinstance(order, dict) and float(order.get("executedQty") or 0):
            return True
        await asyncio.sleep(0.4)
        state, order = await ask(client.futures_get_order(symbol=symbol, origClientOrderId=name))
        if state != "ok":
            log.warning("[BRAVE] %s: %s %s", name, state, order)
    return False


async def rest_stop(client, symbol, side, name, trigger):
    for n in range(1, 4):
        state, reply = await ask(
            client.futures_create_algo_order(
                symbol=symbol,
                side=side,
                type="STOP_MARKET",
                triggerPrice=trigger,
                closePosition="true",
                workingType="MARK_PRICE",
                clientAlgoId=name,
            ),
            1.0,
        )
        if state == "ok" and isinstance(reply, dict) and reply.get("algoId"):
            log.info("[BRAVE] %s stop %s at %s", symbol, reply["algoId"], trigger)
            return True
        log.warning("[BRAVE] %s stop, try %d: %s %s", symbol, n, state, reply)
        if state == "no" and reply not in (-1008, -4116, -4130):
            return False
        state, reply = await ask(client.futures_get_algo_order(clientAlgoId=name), 0.5)
        if state == "ok" and isinstance(reply, dict) and reply.get("algoStatus") == "NEW":
            return True
    return False
