"""Read what stands before a line's message: when, in which process or thread, for which intent.

Times are ``2026-11-25 22:48:31,123`` as logging writes them, ISO 8601 with or without a zone, or seconds since 1970.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?[ ]?(Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d)?"
)
_EPOCH: Final = re.compile(r"\D{0,3}(1\d{9})(?:\.(\d{1,9})|(\d{3}))?(?!\d)")
_INTENT: Final = re.compile(r"\bintent=(\S+)")
_PROCESS: Final = re.compile(
    r"\b(?:pid|process|proc|worker|thread|tid)[=: ]+([\w.-]+)|\[(\d{1,7})\]"
    r"|[\[(]((?:Main)?Thread[\w-]*|Thread-\d+[^)\]]*)[\])]"
)
_LONGEST_KNOWN: Final = 300
"""Longer prefixes are not remembered, so that what is stays small."""
_ZERO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Prefix(NamedTuple):
    """Hold a line's prefix; ``at_us`` in µs since 1970, ``zoned`` whether the text itself said its zone."""

    at_us: int
    zoned: bool
    process: str
    intent: str


def prefix_of(text: str, zone: ZoneInfo) -> Prefix | None:
    """Return what ``text`` says; None without a readable time.  A time without a zone is one of ``zone``."""
    match = _TIME.search(text)
    when = _epoch(text) if match is None else _moment(match, zone)
    if when is None:
        return None
    # What stands around the time is the same in most lines of a process.
    around = text
    if match is not None:
        start, end = match.span()
        around = f"{text[:start]}\0{text[end:]}" if start else text[end:]
    process, intent = _names(around) if len(around) <= _LONGEST_KNOWN else _names.__wrapped__(around)
    return Prefix(when[0], when[1], process, intent)


@lru_cache(maxsize=4096)
def _names(text: str) -> tuple[str, str]:
    intent = _INTENT.search(text) if "intent=" in text else None
    number = intent[1] if intent is not None else ""
    found = _PROCESS.findall(text)
    process = "/".join(part for groups in found for part in groups if part) if found else ""
    return process, "" if number == "-" else number


def time_of(text: str, zone: ZoneInfo) -> tuple[int, bool] | None:
    """Return the first time in ``text`` (µs since 1970) and whether it said its zone; None for no time."""
    match = _TIME.search(text)
    return _epoch(text) if match is None else _moment(match, zone)


def _moment(match: re.Match[str], zone: ZoneInfo) -> tuple[int, bool] | None:
    moment, fraction, stated = match.groups()
    at_us = _second_us(moment, zone if stated is None else None)
    if at_us is None:
        return None
    if fraction:
        at_us += int(fraction) * 1000 if len(fraction) == 3 else int(fraction[:6].ljust(6, "0"))
    if stated is not None and stated[0] in "+-":
        ahead = int(stated[1:3]) * 60 + int(stated[-2:])
        at_us -= (ahead if stated[0] == "+" else -ahead) * 60_000_000
    return at_us, stated is not None


def _epoch(text: str) -> tuple[int, bool] | None:
    match = _EPOCH.match(text)
    if match is None:
        return None
    fraction = match[2] or match[3] or ""
    return int(match[1]) * 1_000_000 + int(fraction[:6].ljust(6, "0")), True


@lru_cache(maxsize=4096)
def _second_us(moment: str, zone: ZoneInfo | None) -> int | None:
    """Return when a second of YYYY-MM-DD HH:MM:SS begins; None for a moment that is none.

    Zones change at whole hours at most, and a minute may have a sixty-first second.
    """
    hours, minutes, seconds = int(moment[11:13]), int(moment[14:16]), int(moment[17:19])
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    try:
        hour = datetime.fromisoformat(f"{moment[:10]}T{hours:02d}:00:00").replace(
            tzinfo=UTC if zone is None else zone
        )
        hour_us = round((hour - _ZERO).total_seconds() * 1e6)
    except (ValueError, OverflowError):
        return None
    return hour_us + (minutes * 60 + seconds) * 1_000_000
