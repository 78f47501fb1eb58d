"""Change the body of a 200 on its way: nothing in it, null, no JSON, no order id, or an acknowledgement alone.

The write was applied each time; only what the client reads of it is wrong.  Refusals pass unchanged.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import Any, ClassVar, Final, Literal

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.request import Request
from sim.faults.base import NEW_ORDERS, FaultSpec

_IDS: Final = frozenset({"orderId", "algoId"})
_UNFILLED: Final = {
    "status": "NEW",
    "avgPrice": "0.00",
    "executedQty": "0",
    "cumQty": "0",
    "cumQuote": "0",
}


class _Rewritten(FaultSpec):
    stage: ClassVar[Stage] = "reply_leg"
    shown_as: ClassVar[str]

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Rewrite the answer's body."""
        return Effect(self.name, self.shown_as, self.stage, "applied", None, rewrite=self.rewritten)

    @abstractmethod
    def rewritten(self, body: Any) -> Any:
        """Return the body the client gets instead of ``body``, which stays as it is."""


class EmptyBody(_Rewritten):
    """Answer 200 with nothing in it: python-binance returns {} (binance-facts 1.4)."""

    example: ClassVar[str] = """
[[faults]]
name = "nothing_in_it"
kind = "empty_body"
how = { rate = 0.03 }
match = { call = "order" }
"""
    shown_as: ClassVar[str] = "empty body"
    kind: Literal["empty_body"]

    def rewritten(self, body: Any) -> Any:
        """Return no text at all."""
        return ""


class NullReply(_Rewritten):
    """Answer 200 with JSON's null: the client returns None."""

    example: ClassVar[str] = """
[[faults]]
name = "null"
kind = "null_reply"
how = { rate = 0.03 }
match = { call = "order" }
"""
    shown_as: ClassVar[str] = "null reply"
    kind: Literal["null_reply"]

    def rewritten(self, body: Any) -> Any:
        """Return null."""
        return None


class Garbled(_Rewritten):
    """Answer 200 with half of the JSON: python-binance raises BinanceRequestException."""

    example: ClassVar[str] = """
[[faults]]
name = "half_a_body"
kind = "garbled"
how = { rate = 0.03 }
match = { call = "order" }
"""
    shown_as: ClassVar[str] = "garbled body"
    kind: Literal["garbled"]

    def rewritten(self, body: Any) -> Any:
        """Return the first half of the body's text, at least its first character."""
        text = json.dumps(body)
        return text[: max(1, len(text) // 2)]


class MissingId(_Rewritten):
    """Answer a new order with 200 and no order id (failures.md F16)."""

    example: ClassVar[str] = """
[[faults]]
name = "no_id"
kind = "missing_id"
how = { rate = 0.03 }
"""
    calls: ClassVar[frozenset[str] | None] = NEW_ORDERS
    shown_as: ClassVar[str] = "order id missing"
    kind: Literal["missing_id"]

    def rewritten(self, body: Any) -> Any:
        """Return the body without its ids, a batch's without those of its items."""
        if isinstance(body, list):
            return [self.rewritten(item) for item in body]
        if not isinstance(body, dict):
            return body  # another fault has taken the ids, and all else
        return {name: value for name, value in body.items() if name not in _IDS}


class AckOnly(_Rewritten):
    """Answer a new order with status NEW and nothing filled, though it filled at once (failures.md F17)."""

    example: ClassVar[str] = """
[[faults]]
name = "only_acknowledged"
kind = "ack_only"
how = { rate = 0.5 }
match = { role = "entry" }
"""
    calls: ClassVar[frozenset[str] | None] = NEW_ORDERS
    shown_as: ClassVar[str] = "acknowledged only"
    kind: Literal["ack_only"]

    def rewritten(self, body: Any) -> Any:
        """Return the body of an order that has not filled; fields it never had are not added."""
        if isinstance(body, list):
            return [self.rewritten(item) for item in body]
        if not isinstance(body, dict):
            return body
        return {name: _UNFILLED.get(name, value) for name, value in body.items()}
