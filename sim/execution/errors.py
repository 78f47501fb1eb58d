"""Hold the exceptions this package raises on purpose, so that a caller can tell them from a client's.

    ExecutionError
    ├── PolicyError        a policy value cannot be used; nothing was sent
    ├── HeldBack           the limiter would have held an entry back for too long; it was not sent
    ├── PriceUnavailable   the venue gave no usable price; nothing was sent
    └── UnknownSymbol      the venue does not list the symbol; nothing was sent

What happened to an order is never an exception: it is an ``OrderResult``.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable

_shorten = reprlib.Repr()
_shorten.maxother = _shorten.maxstring = 80


class ExecutionError(Exception):
    """Base of every error this package raises on purpose."""


class PolicyError(ExecutionError, ValueError):
    """Report a policy value that cannot be used.

    ``where`` names the file or store, ``key`` the full key, ``nearest`` the closest valid key when the key
    itself is unknown.
    """

    def __init__(
        self, key: str, given: object, expected: str, *, where: str = "", nearest: str | None = None
    ) -> None:
        self.key = key
        self.given = given
        self.expected = expected
        self.where = where
        self.nearest = nearest
        place = f"{where}: {key}" if where else key
        hint = f" (did you mean {nearest!r}?)" if nearest else ""
        super().__init__(f"{place}: given {_shorten.repr(given)}, expected {expected}{hint}")

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the parts: the default would hand the sentence over as the key."""
        return _policy_error, (self.key, self.given, self.expected, self.where, self.nearest)


class HeldBack(ExecutionError):
    """Report that a request was not sent, since the limiter would have held it back for too long."""


class PriceUnavailable(ExecutionError):
    """Report that a price look-up answered without a finite price above zero."""


class UnknownSymbol(ExecutionError, ValueError):
    """Report a symbol that the venue's exchange information does not list."""


def nearest_name(name: str, valid: Iterable[str]) -> str | None:
    """Return the valid name closest to ``name``, or None when none is close."""
    import difflib  # Only a misspelt name needs it; importing it costs every start of the process.

    found = difflib.get_close_matches(name, sorted(valid), n=1, cutoff=0.5)
    return found[0] if found else None


def _policy_error(key: str, given: object, expected: str, where: str, nearest: str | None) -> PolicyError:
    return PolicyError(key, given, expected, where=where, nearest=nearest)
