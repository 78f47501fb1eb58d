"""Keep every change of policy values in a SQLite file: when, from which file, which key, from what to what."""

from __future__ import annotations

import json
import os
import time
from typing import NamedTuple

from .errors import ExecutionError
from .policy_file import Changes
from .policy_key import PolicyValue


class PolicyChange(NamedTuple):
    """State one change; ``at_s`` is Unix time in seconds, None stands for the default."""

    at_s: float
    source: str
    key: str
    old: PolicyValue | None
    new: PolicyValue | None


class PolicyHistory:
    """Append changes to a SQLite file and read them back; raises ExecutionError for a file that cannot be used."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        import sqlite3  # Only a history needs it; orders must not wait for its import.

        try:
            self._database = sqlite3.connect(os.fspath(path), isolation_level=None)
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS policy_changes "
                "(number INTEGER PRIMARY KEY, at_s REAL, source TEXT, key TEXT, old TEXT, new TEXT)"
            )
        except sqlite3.Error as error:
            raise ExecutionError(f"policy history {os.fspath(path)}: {error}") from error

    def record(self, source: str, changes: Changes, /) -> None:
        """Append a set of changes that came into force together."""
        at_s = time.time()
        rows = [(at_s, source, key, json.dumps(old), json.dumps(new)) for key, (old, new) in changes.items()]
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT INTO policy_changes (at_s, source, key, old, new) VALUES (?, ?, ?, ?, ?)", rows
            )

    def changes(self, key: str | None = None) -> list[PolicyChange]:
        """Return the changes, oldest first; those of one full key where it is given."""
        rows = self._database.execute(
            "SELECT at_s, source, key, old, new FROM policy_changes WHERE ? IS NULL OR key = ? ORDER BY number",
            (key, key),
        )
        return [
            PolicyChange(at_s, source, name, json.loads(old), json.loads(new))
            for at_s, source, name, old, new in rows
        ]

    def close(self) -> None:
        """Close the file."""
        self._database.close()
