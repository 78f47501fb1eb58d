"""Hold the errors a person can cause, so that every edge speaks with one voice.

An :class:`InputError` always says where the value stands, what was given, what was expected and, where a
name was misspelt, the nearest valid one.  The command line prints it as one line and exits with status 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SimError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(SimError):
    """Report a value somebody wrote that cannot be used.

    ``where`` is the path to the value (``scenario.toml:12: faults[0].how.rate``, a file and row, an option).
    """

    def __init__(self, where: str, given: object, expected: str, nearest: str | None = None) -> None:
        self.where = where
        self.given = given
        self.expected = expected
        self.nearest = nearest
        hint = f" (did you mean {nearest!r}?)" if nearest else ""
        super().__init__(f"{where}: given {shorten(given)}, expected {expected}{hint}")

    def __reduce__(self) -> tuple[object, ...]:
        # An error raised in a worker process must survive the way back; the given value may not, its text does.
        return _rebuilt, (self.where, shorten(self.given), self.expected, self.nearest)


class _Shown(str):
    """Hold a value's text, shown as it is and not quoted once more."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _rebuilt(where: str, shown: str, expected: str, nearest: str | None) -> InputError:
    return InputError(where, _Shown(shown), expected, nearest)


def shorten(value: object, limit: int = 80) -> str:
    """Show a value on one line of at most ``limit`` characters."""
    text = repr(value).replace("\n", "\\n")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """Return the valid name closest to ``name``, or None when none is close."""
    found = difflib.get_close_matches(name, sorted(valid), n=1, cutoff=0.5)
    return found[0] if found else None


def unknown_name(where: str, given: str, kind: str, valid: Iterable[str]) -> InputError:
    """Build the error for a name that is not in a table of valid names."""
    names = sorted(valid)
    return InputError(where, given, f"{kind}: one of {', '.join(names)}", nearest(given, names))
