"""Read ``execution.*`` values from any store, from memory and from TOML files.

A store is any object with a synchronous ``get_policy(key) -> value | None``; None means the default, and so
does having no store.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from .errors import PolicyError, nearest_name
from .policy_keys import DEFAULTS, KEY_OF_FIELD, KEYS, PREFIX, PolicyKey, PolicyValue, Settings


class SupportsGetPolicy(Protocol):
    """Describe what every policy store offers."""

    def get_policy(self, key: str, /) -> Any:
        """Return the value of ``key``, or None for its default; never a coroutine."""


class PolicyStore:
    """Keep checked values of ``execution.*`` keys in memory; immutable, comparable, picklable.

    ``values`` maps full keys to values.  Raises PolicyError for an unknown key or an unusable value;
    ``where`` (a path, say) opens the sentence.
    """

    __slots__ = ("_settings", "_values")

    def __init__(self, values: Mapping[str, object] | None = None, *, where: str = "") -> None:
        given = {} if values is None else values
        checked = {name: _key(name, where).check(value, where=where) for name, value in given.items()}
        self._values = {name: checked[name] for name in KEYS if name in checked}
        arguments: dict[str, Any] = {name.removeprefix(PREFIX): value for name, value in checked.items()}
        self._settings = Settings(**arguments)

    @property
    def values(self) -> Mapping[str, PolicyValue]:
        """Show the keys that were given, in the table's order."""
        return MappingProxyType(self._values)

    @property
    def settings(self) -> Settings:
        """Return one value for every key, defaults filled in."""
        return self._settings

    def get_policy(self, key: str, /) -> PolicyValue | None:
        """Return the value given for ``key``, or None when the default applies."""
        return self._values.get(key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PolicyStore) and self._settings == other._settings

    def __hash__(self) -> int:
        return hash(self._settings)

    def __repr__(self) -> str:
        return f"PolicyStore({self._values!r})"


def settings_of(store: SupportsGetPolicy | None) -> Settings:
    """Read every key once; raises PolicyError for a value of the wrong type or out of its range."""
    if store is None:
        return DEFAULTS
    if type(store) is PolicyStore:
        return store.settings
    get_policy = getattr(store, "get_policy", None)
    if get_policy is None:
        raise PolicyError("policy_store", store, "None or an object with get_policy(key)")
    given: dict[str, Any] = {}
    for name, key in KEY_OF_FIELD.items():
        value = get_policy(key.name)
        if value is not None:
            given[name] = key.check(value)
    return Settings(**given) if given else DEFAULTS


def policy_from_mapping(mapping: Mapping[str, object], *, where: str = "policy") -> PolicyStore:
    """Build a store from ``{"execution": {key: value}}`` or from full dotted keys, or both.

    Raises PolicyError for anything that is not an ``execution.*`` key.
    """
    flat: dict[str, object] = {}
    for name, value in mapping.items():
        if name == PREFIX.rstrip(".") and isinstance(value, Mapping):
            flat.update({PREFIX + str(inner): inner_value for inner, inner_value in value.items()})
        else:
            flat[name] = value
    return PolicyStore(flat, where=where)


def load_policy(path: str | os.PathLike[str]) -> PolicyStore:
    """Load a TOML policy file: one ``[execution]`` table and nothing else.

    Raises PolicyError for bad TOML, unknown keys or unusable values, and OSError for an unreadable file.
    """
    import tomllib  # Only reading a file needs it; orders must not wait for its import.

    name = os.fspath(path)
    with open(name, "rb") as file:
        try:
            mapping = tomllib.load(file)
        except (ValueError, RecursionError) as error:
            # Bad syntax and bad UTF-8 are ValueErrors, as is a number of thousands of digits.
            raise PolicyError("file", str(error), "valid TOML", where=name) from error
    return policy_from_mapping(mapping, where=name)


def _key(name: str, where: str) -> PolicyKey:
    key = KEYS.get(name)
    if key is None:
        near = nearest_name(name, KEYS)
        raise PolicyError(name, name, "a key of the execution.* table", where=where, nearest=near)
    return key
