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
SHARED: Final = "shared:"
KLINES_VARIABLE: Final = "SIM_KLINES"
DEEPEST: Final = 50
"""Tables and lists nested deeper than this are refused: nothing here is, and readers recurse."""

_SYNTAX: Final = re.compile(r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


def scenario_dir() -> Path:
    """Return the directory of the shipped scenarios: in the wheel, else in the checkout."""
    package = Path(sim.__file__).parent
    inside = package / "_scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def shared_dir() -> Path:
    """Return the folder of recordings that ``shared:`` references count from, whether or not it is there.

    It is ``$SIM_KLINES``, else ``shared/klines`` beside the checkout.
    """
    given = os.environ.get(KLINES_VARIABLE, "")
    return Path(given) if given else Path(sim.__file__).resolve().parent.parent.parent / "shared" / "klines"


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
    path = written_path(kind, given)
    file = path if base_dir is None else base_dir / path
    if not is_file(kind, file):
        close = neighbour(given, base_dir or Path()) or nearest(path.stem, names)
        raise InputError(kind, given, f"an existing file, or a shipped {kind}: {', '.join(names)}", close)
    return file


def written_path(where: str, given: str | os.PathLike[str]) -> Path:
    """Return a path as somebody wrote it, ``~`` put in full; raises :class:`InputError` for nobody's home."""
    try:
        return Path(given).expanduser()
    except RuntimeError as error:
        raise InputError(where, os.fspath(given), "a path whose ~ names the home of a user") from error


def is_file(where: str, path: Path) -> bool:
    """Tell whether there is a file; raises :class:`InputError` when the system does not even let one look."""
    try:
        return path.is_file()
    except OSError as error:
        # A name that is too long, a folder that may not be entered.
        raise InputError(where, str(path), f"a path that can be looked at ({error.strerror})") from error


def leads_to_file(path: str | Path) -> bool:
    """Tell whether there is a file, no also where nobody may look: its place in a scenario is named then."""
    try:
        return Path(path).is_file()
    except OSError:
        return False


def neighbour(given: str, base_dir: Path) -> str | None:
    """Return the path beside ``given`` whose name comes closest to it, or None."""
    path = Path(given)
    try:
        # What stands there under the very name is of no use, or nobody would ask: a folder, a broken link.
        names = [entry.name for entry in (base_dir / path.expanduser().parent).iterdir()]
    except (OSError, RuntimeError, ValueError):
        return None
    close = nearest(path.name, [name for name in names if name != path.name])
    return str(path.with_name(close)) if close else None


def shown_path(file: Path) -> str:
    """Return how messages call a file: relative to the working directory where it lies inside."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(file)


def resolve(reference: str, base_dir: Path) -> str:
    """Return a reference as ``sim.market`` takes it: embedded names as they are, paths from ``base_dir``.

    ``shared:PATH`` counts from :func:`shared_dir`.
    """
    if reference.startswith(EMBEDDED):
        return reference
    if reference.startswith(SHARED):
        return str(shared_dir() / reference.removeprefix(SHARED))
    try:
        return str(base_dir / Path(reference).expanduser())
    except RuntimeError:
        # Nobody's home: left as it is, it leads to no file and is refused as such, in its place.
        return str(base_dir / reference)


def read_text(file: Path, shown: str) -> str:
    """Read a file people wrote; raises :class:`InputError` when it cannot be read as UTF-8 text."""
    try:
        text = read_bytes(file, shown).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(shown, error.object[error.start : error.end], "UTF-8 text") from error
    # Every system's ends of line are one, as in text files everywhere.
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_bytes(file: Path, shown: str) -> bytes:
    """Read a file people wrote; raises :class:`InputError` when it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(shown, error.strerror, "a readable file") from error


def parse_toml(text: str, shown: str) -> dict[str, Any]:
    """Parse TOML; raises :class:`InputError` with the line of a syntax error."""
    try:
        return read_toml(text)
    except ValueError as error:
        match = _SYNTAX.match(str(error))
        if match is None:
            raise InputError(shown, "this file", f"valid TOML: {error}") from error
        rows = text.split("\n")
        line = int(match["line"]) if match["line"] else len(rows)
        raise InputError(f"{shown}:{line}", rows[line - 1].strip(), f"valid TOML: {match['what']}") from error


def read_toml(text: str) -> dict[str, Any]:
    """Parse TOML; raises ValueError for a syntax error, a number of thousands of digits and nesting without end."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:
        raise ValueError("a number has too many digits") from error
    except RecursionError as error:
        raise ValueError(f"tables or lists are nested deeper than {DEEPEST}") from error
    level: list[Any] = [found]
    for _ in range(DEEPEST):
        level = [inner for item in level for inner in _inside(item)]
    if level:
        raise ValueError(f"tables or lists are nested deeper than {DEEPEST}")
    return found


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
