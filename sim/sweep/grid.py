"""Read ``--grid KEY=VALUES``: the values of one key, and all points of several."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from sim.errors import InputError
from sim.scenario.overrides import POLICY_PREFIX, parse_override

Setting = tuple[str, str]
"""A key and the text of its value, as ``--set`` takes them."""
Point = tuple[Setting, ...]
"""One value for each key of the grid, in the order of the options."""

_FORMS: Final = "KEY=a,b,c, KEY=low:high:n or KEY=low:high:nlog"
_NUMBER: Final = r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"
_RANGE: Final = re.compile(rf"^({_NUMBER}):({_NUMBER}):([1-9]\d*)(log)?$")
_MOST: Final = 1000
_CLOSERS: Final = {"[": "]", "{": "}", '"': '"', "'": "'"}


class Axis(NamedTuple):
    """Hold one key of the grid and the texts of its values."""

    key: str
    values: tuple[str, ...]

    @property
    def of_policy(self) -> bool:
        """Tell whether the key belongs to the policy (``execution.*``) and not to the scenario."""
        return self.key.startswith(POLICY_PREFIX)


def parse_axis(item: str) -> Axis:
    """Read one ``KEY=VALUES``: a list, or ``low:high:n`` (even steps) or ``low:high:nlog`` (even factors).

    A value is TOML, as in ``--set``; commas inside brackets and quotes do not part values.  Raises
    :class:`InputError`.
    """
    key, equals, text = (part.strip() for part in item.partition("="))
    if not equals or not text:
        raise InputError("--grid", item, _FORMS)
    values = _expanded(item, text) if _RANGE.match(text) else _listed(item, text)
    for index, value in enumerate(values):
        parse_override(f"{key}={value}")
        if value in values[:index]:
            raise InputError("--grid", f"{key}={value}", "each value once")
    return Axis(key, tuple(values))


def parse_grid(items: Sequence[str], fixed: Sequence[str] = ()) -> list[Axis]:
    """Read all ``--grid`` options; raise InputError for a key twice or one that ``fixed`` (``--set``) holds."""
    axes = [parse_axis(item) for item in items]
    held = {parse_override(item).name for item in fixed}
    for index, axis in enumerate(axes):
        if axis.key in held:
            raise InputError("--grid", axis.key, "a key that --set does not fix")
        if axis.key in [other.key for other in axes[:index]]:
            raise InputError("--grid", axis.key, "each key once")
    return axes


def points_of(axes: Sequence[Axis]) -> list[Point]:
    """Return every combination of values, the last key varying fastest; one empty point without keys."""
    pairs = [[(axis.key, value) for value in axis.values] for axis in axes]
    return [tuple(point) for point in itertools.product(*pairs)]


def _expanded(item: str, text: str) -> list[str]:
    found = _RANGE.match(text)
    assert found is not None
    low, high, count = float(found[1]), float(found[2]), int(found[3])
    if not math.isfinite(low) or not math.isfinite(high) or low >= high or not 2 <= count <= _MOST:
        raise InputError("--grid", item, f"low below high, and 2 to {_MOST} values")
    if found[4] and low <= 0.0:
        raise InputError("--grid", item, "a low end above 0 for even factors")
    steps = np.geomspace(low, high, count) if found[4] else np.linspace(low, high, count)
    # Ten digits: no value shows the rounding of the step that led to it.
    return [f"{value:.10g}" for value in steps]


def _listed(item: str, text: str) -> list[str]:
    values, open_with, start = [], list[str](), 0
    for place, letter in enumerate(text):
        if open_with and letter == open_with[-1]:
            open_with.pop()
        elif letter in _CLOSERS and (not open_with or open_with[-1] not in "\"'"):
            open_with.append(_CLOSERS[letter])
        elif letter == "," and not open_with:
            values.append(text[start:place].strip())
            start = place + 1
    values.append(text[start:].strip())
    if not all(values):
        raise InputError("--grid", item, f"{_FORMS}, no value empty")
    return values
