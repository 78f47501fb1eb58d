"""Hold what an inspection finds, ready to be printed or written as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Loads = Literal["as it is", "with a policy", "not at all"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Say from where on a price is worth a line; none of them makes a file unusable.

    ``jump_pct``: per cent from one close (or trade) to the next.  ``jump_sigmas``: the same in standard deviations
    of all moves of the file.  ``far_pct``: per cent by which a single trade, or the wick of a single bar, lies
    beyond its neighbours, as a print of the insurance fund does.
    """

    jump_pct: float = 5.0
    jump_sigmas: float = 30.0
    far_pct: float = 1.0


@dataclass(frozen=True, slots=True)
class Ticks:
    """State the venue's tick and price precision, and where they come from."""

    tick: float
    price_decimals: int
    source: str


@dataclass(frozen=True, slots=True)
class Place:
    """Name one place in the data: Unix µs of its begin, its length in µs (0 for a moment), and what is there.

    ``row`` is the 1-based data line in ``file`` where it is seen: of a gap, the first row after it.
    """

    at_us: int
    length_us: int
    text: str
    file: str
    row: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Report one kind of oddity.

    ``policy`` is the line under ``[market.problems]`` without which the loader refuses it; None when it loads
    anyway.  ``count`` is how often it occurs, ``places`` where.
    """

    name: str
    count: int
    text: str
    places: tuple[Place, ...] = ()
    policy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReport:
    """Report one set of files that a scenario would name as one tape.

    ``refusal`` is what the loader says by default, ``toml`` what a scenario has to say for it to load; both are
    None when there is nothing to say.  Of a set that cannot be read only these are known.
    """

    reference: str
    files: int
    loads: Loads
    kind: str = "unreadable"
    symbol: str | None = None
    interval_us: int | None = None
    first_us: int | None = None
    end_us: int | None = None
    rows: int = 0
    findings: tuple[Finding, ...] = ()
    refusal: str | None = None
    toml: str | None = None
    notes: tuple[str, ...] = ()
