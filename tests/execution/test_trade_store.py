"""The journal's file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sim.execution.errors import ExecutionError
from sim.execution.trade_store import TradeStore

DIES = """
import os, sys
from sim.execution.trade_store import TradeStore
store = TradeStore(sys.argv[1])
store["intent:1"] = "begun"
os._exit(1)
"""


def test_a_store_is_a_mapping_of_texts() -> None:
    """Write, overwrite, read, go through in order, delete."""
    with TradeStore(":memory:") as store:
        store["b"], store["a"] = "1", "2"
        store["b"] = "3"
        assert (dict(store), list(store), len(store), "a" in store) == (
            {"a": "2", "b": "3"},
            ["a", "b"],
            2,
            True,
        )
        del store["a"]
        assert store.pop("a", "none") == "none"
        with pytest.raises(KeyError):
            store["a"]
        with pytest.raises(KeyError):
            del store["a"]


@pytest.mark.parametrize("durable", [False, True])
def test_what_was_written_is_there_when_the_file_is_opened_again(tmp_path: Path, durable: bool) -> None:
    """With and without waiting for the disk."""
    path = tmp_path / "trades.db"
    with TradeStore(path, durable=durable) as store:
        store["a"] = "1"
    with TradeStore(path) as store:
        assert dict(store) == {"a": "1"}


def test_what_was_written_survives_the_death_of_the_process(tmp_path: Path) -> None:
    """No close, no commit: the write had returned."""
    path = tmp_path / "trades.db"
    subprocess.run([sys.executable, "-c", DIES, str(path)], check=False, timeout=60)
    with TradeStore(path) as store:
        assert dict(store) == {"intent:1": "begun"}


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """One journal, one process: two would both recover the same intents."""
    with TradeStore(tmp_path / "trades.db") as first:
        first["a"] = "1"
        with pytest.raises(ExecutionError, match=r"trades\.db"):
            TradeStore(tmp_path / "trades.db")


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    """It is named, and left as it is."""
    path = tmp_path / "note.txt"
    path.write_text("not a database, and long enough to be taken for one " * 40)
    with pytest.raises(ExecutionError, match=r"note\.txt"):
        TradeStore(path)
