"""Keep the journal of intents in a SQLite file, so that it survives the process.

A write returns once SQLite has it in its write-ahead log: a crash of the process loses nothing; ``durable`` also waits
for the disk, so that a crash of the machine does not either (about a millisecond a write).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping

from .errors import ExecutionError


class TradeStore(MutableMapping[str, str]):
    """Map texts to texts in a SQLite file; ``:memory:`` keeps them in memory.

    One process at a time: a second one that opens the file for writing is refused with ExecutionError.  Close it, or
    use it as a context manager.
    """

    def __init__(self, path: str | os.PathLike[str], *, durable: bool = False) -> None:
        import sqlite3  # Only a journal in a file needs it; orders must not wait for its import.

        self._path = os.fspath(path)
        try:
            self._database = sqlite3.connect(self._path, isolation_level=None, timeout=0.0)
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS journal (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
            )
        except sqlite3.Error as error:
            raise ExecutionError(f"trade store {self._path}: {error}") from error

    def __getitem__(self, name: str) -> str:
        """Return a value; KeyError where there is none."""
        row = self._database.execute("SELECT value FROM journal WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise KeyError(name)
        return str(row[0])

    def __setitem__(self, name: str, value: str) -> None:
        """Write a value."""
        self._database.execute(
            "INSERT INTO journal VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def __delitem__(self, name: str) -> None:
        """Delete a value; KeyError where there is none."""
        if not self._database.execute("DELETE FROM journal WHERE name = ?", (name,)).rowcount:
            raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        """Go through the names, in order."""
        return iter([str(row[0]) for row in self._database.execute("SELECT name FROM journal ORDER BY name")])

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM journal").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> TradeStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
