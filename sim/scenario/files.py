"""Read the TOML files people write, and name them in messages the way people gave them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import sim
from sim.errors import InputError, nearest, unknown_name

EMBEDDED: Final = "embedded:"
_SYNTAX: Final = re.compile(r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


def scenario_dir() -> Path:
    """Return the directory of the shipped scenarios: in the wheel, else in the checkout."""
    package = Path(sim.__file__).parent
    inside = package / "_scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def policy_dir() -> Path:
    """Return the directory of the shipped policies."""
    return Path(sim.__file__).parent / "policies"


def names_in(directory: Path) -> list[str]:
    """List the names of the TOML files in a directory."""
    return sorted(path.stem for path in directory.glob("*.toml"))


def find_toml(given: str, kind: str, shipped: Path, base_dir: Path | None = None) -> Path:
    """Return the file of a shipped name, or of a path (which ends in .toml or has a separator).

    ``kind`` is what messages call it; relative paths count from ``base_dir`` (default: the working directory).
    Raises :class:`InputError` naming the nearest file or name.
    """
    names = names_in(shipped)
    if not (given.endswith(".toml") or "/" in given or os.sep in given):
        if given not in names:
            raise unknown_name(kind, given, f"a shipped {kind} or a path to a .toml file", names)
        return shipped / f"{given}.toml"
    path = Path(given).expanduser()
    file = path if base_dir is None else base_dir / path
    if not file.is_file():
        close = neighbour(given, base_dir or Path()) or nearest(path.stem, names)
        raise InputError(kind, given, f"an existing file, or a shipped {kind}: {', '.join(names)}", close)
    return file


def neighbour(given: str, base_dir: Path) -> str | None:
    """Return the path beside ``given`` whose name comes closest to it, or None."""
    path = Path(given).expanduser()
    folder = base_dir / path.parent
    close = nearest(path.name, _names(folder.iterdir())) if folder.is_dir() else None
    return str(path.with_name(close)) if close else None


def _names(entries: Iterable[Path]) -> list[str]:
    return [entry.name for entry in entries]


def shown_path(file: Path) -> str:
    """Return how messages call a file: relative to the working directory where it lies inside."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(file)


def resolve(reference: str, base_dir: Path) -> str:
    """Return a reference as ``sim.market`` takes it: embedded names as they are, paths from ``base_dir``."""
    if reference.startswith(EMBEDDED):
        return reference
    return str(base_dir / Path(reference).expanduser())


def read_text(file: Path, shown: str) -> str:
    """Read a file people wrote; raises :class:`InputError` when it cannot be read as UTF-8 text."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(shown, error.strerror, "a readable file") from error
    except UnicodeDecodeError as error:
        raise InputError(shown, error.object[error.start : error.end], "UTF-8 text") from error


def parse_toml(text: str, shown: str) -> dict[str, Any]:
    """Parse TOML; raises :class:`InputError` with the line of a syntax error."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _SYNTAX.match(str(error))
        rows = text.split("\n")
        line = int(match["line"]) if match and match["line"] else len(rows)
        what = match["what"] if match else str(error)
        raise InputError(f"{shown}:{line}", rows[line - 1].strip(), f"valid TOML: {what}") from error
