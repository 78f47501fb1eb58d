"""Understand the seed document's log lines: which event a line tells of, and its numbers.

The lines are those of :class:`sim.execution.events.LoggingHook`, letter for letter but for the emoji: shippers drop or
mangle them, and the words alone tell the lines apart.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple

Kind = Literal[
    "verdict", "attempt_failed", "waiting", "placed", "failed", "adjusted", "side_call", "looked_up", "note"
]
KINDS: Final[tuple[Kind, ...]] = (
    "verdict", "attempt_failed", "waiting", "placed", "failed", "adjusted", "side_call", "looked_up",
)  # fmt: skip
"""What a declared line may tell of."""


class Said(NamedTuple):
    """Hold what one line says; what it does not say has its default.

    ``duration_s`` is rounded to 0.1 s by the document's lines, ``delay_s`` to 0.01 s.  ``deviation``: refused because
    plan and market were too far apart.  ``state`` of a look-up: there, absent, ended or unreadable.
    """

    kind: Kind
    symbol: str = ""
    role: str = ""
    attempt: int = 0
    code: int | None = None
    message: str = ""
    delay_s: float = 0.0
    duration_s: float = -1.0
    order_id: str = ""
    accepted: bool = True
    deviation: bool = False
    side: str = ""
    old: float = 0.0
    new: float = 0.0
    state: str = ""


_LONGEST_KNOWN: Final = 300
"""Longer lines are not remembered, so that what is stays small."""

GUARD: Final = "[SAFETY-GUARD]"
EXECUTOR: Final = "[SAFE-EXECUTOR]"

_ROLE = r"(\S+) (\S+) order"
# No number of the document's is longer: more digits are damage.
_CODE = r"code=(-?\d{1,9}|None), msg=(.*)"
_MONEY = r"\$([\d,]{1,20}(?:\.\d{2,})?)"
_FAILED_ATTEMPT: Final = re.compile(rf"Attempt (\d{{1,6}})/\d+ failed for {_ROLE}: {_CODE}$", re.DOTALL)
_WAITING: Final = re.compile(r"Waiting (\d{1,9}\.\d\d)s before retry (\d{1,6})$")
_PLACED: Final = re.compile(r"order_id=(\S+), attempts=(\d{1,6}), duration=(\d{1,9}\.\d)s$")
_ALL_FAILED: Final = re.compile(
    rf"All (\d{{1,6}}) attempts failed for {_ROLE}: {_CODE}, duration=(\d{{1,9}}\.\d)s$", re.DOTALL
)
_GIVEN_UP: Final = re.compile(
    rf"Non-retryable failure for {_ROLE}: {_CODE}, duration=(\d{{1,9}}\.\d)s$", re.DOTALL
)
_ADJUSTED: Final = re.compile(
    rf"(\S+) (LONG|SHORT): current_price={_MONEY}, adjusted SL from {_MONEY} to {_MONEY}$"
)
_SIDE_CALL: Final = re.compile(r"(\S+): (.+?) failed: (.*); [^;]+$", re.DOTALL)
_NOTES: Final = re.compile(r"hook |\S+: size \S+ reduced to ")
_TOO_FAR: Final = re.compile(
    rf"Excessive slippage for (\S+): [\d.]+% > [\d.]+% \(planned={_MONEY}, current={_MONEY}\)$"
)
_REFUSED: Final = re.compile(r"(?:[A-Z][^:]*) (?:for|of) (\S+?):? ?\b.*$")
_FINE: Final = re.compile(r"(\S+): (No adjustments needed|.+ adjusted from .+ to \$[\d.,]+)$")
_WARNING: Final = re.compile(r"\S+: TP distance ")


def said(body: str) -> Said | None:
    """Return what the document's line says; None for a damaged one, or one that begins with neither tag."""
    # Most lines are said again and again; those with an order's id are not.
    if "order_id=" in body or len(body) > _LONGEST_KNOWN:
        return _said(body)
    return _known(body)


@lru_cache(maxsize=4096)
def _known(body: str) -> Said | None:
    return _said(body)


def _said(body: str) -> Said | None:
    if body.startswith(EXECUTOR):
        return _executor(body[len(EXECUTOR) :].lstrip())
    return _guard(body[len(GUARD) :].lstrip()) if body.startswith(GUARD) else None


def _executor(text: str) -> Said | None:
    names, placed, rest = text.partition(" order placed: ")
    if placed and (told := _placed(names, rest)) is not None:
        return told
    # Only what follows a mark of at most a few letters can be the line itself.
    for words in (text, text.partition(" ")[2]):
        if (match := _FAILED_ATTEMPT.match(words)) is not None:
            number, symbol, role, code, message = match.groups()
            return Said("attempt_failed", symbol, role, int(number), _code(code), message)
        if (match := _WAITING.match(words)) is not None:
            return Said("waiting", attempt=int(match[2]), delay_s=float(match[1]))
        if (match := _ALL_FAILED.match(words)) is not None:
            number, symbol, role, code, message, duration = match.groups()
            return Said("failed", symbol, role, int(number), _code(code), message, duration_s=float(duration))
        if (match := _GIVEN_UP.match(words)) is not None:
            symbol, role, code, message, duration = match.groups()
            return Said("failed", symbol, role, 0, _code(code), message, duration_s=float(duration))
        if (match := _ADJUSTED.match(words)) is not None:
            symbol, side, _, old, new = match.groups()
            return Said("adjusted", symbol, "sl", side=side, old=_money(old), new=_money(new))
        if _NOTES.match(words):
            return Said("note")
        if (match := _SIDE_CALL.match(words)) is not None:
            return Said("side_call", match[1], role=match[2], message=match[3])
    return None


def _placed(names: str, rest: str) -> Said | None:
    """Understand the most frequent line, whose id makes it new each time; ``names``: a mark or none, symbol, role."""
    words, match = names.split(), _PLACED.match(rest)
    if match is None or not 2 <= len(words) <= 3 or len(" ".join(words)) != len(names):
        return None
    order_id, number, duration = match.groups()
    return Said("placed", words[-2], words[-1], int(number), None, "", 0.0, float(duration), order_id)


def _guard(text: str) -> Said | None:
    for words in (text, text.partition(" ")[2]):
        if (match := _FINE.match(words)) is not None:
            return Said("verdict", match[1], message=match[2])
        if (match := _TOO_FAR.match(words)) is not None:
            symbol, planned, current = match.groups()
            return Said(
                "verdict", symbol, message="Excessive slippage", accepted=False, deviation=True,
                old=_money(planned), new=_money(current),
            )  # fmt: skip
        if _WARNING.match(words):
            return Said("note")
        if words.startswith(("SL too ", "TP of ", "Invalid ")) and (match := _REFUSED.match(words)):
            return Said("verdict", match[1], message=words, accepted=False)
    return None


def _code(text: str) -> int | None:
    return None if text == "None" else int(text)


def _money(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return 0.0
