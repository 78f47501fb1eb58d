"""Read which mutants are known to change nothing that matters, each with its reason (``survivors.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalent:
    """Name a mutant by its file, the source line without indentation, and the change; lines move, their text stays."""

    file: str
    code: str
    change: str
    reason: str


def known_equivalents(path: Path = LIST) -> tuple[Equivalent, ...]:
    """Return the listed mutants; raises TypeError for an entry with a missing or an unknown key."""
    return tuple(
        Equivalent(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["equivalent"]
    )


def is_known(file: str, code: str, change: str, known: tuple[Equivalent, ...]) -> bool:
    """Tell whether a mutant is listed."""
    return any((one.file, one.code, one.change) == (file, code.strip(), change) for one in known)
