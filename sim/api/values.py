"""Read the values of options; each refusal is an InputError that names the option."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from sim.errors import InputError

LARGEST: Final = 2**63 - 1
"""Seeds and numbers are stored as signed 64-bit integers."""


def whole_number(option: str, *, least: int) -> Callable[[str], int]:
    """Return the parser of an option that takes a whole number from ``least`` on."""

    def parse(text: str) -> int:
        return checked_number(option, text, least=least)

    return parse


def checked_number(option: str, given: object, *, least: int) -> int:
    """Return ``given``, a number or its decimal digits; raise InputError for anything else."""
    # numpy's whole numbers are none to isinstance, and seeds often come out of an array.
    number = given.__index__() if hasattr(given, "__index__") and not isinstance(given, bool) else given
    if isinstance(given, str):
        digits = given.removeprefix("-")
        number = int(given) if digits.isascii() and digits.isdecimal() and len(digits) <= 20 else None
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= LARGEST:
        raise InputError(option, given, f"a whole number from {least} on")
    return number


def seed_list(option: str, seeds: Sequence[int | str]) -> list[int]:
    """Return the seeds; raise InputError for one that is no seed, for a repeated one and for none."""
    if isinstance(seeds, str) or not isinstance(seeds, Iterable):
        raise InputError(option, seeds, "a list of whole numbers")
    seeds = list(seeds)
    if not seeds:
        raise InputError(option, seeds, "at least one seed")
    numbers = [checked_number(option, seed, least=0) for seed in seeds]
    for index, number in enumerate(numbers):
        if number in numbers[:index]:
            # A run counted twice would make the intervals narrower than the evidence.
            raise InputError(option, number, "each seed once")
    return numbers


def comma_list(option: str, text: str, kind: str) -> list[str]:
    """Split ``a,b,c``; raise InputError when a place between commas is empty."""
    items = [item.strip() for item in text.split(",")]
    if not all(items):
        raise InputError(option, text, f"{kind}, separated by commas")
    return items


def override_texts(items: str | Sequence[str] | Mapping[str, object]) -> list[str]:
    """Return overrides as ``key=value`` texts; a mapping's values are written as TOML."""
    if isinstance(items, str):
        return [items]
    if not isinstance(items, Mapping):
        if not isinstance(items, Iterable) or not all(isinstance(item, str) for item in items):
            raise InputError("set", items, "texts such as 'workload.every_s=30', or a mapping")
        return list(items)
    return [f"{key}={_toml(key, value)}" for key, value in items.items()]


def _toml(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "__index__"):
        return str(value.__index__())
    if isinstance(value, float):
        # numpy's floats are floats too, but do not show themselves as such.
        return repr(float(value)) if math.isfinite(value) else str(float(value))
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(str(name))} = {_toml(key, inner)}" for name, inner in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(key, inner) for inner in value) + "]"
    raise InputError(f"set[{key!r}]", value, "a number, a text, true, false, a list or a table")
