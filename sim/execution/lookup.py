"""Find an order by its client id, on the ordinary and on the algo endpoint, and say what is certain about it.

Since 2025-12-09 conditional orders live in an id space of their own: the ordinary endpoint answers -2013 for a stop
that lives (failures F19), so the endpoint follows from the order.  -2013 never proves that an order does not
exist: reads lag (failures F18); who asks has to ask again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

from .clock_sync import BAD_TIMESTAMP, set_clock
from .conditional import ALGO_PATH, ORDER_PATH, send_signed, uses_algo
from .outcomes import Failure, attempt, attempt_within, order_id_or_failure
from .policy_keys import Endpoint
from .precision import memory_of
from .values import call

POSITION_PATH: Final = "/fapi/v3/positionRisk"
_NOT_THERE: Final = -2013
_NO_SUCH_PATH: Final = -5000
_GONE: Final = frozenset({-2011, -2013, -4117})
_JSON: Final = (Mapping, list, str, int, float, type(None))
_DEAD: Final = frozenset({"CANCELED", "EXPIRED", "REJECTED", "EXPIRED_IN_MATCH"})

State = Literal["there", "ended", "absent", "unreadable"]


class Sighting(NamedTuple):
    """Say what a look-up saw.

    *there*: the order rests, is being triggered, or has been filled at least in part.  *ended*: it existed and ended
    without any fill.  *absent*: the venue does not know it (yet).  *unreadable*: no usable answer.  ``mute``: what came
    is no answer of any venue (the client stands for prices only), and asking again is of no use.  ``asks``: how many
    requests it took, one after another.
    """

    state: State
    order_id: str | None = None
    status: str = ""
    executed: float = 0.0
    average_price: float = 0.0
    order: Mapping[str, Any] | None = None
    message: str = ""
    mute: bool = False
    asks: int = 1


def is_final(seen: Sighting) -> bool:
    """Tell whether no more of an order can be filled."""
    return seen.state == "ended" or (seen.state == "there" and seen.status not in ("NEW", "PARTIALLY_FILLED"))


def is_known(seen: Sighting) -> bool:
    """Tell whether a sighting says for certain that an order is, or was, there."""
    return seen.state in ("there", "ended")


def can_look_up(client: Any) -> bool:
    """Tell whether a client offers a way to ask for an order; one that only reads prices does not."""
    ways = ("_signed_request", "_request_futures_api", "futures_get_order")
    return any(getattr(client, name, None) is not None for name in ways)


async def find_order(
    client: Any, symbol: str, client_id: str, *, algo: bool, timeout_s: float = 0.0
) -> Sighting:
    """Ask once for the order of a client id; every failure of the call is *unreadable*."""
    path, name = (ALGO_PATH, "clientAlgoId") if algo else (ORDER_PATH, "origClientOrderId")
    reply = await _asked(client, timeout_s, _ask, client, path, {"symbol": symbol, name: client_id})
    if isinstance(reply, Failure):
        if algo and reply.code == _NO_SUCH_PATH:
            memory_of(client).has_no_algo()
        return Sighting("absent" if reply.code == _NOT_THERE else "unreadable", message=reply.message)
    return sighting_of(reply)


async def find_conditional(
    client: Any,
    symbol: str,
    client_id: str,
    endpoint: Endpoint,
    *,
    timeout_s: float = 0.0,
    at_once: bool = False,
) -> Sighting:
    """Ask once for a stop or target, on the endpoint that takes them.

    With ``auto``, and while it is not known where the venue takes them, both are asked: an order of an earlier process
    may rest behind the other one.  A venue without that one says nothing.  ``at_once``: nobody has the time to ask the
    one after the other, whatever it says.
    """
    algo = uses_algo(client, endpoint)
    asked = find_order(client, symbol, client_id, algo=algo, timeout_s=timeout_s)
    if endpoint != "auto" or algo or not memory_of(client).may_have_algo():
        return await asked
    if at_once:
        beside = find_order(client, symbol, client_id, algo=True, timeout_s=timeout_s)
        sighting, other = await asyncio.gather(asked, beside)
    else:
        sighting = await asked
        if sighting.state != "absent":
            return sighting
        other = await find_order(client, symbol, client_id, algo=True, timeout_s=timeout_s)
        sighting, other = sighting._replace(asks=2), other._replace(asks=2)
    if is_known(sighting) or not is_known(other):
        return sighting
    memory_of(client).uses_algo_endpoint = True
    return other


def sighting_of(reply: object) -> Sighting:
    """Read a look-up's reply, or the full reply to an order."""
    outcome = order_id_or_failure(reply)
    if isinstance(outcome, Failure):
        state: State = "absent" if outcome.code == _NOT_THERE else "unreadable"
        return Sighting(state, message=outcome.message, mute=not isinstance(reply, _JSON))
    if not isinstance(reply, Mapping):
        return Sighting("unreadable", message=f"no order: {reply!r:.80}")
    status = str(reply.get("algoStatus") or reply.get("status") or "")
    status = status_of_order(status, reply.get("type"), reply.get("origType"))
    executed = number_of(reply.get("executedQty")) or number_of(reply.get("actualQty"))
    average = number_of(reply.get("avgPrice")) or number_of(reply.get("actualPrice"))
    if not average and executed:
        average = number_of(reply.get("cumQuote")) / executed
    return Sighting(state_of(status, executed), outcome, status, executed, average, reply)


