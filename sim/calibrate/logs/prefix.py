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
    r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?[ ]?(Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d)?"
)
_EPOCH: Final = re.compile(r"\D{0,3}(1\d{9})(?:\.(\d{1,9})|(\d{3}))?(?!\d)")
_INTENT: Final = re.compile(r"\bintent=(\S+)")
_PROCESS: Final = re.compile(
    r"\b(?:pid|process|proc|worker|thread|tid)[=: ]+([\w.-]+)|\[(\d{1,7})\]"
    r"|[\[(]((?:Main)?Thread[\w-]*|Thread-\d+[^)\]]*)[\])]"
)
_ZERO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Prefix(NamedTuple):
    """Hold a line's prefix; ``at_us`` in µs since 1970, ``zoned`` whether the text itself said its zone."""

    at_us: int
    zoned: bool
    process: str
    intent: str


def prefix_of(text: str, zone: ZoneInfo) -> Prefix | None:
    """Return what ``text`` says; None without a readable time.  A time without a zone is one of ``zone``."""
    when = time_of(text, zone)
    if when is None:
        return None
    intent = _INTENT.search(text) if "intent=" in text else None
    number = intent[1] if intent is not None else ""
    found = _PROCESS.findall(text)
    process = "/".join(part for groups in found for part in groups if part) if found else ""
    return Prefix(when[0], when[1], process, "" if number == "-" else number)


def time_of(text: str, zone: ZoneInfo) -> tuple[int, bool] | None:
    """Return the first time in ``text`` (µs since 1970) and whether it said its zone; None for no time."""
    match = _TIME.search(text)
    if match is None:
        return _epoch(text)
    date, hour, minute, second, fraction, stated = match.groups()
    hours, minutes, seconds = int(hour), int(minute), int(second)
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    hour_us = _hour_us(date, hours, zone if stated is None else None)
    if hour_us is None:
        return None
    at_us = hour_us + (minutes * 60 + seconds) * 1_000_000
    if fraction:
        at_us += int(fraction[:6].ljust(6, "0"))
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
def _hour_us(date: str, hour: int, zone: ZoneInfo | None) -> int | None:
    """Return when an hour of a date begins; None for a date that is none.  Zones change at whole hours at most."""
    try:
        moment = datetime.fromisoformat(f"{date}T{hour:02d}:00:00").replace(
            tzinfo=UTC if zone is None else zone
        )
    except ValueError:
        return None
    return round((moment - _ZERO).total_seconds() * 1e6)
