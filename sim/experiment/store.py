"""Keep results in folders: parquet tables and a manifest, written beside and moved into place whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.experiment.result import Result
from sim.metrics import with_documented_words

MANIFEST = "manifest.json"
TABLES = "tables"


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
        if target.exists():
            target.rename(old)
        partial.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def refuse_foreign_folder(target: Path) -> None:
    """Raise InputError when ``target`` holds something that is not an earlier result."""
    if target.is_dir():
        if any(target.iterdir()) and not (target / MANIFEST).exists():
            raise InputError("--out", str(target), "a new folder, an empty one or an earlier result")
    elif target.exists():
        raise InputError("--out", str(target), "a folder, and this is a file")


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
    """Write JSON for people: indented, stable, one newline at the end."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_result(folder: str | Path) -> Result:
    """Load a result from its folder; raise InputError when there is none."""
    import pandas as pd

    root = Path(folder)
    try:
        manifest = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("result", str(folder), f"a folder with {MANIFEST}, as sim run writes it") from None
    except ValueError as error:
        raise InputError(str(root / MANIFEST), str(error), "valid JSON") from None
    frames = {
        path.stem: with_documented_words(path.stem, pd.read_parquet(path))
        for path in sorted((root / TABLES).glob("*.parquet"))
    }
    if "intents" not in frames:
        raise InputError(
            "result", str(folder), "a folder whose tables hold intents.parquet, as sim run writes it"
        )
    return Result(frames=frames, manifest=manifest)
