"""Give callables of the user's what their parameters ask for, by name and annotation; explain what is missing.

A parameter is given a value when ``[code.arguments]`` has its name, when its name is one of those on offer, or when
its annotation is the class of something on offer.  One with a default of its own (other than None) keeps it, unless
``[code.arguments]`` has its name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Any, Final, NamedTuple

from sim.errors import InputError, nearest
from sim.scenario.mismatch import Words

ALIASES: Final[dict[str, str]] = {
    alias: name
    for name, aliases in {
        "client": "binance_client async_client api api_client exchange binance adapter exchange_client connection",
        "policy_store": "policy policies policy_provider",
        "placer": "executor safe_executor order_executor safe_order_executor",
        "guard": "safety_guard execution_guard execution_safety_guard safety",
        "rate_limiter": "limiter global_rate_limiter",
        "hooks": "observers",
        "logger": "log logger_instance",
        "store": "journal state_store storage",
        "submit": "submit_func submit_order_func place send",
        "loop": "event_loop",
        # of an intent
        "quantity": "qty amount size volume",
        "planned_price": "price entry_price plan_price planned_entry_price expected_price",
        "sl_price": "stop_price stop_loss stop_loss_price sl stop planned_sl",
        "tp_price": "target_price take_profit take_profit_price tp target planned_tp",
        "sl_percent": "sl_pct stop_percent stop_pct stop_loss_percent stop_loss_pct risk_sl_percent",
        "tp_percent": "tp_pct target_percent target_pct take_profit_percent take_profit_pct base_tp_percent",
        "intent": "order signal plan request trade",
        "side": "position_side",
        "intent_id": "client_order_id order_id signal_id",
    }.items()
    for alias in aliases.split()
}
"""How people call what is on offer, and what we call it."""

CLASSES: Final[dict[str, str]] = {
    "AsyncClient": "client",
    "Client": "client",
    "binanceusdm": "client",
    "PolicyStore": "policy_store",
    "Logger": "logger",
    "SafeOrderExecutor": "placer",
    "ExecutionSafetyGuard": "guard",
    "GlobalRateLimiter": "rate_limiter",
    "AbstractEventLoop": "loop",
    "Intent": "intent",
}
"""Class names by which an annotation asks for something on offer."""


class Signature(NamedTuple):
    """Hold what a callable asks for; ``takes_rest``: it has ``**keywords``."""

    parameters: tuple[Parameter, ...]
    takes_rest: bool


_SIGNATURES: Final[dict[Any, Signature]] = {}


def signature_of(function: Callable[..., Any]) -> Signature:
    """Return what a callable asks for, read once for each piece of code; nothing where Python cannot tell."""
    init = getattr(function, "__init__", None) if isinstance(function, type) else function
    key = (getattr(init, "__code__", None), isinstance(function, type), inspect.ismethod(function))
    known = _SIGNATURES.get(key) if key[0] is not None else None
    if known is None:
        try:
            found = tuple(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            found = ()
        known = Signature(
            tuple(one for one in found if one.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)),
            any(one.kind is Parameter.VAR_KEYWORD for one in found),
        )
        if key[0] is not None:
            _SIGNATURES[key] = known
    return known


class Fitted(NamedTuple):
    """Hold a callable and where each of its parameters is taken from; ``fixed`` are those of ``[code.arguments]``."""

    function: Callable[..., Any]
    positional: tuple[str, ...]
    by_name: tuple[tuple[str, str], ...]
    fixed: Mapping[str, Any]
    rest: tuple[str, ...]

    def call(self, offers: Mapping[str, Any]) -> Any:
        """Call it with what is on offer now."""
        given = {name: offers[source] for name, source in self.by_name}
        given.update((name, offers[name]) for name in self.rest if name in offers)
        return self.function(*(offers[source] for source in self.positional), **given, **self.fixed)


def fit(
    where: str,
    function: Callable[..., Any],
    offers: Mapping[str, Any],
    arguments: Mapping[str, Any],
    *,
    rest: tuple[str, ...] = (),
    classes: Mapping[str, str] = CLASSES,
    table: str = "code.arguments",
) -> Fitted:
    """Match a callable's parameters with what is on offer.

    ``rest`` are the names that ``**keywords`` are given.  Raises InputError at ``where`` for a required parameter that
    nothing fits, naming it, what is on offer and how to give it in ``table``.
    """
    parameters, takes_rest = signature_of(function)
    positional: list[str] = []
    by_name: list[tuple[str, str]] = []
    fixed: dict[str, Any] = {}
    missing: list[str] = []
    for one in parameters:
        source = _source(one, offers, classes)
        if one.name in arguments and one.kind is not Parameter.POSITIONAL_ONLY:
            fixed[one.name] = arguments[one.name]
        elif source and one.default in (Parameter.empty, None):
            if one.kind is Parameter.POSITIONAL_ONLY:
                positional.append(source)
            else:
                by_name.append((one.name, source))
        elif one.default is Parameter.empty:
            missing.append(one.name)
    if missing:
        raise _unfitted(where, function, missing, offers, table)
    named = {name for name, _ in by_name} | fixed.keys()
    more = tuple(name for name in rest if name not in named) if takes_rest else ()
    return Fitted(function, tuple(positional), tuple(by_name), fixed, more)


def _source(one: Parameter, offers: Mapping[str, Any], classes: Mapping[str, str]) -> str:
    name = one.name.lstrip("_")
    for wanted in (name, ALIASES.get(name, "")):
        if wanted in offers:
            return wanted
    if one.annotation is not Parameter.empty:
        kind = one.annotation if isinstance(one.annotation, str) else getattr(one.annotation, "__name__", "")
        kind = kind.partition("|")[0].removeprefix("Optional[").strip("'\"[] ").rpartition(".")[2]
        wanted = classes.get(kind, "")
        if wanted in offers:
            return wanted
    return ""


def _unfitted(
    where: str, function: Callable[..., Any], missing: list[str], offers: Mapping[str, Any], table: str
) -> InputError:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    names = ", ".join(missing)
    verb = "has" if len(missing) == 1 else "have"
    on_offer = ", ".join(sorted(offers))
    expected = (
        f"parameters that can be given a value: {names} {verb} none; on offer are {on_offer}; "
        f"a value of your own goes into [{table}] as {missing[0]} = ..."
    )
    near = nearest(missing[0], offers)
    return InputError(where, Words(f"{name}({names})"), expected, near)
