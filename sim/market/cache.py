"""Keep parsed columns beside their meaning, so that workers map them instead of parsing again.

An entry is a ``.npy`` matrix of 8-byte columns and a ``.json`` with names, types, a checksum and what else
the loader needs.  Both are written to a temporary name and moved into place; the key is a hash of
everything the content depends on, so two writers can only write the same bytes.  An entry that cannot be
read is no entry.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.market.tables import Columns


def cache_dir() -> Path | None:
    """Return ``$SIM_CACHE_DIR``, else ``~/.cache/execution-sim``; None when there is no home either."""
    if named := os.environ.get("SIM_CACHE_DIR"):
        return Path(named)
    try:
        return Path.home() / ".cache" / "execution-sim"
    except RuntimeError:
        return None


def key_for(*parts: str) -> str:
    """Hash what an entry depends on: file hashes and names, loader version, policy."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def load(key: str) -> tuple[Columns, dict[str, Any]] | None:
    """Map an entry's columns read-only, with its details; None when there is no sound entry."""
    folder = cache_dir()
    if folder is None:
        return None
    try:
        details = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        matrix = np.load(folder / f"{key}.npy", mmap_mode="r", allow_pickle=False)
        if _checksum(matrix) != details["crc32"]:
            return None
        # A plain array over the map: the subclass np.memmap makes every later scalar access slower.
        plain = np.asarray(matrix).view(np.ndarray)
        columns = {
            name: plain[row].view(np.dtype(kind)) for row, (name, kind) in enumerate(details["columns"])
        }
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    return columns, details


def save(key: str, columns: Columns, details: dict[str, Any]) -> None:
    """Write an entry; a folder that cannot be written only costs the next run its time."""
    folder = cache_dir()
    if folder is None:
        return
    matrix = np.stack([values.view(np.int64) for values in columns.values()])
    named = [[name, values.dtype.str] for name, values in columns.items()]
    text = json.dumps({**details, "columns": named, "crc32": _checksum(matrix)}, sort_keys=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"{key}.npy", matrix)
        _write(folder / f"{key}.json", text)
    except OSError:
        return


def _checksum(matrix: npt.NDArray[Any]) -> int:
    return zlib.crc32(matrix.data)


def _write(path: Path, content: npt.NDArray[Any] | str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as stream:
            if isinstance(content, str):
                stream.write(content.encode())
            else:
                np.save(stream, content, allow_pickle=False)
        os.replace(temporary, path)
    except BaseException:
        # Whatever interrupts the write, cancellation included, leaves no half file behind.
        Path(temporary).unlink(missing_ok=True)
        raise
