"""Lay ``--set PATH=VALUE`` items over a scenario before it is checked.

A path uses the file's own keys: ``workload.every_s``, ``market.shock[0].for_s``; faults answer to their name or
position (``faults.would_trigger.how.rate``, ``faults[2].how.rate``).  A value is TOML; what is not is text.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sim.errors import InputError, unknown_name
from sim.scenario.files import read_toml
from sim.scenario.mismatch import Path, Words, dotted
from sim.scenario.workload_spec import SOURCES

POLICY_PREFIX: Final = "execution."
_PART: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_PATH: Final = re.compile(r"^[^.\[\]]+(?:\[\d+\]|\.[^.\[\]]+)*$")
_LONGEST: Final = 200
_ALTERNATIVES: Final = (SOURCES, ("notional", "quantity"))


class Override(NamedTuple):
    """Hold one item: the text before the equals sign, and the value."""

    name: str
    value: Any

    @property
    def where(self) -> str:
        """Say how messages call this item."""
        return f"--set {self.name}"


def parse_override(item: str) -> Override:
    """Read one ``PATH=VALUE``; raises :class:`InputError` when it has no such form."""
    name, equals, text = item.partition("=")
    name = name.strip()
    if not equals or not _PATH.match(name):
        raise InputError("--set", item, "PATH=VALUE, such as workload.every_s=30")
    if len(name) > _LONGEST:
        raise InputError("--set", item, f"a path of at most {_LONGEST} characters")
    return Override(name, _value(text.strip()))


def split_overrides(items: Sequence[str]) -> tuple[list[str], list[str]]:
    """Separate the items that belong to the scenario from those that belong to the policy (``execution.*``)."""
    policy = [item for item in items if item.strip().startswith(POLICY_PREFIX)]
    return [item for item in items if item not in policy], policy


def apply_overrides(data: dict[str, Any], overrides: Sequence[Override]) -> dict[Path, Override]:
    """Change ``data`` in place and return what was changed, by its place.

    Tables that are absent come into being.  Of values that exclude each other (the workload's sources; notional
    and quantity) the one that is set replaces the one in the file.  Raises :class:`InputError`.
    """
    places: dict[Path, Override] = {}
    for override in overrides:
        path = _place(data, override)
        places[path] = override
    set_keys = {path[1] for path in places if len(path) == 2 and path[0] == "workload"}
    workload = data.get("workload")
    for names in _ALTERNATIVES:
        if isinstance(workload, dict) and set_keys.intersection(names):
            for name in set(names) - set_keys:
                workload.pop(name, None)
    return places


def _place(data: dict[str, Any], override: Override) -> Path:
    parts: Path = tuple(int(number) if number else key for number, key in _PART.findall(override.name))
    path: Path = ()
    node: Any = data
    for position, part in enumerate(parts):
        is_last = position == len(parts) - 1
        if isinstance(node, dict) and isinstance(part, str):
            path += (part,)
            if is_last:
                node[part] = override.value
            else:
                node = node.setdefault(part, {})
        elif isinstance(node, list):
            index = _index(node, part, path, override)
            path += (index,)
            if is_last:
                node[index] = override.value
            node = node[index]
        else:
            if not node:
                given, expected = f"nothing at {dotted(path)}", f"{dotted(path)}=[{{…}}], the whole list"
                raise InputError(override.where, Words(given), expected)
            raise InputError(override.where, node, f"a table or a list at {dotted(path)}")
    return path


def _index(items: list[Any], part: str | int, path: Path, override: Override) -> int:
    if isinstance(part, str) and not part.isdecimal():
        names = [str(item["name"]) for item in items if isinstance(item, dict) and "name" in item]
        if part not in names:
            raise unknown_name(override.where, part, f"a name in {dotted(path)}", names)
        return names.index(part)
    if int(part) >= len(items):
        raise InputError(override.where, int(part), f"a position in {dotted(path)}, which has {len(items)}")
    return int(part)


def _value(text: str) -> Any:
    try:
        found = read_toml(f"value = {text}")
    except ValueError:
        return text
    return plain_times(found["value"]) if len(found) == 1 else text


def plain_times(value: Any) -> Any:
    """Return ``value`` with TOML's own times and dates (14:20:00, 2025-12-09 without quotes) as text."""
    if isinstance(value, dict):
        return {key: plain_times(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_times(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.time | datetime.date) else value
