"""Describe one policy key: its kind, unit, range, choices and meaning, and check values against them.

The table of all keys is :mod:`sim.execution.policy_keys`; its fields carry what the four functions below return.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard, get_args

from .errors import PolicyError

PolicyValue = bool | int | float | str
Kind = Literal["number", "integer", "switch", "choice"]


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


def number(low: float, high: float, unit: str, doc: str) -> dict[str, Any]:
    """Describe a key that holds a number from ``low`` to ``high``, in ``unit``."""
    return {"kind": "number", "low": low, "high": high, "unit": unit, "doc": doc}


def integer(low: int, high: int, unit: str, doc: str) -> dict[str, Any]:
    """Describe a key that holds an integer from ``low`` to ``high``, in ``unit``."""
    return {"kind": "integer", "low": low, "high": high, "unit": unit, "doc": doc}


def switch(doc: str) -> dict[str, Any]:
    """Describe a key that is true or false."""
    return {"kind": "switch", "unit": "", "doc": doc}


def choice(names: Any, doc: str) -> dict[str, Any]:
    """Describe a key that holds one of the names of a Literal."""
    return {"kind": "choice", "choices": get_args(names), "unit": "", "doc": doc}
