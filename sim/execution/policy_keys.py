"""Hold every ``execution.*`` key in one typed table: kind, unit, range, default and meaning.

:class:`Settings` is the table: each field is one key.  The defaults are the seed document's; ``*_pct``
values are fractions (0.005 = 0.5 %).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, TypeGuard, get_args

from .errors import PolicyError

PREFIX = "execution."
PolicyValue = bool | int | float | str
Kind = Literal["number", "integer", "switch", "choice"]
ClassifierName = Literal["d7", "every-error", "only-2021", "none"]
Endpoint = Literal["order", "algo", "auto"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyKey:
    """Describe one policy key; ``low`` and ``high`` are inclusive and None for switches and choices."""

    name: str
    kind: Kind
    unit: str
    default: PolicyValue
    doc: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """Say in words what a value of this key must be."""
        if self.kind == "switch":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        noun = "an integer" if self.kind == "integer" else "a number"
        unit = f" ({self.unit})" if self.unit else ""
        return f"{noun} from {self.low:g} to {self.high:g}{unit}"

    def check(self, value: object, *, where: str = "") -> PolicyValue:
        """Return ``value`` as this key's type, or raise PolicyError naming key, value and expectation."""
        if self._accepts(value):
            return float(value) if self.kind == "number" else value
        if inspect.isawaitable(value):
            if inspect.iscoroutine(value):
                value.close()
            raise PolicyError(
                self.name, value, f"{self.expected}, from a synchronous get_policy", where=where
            )
        raise PolicyError(self.name, value, self.expected, where=where)

    def _accepts(self, value: Any) -> TypeGuard[PolicyValue]:
        if self.kind == "switch":
            return isinstance(value, bool)
        if self.kind == "choice":
            return isinstance(value, str) and value in self.choices
        # True and False are integers to Python, but nobody means one attempt by "true".
        if isinstance(value, bool) or not isinstance(value, int if self.kind == "integer" else int | float):
            return False
        # A NaN fails both comparisons.
        return self.low is not None and self.high is not None and self.low <= value <= self.high


def _number(low: float, high: float, unit: str, doc: str) -> dict[str, Any]:
    return {"kind": "number", "low": low, "high": high, "unit": unit, "doc": doc}


def _integer(low: int, high: int, unit: str, doc: str) -> dict[str, Any]:
    return {"kind": "integer", "low": low, "high": high, "unit": unit, "doc": doc}


def _switch(doc: str) -> dict[str, Any]:
    return {"kind": "switch", "unit": "", "doc": doc}


def _choice(names: Any, doc: str) -> dict[str, Any]:
    return {"kind": "choice", "choices": get_args(names), "unit": "", "doc": doc}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Carry one checked value for every key; this class body is the table of keys."""

    max_slippage_pct: float = field(
        default=0.005,
        metadata=_number(
            0.0, 1.0, "fraction", "Refuse an entry whose planned price deviates more from the market."
        ),
    )
    max_sl_distance_pct: float = field(
        default=0.10,
        metadata=_number(0.0001, 1.0, "fraction", "Refuse an entry whose stop stands further from it."),
    )
    min_sl_buffer_pct: float = field(
        default=0.001,
        metadata=_number(0.000001, 0.5, "fraction", "Keep a stop at least this far from the entry."),
    )
    max_tp_distance_pct: float = field(
        default=0.50,
        metadata=_number(0.0001, 100.0, "fraction", "Warn about a target further from the entry."),
    )
    high_leverage_threshold: float = field(
        default=10.0, metadata=_number(1.0, 1000.0, "x", "Call leverage above this high.")
    )
    high_leverage_factor: float = field(
        default=0.5,
        metadata=_number(0.01, 1.0, "factor", "Multiply the slippage limit by this at high leverage."),
    )
    max_order_retries: int = field(
        default=5,
        metadata=_integer(1, 100, "attempts", "Make at most this many attempts, the first one included."),
    )
    retry_backoff_base_sec: float = field(
        default=0.5, metadata=_number(0.0, 3600.0, "s", "Wait this long after the first failed attempt.")
    )
    retry_backoff_growth: float = field(
        default=2.0,
        metadata=_number(1.0, 10.0, "factor", "Multiply the wait by this after each further failure."),
    )
    max_retry_backoff_sec: float = field(
        default=10.0, metadata=_number(0.0, 3600.0, "s", "Never wait longer than this between two attempts.")
    )
    classifier: ClassifierName = field(
        default="d7", metadata=_choice(ClassifierName, "Choose which failures are worth another attempt.")
    )
    retry_timeouts: bool = field(
        default=True,
        metadata=_switch("Resend after a time-out or a lost connection, if the classifier ever does."),
    )
    adjust_sl_on_2021: bool = field(
        default=True, metadata=_switch("Move a stop refused with -2021 before sending it again.")
    )
    sl_adjustment_buffer_pct: float = field(
        default=0.001,
        metadata=_number(
            0.000001, 0.5, "fraction", "Move a stop refused with -2021 this far from the mark price."
        ),
    )
    guard_entry: bool = field(default=True, metadata=_switch("Ask the guard before an entry is sent."))
    check_slippage_after_trade: bool = field(
        default=False, metadata=_switch("Compare plan and market after the trade, only to report it.")
    )
    flatten_when_unprotected: bool = field(
        default=False, metadata=_switch("Close the position when its stop or target could not be placed.")
    )
    conditional_endpoint: Endpoint = field(
        default="order",
        metadata=_choice(Endpoint, "Choose the path of stops and targets; auto switches on -4120."),
    )


def _table() -> dict[str, PolicyKey]:
    table: dict[str, PolicyKey] = {}
    for item in fields(Settings):
        default: Any = item.default
        table[item.name] = PolicyKey(name=PREFIX + item.name, default=default, **item.metadata)
    return table


KEY_OF_FIELD: Mapping[str, PolicyKey] = MappingProxyType(_table())
KEYS: Mapping[str, PolicyKey] = MappingProxyType({key.name: key for key in KEY_OF_FIELD.values()})
DEFAULTS = Settings()
