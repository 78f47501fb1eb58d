"""Write an intent down before its orders are sent, so that a process that died can be told what it had begun.

A journal is any mutable mapping of texts; :class:`sim.execution.trade_store.TradeStore` keeps one in SQLite.  One entry
per intent: what was to be opened, every client id *before* it is sent, what is known of the fill, the stop.  An entry
is deleted once the position is flat and nothing of it rests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

_PREFIX: Final = "intent:"
_quoted: Final = json.encoder.encode_basestring_ascii


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentEntry:
    """Hold what is written of one intent; quantities are texts so that decimals survive."""

    intent_id: str
    symbol: str
    side: str
    quantity: str
    filled: str = "0"
    closing: bool = False
    entry_id: str = ""
    stop_id: str = ""
    stop: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    conditional_ids: tuple[str, ...] = ()
    begun_s: float = 0.0
    """When it was first written down, seconds of the wall clock; 0: not known."""

    @property
    def filled_quantity(self) -> Decimal:
        """Return how much is known to be filled."""
        return Decimal(self.filled)


class IntentJournal:
    """Keep entries in a store; ``store`` None keeps nothing."""

    def __init__(self, store: MutableMapping[str, str] | None) -> None:
        self._store = store
        self.keeps = store is not None
        """Whether there is a store to keep entries in."""

    def write(self, entry: IntentEntry) -> None:
        """Write an entry down, before what it speaks of is sent."""
        text = text_of(
            head_of(entry.intent_id, entry.symbol, entry.side, entry.quantity, entry.begun_s),
            entry.filled,
            entry.closing,
            entry.entry_id,
            entry.stop_id,
            object_of(entry.stop),
            members_of(entry.numbers),
            entry.conditional_ids,
        )
        self.write_text(entry.intent_id, text)

    def write_text(self, intent_id: str, text: str) -> None:
        """Write down an entry that is JSON already, see :func:`text_of`."""
        if self._store is not None:
            self._store[_PREFIX + intent_id] = text

    def forget(self, intent_id: str) -> None:
        """Delete an entry: its intent is over."""
        if self._store is not None:
            self._store.pop(_PREFIX + intent_id, None)

    def entries(self) -> list[IntentEntry]:
        """Return the intents that are not over, oldest first.

        Raises ValueError for an entry that cannot be read: a position nobody knows of is worse than a stop at start.
        """
        if self._store is None:
            return []
        names = sorted(name for name in self._store if name.startswith(_PREFIX))
        return [_read(name, self._store[name]) for name in names]


def head_of(intent_id: str, symbol: str, side: str, quantity: str, begun_s: float = 0.0) -> str:
    """Write the part of an entry that never changes, as the beginning of its JSON."""
    began = f'"begun_s":{begun_s!r},' if begun_s else ""
    return (
        f'{{"intent_id":{_quoted(intent_id)},"symbol":{_quoted(symbol)},"side":{_quoted(side)},'
        f'"quantity":{_quoted(quantity)},{began}'
    )


def object_of(texts: Mapping[str, str]) -> str:
    """Write a mapping of texts as a JSON object."""
    return _form_of(tuple(texts)) % tuple(map(_quoted, texts.values()))


@lru_cache(64)
def _form_of(names: tuple[str, ...]) -> str:
    """Write an object of these names with room for the values: parameters have few names, and always the same."""
    named = [_quoted(name).replace("%", "%%") for name in names]
    return "{" + ",".join([f"{name}:%s" for name in named]) + "}"


def members_of(numbers: Mapping[str, int]) -> str:
    """Write a mapping of integers as the inside of a JSON object."""
    return ",".join([f"{_quoted(name)}:{number}" for name, number in numbers.items()])


def text_of(
    head: str,
    filled: str,
    closing: bool,
    entry_id: str,
    stop_id: str,
    stop: str,
    numbers: str,
    conditional_ids: Iterable[str],
) -> str:
    """Write an entry as JSON; ``head``, ``stop`` and ``numbers`` are what the three functions above wrote.

    Spelt out, since an encoder that is told everything anew for each order costs more than placing it.
    """
    return (
        f'{head}"filled":{_quoted(filled)},"closing":{"true" if closing else "false"},'
        f'"entry_id":{_quoted(entry_id)},"stop_id":{_quoted(stop_id)},"stop":{stop},"numbers":{{{numbers}}},'
        f'"conditional_ids":[{",".join(map(_quoted, conditional_ids)) if conditional_ids else ""}]}}'
    )


def _read(name: str, text: str) -> IntentEntry:
    try:
        values: Mapping[str, Any] = json.loads(text)
        return IntentEntry(**{**values, "conditional_ids": tuple(values["conditional_ids"])})
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"journal entry {name!r} cannot be read: {text!r:.120}") from error
