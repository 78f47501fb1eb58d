"""What is written down of an intent, and read again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from sim.execution.journal import IntentEntry, IntentJournal

ENTRY = IntentEntry(
    intent_id="i1", symbol="BTCUSDT", side="buy", quantity="0.500", filled="0.25", closing=True, entry_id="i1-e",
    stop_id="i1-s", stop={"stopPrice": "1.10"}, numbers={"sl": 1}, conditional_ids=("i1-s", "i1-t"),
)  # fmt: skip


def test_an_entry_comes_back_as_it_was_written() -> None:
    """Every field survives, decimals to the last zero."""
    store: dict[str, str] = {}
    journal = IntentJournal(store)
    journal.write(ENTRY)
    assert journal.entries() == [ENTRY]
    assert journal.entries()[0].filled_quantity == Decimal("0.25")
    assert journal.keeps


def test_entries_come_by_name_and_without_what_others_keep_in_the_store() -> None:
    """The store may hold other things."""
    journal = IntentJournal({"settings": "not ours"})
    for name in ("i2", "i1"):
        journal.write(IntentEntry(intent_id=name, symbol="S", side="buy", quantity="1"))
    assert [entry.intent_id for entry in journal.entries()] == ["i1", "i2"]


def test_a_forgotten_entry_is_gone_and_forgetting_twice_is_nothing() -> None:
    """An intent that is over leaves no trace."""
    store: dict[str, str] = {}
    journal = IntentJournal(store)
    journal.write(ENTRY)
    journal.forget("i1")
    journal.forget("i1")
    assert store == {}


def test_without_a_store_nothing_is_kept() -> None:
    """Writing and forgetting are allowed, and do nothing."""
    journal = IntentJournal(None)
    journal.write(ENTRY)
    journal.forget("i1")
    assert (journal.entries(), journal.keeps) == ([], False)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"conditional_ids": [], "unheard_of": 1}'])
def test_an_entry_that_cannot_be_read_is_an_error(text: str) -> None:
    """It names the entry and shows the text."""
    with pytest.raises(ValueError, match="'intent:x' cannot be read"):
        IntentJournal({"intent:x": text}).entries()


def test_an_entry_says_since_when_where_that_is_known() -> None:
    """Wall-clock seconds, to the last digit; entries of older versions do not say it."""
    store: dict[str, str] = {}
    journal = IntentJournal(store)
    journal.write(replace(ENTRY, begun_s=1_700_000_000.123456))
    assert '"quantity":"0.500","begun_s":1700000000.123456,' in store["intent:i1"]
    assert journal.entries()[0].begun_s == 1_700_000_000.123456


def test_an_entry_is_written_in_the_words_that_later_versions_read() -> None:
    """The text is a record on disk: names and form stay as they are."""
    store: dict[str, str] = {}
    IntentJournal(store).write(ENTRY)
    assert store == {
        "intent:i1": '{"intent_id":"i1","symbol":"BTCUSDT","side":"buy","quantity":"0.500","filled":"0.25",'
        '"closing":true,"entry_id":"i1-e","stop_id":"i1-s","stop":{"stopPrice":"1.10"},"numbers":{"sl":1},'
        '"conditional_ids":["i1-s","i1-t"]}'
    }
