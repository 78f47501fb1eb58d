"""Tell which defect a broken run points at, so that one defect is one finding, and say it in plain words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sim.hunt.script import Event, Kill, Script, Strike
from sim.hunt.seen import Asked, Broken, Seen

_FIRST: Final = ("L02", "L03", "I01", "I15", "I02", "I03", "I16", "L01", "I14")
"""Of several rules that one run breaks, the one that says most about what went wrong."""


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """Name a defect: the rule broken, the call and the outcome that decided it, the line that failed ("" for none).

    ``where``: role or endpoint of the deciding call, "process" for a crash, "price" for a move, "" for no event at all.
    """

    check: str
    where: str
    outcome: str
    frame: str

    @property
    def defect(self) -> tuple[str, ...]:
        """Return what one defect's causes share: a line that fails is one defect, whatever led there."""
        return (self.check, self.frame) if self.frame else (self.check, self.where, self.outcome)

    @property
    def text(self) -> str:
        """Return it as one word of a file name."""
        words = [self.check, self.where, self.outcome, self.frame.rpartition("/")[2]]
        text = "_".join(word for word in words if word).lower()
        return "_".join("".join(letter if letter.isalnum() else " " for letter in text).split())[:80]


def new_in(seen: Seen, known: Collection[str]) -> list[Broken]:
    """Return the broken rules that the run without events does not break."""
    return [one for one in seen.broken if one.check not in known]


def first_of(broken: Sequence[Broken]) -> Broken:
    """Return the breach that says most."""

    def rank(one: Broken) -> tuple[int, str, int]:
        place = _FIRST.index(one.check) if one.check in _FIRST else len(_FIRST)
        return place, one.check, one.after_us

    return min(broken, key=rank)


def cause_of(script: Script, seen: Seen, known: Collection[str] = ()) -> Cause:
    """Return the cause of a run that breaks a rule which the run without events keeps (``known``: those it breaks)."""
    broken = first_of(new_in(seen, known))
    where, outcome = _deciding(script[-1]) if script else ("", "")
    frame = seen.escape.place if seen.escape is not None and broken.check in ("L02", "L03") else ""
    return Cause(broken.check, where, outcome, frame)


def _deciding(event: Event) -> tuple[str, str]:
    if isinstance(event, Strike):
        return (event.role if event.role != "none" else event.call), event.outcome
    return ("process", "crash") if isinstance(event, Kill) else ("price", event.kind)


def words_of(script: Script, seen: Seen, known: Collection[str] = ()) -> str:
    """Say what the code believed, what was true, after which call and reply, and where its own code failed."""
    broken = first_of(new_in(seen, known))
    said = []
    if script:
        said.append(f"{_upper('; then '.join(event.told for event in script))}.")
    else:
        said.append("Nothing failed.")
    refused = _refused(seen.calls, broken)
    if refused is not None:
        said.append(
            f"The venue itself refused {refused.call.told} with {refused.code} ({refused.message.rstrip('.')})."
        )
    if seen.escape is not None and broken.check in ("L02", "L03"):
        place = f" at {seen.escape.place}" if seen.escape.place else ""
        said.append(f"{seen.escape.error} left the code under test{place}: {seen.escape.text}.")
    elif broken.check in ("I01", "I02", "I03", "I14", "I15", "I16", "L01", "L02", "L03"):
        belief = f"The code believed: {broken.belief.rstrip('.')}. " if broken.belief else ""
        said.append(f"{belief}In truth: {broken.truth.rstrip('.')}.")
    else:
        said.append(f"{broken.check}: {broken.truth.rstrip('.')} (expected: {broken.belief.rstrip('.')}).")
    return " ".join(said)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _refused(calls: Sequence[Asked], broken: Broken) -> Asked | None:
    """Return the latest order that the venue refused by itself before the rule was broken."""
    found = None
    for asked in calls:
        if broken.after_us >= 0 and asked.sent_us > broken.after_us and found is not None:
            break
        if asked.code < -1 and not asked.struck and asked.status >= 400:
            found = asked
    return found


def stake_of(seen: Seen, clean: Seen, notional: float) -> float:
    """Return the money at stake (quote): lost against the run without events, or held without knowing it.

    A position that stood bare, doubled or unlooked-for stakes what it is worth.
    """
    bare = any(
        one.check in ("I01", "I03") or (one.check == "L01" and one.unit == "base") for one in seen.broken
    )
    return round(max(clean.money - seen.money, seen.exposed, notional if bare else 0.0), 2)
