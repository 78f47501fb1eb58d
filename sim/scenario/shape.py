"""Read from a model's annotations what may stand at a place, and say it in words a person uses.

Pydantic says where it stopped, in its own terms; these walks turn that into the place in the file (without the
tags of unions) and into an expectation such as "a number from 0 to 1".
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Discriminator, Tag
from pydantic.fields import FieldInfo

from sim.market import At
from sim.scenario.mismatch import Path

_CLOCK_RULE: Final = get_args(At)[1]
_PATTERNS: Final = {
    r"^[a-z][a-z0-9_]*$": "a name of a to z, 0 to 9 and _ that begins with a letter",
}
_SIMPLE: Final = {float: "a number", int: "a whole number", bool: "true or false"}


@dataclass(frozen=True)
class Site:
    """Hold what may stand at a place: a type without None, its constraints, a union's discriminator."""

    kind: Any
    metadata: tuple[Any, ...] = ()
    discriminator: str | None = None

    @property
    def members(self) -> list[Site]:
        """List the alternatives of a union; empty for anything else."""
        if get_origin(self.kind) in (Union, types.UnionType):
            return [site_of(member) for member in get_args(self.kind)]
        return []

    @property
    def model(self) -> type[BaseModel] | None:
        """Return the model that stands here, if one does."""
        return self.kind if isinstance(self.kind, type) and issubclass(self.kind, BaseModel) else None

    def tagged(self) -> dict[str, Site]:
        """Return the alternatives of a tagged union by tag; empty for anything else."""
        found: dict[str, Site] = {}
        for member in self.members:
            tags = [item.tag for item in member.metadata if isinstance(item, Tag)]
            if not tags and self.discriminator is not None and member.model is not None:
                field = member.model.model_fields[self.discriminator]
                tags = list(get_args(field.annotation))
            found.update(dict.fromkeys(tags, member))
        return found


def site_of(annotation: Any, metadata: tuple[Any, ...] = (), discriminator: str | None = None) -> Site:
    """Return the site of an annotation, unwrapped of Annotated and of None."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *extra = get_args(annotation)
            metadata += tuple(extra)
        elif get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation):
            others = tuple(member for member in get_args(annotation) if member is not type(None))
            annotation = Union[others]  # noqa: UP007 (built from a tuple, which | cannot)
        else:
            break
    flat: list[Any] = []
    for item in metadata:
        if isinstance(item, FieldInfo):
            flat += item.metadata
            discriminator = item.discriminator if isinstance(item.discriminator, str) else discriminator
        elif isinstance(item, Discriminator):
            # A callable discriminator has no name of its own; in this package it reads "kind".
            discriminator = item.discriminator if isinstance(item.discriminator, str) else "kind"
        else:
            flat.append(item)
    return Site(annotation, tuple(flat), discriminator)


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return a model's fields by the key a file uses."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def locate(model: type[BaseModel], loc: Path) -> tuple[Path, Site | None, type[BaseModel]]:
    """Follow pydantic's ``loc`` and return the place in the file, its site, and the model around it.

    The site is None for a key its table does not know.
    """
    path: Path = ()
    owner = model
    site: Site | None = Site(model)
    for position, element in enumerate(loc, start=1):
        if site is None:
            break
        if site.members:
            members = site.tagged() or {_label(member.kind): member for member in site.members}
            # What fits none of several plain types is expected to be any of them, not the last one tried.
            site = site if position == len(loc) else members.get(str(element), site)
            continue
        path += (element,)
        if site.model is not None:
            owner = site.model
            field = fields_of(owner).get(str(element))
            site = None if field is None else _site_of_field(field)
        else:
            arguments = get_args(site.kind)
            site = site_of(arguments[-1]) if arguments else None
    return path, site, owner


def _site_of_field(field: FieldInfo) -> Site:
    discriminator = field.discriminator if isinstance(field.discriminator, str) else None
    return site_of(field.annotation, tuple(field.metadata), discriminator)


def _label(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)


def describe(site: Site) -> str:
    """Say what is expected at a site."""
    if _CLOCK_RULE in site.metadata:
        return '"HH:MM:SS" or a number of seconds >= 0'
    if site.tagged():
        return f"a table with {site.discriminator} = {_either(site.tagged())}"
    if site.members:
        return " or ".join(describe(member) for member in site.members)
    if site.model is not None:
        return f"a table of {', '.join(fields_of(site.model))}"
    if get_origin(site.kind) is Literal:
        return f"one of {', '.join(get_args(site.kind))}"
    if get_origin(site.kind) is list:
        least = _limits(site).get("min_length")
        amount = f"a list of at least {least}" if least else "a list"
        return f"{amount}, each {describe(site_of(get_args(site.kind)[0]))}"
    if get_origin(site.kind) is dict:
        return f"a table, each entry {describe(site_of(get_args(site.kind)[1]))}"
    if site.kind is str:
        return _text(site)
    return _SIMPLE.get(site.kind, str(site.kind)) + _range(_limits(site))


def _either(names: dict[str, Site]) -> str:
    return " or ".join(f'"{name}"' for name in names)


def _text(site: Site) -> str:
    limits = _limits(site)
    pattern = limits.get("pattern")
    if pattern is not None:
        return _PATTERNS.get(pattern, f"text like {pattern}")
    return "text that is not empty" if limits.get("min_length") else "text"


def _limits(site: Site) -> dict[str, Any]:
    names = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
    found: dict[str, Any] = {}
    for item in site.metadata:
        for name in names:
            value = getattr(item, name, None)
            if value is not None:
                found[name] = value
    return found


def _range(limits: dict[str, Any]) -> str:
    if "ge" in limits and "le" in limits:
        return f" from {_plain(limits['ge'])} to {_plain(limits['le'])}"
    signs = (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"))
    parts = [f"{sign} {_plain(limits[name])}" for name, sign in signs if name in limits]
    return f" {' and '.join(parts)}" if parts else ""


def _plain(limit: float) -> str:
    return str(int(limit)) if limit == int(limit) else f"{limit:g}"
