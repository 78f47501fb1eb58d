"""Offer the fakes that the tests of sim.execution share: four kinds of callables, a client, a log."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest

from sim.clock import run_virtual
from sim.execution import Event
from tests.clocks import Clock


class VenueError(Exception):
    """Stand for python-binance's exception: a code, a message, and both in the text."""

    def __init__(self, code: int | None, message: str) -> None:
        super().__init__(f"APIError(code={code}): {message}")
        self.code = code
        self.message = message


class Script:
    """Answer call after call from a list; exceptions are raised, the last entry repeats for ever."""

    def __init__(self, outcomes: Iterable[Any]) -> None:
        self.outcomes = list(outcomes)
        self.calls: list[dict[str, Any]] = []

    def step(self, params: dict[str, Any]) -> Any:
        self.calls.append(params)
        outcome = self.outcomes[min(len(self.calls), len(self.outcomes)) - 1]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def method(self, **params: Any) -> Any:
        return self.step(params)

    async def with_tag(self, tag: str, **params: Any) -> Any:
        assert tag == "bound"
        return self.step(params)


def _async_mock(script: Script) -> Callable[..., Any]:
    return AsyncMock(side_effect=lambda **params: script.step(params))


def _plain_async(script: Script) -> Callable[..., Any]:
    async def submit(**params: Any) -> Any:
        return script.step(params)

    return submit


def _bound_method(script: Script) -> Callable[..., Any]:
    return script.method


def _partial(script: Script) -> Callable[..., Any]:
    return functools.partial(script.with_tag, "bound")


KINDS: dict[str, Callable[[Script], Callable[..., Any]]] = {
    "AsyncMock": _async_mock,
    "async function": _plain_async,
    "bound method": _bound_method,
    "partial": _partial,
}


class FakeClient:
    """Stand for a client of python-binance's shape with scripted answers and a record of all calls."""

    def __init__(self, *, price: Any = "50000.0", mark: Any = "50000.0", info: Any = None) -> None:
        self.price = price
        self.mark = mark
        self.info = info if info is not None else exchange_info()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.signed: list[tuple[str, str, dict[str, Any]]] = []
        self.entry_outcomes: list[Any] = []
        self.signed_outcomes: Callable[[str, dict[str, Any]], Any] = lambda path, params: None
        self.cancel_outcome: Any = {"code": 200, "msg": "done"}
        self._next_id = 100

    def accept(self, key: str = "orderId") -> dict[str, Any]:
        self._next_id += 1
        return {key: self._next_id}

    async def futures_symbol_ticker(self, *, symbol: str) -> Any:
        return self._answer("ticker", symbol, {"symbol": symbol, "price": self.price}, self.price)

    async def futures_mark_price(self, *, symbol: str) -> Any:
        return self._answer("mark", symbol, {"symbol": symbol, "markPrice": self.mark}, self.mark)

    async def futures_exchange_info(self) -> Any:
        return self._answer("info", "", self.info, self.info)

    async def futures_create_order(self, **params: Any) -> Any:
        self.calls.append(("create", params))
        outcome = self.entry_outcomes.pop(0) if self.entry_outcomes else None
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome if outcome is not None else self.accept()

    async def futures_cancel_all_open_orders(self, *, symbol: str) -> Any:
        return self._answer("cancel", symbol, self.cancel_outcome, self.cancel_outcome)

    async def futures_cancel_all_algo_open_orders(self, *, symbol: str) -> Any:
        return self._answer("cancel algo", symbol, self.cancel_outcome, self.cancel_outcome)

    async def _signed_request(self, method: str, path: str, params: dict[str, Any]) -> Any:
        self.signed.append((method, path, params))
        outcome = self.signed_outcomes(path, params)
        if isinstance(outcome, BaseException):
            raise outcome
        if outcome is not None:
            return outcome
        return self.accept("algoId" if path.endswith("algoOrder") else "orderId")

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def _answer(self, name: str, symbol: str, reply: Any, outcome: Any) -> Any:
        self.calls.append((name, {"symbol": symbol}))
        if isinstance(outcome, BaseException):
            raise outcome
        return reply


def exchange_info(tick: str = "0.10", step: str = "0.001", minimum: str = "0.001") -> dict[str, Any]:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": tick, "minPrice": "556.80", "maxPrice": "4529764"},
        {"filterType": "LOT_SIZE", "stepSize": step, "minQty": minimum, "maxQty": "1000"},
        {"filterType": "MARKET_LOT_SIZE", "stepSize": step, "minQty": minimum, "maxQty": "120"},
    ]
    return {"symbols": [{"symbol": "BTCUSDT", "filters": filters}]}


class Log:
    """Collect the text of every line a logger writes."""

    def __init__(self, logger: logging.Logger) -> None:
        self.logger = logger
        self.lines: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: self.lines.append(record.getMessage())  # type: ignore[method-assign]
        logger.addHandler(handler)


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine on a fresh loop in virtual time."""
    return run_virtual


@pytest.fixture
def error() -> type[VenueError]:
    """Give the exception class of the fake venue."""
    return VenueError


@pytest.fixture
def script() -> type[Script]:
    """Give the class that answers calls from a list."""
    return Script


@pytest.fixture(params=list(KINDS))
def callable_kind(request: pytest.FixtureRequest) -> Callable[[Script], Callable[..., Any]]:
    """Turn a script into each kind of submit function in turn."""
    return KINDS[request.param]


@pytest.fixture
def fake_client() -> type[FakeClient]:
    """Give the class of the fake client."""
    return FakeClient


@pytest.fixture
def make_info() -> Callable[..., dict[str, Any]]:
    """Give the builder of exchange information."""
    return exchange_info


@pytest.fixture
def log() -> Log:
    """Give a logger of its own, open to every level, whose lines can be read."""
    logger = logging.Logger("test", logging.DEBUG)
    return Log(logger)


@pytest.fixture
def events() -> list[Event]:
    """Give a list whose append is a hook."""
    return []


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the wall clock be the loop's: a whole minute begins at 0."""
    monkeypatch.setattr(time, "time", lambda: asyncio.get_running_loop().time() + 60.0)


_TIMED = ("sim.execution.breaker.time", "sim.execution.retry_budget.time")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock set by hand under breakers and budgets."""
    made = Clock()
    for name in _TIMED:
        monkeypatch.setattr(name, made)
    return made


@pytest.fixture
def loop_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the monotonic clock of breakers and budgets be that of the running loop."""
    follows = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time())
    for name in _TIMED:
        monkeypatch.setattr(name, follows)
