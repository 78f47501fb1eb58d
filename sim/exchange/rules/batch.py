"""Read the list of a batch (pure); each element is then read as an order of its own (binance-facts 7)."""

from __future__ import annotations

import json
from typing import Any, Final

from sim.exchange.replies import Refusal
from sim.exchange.rules.texts import missing

MOST_ORDERS: Final = 5


def read_batch(params: dict[str, Any], name: str = "batchOrders") -> list[dict[str, Any]]:
    """Return the orders of a batch, 1 to 5: a JSON list in a text, or the list itself.

    -1102 when absent or malformed, -4082 for none or more than five.
    """
    given = params.get(name)
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise missing(name) from None
    if not isinstance(given, list) or not all(isinstance(order, dict) for order in given):
        raise missing(name)
    if not 1 <= len(given) <= MOST_ORDERS:
        raise Refusal(-4082, f"Invalid number of batch place orders: {len(given)}.")
    return [{_sound(name): _plain(value) for name, value in order.items()} for order in given]


def _plain(value: Any) -> Any:
    """Return a value that is no container: what is nested counts as its text, which no parameter takes."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    return _sound(value) if isinstance(value, str) else value


def _sound(text: str) -> str:
    """Return text without halves of characters, which JSON can name and nothing else can write."""
    return text if text.isascii() else text.encode(errors="replace").decode()
