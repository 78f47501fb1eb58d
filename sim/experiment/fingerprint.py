"""Say what a result was made from: hashes of code and data, versions of what computes numbers."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import sim

_LIBRARIES = ("numpy", "pandas", "scipy", "simpy", "pydantic")


@cache
def code_sha256() -> str:
    """Hash all Python and TOML files of the package, by relative name and content."""
    root = Path(sim.__file__).parent
    total = hashlib.sha256()
    for path in sorted([*root.rglob("*.py"), *root.glob("policies/*.toml")]):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and the libraries that numbers depend on."""
    return {"python": platform.python_version(), **dict(_library_versions())}


@cache
def _library_versions() -> tuple[tuple[str, str], ...]:
    # Each is a search through the installed packages: half a millisecond.
    return tuple((name, version(name)) for name in _LIBRARIES)
