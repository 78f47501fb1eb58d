"""Describe what ships: scenarios with their stories, kinds of fault with their parameters, the schema of a file.

Everything is read from where it is declared — the files, the models, their docstrings — so that no list can differ
from what runs.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sim.errors import unknown_name

if TYPE_CHECKING:
    from sim.faults import FaultSpec

SCHEMA_DIALECT: Final = "http://json-schema.org/draft-07/schema#"
"""What taplo and Even Better TOML read."""

_SENTENCE: Final = re.compile(r"(?<=[.:;])\s+")


class ScenarioRow(NamedTuple):
    """State one shipped scenario; ``skipped`` says why it cannot run here, "" if it can."""

    name: str
    title: str
    story: str
    policies: list[str]
    seeds: list[int]
    skipped: str


class FaultRow(NamedTuple):
    """State one kind of fault: what the file calls it, its story in one line, where it acts, an example."""

    kind: str
    story: str
    details: str
    example: str


class Parameter(NamedTuple):
    """State one key of a table: its path in the table, what may stand there, what stands there by default."""

    key: str
    expected: str
    default: str


def scenario_rows() -> list[ScenarioRow]:
    """List the shipped scenarios by name; raises :class:`sim.InputError` for a file that cannot be used."""
    from sim.scenario import scenario_names
    from sim.scenario.shared import read_shipped, why_skipped

    rows = []
    for name in scenario_names():
        data = read_shipped(name)
        check = data.get("check", {})
        rows.append(
            ScenarioRow(
                name,
                str(data.get("title", "")),
                " ".join(str(data.get("story", "")).split()),
                list(check.get("policies", ["d7"])),
                list(check.get("seeds", [1])),
                why_skipped(name) or "",
            )
        )
    return rows


def fault_rows() -> list[FaultRow]:
    """List the kinds of fault in the order of their table."""
    from sim.faults import KINDS

    return [_fault_row(kind, spec) for kind, spec in KINDS.items()]


def fault_row(kind: str) -> FaultRow:
    """Return one kind of fault; raises :class:`sim.InputError` naming the nearest kind for an unknown one."""
    from sim.faults import KINDS

    if kind not in KINDS:
        raise unknown_name("NAME", kind, "a kind of fault", KINDS)
    return _fault_row(kind, KINDS[kind])


def fault_parameters(kind: str) -> list[Parameter]:
    """List what a fault of this kind may state, those of its own first; raises :class:`sim.InputError`."""
    from sim.faults import KINDS, FaultSpec

    if kind not in KINDS:
        raise unknown_name("NAME", kind, "a kind of fault", KINDS)
    schema = plain_schema(KINDS[kind].model_json_schema(by_alias=True))
    found = list(_parameters(schema, schema.get("$defs", {}), ""))
    shared = set(FaultSpec.model_fields)
    return sorted(found, key=lambda item: item.key.partition(".")[0] in shared)


def scenario_schema() -> dict[str, Any]:
    """Return the JSON schema of a scenario file: what an editor needs to complete, explain and refuse keys."""
    from sim.scenario.spec import Scenario

    schema = plain_schema(Scenario.model_json_schema(by_alias=True))
    return {"$schema": SCHEMA_DIALECT, **schema, "title": "A scenario of sim"}


def plain_schema(schema: Any) -> Any:
    """Return a schema as TOML has it: without null, and each key with the sentences that speak of it."""
    if isinstance(schema, list):
        return [plain_schema(item) for item in schema if item != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    found = {key: plain_schema(value) for key, value in schema.items() if not _says_null(key, value)}
    alternatives = found.get("anyOf")
    if isinstance(alternatives, list) and len(alternatives) == 1:
        del found["anyOf"]
        found = {**alternatives[0], **found}
    text, properties = found.get("description"), found.get("properties")
    if isinstance(text, str) and isinstance(properties, dict):
        for name, value in properties.items():
            told = _told_of(name, text)
            if told and isinstance(value, dict) and "description" not in value:
                value["description"] = told
    return found


def _says_null(key: str, value: object) -> bool:
    return key == "default" and value is None


def _told_of(name: str, text: str) -> str:
    flat = " ".join(text.split())
    return " ".join(part for part in _SENTENCE.split(flat) if f"``{name}``" in part).replace("``", "`")


def _fault_row(kind: str, spec: type[FaultSpec]) -> FaultRow:
    story, _, details = inspect.cleandoc(spec.__doc__ or "").partition("\n")
    return FaultRow(kind, story.replace("``", "`"), details.strip().replace("``", "`"), _example(spec))


def _example(spec: type[FaultSpec]) -> str:
    return inspect.cleandoc(str(getattr(spec, "example", "")))


def _parameters(schema: dict[str, Any], definitions: dict[str, Any], prefix: str) -> Iterator[Parameter]:
    required = set(schema.get("required", ()))
    for name, stated in schema.get("properties", {}).items():
        own = _resolved(stated, definitions)
        if "properties" in own:
            yield from _parameters(own, definitions, f"{prefix}{name}.")
        elif name in required:
            yield Parameter(prefix + name, expectation(own, definitions), "(needed)")
        else:
            default = stated.get("default")
            yield Parameter(prefix + name, expectation(own, definitions), _shown(default))


def _shown(default: object) -> str:
    if default is None:
        return "(none)"
    if isinstance(default, bool):
        return str(default).lower()
    return f'"{default}"' if isinstance(default, str) else str(default)


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return definitions[reference.rpartition("/")[2]] if isinstance(reference, str) else schema


def expectation(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Say in words what a schema accepts: a kind of value and its range, or the words to choose from."""
    schema = _resolved(schema, definitions)
    if "const" in schema:
        return _shown(schema["const"])
    if "enum" in schema:
        return ", ".join(_shown(value) for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            # A table of several shapes is one thing to whoever writes it.
            return " or ".join(dict.fromkeys(expectation(item, definitions) for item in schema[word]))
    kind = schema.get("type")
    if kind in ("number", "integer"):
        return ("a number" if kind == "number" else "a whole number") + _range(schema)
    if kind == "array":
        return f"a list of {expectation(schema.get('items', {}), definitions)}"
    plain = {"boolean": "true, false", "string": "text", "object": "a table"}
    return plain.get(str(kind), "any value")


def _range(schema: dict[str, Any]) -> str:
    words = []
    for key, sign in (
        ("minimum", ">="),
        ("exclusiveMinimum", ">"),
        ("maximum", "<="),
        ("exclusiveMaximum", "<"),
    ):
        if key in schema:
            words.append(f"{sign} {schema[key]:g}")
    return f", {', '.join(words)}" if words else ""
