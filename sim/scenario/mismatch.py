"""Hold the two shapes in which this room says that a written value cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from sim.errors import InputError

Path = tuple[str | int, ...]
"""A place in a file: keys and list positions from the top."""


class InputErrors(InputError):
    """Report several unusable values at once; ``errors`` holds them in the order of the file.

    The text has one line for each.  ``where``, ``given``, ``expected`` and ``nearest`` are the first one's.
    """

    def __init__(self, errors: Sequence[InputError]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        super().__init__(first.where, first.given, first.expected, first.nearest)
        self.args = ("\n".join(str(error) for error in self.errors),)

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the single errors: the default would hand the text over as their list."""
        return InputErrors, (self.errors,)


def raise_together(errors: Sequence[InputError]) -> NoReturn:
    """Raise one error as itself and several as :class:`InputErrors`."""
    if len(errors) == 1:
        raise errors[0]
    raise InputErrors(errors)


class Mismatch(ValueError):
    """Say from inside a validator which value is wrong: ``path`` counts from the model that is validated."""

    def __init__(self, path: Path, given: object, expected: str, nearest: str | None = None) -> None:
        super().__init__(f"{dotted(path)}={given!r} must be {expected}")
        self.path = path
        self.given = given
        self.expected = expected
        self.nearest = nearest


class Words(str):
    """Hold text that a message shows without quotes: it describes a value rather than being one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


NOTHING = Words("nothing")


def dotted(path: Path) -> str:
    """Write a place as ``faults[0].how.rate``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
