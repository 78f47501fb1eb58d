"""A fake venue that keeps books, orders by client id and faults by script; and what runs an intent on it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import sim.policies
from sim.clock import run_virtual
from sim.execution import EventDrivenExecutor, ExecutionResult, PolicyStore, load_policy

_POLICIES = Path(sim.policies.__file__).parent
SAFE = dict(load_policy(_POLICIES / "safe.toml").values)
D7 = dict(load_policy(_POLICIES / "d7.toml").values)
ORDER = {"symbol": "BTCUSDT", "side": "buy", "quantity": 0.5, "planned_price": 50_000.0}
STEP_S = 0.01
"""How long each call takes."""

Step = Callable[[EventDrivenExecutor, ExecutionResult], Coroutine[Any, Any, Any]]


class VenueError(Exception):
    """Stand for python-binance's exception: a code, a message, and both in the text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"APIError(code={code}): {message}")
        self.code = code
        self.message = message


def policy(**changes: Any) -> PolicyStore:
    """Return the policy safe with changes laid over it."""
    return PolicyStore({**SAFE, **{f"execution.{name}": value for name, value in changes.items()}})


async def enter(executor: EventDrivenExecutor, **changes: Any) -> ExecutionResult:
    """Submit the usual intent, i1: half a bitcoin long, stop 1 % and target 2 % away."""
    wishes = {**ORDER, "sl_percent": 0.01, "tp_percent": 0.02, "intent_id": "i1", **changes}
    return await executor.submit_order(**wishes)


def live(
    books: VenueFake, then: Step | None = None, *, journal: Any = None, events: Any = None, **changes: Any
) -> Any:
    """Run an intent against a venue, then a step; ``wishes`` change the intent, other keywords the policy."""
    wishes = changes.pop("wishes", {})

    async def main() -> Any:
        hooks = () if events is None else [events.append]
        executor = EventDrivenExecutor(books.client(), policy(**changes), journal=journal, hooks=hooks)
        result = await enter(executor, **wishes)
        return result, (await then(executor, result) if then is not None else None)

    return run_virtual(main())


async def wait(executor: EventDrivenExecutor, result: ExecutionResult) -> None:
    """Let two minutes pass."""
    await asyncio.sleep(120.0)


async def close(executor: EventDrivenExecutor, result: ExecutionResult) -> Any:
    """Close the usual intent."""
    return await executor.close_position(symbol="BTCUSDT", side="buy", quantity=0.5, intent_id="i1")


def rest_foreign_stop(books: VenueFake, params: Any = None) -> Any:
    """Let another position's stop rest that closes everything; answer as a filled entry."""
    stop = {"newClientOrderId": "z-s", "type": "STOP_MARKET", "stopPrice": "1", "closePosition": "true"}
    books.create(stop, None, algo=False)
    books.position = 0.5
    return {"orderId": 77, "status": "FILLED", "executedQty": "0.5", "avgPrice": "50000"}


Fault = str | Exception | Callable[["VenueFake", dict[str, Any]], Any]
"""``lose request``, ``lose reply``, ``hang``, ``ack`` (accepted, filled unseen), ``half`` (filled in part), ``vanish``
(accepted, gone a second later), ``lag`` (readable ten seconds later), ``reject`` (ends without a fill), an exception,
or a function whose answer is the reply."""

_ROLES = {"e": "entry", "s": "sl", "t": "tp", "r": "trailing", "x": "exit"}


FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.10"},
    {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001"},
]


