"""Take one safeguard out of the code itself, where no policy key does.

Each patch yields what makes the code under test of a run; what it changes in a class is put back afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from sim.execution.policy_store import PolicyStore
from sim.execution.safe_bracket import SafeBracket
from sim.execution.safe_order_executor import OrderResult
from sim.execution.way_out import WayOut
from sim.world.code_under_test import ExecutorFactory, event_driven

_IDS: Final = ("newClientOrderId", "clientAlgoId")


class _Client:
    """Pass every call on to the client behind it."""

    def __init__(self, client: Any) -> None:
        self._behind = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


class _Nameless(_Client):
    """Send orders without their ids, so that the client invents one that nobody knows."""

    async def futures_create_order(self, **params: Any) -> Any:
        return await self._behind.futures_create_order(**_without_ids(params))

    async def _signed_request(self, method: str, path: str, params: dict[str, Any]) -> Any:
        sent = _without_ids(params) if method == "POST" else params
        return await self._behind._signed_request(method, path, sent)


class _Tickless(_Client):
    """Tell nothing of a symbol's tick, so that prices go out as they were computed."""

    async def futures_exchange_info(self) -> Any:
        told = await self._behind.futures_exchange_info()
        return {**told, "symbols": [_without_tick(symbol) for symbol in told["symbols"]]}


def _without_ids(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in _IDS}


def _without_tick(symbol: Mapping[str, Any]) -> dict[str, Any]:
    kept = [rule for rule in symbol["filters"] if rule["filterType"] != "PRICE_FILTER"]
    return {**symbol, "filters": kept}


def _through(wrapper: Callable[[Any], Any]) -> ExecutorFactory:
    def factory(client: Any, policy: PolicyStore, hooks: tuple[Any, ...], store: dict[str, str]) -> Any:
        return event_driven(wrapper(client), policy, hooks, store)

    return factory


@contextmanager
def nothing() -> Iterator[ExecutorFactory]:
    """Leave the code as it is."""
    yield event_driven


@contextmanager
def no_ids() -> Iterator[ExecutorFactory]:
    """Orders carry no id of ours."""
    yield _through(_Nameless)


@contextmanager
def no_ticks() -> Iterator[ExecutorFactory]:
    """Prices are not rounded."""
    yield _through(_Tickless)


@contextmanager
def no_way_out() -> Iterator[ExecutorFactory]:
    """A position that cannot be protected is left as it is; only the strategy's own wish closes it."""
    flatten, close = WayOut.flatten, SafeBracket.close

    async def leave(self: WayOut) -> OrderResult:
        return OrderResult(False, outcome="refused")

    async def close_all_the_same(self: SafeBracket) -> OrderResult:
        self._caretaker.stop()
        self.exit_result = await flatten(self._way_out)
        return self.exit_result

    WayOut.flatten, SafeBracket.close = leave, close_all_the_same  # type: ignore[method-assign]
    try:
        yield event_driven
    finally:
        WayOut.flatten, SafeBracket.close = flatten, close  # type: ignore[method-assign]


Patch = Callable[[], AbstractContextManager[ExecutorFactory]]
PATCHES: Final[dict[str, Patch]] = {
    "": nothing,
    "no_ids": no_ids,
    "no_ticks": no_ticks,
    "no_way_out": no_way_out,
}
"""Every patch by its name."""
