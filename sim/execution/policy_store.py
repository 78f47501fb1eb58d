"""Read ``execution.*`` values from any store, from memory and from TOML files.

A store is any object with a synchronous ``get_policy(key) -> value | None``; None means the default, and so
does having no store: the policy ``safe``.  A value may be given for one symbol alone under ``KEY@SYMBOL``
(``execution.max_slippage_pct@BTCUSDT``); it goes before the value for all.  A store of another make that knows such
values offers ``get_policy_for(key, symbol)`` besides, which is asked first.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Protocol

from .errors import PolicyError, nearest_name
from .policy_key import PolicyKey, PolicyValue
from .policy_keys import DEFAULTS, KEY_OF_FIELD, KEYS, PREFIX, Settings

FOR_ALL_SYMBOLS = frozenset(
    PREFIX + name for name in ("use_limiter", "limiter_share", "limiter_exit_reserve", "use_user_stream")
)
"""Keys of what all symbols share; they cannot be given for one alone."""


class SupportsGetPolicy(Protocol):
    """Describe what every policy store offers."""

    def get_policy(self, key: str, /) -> Any:
        """Return the value of ``key``, or None for its default; never a coroutine."""


class SupportsSettings(SupportsGetPolicy, Protocol):
    """Describe a store that has its values checked already; the stores of this package do."""

    def settings_for(self, symbol: str | None) -> Settings:
        """Return one value for every key as it holds for a symbol; None: for no symbol in particular."""


class PolicyStore:
    """Keep checked values of ``execution.*`` keys in memory; immutable, comparable, picklable.

    ``values`` maps full keys (``execution.KEY``, or ``execution.KEY@SYMBOL`` for one symbol) to values.  Raises
    PolicyError for an unknown key or an unusable value; ``where`` (a path, say) opens the sentence.
    """

    __slots__ = ("_by_symbol", "_settings", "_values")

    def __init__(self, values: Mapping[str, object] | None = None, *, where: str = "") -> None:
        given = {} if values is None else values
        checked = {name: _key(name, where).check(value, where=where) for name, value in given.items()}
        general = {name: checked[name] for name in KEYS if name in checked}
        special = {name: checked[name] for name in sorted(checked) if name not in KEYS}
        self._values: dict[str, PolicyValue] = {**general, **special}
        arguments: dict[str, Any] = {name.removeprefix(PREFIX): value for name, value in general.items()}
        self._settings = Settings(**arguments)
        changes: dict[str, dict[str, Any]] = {}
        for name, value in special.items():
            key, _, symbol = name.partition("@")
            changes.setdefault(symbol, {})[key.removeprefix(PREFIX)] = value
        self._by_symbol = {symbol: replace(self._settings, **changed) for symbol, changed in changes.items()}

    @property
    def values(self) -> Mapping[str, PolicyValue]:
        """Show the keys that were given: in the table's order, then those for single symbols by name."""
        return MappingProxyType(self._values)

    @property
    def settings(self) -> Settings:
        """Return one value for every key, defaults filled in."""
        return self._settings

    def settings_for(self, symbol: str | None) -> Settings:
        """Return one value for every key as it holds for a symbol; None: for no symbol in particular."""
        return self._by_symbol.get(symbol, self._settings) if symbol is not None else self._settings

    def get_policy(self, key: str, /) -> PolicyValue | None:
        """Return the value given for ``key``, or None when the default applies."""
        return self._values.get(key)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PolicyStore):
            return False
        return self._settings == other._settings and self._by_symbol == other._by_symbol

    def __hash__(self) -> int:
        return hash(self._settings)

    def __repr__(self) -> str:
        return f"PolicyStore({self._values!r})"


def settings_of(store: SupportsGetPolicy | None, symbol: str | None = None) -> Settings:
    """Read every key once, as it holds for a symbol; raises PolicyError for a value of the wrong type or range."""
    if store is None:
        return DEFAULTS
    if type(store) is PolicyStore:
        return store.settings_for(symbol)
    settings_for = getattr(store, "settings_for", None)
    if settings_for is not None and isinstance(settings := settings_for(symbol), Settings):
        return settings
    get_policy = getattr(store, "get_policy", None)
    if get_policy is None:
        raise PolicyError("policy_store", store, "None or an object with get_policy(key)")
    get_policy_for = getattr(store, "get_policy_for", None) if symbol is not None else None
    given: dict[str, Any] = {}
    for name, key in KEY_OF_FIELD.items():
        value = get_policy_for(key.name, symbol) if get_policy_for is not None else None
        if value is None:
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
        if name == PREFIX.removesuffix(".") and isinstance(value, Mapping):
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
    general, at, symbol = name.partition("@")
    key = KEYS.get(general)
    if key is None:
        near = nearest_name(general, KEYS)
        raise PolicyError(name, name, "a key of the execution.* table", where=where, nearest=near)
    if at and not symbol:
        raise PolicyError(name, name, "a symbol after the @", where=where)
    if at and general in FOR_ALL_SYMBOLS:
        raise PolicyError(name, name, f"{general}, which holds for all symbols at once", where=where)
    return key