class VenueFake:
    """Keep the books of one symbol: orders by client id, the position, and faults by script, role by role.

    ``algo``: conditional orders live behind the algo endpoint.  ``clients`` made by :meth:`client` die by themselves.
    """

    def __init__(self, *, price: float = 50_000.0, algo: bool = False) -> None:
        self.price = price
        self.algo = algo
        self.position = 0.0
        self.orders: dict[str, dict[str, Any]] = {}
        self.log: list[str] = []
        self.faults: dict[str, list[Fault | None]] = {}
        self.opened = 0

    def on(self, role: str, *faults: Fault | None) -> None:
        """Let the next calls of a role (entry, look sl, cancel tp, position, mark ...) meet these faults, in order."""
        self.faults.setdefault(role, []).extend(faults)

    def client(self, *, dies_at: int | None = None, applied: bool = True) -> VenueClient:
        """Return a client; at its ``dies_at``-th call its process dies, after the venue applied it or before."""
        return VenueClient(self, dies_at, applied)

    def resting(self, role: str | None = None) -> list[str]:
        """Name the conditional orders that rest."""
        return [
            name
            for name, order in self.orders.items()
            if order["conditional"] and order["status"] == "NEW" and role in (None, _role(name))
        ]

    def trigger(self, name: str, share: float = 1.0) -> None:
        """Let a conditional order fire and close its share of the position."""
        order = self.orders[name]
        order.update(status="TRIGGERED", executedQty=str(abs(self.position) * share))
        self.position *= 1.0 - share

    def create(self, params: dict[str, Any], fault: Fault | None, *, algo: bool) -> dict[str, Any]:
        name = str(
            params.get("clientAlgoId") or params.get("newClientOrderId") or f"anonymous-{len(self.orders)}"
        )
        conditional = "stopPrice" in params or "triggerPrice" in params or "callbackRate" in params
        if conditional and algo is not self.algo:
            raise VenueError(-4120, "Order type not supported for this endpoint.")
        if name in self.orders and self.orders[name]["status"] in ("NEW", "PARTIALLY_FILLED"):
            raise VenueError(-4116, "ClientOrderId is duplicated.")
        closes = [
            self.orders[other] for other in self.resting() if "closePosition" in self.orders[other]["params"]
        ]
        if "closePosition" in params and any(other["params"]["type"] == params["type"] for other in closes):
            raise VenueError(-4130, "An open stop or take profit order with GTE and closePosition exists.")
        loop = asyncio.get_running_loop()
        order = {
            "orderId": len(self.orders) + 1, "status": "NEW", "executedQty": "0", "avgPrice": "0", "params": params,
            "conditional": conditional, "seen_at": loop.time() + (10.0 if fault == "lag" else 0.0),
            "gone_at": loop.time() + 1.0 if fault == "vanish" else float("inf"),
        }  # fmt: skip
        self.orders[name] = order
        if not conditional:
            self._fill(order, params, 0.0 if fault == "reject" else 0.5 if fault == "half" else 1.0)
        elif fault == "reject":
            order["status"] = "EXPIRED"
        return order

    def _fill(self, order: dict[str, Any], params: dict[str, Any], share: float) -> None:
        sign = 1.0 if params["side"] == "BUY" else -1.0
        quantity = float(params["quantity"]) * share
        if str(params.get("reduceOnly")) == "true":
            quantity = min(quantity, max(0.0, -sign * self.position))
            if not quantity and share:
                order["status"] = "REJECTED"
                raise VenueError(-2022, "ReduceOnly Order is rejected.")
        else:
            self.opened += share > 0.0
        self.position = round(self.position + sign * quantity, 9)
        status = "FILLED" if share == 1.0 else "PARTIALLY_FILLED" if share else "EXPIRED"
        order.update(status=status, executedQty=str(quantity), avgPrice=str(self.price))

    def find(self, name: str, *, algo: bool) -> dict[str, Any]:
        order = self.orders.get(name)
        now_s = asyncio.get_running_loop().time()
        if order is None or now_s < order["seen_at"] or algo is not (order["conditional"] and self.algo):
            raise VenueError(-2013, "Order does not exist.")
        if now_s >= order["gone_at"] and order["status"] == "NEW":
            order["status"] = "EXPIRED"
        return order

    def next_fault(self, role: str) -> Fault | None:
        self.log.append(role)
        waiting = self.faults.get(role)
        return waiting.pop(0) if waiting else None


