"""Say in one line each what cannot be used: this project's errors and those of the parser of options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import typer

from sim.errors import InputError, nearest

USAGE_ERRORS: Final[type[Exception]] = [
    kind for kind in typer.BadParameter.__mro__ if hasattr(kind, "format_message")
][-1]
"""The base of the parser's own refusals; typer exports only this descendant of it by name."""


def error_lines(error: Exception) -> Iterator[str]:
    """Yield one line for each thing ``error`` complains about."""
    if isinstance(error, InputError):
        # A file with several unusable values comes as one error that holds the single ones.
        for single in getattr(error, "errors", (error,)):
            yield _one_line(str(single))
    else:
        yield _usage_line(error)


def _usage_line(error: Any) -> str:
    option = getattr(error, "option_name", None)
    possible = getattr(error, "possibilities", None)
    if option and possible is not None:
        close = nearest(option, possible)
        hint = f" (did you mean {close!r}?)" if close else ""
        text = f"{option}: no such option{hint}"
    elif option and possible is None and "such option" in error.message:
        text = f"{option}: no such option"
    else:
        text = error.format_message()
        text = text[:1].lower() + text[1:].rstrip(".")
    context = getattr(error, "ctx", None)
    command = f"; {context.command_path} --help says more" if context is not None else ""
    return _one_line(text + command)


def _one_line(text: str) -> str:
    return " ".join(text.split())
