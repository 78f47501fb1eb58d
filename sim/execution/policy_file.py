"""Follow a policy file while the process runs: a change holds from the next placement on, a broken one changes nothing.

Write a new file beside the old one and rename it over: the store looks at the file's identity, size and time of change
whenever settings are asked for, and never sees half a file that way.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any, Protocol

from .errors import PolicyError
from .policy_key import PolicyValue
from .policy_keys import Settings
from .policy_store import PolicyStore, load_policy

_logger = logging.getLogger(__name__)

Changes = Mapping[str, tuple[PolicyValue | None, PolicyValue | None]]
"""Old and new value by full key; None where the default applied or applies."""


class SupportsRecord(Protocol):
    """Describe what keeps the history of changes, :class:`sim.execution.policy_history.PolicyHistory` for one."""

    def record(self, source: str, changes: Changes, /) -> None:
        """Keep a set of changes that came into force together."""


class FilePolicyStore:
    """Keep the values of a TOML file and take in a new one whenever the file changes.

    Raises PolicyError (or OSError) when the file cannot be used at the start; later such a file is reported by one log
    line, and the values stay.  ``history`` is told of the first values and of every change.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        history: SupportsRecord | None = None,
        logger_instance: Any = None,
    ) -> None:
        self._path = os.fspath(path)
        self._history = history
        self._logger = logger_instance or _logger
        self._seen = self._identity()
        self._store = PolicyStore()
        self._take(load_policy(self._path))

    @property
    def store(self) -> PolicyStore:
        """Return the values in force, after a look at the file."""
        try:
            seen = self._identity()
        except OSError as error:
            if self._seen != ():
                self._seen = ()
                self._logger.error(f"[POLICY] {self._path}: {error}; the old values stay")
            return self._store
        if seen != self._seen:
            self._seen = seen
            try:
                self._take(load_policy(self._path))
            except (PolicyError, OSError) as error:
                self._logger.error(f"[POLICY] {self._path} cannot be used: {error}; the old values stay")
        return self._store

    @property
    def settings(self) -> Settings:
        """Return one value for every key, defaults filled in."""
        return self.store.settings

    def settings_for(self, symbol: str | None) -> Settings:
        """Return one value for every key as it holds for a symbol."""
        return self.store.settings_for(symbol)

    def get_policy(self, key: str, /) -> PolicyValue | None:
        """Return the value given for ``key``, or None when the default applies."""
        return self.store.get_policy(key)

    def _take(self, new: PolicyStore) -> None:
        old, self._store = self._store, new
        names = [*old.values, *(name for name in new.values if name not in old.values)]
        changes = {
            name: (old.values.get(name), new.values.get(name))
            for name in names
            if old.values.get(name) != new.values.get(name)
        }
        if not changes:
            return
        if self._history is not None:
            self._history.record(self._path, changes)
        self._logger.info(f"[POLICY] {self._path}: {len(changes)} values changed")

    def _identity(self) -> tuple[int, ...]:
        state = os.stat(self._path)
        return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns
