"""Turn pydantic's refusals into this project's one-line errors.

Validators of the composed models speak in sentences; :data:`_SENTENCES` lists their forms, so that each still
ends as "given …, expected …".  A sentence of another form is shown whole, as the expectation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sim.errors import InputError, nearest
from sim.scenario.mismatch import NOTHING, Mismatch, Path, Words, dotted
from sim.scenario.shape import Site, describe, fields_of, locate

_SENTENCES: Final = tuple(
    (re.compile(pattern), form)
    for pattern, form in (
        (r"^(?:(?P<why>[^:]*): )?(?P<key>\w+)=(?P<given>\S+) must be (?P<expected>.+)$", "{expected}"),
        (r"^must be (?P<expected>.+)$", "{expected}"),
        (r"^(?P<given>.+?) must (?:be |stay )?(?P<expected>.+)$", "{expected}"),
        (r"^(?P<given>\w+ ?= ?\S+) needs (?P<expected>.+)$", "{expected} beside it"),
        (
            r"^(?P<key>\w+) ?= ?(?P<given>\S+) belongs to (?P<expected>.+)$",
            "no {key}, which belongs to {expected}",
        ),
        (r"^(?P<given>\w+=\S+) (?P<why>[^:]*): state (?P<expected>.+)$", "{expected} beside it"),
        (r"^give (?P<expected>.+) \(given: (?P<given>.+)\)$", "{expected}"),
    )
)


class Finding:
    """Hold one problem before it is told where in the file it stands."""

    __slots__ = ("expected", "given", "near", "path")

    def __init__(self, path: Path, given: object, expected: str, near: str | None = None) -> None:
        self.path = path
        self.given = given
        self.expected = expected
        self.near = near

    def error(self, place: Callable[[Path], str]) -> InputError:
        """Return the error, its place written by ``place``."""
        given = self.given
        if isinstance(given, bool):
            given = Words("true" if given else "false")
        return InputError(place(self.path), given, self.expected, self.near)


def findings(refusal: ValidationError, model: type[BaseModel]) -> list[Finding]:
    """Return one finding for each place ``refusal`` complains about."""
    found: dict[Path, Finding] = {}
    for details in refusal.errors(include_url=False):
        finding = _finding(details, model)
        found.setdefault(finding.path, finding)
    # One misspelt key is two refusals to pydantic, unknown and missing; one line says both.
    misspelt = {(*path[:-1], finding.near) for path, finding in found.items() if finding.near and path}
    # A value that fits no alternative of a union is refused once as a whole and once inside; inside says more.
    around = {path[:length] for path in found for length in range(len(path))}
    return [
        finding
        for path, finding in found.items()
        if path not in around and not (finding.given is NOTHING and path in misspelt)
    ]


def not_finite(data: Any, path: Path = ()) -> Iterator[Finding]:
    """Find numbers that are not finite: TOML allows them, no value of a scenario means one."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from not_finite(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from not_finite(value, (*path, index))
    elif isinstance(data, float) and not -1.8e308 < data < 1.8e308:
        yield Finding(path, data, "a finite number")


def _finding(details: ErrorDetails, model: type[BaseModel]) -> Finding:
    path, site, owner = locate(model, details["loc"])
    kind, given = details["type"], details["input"]
    if site is None:
        return _unknown_key(path, owner)
    if kind == "missing":
        return Finding(path, NOTHING, describe(site))
    if kind.startswith("union_tag"):
        return _wrong_tag(path, given, site)
    if kind == "value_error":
        return _sentence(path, given, details["ctx"]["error"])
    names = describe(site).removeprefix("one of ").split(", ") if kind == "literal_error" else []
    return Finding(path, given, describe(site), nearest(str(given), names))


def _unknown_key(path: Path, owner: type[BaseModel]) -> Finding:
    keys = sorted(fields_of(owner))
    table = dotted(path[:-1]) or "the file"
    return Finding(path, path[-1], f"a key of {table}: {', '.join(keys)}", nearest(str(path[-1]), keys))


def _wrong_tag(path: Path, given: Any, site: Site) -> Finding:
    key = site.discriminator or "kind"
    names = list(site.tagged())
    if not isinstance(given, dict):
        return Finding(path, given, describe(site))
    tag = given.get(key, NOTHING)
    near = nearest(tag, names) if isinstance(tag, str) and tag is not NOTHING else None
    expected = f"one of {', '.join(names)}"
    if "code" in names:
        # A fault with a code needs no kind, so whoever gave neither hears of both.
        expected += " (which needs no kind: code = -1001 says it)"
    return Finding((*path, key), tag, expected, near)


def _sentence(path: Path, given: Any, error: Exception) -> Finding:
    if isinstance(error, Mismatch):
        return Finding(path + error.path, error.given, error.expected, error.nearest)
    text = str(error)
    for pattern, form in _SENTENCES:
        match = pattern.match(text)
        if match is None:
            continue
        parts = match.groupdict()
        expected = form.format(**parts)
        if parts.get("why"):
            expected += f", as {'it ' if 'key' not in parts else ''}{parts['why']}"
        names = re.match(r"one of ((?:[\w-]+, )+[\w-]+)", expected)
        shown = parts.get("given")
        near = nearest(shown.strip("'"), names[1].split(", ")) if names and shown and "'" in shown else None
        where = (*path, parts["key"]) if parts.get("key") else path
        return Finding(where, Words(shown) if shown else given, expected, near)
    return Finding(path, given, text)