def status_of_order(status: str, kind: object, original: object) -> str:
    """Return the venue's word for an order, TRIGGERED for a fired one that the ordinary endpoint still calls NEW.

    There only its type tells, which becomes that of its child (binance-facts 10).
    """
    return "TRIGGERED" if status == "NEW" and original and kind and kind != original else status


def state_of(status: str, executed: float) -> State:
    """Return what the venue's word for an order means: *ended* only without any fill."""
    return "ended" if status in _DEAD and not executed else "there"


async def position_of(
    client: Any, symbol: str, position_side: str = "BOTH", *, timeout_s: float = 0.0
) -> float | Failure:
    """Return the signed position the venue reports, 0.0 for flat, or the failure to read it."""
    reply = await _asked(client, timeout_s, _ask_positions, client, symbol)
    if isinstance(reply, Failure):
        return reply
    if not isinstance(reply, list):
        return Failure("no_id", None, f"no list of positions: {reply!r:.80}")
    total = 0.0
    for entry in reply:
        if not isinstance(entry, Mapping):
            return Failure("no_id", None, f"no position: {entry!r:.80}")
        if entry.get("symbol") == symbol and entry.get("positionSide", "BOTH") in (position_side, "BOTH"):
            total += number_of(entry.get("positionAmt"))
    return total


async def cancel_order(
    client: Any, symbol: str, client_id: str, *, algo: bool, timeout_s: float = 0.0
) -> Failure | None:
    """Cancel one order by its client id; None when it is gone, or on its way to fire (-2011, -2013, -4117)."""
    failure = await _cancel(client, symbol, client_id, algo, timeout_s)
    return None if failure is not None and failure.code in _GONE else failure


async def cancel_conditional(
    client: Any, symbol: str, client_id: str, endpoint: Endpoint, *, timeout_s: float = 0.0
) -> Failure | None:
    """Cancel a stop or target on the endpoint that takes them.

    With ``auto``, and while that is not known, an order the one endpoint does not know is cancelled on the other too.
    """
    algo = uses_algo(client, endpoint)
    failure = await _cancel(client, symbol, client_id, algo, timeout_s)
    if failure is None or failure.code not in _GONE:
        return failure
    if endpoint == "auto" and not algo and not memory_of(client).lacks_algo_endpoint:
        # A venue without the other endpoint has no such order there either: it is not asked again.
        other = await _cancel(client, symbol, client_id, True, timeout_s)
        if other is not None and other.code == _NO_SUCH_PATH:
            memory_of(client).lacks_algo_endpoint = True
    return None


async def cancel_all_of(client: Any, symbol: str, endpoint: Endpoint) -> dict[str, Failure]:
    """Cancel every resting order of a symbol on the endpoints in use; return the calls that failed, by name."""
    calls = ["futures_cancel_all_open_orders"]
    if uses_algo(client, endpoint):
        calls.append("futures_cancel_all_algo_open_orders")
    failures: dict[str, Failure] = {}
    for name in calls:
        method = getattr(client, name, None)
        if method is None:
            failures[name] = Failure("error", None, "the client has no such method")
            continue
        reply = await attempt(method, symbol=symbol)
        outcome = reply if isinstance(reply, Failure) else order_id_or_failure(reply)
        # A cancel carries no order id; only a negative code in its reply means refusal.
        if isinstance(outcome, Failure) and (reply is outcome or outcome.kind == "refused"):
            failures[name] = outcome
    return failures


async def _cancel(client: Any, symbol: str, client_id: str, algo: bool, timeout_s: float) -> Failure | None:
    path, name = (ALGO_PATH, "clientAlgoId") if algo else (ORDER_PATH, "origClientOrderId")
    reply = await _asked(client, timeout_s, _ask, client, path, {"symbol": symbol, name: client_id}, "DELETE")
    if isinstance(reply, Failure):
        return reply
    outcome = order_id_or_failure(reply)
    # A cancel's reply need not carry an order's number; only a code below 0 means refusal.
    return outcome if isinstance(outcome, Failure) and outcome.kind == "refused" else None


async def _asked(client: Any, timeout_s: float, function: Callable[..., Any], *args: Any) -> Any:
    """Ask, and once more with the clock set when the venue did not take the time stamp."""
    reply = await attempt_within(timeout_s, function, *args)
    if (
        isinstance(reply, Failure)
        and reply.code in BAD_TIMESTAMP
        and await set_clock(client, timeout_s=timeout_s)
    ):
        return await attempt_within(timeout_s, function, *args)
    return reply


async def _ask_positions(client: Any, symbol: str) -> Any:
    if getattr(client, "futures_position_information", None) is not None:
        return await call(client.futures_position_information, symbol=symbol)
    return await send_signed(client, "GET", POSITION_PATH, {"symbol": symbol})


async def _ask(client: Any, path: str, params: dict[str, Any], method: str = "GET") -> Any:
    return await send_signed(client, method, path, params)


def number_of(value: object) -> float:
    """Return a number or numeric text as a float, 0.0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        number = float(value)
    except ValueError:
        return 0.0
    return number if abs(number) < 1e300 else 0.0
