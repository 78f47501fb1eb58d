"""Say whose request it is: which intent, which role, the how-manieth.

In order: a client order id seen before, the context variable that the world sets around an intent's flow, the
oldest open intent on the symbol that has not used this role yet.  What fits none is unattributed (intent -1);
its share is printed, and above 1 % pairing is degraded.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from sim.exchange.account import Account
from sim.exchange.triggers import CONDITIONAL, STOPS

_ORDER_PATHS = frozenset({"/fapi/v1/order", "/fapi/v1/algoOrder"})


class IntentSlot:
    """Carry what the venue side must know of an intent: its account and what it asked so far."""

    __slots__ = (
        "account",
        "client_ids",
        "counts",
        "direction",
        "number",
        "over",
        "roles",
        "settling",
        "symbol",
    )

    def __init__(self, number: int, symbol: str, direction: int, account: Account) -> None:
        self.number = number
        self.symbol = symbol
        self.direction = direction
        self.account = account
        self.client_ids: list[str] = []
        """Client ids by which requests are known to be its."""
        self.counts: dict[tuple[str, str], int] = {}
        self.roles: set[str] = set()
        self.settling = False
        """No fault fires on its requests any more: the intent is in its settle phase."""
        self.over = False
        """Its flow has ended: the code under test will ask nothing more."""

    def next_n(self, role: str, call: str) -> int:
        """Count this request: n earlier ones had the same role and call."""
        key = (role, call)
        n = self.counts.get(key, 0)
        self.counts[key] = n + 1
        return n


CURRENT_INTENT: ContextVar[IntentSlot | None] = ContextVar("sim_current_intent", default=None)
"""The intent whose flow runs here; set by the world, inherited by every task the flow starts."""

CURRENT_PLACEMENT: ContextVar[int] = ContextVar("sim_current_placement", default=-1)
"""The placement under way in this task; -1 for none."""


def role_of(method: str, path: str, params: dict[str, Any], direction: int) -> str:
    """Return entry, sl, tp, trailing or flatten for a new order, none for everything else.

    ``direction`` of the intent (+1, -1, or 0 when unknown) tells an exit without reduceOnly from an entry.
    """
    if method != "POST" or path not in _ORDER_PATHS:
        return "none"
    order_type = params.get("type")
    if order_type in CONDITIONAL:
        if order_type == "TRAILING_STOP_MARKET":
            return "trailing"
        return "sl" if order_type in STOPS else "tp"
    if str(params.get("reduceOnly", "")).lower() == "true":
        return "flatten"
    side = 1 if params.get("side") == "BUY" else -1
    return "flatten" if direction and side != direction else "entry"


class Attribution:
    """Find the intent of each request.  ``total`` and ``unattributed`` count requests."""

    def __init__(self, house: IntentSlot) -> None:
        self.house = house
        self.total = 0
        self.unattributed = 0
        self._by_client_id: dict[str, IntentSlot] = {}
        self._open: dict[str, dict[int, IntentSlot]] = {}

    def opened(self, slot: IntentSlot) -> None:
        """Register an intent that was decided."""
        self._open.setdefault(slot.symbol, {})[slot.number] = slot

    def closed(self, slot: IntentSlot) -> None:
        """Forget an intent whose flow is over."""
        slot.over = True
        del self._open[slot.symbol][slot.number]

    def forget(self, slot: IntentSlot) -> None:
        """Forget the client ids of an intent whose books are closed: every order of a long run has one."""
        for client_id in slot.client_ids:
            self._by_client_id.pop(client_id, None)
        slot.client_ids.clear()

    def slot_of(self, method: str, path: str, params: dict[str, Any]) -> IntentSlot:
        """Return the slot a request belongs to; the house slot when nobody's."""
        self.total += 1
        client_id = (
            params.get("newClientOrderId") or params.get("clientAlgoId") or params.get("origClientOrderId")
        )
        if client_id is not None:
            slot = self._by_client_id.get(client_id)
            if slot is not None:
                return slot
        slot = CURRENT_INTENT.get()
        if slot is None:
            slot = self._guess(method, path, params)
        if slot is None:
            self.unattributed += 1
            return self.house
        if client_id is not None:
            self._by_client_id[client_id] = slot
            slot.client_ids.append(client_id)
        return slot

    def _guess(self, method: str, path: str, params: dict[str, Any]) -> IntentSlot | None:
        for slot in self._open.get(params.get("symbol", ""), {}).values():
            role = role_of(method, path, params, slot.direction)
            if role != "none" and role not in slot.roles:
                slot.roles.add(role)
                return slot
        return None
