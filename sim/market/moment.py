"""Read the moments people write: a clock time of the replayed day, or seconds since the start of the run."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import AfterValidator

_CLOCK = re.compile(r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$")
_DAY_US = 86_400_000_000


def _clock_or_seconds(value: str | float) -> str | float:
    if isinstance(value, str):
        if not _CLOCK.match(value):
            raise ValueError(f'{value!r} must be "HH:MM:SS" or seconds since the start')
    elif value < 0 or not math.isfinite(value):
        raise ValueError(f"{value!r} must be >= 0 s")
    return value


At = Annotated[str | float, AfterValidator(_clock_or_seconds)]
"""A moment: "HH:MM:SS" of the replayed day (UTC, fractions allowed), or seconds since the start of the run."""


def at_us(at: str | float, epoch_us: int) -> int:
    """Return the run time of ``at`` in µs; a clock time is its first occurrence at or after the start."""
    if not isinstance(at, str):
        return round(at * 1e6)
    hours, minutes, seconds = at.split(":")
    clock_us = (int(hours) * 3600 + int(minutes) * 60) * 1_000_000 + round(float(seconds) * 1e6)
    return (clock_us - epoch_us) % _DAY_US
