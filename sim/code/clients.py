"""Offer the simulated exchange as the client that the user's code is written against."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy, deepcopy
from importlib.util import find_spec
from typing import Any, Final

from sim.errors import InputError
from sim.web.direct import DirectSession, direct_ccxt, direct_python_binance

_LIBRARY: Final = {"python-binance": "binance", "ccxt": "ccxt"}

FENCED: Final = {
    "python-binance": ("binance.async_client", "binance.base_client"),
    "ccxt": ("ccxt.base.exchange", "ccxt.async_support.base.exchange", "ccxt.async_support.base.throttler"),
}
"""Modules of a library whose own names of clocks must follow the run."""


def check_installed(kind: str) -> None:
    """Raise InputError where ``kind`` needs a library that is not installed."""
    library = _LIBRARY.get(kind)
    if library is not None and find_spec(library) is None:
        expected = f'{kind} to be installed (pip install {kind}); "raw" has python-binance\'s shape and needs nothing'
        raise InputError("code.client", kind, expected)


def submit_of(client: Any) -> Callable[..., Any]:
    """Return a function that sends one order, ``await submit(symbol=…, side=…, type=…, …)``, and returns its reply."""

    async def submit(**order: Any) -> Any:
        return await client.futures_create_order(**order)

    return submit


def make_client(kind: str, raw: Any) -> Any:
    """Return the client of that kind on the run's exchange; a library's is the library's own class."""
    if kind == "raw":
        return raw
    if kind == "submit":
        return submit_of(raw)
    return _ccxt(raw) if kind == "ccxt" else direct_python_binance(raw)


_TEMPLATE: Final[list[Any]] = []


def _ccxt(raw: Any) -> Any:
    """Return ccxt's ``binanceusdm``, copied from one made before: its constructor takes as long as a whole run."""
    if not _TEMPLATE:
        made = direct_ccxt(raw, verify=False)
        library = type(made)
        # Nothing is left open by one that is not closed, and so there is nothing to warn of.
        made.__class__ = type(library.__name__, (library,), {"__del__": lambda self: None})
        _TEMPLATE.append(made)
    client = copy(_TEMPLATE[0])
    for name, value in vars(client).items():
        if isinstance(value, dict | list):
            setattr(client, name, copy(value))
    client.options = deepcopy(client.options)
    client.session = DirectSession(raw.gateway)
    return client
