"""Find a policy by name or path, lay ``execution.*`` overrides over it, and check all its values at once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from sim.errors import InputError, nearest
from sim.execution.errors import PolicyError
from sim.execution.policy_key import PolicyValue
from sim.execution.policy_keys import KEYS, PREFIX
from sim.execution.policy_store import PolicyStore
from sim.scenario.files import find_toml, names_in, parse_toml, policy_dir, read_text, shown_path
from sim.scenario.mismatch import raise_together
from sim.scenario.overrides import parse_override
from sim.scenario.toml_lines import line_map, line_of


class LoadedPolicy(NamedTuple):
    """Hold a checked policy.

    ``name`` shows overrides too, so that a changed policy never passes for the one it was made from.
    ``sha256`` is that of the values in force, defaults included; ``values`` are those that were given.
    """

    name: str
    store: PolicyStore
    sha256: str
    values: Mapping[str, PolicyValue]


def policy_names() -> list[str]:
    """List the names of the shipped policies."""
    return names_in(policy_dir())


def load_policy_named(
    name_or_path: str | os.PathLike[str], overrides: Sequence[str] = (), base_dir: Path | None = None
) -> LoadedPolicy:
    """Load a shipped policy by name, or a file, with ``overrides`` (``execution.KEY=VALUE``) laid over it.

    A relative path counts from ``base_dir`` (default: the working directory).  Raises :class:`InputError` for
    one unusable value and :class:`InputErrors` for several, each with file and line, or with the override.
    """
    file = find_toml(os.fspath(name_or_path), "policy", policy_dir(), base_dir)
    shown = shown_path(file)
    text = read_text(file, shown)
    lines = line_map(text)
    given: dict[str, tuple[str, Any]] = {}
    for key, value in parse_toml(text, shown).items():
        # Production reads the same two spellings: a table, and whole dotted keys.
        is_table = key == PREFIX.rstrip(".")
        if is_table and not isinstance(value, dict):
            raise InputError(f"{shown}:{line_of(lines, (key,))}: {key}", value, "a table of policy keys")
        nested = value.items() if is_table else [("", value)]
        for inner, inner_value in nested:
            place = (key, inner) if inner else (key,)
            given[".".join(place)] = (f"{shown}:{line_of(lines, place)}: {'.'.join(place)}", inner_value)
    name = file.stem
    for override in map(parse_override, overrides):
        given[override.name] = (override.where, override.value)
        name += f"+{override.name.removeprefix(PREFIX)}={override.value}"
    return _checked(name, given)


def _checked(name: str, given: dict[str, tuple[str, Any]]) -> LoadedPolicy:
    errors: list[InputError] = []
    values: dict[str, object] = {}
    for key, (where, value) in given.items():
        try:
            values.update(PolicyStore({key: value}).values)
        except PolicyError as error:
            errors.append(_explained(where, error))
    if errors:
        raise_together(errors)
    store = PolicyStore(values)
    # Values for single symbols ("KEY@SYMBOL") are in force as well.
    single = {key: value for key, value in store.values.items() if "@" in key}
    in_force = json.dumps({**asdict(store.settings), **single}, sort_keys=True, separators=(",", ":"))
    return LoadedPolicy(name, store, hashlib.sha256(in_force.encode()).hexdigest(), dict(store.values))


def _explained(where: str, error: PolicyError) -> InputError:
    key = KEYS.get(error.key)
    if key is None:
        names = ", ".join(name.removeprefix(PREFIX) for name in KEYS)
        return InputError(where, error.given, f"a key of the execution.* table: {names}", error.nearest)
    return InputError(where, error.given, error.expected, nearest(str(error.given), key.choices))
