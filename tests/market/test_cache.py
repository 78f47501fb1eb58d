"""Parsed data are kept and mapped again, and a cache that fails costs time only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.market import Problems, load_bars, loader

Write = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache folder of this test alone."""
    monkeypatch.setenv("SIM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_second_load_parses_nothing(
    folder: Path, write: Write, kline_rows: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cached load gives the same bars and notes without reading the table."""
    path = write("BTCUSDT-1m-a.csv", [kline_rows[0], kline_rows[4]])
    first = load_bars(path, problems=Problems(gaps="flat"))

    def never(file: object) -> object:
        raise AssertionError(f"parsed {file} again")

    monkeypatch.setattr(loader, "read_table", never)
    again = load_bars(path, problems=Problems(gaps="flat"))
    for name in ("open", "high", "low", "close", "volume", "count"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert getattr(first, name).dtype == getattr(again, name).dtype
    assert (first.notes, first.epoch_us, first.sha256) == (again.notes, again.epoch_us, again.sha256)
    assert not again.open.flags.owndata


def test_another_policy_or_other_bytes_are_another_entry(
    folder: Path, write: Write, kline_rows: list[str]
) -> None:
    """Neither a changed file nor a changed policy is answered from the old entry."""
    path = write("BTCUSDT-1m-a.csv", kline_rows)
    load_bars(path)
    load_bars(path, problems=Problems(gaps="flat"))
    write("BTCUSDT-1m-a.csv", kline_rows[:2])
    assert len(load_bars(path)) == 2
    assert len(list(folder.glob("*.npy"))) == 3
    # Ticks are unknown to the loader, so that policy needs no entry of its own.
    load_bars(path, problems=Problems(off_tick="snap"))
    assert len(list(folder.glob("*.npy"))) == 3


@pytest.mark.parametrize("suffix", [".npy", ".json"])
@pytest.mark.parametrize("damage", [b"", b"not this", None])
def test_a_damaged_entry_is_built_again(
    folder: Path, write: Write, kline_rows: list[str], suffix: str, damage: bytes | None
) -> None:
    """Emptied, overwritten or missing halves of an entry are rebuilt."""
    path = write("BTCUSDT-1m-a.csv", kline_rows)
    before = load_bars(path)
    entry = next(folder.glob(f"*{suffix}"))
    sound = entry.read_bytes()
    entry.unlink() if damage is None else entry.write_bytes(damage)
    assert np.array_equal(load_bars(path).close, before.close)
    assert entry.read_bytes() == sound


def test_a_flipped_bit_is_noticed(folder: Path, write: Write, kline_rows: list[str]) -> None:
    """An entry of the right shape with other content is not trusted."""
    path = write("BTCUSDT-1m-a.csv", kline_rows)
    before = load_bars(path)
    entry = next(folder.glob("*.npy"))
    content = bytearray(entry.read_bytes())
    content[-100] ^= 1
    entry.write_bytes(content)
    assert np.array_equal(load_bars(path).close, before.close)


def test_a_folder_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, kline_rows: list[str]
) -> None:
    """Where the cache folder should be stands a file; the bars load all the same."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    monkeypatch.setenv("SIM_CACHE_DIR", str(blocked / "cache"))
    assert len(load_bars(write("BTCUSDT-1m-a.csv", kline_rows))) == 5


def test_no_half_written_files_stay(folder: Path, write: Write, kline_rows: list[str]) -> None:
    """An entry is its two files and nothing else."""
    load_bars(write("BTCUSDT-1m-a.csv", kline_rows))
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".npy"]


def test_the_cache_can_be_turned_off(folder: Path, write: Write, kline_rows: list[str]) -> None:
    """``cache=False`` neither reads nor writes."""
    load_bars(write("BTCUSDT-1m-a.csv", kline_rows), cache=False)
    assert not folder.exists()
