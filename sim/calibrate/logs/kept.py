"""Keep what people wrote beside a calibration: a folder is replaced only while it is as it was left."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from sim.errors import InputError
from sim.experiment.store import MANIFEST, write_json


def seal(folder: Path, command: str) -> None:
    """Write which command made ``folder``, and the sha256 of each file in it."""
    files = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    write_json(folder / MANIFEST, {"command": command, "files": files})


def refuse_changed(folder: Path) -> None:
    """Raise InputError where a sealed ``folder`` holds a file that was added or changed since.

    A scenario is edited and gets its expectations beside it; a later calibration would take both away.
    """
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        # No calibration: what else may be replaced is not said here.
        return
    for path in sorted(folder.iterdir()):
        if path.name == MANIFEST or (path.is_file() and files.get(path.name) == _digest(path)):
            continue
        expected = f"another folder: {path.name} in this one was written or changed since, and would be lost"
        raise InputError("--out", str(folder), expected)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
