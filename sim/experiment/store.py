"""Keep results in folders: parquet tables and a manifest, written beside and moved into place whole."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.experiment.result import Result
from sim.metrics import COLUMNS, with_documented_words

MANIFEST = "manifest.json"
TABLES = "tables"
_RIVALS = 10
_NUMBERS = ("int64,", "Int64,", "float64,")
_KEYS: dict[str, type] = {
    "name": str,
    "scenario": str,
    "title": str,
    "story": str,
    "policy": str,
    "policy_values": dict,
    "seed": int,
    "rules": str,
    "isolation": str,
    "ended": str,
    "ended_us": int,
    "epoch_us": int,
    "intents": int,
    "requests": int,
    "unattributed": int,
    "escaped": dict,
    "errors": list,
    "path_source": dict,
    "shocks": list,
    "shock_spans_us": list,
    "data_notes": list,
    "protect_s": float,
    "trace_sha256": str,
    "command": str,
}
"""What every reader of a manifest relies on."""


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a fresh folder that becomes ``target`` only when the block succeeds.

    An earlier result at ``target`` is replaced; anything else there is refused.  Interrupted, nothing is left.
    """
    refuse_foreign_folder(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    try:
        yield partial
        _put_in_place(partial, target, old)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _put_in_place(partial: Path, target: Path, old: Path) -> None:
    """Move a whole folder to its name; of two processes that write the same result the later one stays."""
    for _ in range(_RIVALS):
        try:
            if target.exists():
                target.rename(old)
            partial.rename(target)
        except OSError as error:
            # Between the look and the move another process took the name, or freed it.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            return
    raise InputError("--out", str(target), "a folder that no other process writes at the same time")


def refuse_foreign_folder(target: Path) -> None:
    """Raise InputError when ``target`` holds something that is not an earlier result."""
    if target.is_dir():
        if any(target.iterdir()) and not _is_result(target):
            raise InputError("--out", str(target), "a new folder, an empty one or an earlier result")
    elif os.path.lexists(target):
        raise InputError("--out", str(target), "a folder, and this is a file")


def _is_result(folder: Path) -> bool:
    # Many a project has a manifest.json; only ours says which command wrote it.  An empty one is nobody's.
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return manifest == {} or (
        isinstance(manifest, dict) and str(manifest.get("command", "")).startswith("sim ")
    )


def save_tables(result: Result, folder: Path, *, csv: bool = False) -> None:
    """Write all frames as parquet (and CSV) under ``folder/tables`` and the manifest beside them."""
    tables = folder / TABLES
    tables.mkdir()
    for name, frame in result.frames.items():
        frame.to_parquet(tables / f"{name}.parquet", index=False)
        if csv:
            frame.to_csv(tables / f"{name}.csv", index=False)
    write_json(folder / MANIFEST, result.manifest)


def write_json(path: Path, value: Any) -> None:
    """Write JSON for people, whole or not at all: indented, stable, one newline at the end."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all; raises OSError."""
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """Read JSON; raises InputError when it is none, FileNotFoundError and other OSErrors when there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(str(path), str(error), "valid JSON") from None


def load_result(folder: str | Path) -> Result:
    """Load a result from its folder; raise InputError when there is none."""
    import pandas as pd

    root = Path(folder)
    try:
        manifest = read_json(root / MANIFEST)
    except FileNotFoundError:
        raise InputError("result", str(folder), f"a folder with {MANIFEST}, as sim run writes it") from None
    frames: dict[str, pd.DataFrame] = {}
    for path in sorted((root / TABLES).glob("*.parquet")):
        frame, name = pd.read_parquet(path), path.stem
        absent = [column for column in COLUMNS.get(name, ()) if column not in frame]
        if absent:
            raise InputError(str(path), list(frame.columns), f"the columns {', '.join(absent)}")
        for column, text in COLUMNS.get(name, {}).items():
            if text.startswith(_NUMBERS) and not pd.api.types.is_numeric_dtype(frame[column]):
                raise InputError(f"{path}: {column}", str(frame[column].dtype), "a column of numbers")
        frames[name] = with_documented_words(name, frame)
    missing = [f"{name}.parquet" for name in COLUMNS if name not in frames]
    if missing:
        expected = f"a folder whose tables hold {', '.join(missing)}, as sim run writes it"
        raise InputError("result", str(folder), expected)
    _refuse_odd_manifest(root / MANIFEST, manifest)
    return Result(frames=frames, manifest=manifest)


def _refuse_odd_manifest(path: Path, manifest: Any) -> None:
    if not isinstance(manifest, dict):
        raise InputError(str(path), manifest, f"a manifest that holds {', '.join(_KEYS)}")
    absent = [name for name in _KEYS if name not in manifest]
    if absent:
        raise InputError(str(path), list(manifest), f"a manifest that holds {', '.join(absent)}")
    for name, kind in _KEYS.items():
        value = manifest[name]
        fits = isinstance(value, kind | int if kind is float else kind) and not isinstance(value, bool)
        if not fits or (isinstance(value, int) and abs(value) >= 2**63):
            raise InputError(f"{path}: {name}", value, f"a value of type {kind.__name__}")