class VenueClient:
    """Stand for one process's client of a :class:`VenueFake`; every call takes a hundredth of a second."""

    def __init__(self, venue: VenueFake, dies_at: int | None, applied: bool) -> None:
        self.venue = venue
        self.calls = 0
        self._dies_at, self._applied = dies_at, applied

    @property
    def dead(self) -> bool:
        """Tell whether its process is dead: from then on nothing it does counts."""
        return self._dies_at is not None and self.calls >= self._dies_at

    async def futures_exchange_info(self) -> Any:
        return {"symbols": [{"symbol": "BTCUSDT", "filters": FILTERS}]}

    async def futures_symbol_ticker(self, *, symbol: str) -> Any:
        return await self._do("ticker", lambda fault: {"symbol": symbol, "price": str(self.venue.price)})

    async def futures_mark_price(self, *, symbol: str) -> Any:
        return await self._do("mark", lambda fault: {"symbol": symbol, "markPrice": str(self.venue.price)})

    async def futures_position_information(self, *, symbol: str) -> Any:
        return await self._do(
            "position", lambda fault: [{"symbol": symbol, "positionAmt": str(self.venue.position)}]
        )

    async def futures_create_order(self, **params: Any) -> Any:
        return await self._create(params, algo=False)

    async def futures_place_batch_order(self, *, batchOrders: list[dict[str, Any]]) -> Any:
        def items(fault: Fault | None) -> list[Any]:
            return [self._item(params) for params in batchOrders]

        return await self._do("batch", items)

    def _item(self, params: dict[str, Any]) -> Any:
        try:
            return _shown(self.venue.create(params, self.venue.next_fault(_role_of(params)), algo=False))
        except VenueError as error:
            return {"code": error.code, "msg": error.message}

    async def _signed_request(self, method: str, path: str, params: dict[str, Any]) -> Any:
        algo = path.endswith("algoOrder")
        if method == "POST":
            return await self._create(params, algo=algo)
        name = str(params.get("clientAlgoId") or params.get("origClientOrderId"))

        def act(fault: Fault | None) -> Any:
            order = self.venue.find(name, algo=algo)
            if method == "DELETE":
                if order["status"] != "NEW":
                    raise VenueError(-2011, "Unknown order sent.")
                order["status"] = "CANCELED"
            return _shown(order)

        return await self._do(f"{'look' if method == 'GET' else 'cancel'} {_role(name)}", act)

    async def _create(self, params: dict[str, Any], *, algo: bool) -> Any:
        def act(fault: Fault | None) -> Any:
            order = self.venue.create(params, fault, algo=algo)
            hidden = {"status": "NEW", "executedQty": "0"} if fault == "ack" else {}
            return {**_shown(order), **hidden}

        return await self._do(_role_of(params), act)

    async def _do(self, role: str, act: Callable[[Fault | None], Any]) -> Any:
        self.calls += 1
        dead = self.dead
        await asyncio.sleep(STEP_S)
        if dead and (self.calls > (self._dies_at or 0) or not self._applied):
            await asyncio.Event().wait()
        fault = self.venue.next_fault(role)
        if callable(fault):
            return fault(self.venue, {})
        if isinstance(fault, Exception):
            raise fault
        if fault == "lose request":
            raise TimeoutError
        if fault == "hang" or dead:
            if dead:
                with contextlib.suppress(VenueError):
                    act(fault)
            await asyncio.Event().wait()
        reply = act(fault)
        if fault == "lose reply":
            raise TimeoutError
        return reply


class MortalJournal(dict[str, str]):
    """Keep what a client's process writes down, until it dies."""

    def __init__(self, client: VenueClient) -> None:
        super().__init__()
        self._client = client

    def __setitem__(self, name: str, text: str) -> None:
        """Write, unless the process is dead."""
        if not self._client.dead:
            super().__setitem__(name, text)

    def pop(self, name: str, *default: Any) -> Any:
        """Forget, unless the process is dead."""
        return None if self._client.dead else super().pop(name, *default)


def _role(name: str) -> str:
    return _ROLES.get(name.rpartition("-")[2][:1], "order")


def _role_of(params: dict[str, Any]) -> str:
    return _role(str(params.get("clientAlgoId") or params.get("newClientOrderId") or ""))


def _shown(order: dict[str, Any]) -> dict[str, Any]:
    names = ("orderId", "status", "executedQty", "avgPrice", "type", "origType")
    return {name: order[name] for name in names if name in order}
