"""Read log lines of another shape: by regular expressions with named groups, or by fields of JSON lines.

``--regex FILE.toml`` holds ``[[event]]`` tables, each a ``kind`` and a ``regex`` whose named groups are those of
:data:`GROUPS`; ``--json-lines FILE.toml`` says which field holds what.  A kind is one of
:data:`sim.calibrate.logs.said.KINDS`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.calibrate.logs.prefix import Prefix, prefix_of, time_of
from sim.calibrate.logs.said import EXECUTOR, GUARD, KINDS, Said, said
from sim.errors import InputError, unknown_name

_PREFIX: Final = ("time", "process", "intent")
_TEXTS: Final = ("symbol", "role", "message", "order_id", "side", "state")
_NUMBERS: Final = ("delay_s", "duration_s", "old", "new")
GROUPS: Final = (*_PREFIX, *_TEXTS, *_NUMBERS, "attempt", "code", "accepted", "deviation")
"""What a declared line may name, as a group or as a field."""
_LARGEST: Final = 1e9
_LATEST_US: Final = 4e15
"""In 2096: later times are damage."""
_NO: Final = frozenset({"", "0", "false", "no", "none", "null", "rejected", "refused"})


class Heard(NamedTuple):
    """Hold one line that tells of an event: its prefix, and what it says."""

    prefix: Prefix
    said: Said


Line = Callable[[str], "Heard | str"]
"""Reads one line: what it tells, "" when it is none of the executor's, else why it was refused."""


def document_line(zone: ZoneInfo) -> Line:
    """Return the reader of the seed document's lines behind any usual prefix."""

    def read(text: str) -> Heard | str:
        at = text.find("[SAFE")
        if at < 0:
            return ""
        told = said(text[at:])
        if told is None:
            whole = text.startswith((EXECUTOR, GUARD), at)
            return "damaged: none of the document's lines" if whole else "tag cut off"
        before = prefix_of(text[:at], zone)
        return "no readable time" if before is None else Heard(before, told)

    return read


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


_Model = TypeVar("_Model", bound=BaseModel)


class _RegexEvent(_Strict):
    kind: str
    regex: str


class _RegexFile(_Strict):
    event: list[_RegexEvent] = Field(min_length=1)


class _JsonEvent(_Strict):
    kind: str
    when: dict[str, str | int | bool]
    fields: dict[str, str] = {}


class _JsonFile(_Strict):
    time: str
    time_unit: Literal["iso", "s", "ms", "us"] = "iso"
    message: str | None = None
    process: str | None = None
    intent: str | None = None
    event: list[_JsonEvent] = []


def regex_line(file: Path, zone: ZoneInfo) -> Line:
    """Return the reader a file of regular expressions declares; raises InputError for one that is unusable."""
    events = []
    for index, event in enumerate(_load(file, _RegexFile).event):
        where = f"{file}: event[{index}]"
        _check_kind(where, event.kind)
        try:
            pattern = re.compile(event.regex)
        except re.error as error:
            raise InputError(
                f"{where}.regex", event.regex, f"a regular expression of Python ({error})"
            ) from error
        _check_names(f"{where}.regex", pattern.groupindex)
        events.append((event.kind, pattern, "time" in pattern.groupindex))

    def read(text: str) -> Heard | str:
        for kind, pattern, has_time in events:
            match = pattern.search(text)
            if match is None:
                continue
            values = {name: value for name, value in match.groupdict().items() if value is not None}
            before = prefix_of(values["time"] if has_time and "time" in values else text, zone)
            return _heard(kind, values, before)
        return ""

    return read


def json_line(file: Path, zone: ZoneInfo) -> Line:
    """Return the reader a mapping of JSON fields declares; raises InputError for one that is unusable.

    ``message`` names a field that holds the document's own line; ``event`` tables map other records.
    """
    mapping = _load(file, _JsonFile)
    for index, event in enumerate(mapping.event):
        where = f"{file}: event[{index}]"
        _check_kind(where, event.kind)
        _check_names(f"{where}.fields", event.fields)
    if mapping.message is None and not mapping.event:
        raise InputError(str(file), "no message and no event", "message = FIELD, or [[event]] tables")

    def read(text: str) -> Heard | str:
        try:
            record = json.loads(text)
        except ValueError:
            return "damaged: no JSON" if text.lstrip()[:1] == "{" else ""
        if not isinstance(record, dict):
            return ""
        at = _json_time(_at(record, mapping.time), mapping.time_unit, zone)
        process, intent = (
            str(_at(record, name) or "") if name else "" for name in (mapping.process, mapping.intent)
        )
        before = None if at is None else Prefix(at[0], at[1], process, intent)
        for event in mapping.event:
            if all(_at(record, name) == value for name, value in event.when.items()):
                values = {name: _at(record, path) for name, path in event.fields.items()}
                return _heard(
                    event.kind, {name: value for name, value in values.items() if value is not None}, before
                )
        message = _at(record, mapping.message) if mapping.message else None
        if not isinstance(message, str) or (start := message.find("[SAFE")) < 0:
            return ""
        told = said(message[start:])
        if told is None:
            return "damaged: none of the document's lines"
        return "no readable time" if before is None else Heard(before, told)

    return read


def _heard(kind: str, values: Mapping[str, Any], before: Prefix | None) -> Heard | str:
    if before is None:
        return "no readable time"
    if "process" in values or "intent" in values:
        before = before._replace(
            process=str(values.get("process", before.process)),
            intent=str(values.get("intent", before.intent)),
        )
    try:
        known: dict[str, Any] = {name: str(values[name]) for name in _TEXTS if name in values}
        known |= {name: float(values[name]) for name in _NUMBERS if name in values}
        if "attempt" in values:
            known["attempt"] = int(values["attempt"])
        if str(values.get("code", "None")).lower() not in ("none", "null", ""):
            known["code"] = int(values["code"])
    except (TypeError, ValueError, OverflowError):
        return "damaged: a number that is none"
    numbers = (known[name] for name in (*_NUMBERS, "attempt", "code") if name in known)
    # Also refuses what is infinite or no number at all, which JSON lets through.
    if not all(abs(number) <= _LARGEST for number in numbers) or not abs(before.at_us) <= _LATEST_US:
        return "damaged: a number out of all bounds"
    for name in ("accepted", "deviation"):
        if name in values:
            known[name] = str(values[name]).lower() not in _NO
    return Heard(before, Said(kind, **known))  # type: ignore[arg-type]


def _json_time(value: Any, unit: str, zone: ZoneInfo) -> tuple[int, bool] | None:
    if unit == "iso":
        return time_of(value, zone) if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    at_us = value * {"s": 1e6, "ms": 1e3, "us": 1.0}[unit]
    return (round(at_us), True) if abs(at_us) <= _LATEST_US else None


def _at(record: Any, path: str) -> Any:
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _load(file: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(str(file), error.strerror or str(error), "a file that can be read") from error
    except ValueError as error:
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{file}: {where}", first.get("input"), first["msg"]) from error
        raise InputError(str(file), str(error), "a TOML file") from error


def _check_kind(where: str, kind: str) -> None:
    if kind not in KINDS:
        raise unknown_name(f"{where}.kind", kind, "a kind of event", KINDS)


def _check_names(where: str, names: Mapping[str, Any]) -> None:
    for name in names:
        if name not in GROUPS:
            raise unknown_name(where, name, "a name of what a line says", GROUPS)
