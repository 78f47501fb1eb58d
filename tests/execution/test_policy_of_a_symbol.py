"""Values for one symbol alone, policy files that change while the process runs, and the history of changes."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from sim.execution import (
    ExecutionError,
    ExecutionSafetyGuard,
    FilePolicyStore,
    PolicyError,
    PolicyHistory,
    PolicyStore,
    SafeOrderExecutor,
    load_policy,
    settings_of,
)

SLIPPAGE = "execution.max_slippage_pct"


def test_a_value_for_a_symbol_goes_before_the_one_for_all() -> None:
    """Other symbols, and questions about none, see the general value."""
    store = PolicyStore({SLIPPAGE: 0.01, f"{SLIPPAGE}@BTCUSDT": 0.002})
    assert [settings_of(store, name).max_slippage_pct for name in ("BTCUSDT", "ETHUSDT", None)] == [
        0.002,
        0.01,
        0.01,
    ]
    assert settings_of(None, "BTCUSDT") == settings_of(PolicyStore())
    assert list(store.values) == [SLIPPAGE, f"{SLIPPAGE}@BTCUSDT"]
    assert store.get_policy(f"{SLIPPAGE}@BTCUSDT") == 0.002


def test_stores_that_differ_for_one_symbol_are_not_equal() -> None:
    """Equality, hash and pickle know the values for single symbols."""
    store = PolicyStore({f"{SLIPPAGE}@BTCUSDT": 0.002})
    assert store != PolicyStore()
    assert store != 3
    assert pickle.loads(pickle.dumps(store)) == store
    assert hash(pickle.loads(pickle.dumps(store))) == hash(store)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (f"{SLIPPAGE}@", 0.1, "a symbol after the @"),
        (f"{SLIPPAGE}@BTCUSDT", 7.0, "a number from 0 to 1"),
        ("execution.max_slipage_pct@BTCUSDT", 0.1, "did you mean 'execution.max_slippage_pct'"),
        ("execution.use_limiter@BTCUSDT", True, "holds for all symbols at once"),
    ],
)
def test_an_unusable_value_for_a_symbol_is_refused(name: str, value: Any, expected: str) -> None:
    """The key is named with its symbol, or the nearest key is."""
    with pytest.raises(PolicyError) as caught:
        PolicyStore({name: value})
    assert expected in str(caught.value)


def test_a_file_spells_it_as_a_quoted_key(tmp_path: Path) -> None:
    """``"max_slippage_pct@BTCUSDT" = 0.002`` under ``[execution]``."""
    path = tmp_path / "p.toml"
    path.write_text('[execution]\n"max_slippage_pct@BTCUSDT" = 0.002\n')
    assert load_policy(path).settings_for("BTCUSDT").max_slippage_pct == 0.002


def test_a_store_of_another_make_is_asked_for_the_symbol_first() -> None:
    """``get_policy_for`` is optional; its None means the general value."""

    class Own:
        def get_policy(self, key: str) -> Any:
            return 0.01 if key == SLIPPAGE else None

        def get_policy_for(self, key: str, symbol: str) -> Any:
            return 0.002 if (key, symbol) == (SLIPPAGE, "BTCUSDT") else None

    assert [settings_of(Own(), name).max_slippage_pct for name in ("BTCUSDT", "ETHUSDT", None)] == [
        0.002,
        0.01,
        0.01,
    ]


def test_guard_and_executor_go_by_the_symbols_own_values(run: Any, script: Any, error: Any) -> None:
    """The slippage limit of one symbol, the attempts of another."""
    store = PolicyStore({f"{SLIPPAGE}@BTCUSDT": 0.001, "execution.max_order_retries@ETHUSDT": 2})
    guard = ExecutionSafetyGuard(store)
    answers = [
        run(guard.validate_and_adjust_order(name, "buy", 100.0, 100.3)) for name in ("BTCUSDT", "ETHUSDT")
    ]
    assert [answer.is_valid for answer in answers] == [False, True]
    executor = SafeOrderExecutor(store)
    attempts = [
        run(executor.place_order_with_safety(script([error(-1003, "x")]).method, {}, name, "buy")).attempts
        for name in ("BTCUSDT", "ETHUSDT")
    ]
    assert attempts == [5, 2]


def write(path: Path, text: str) -> None:
    """Replace a file as its users should: written beside it, then renamed over."""
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


def test_a_changed_file_holds_from_the_next_placement_on(
    run: Any, script: Any, error: Any, tmp_path: Path
) -> None:
    """Attempts change between two placements of one executor."""
    path = tmp_path / "p.toml"
    write(path, "[execution]\nmax_order_retries = 2\n")
    executor = SafeOrderExecutor(FilePolicyStore(path))

    def attempts() -> int:
        venue = script([error(-1003, "x")])
        return int(run(executor.place_order_with_safety(venue.method, {}, "BTCUSDT", "buy")).attempts)

    assert attempts() == 2
    write(path, "[execution]\nmax_order_retries = 3\n")
    assert attempts() == 3


def test_a_broken_file_changes_nothing_and_says_so_once(tmp_path: Path, log: Any) -> None:
    """Bad values, bad TOML, no file: the old values stay, with one line each; a good file mends it."""
    path = tmp_path / "p.toml"
    write(path, "[execution]\nmax_order_retries = 2\n")
    store = FilePolicyStore(path, logger_instance=log.logger)
    log.lines.clear()
    for text in ("[execution]\nmax_order_retries = 0\n", "[execution\n"):
        write(path, text)
        assert [store.settings.max_order_retries, store.settings.max_order_retries] == [2, 2]
    path.unlink()
    assert [store.settings.max_order_retries, store.settings.max_order_retries] == [2, 2]
    assert len(log.lines) == 3
    assert all("the old values stay" in line for line in log.lines)
    write(path, "[execution]\nmax_order_retries = 4\n")
    assert store.get_policy("execution.max_order_retries") == 4


def test_a_file_that_cannot_be_used_at_the_start_is_an_error(tmp_path: Path) -> None:
    """There are no old values to keep."""
    with pytest.raises(OSError, match=r"p\.toml"):
        FilePolicyStore(tmp_path / "p.toml")
    write(tmp_path / "p.toml", "[execution]\nunheard_of = 1\n")
    with pytest.raises(PolicyError):
        FilePolicyStore(tmp_path / "p.toml")


def test_every_change_is_kept_with_time_file_and_both_values(tmp_path: Path) -> None:
    """First values, a change, a key for a symbol, a key given up; a file rewritten alike is no change."""
    path = tmp_path / "p.toml"
    history = PolicyHistory(tmp_path / "history.db")
    write(path, "[execution]\nmax_order_retries = 2\n")
    store = FilePolicyStore(path, history=history)
    write(path, "[execution]\nmax_order_retries = 2\n")
    assert store.settings.max_order_retries == 2
    write(path, '[execution]\nmax_order_retries = 3\n"max_slippage_pct@BTCUSDT" = 0.002\n')
    assert store.settings_for("BTCUSDT").max_slippage_pct == 0.002
    write(path, "[execution]\n")
    assert store.settings.max_order_retries == 5
    history.close()

    read = PolicyHistory(tmp_path / "history.db")
    retries = "execution.max_order_retries"
    assert [(change.old, change.new) for change in read.changes(retries)] == [(None, 2), (2, 3), (3, None)]
    assert [change.key for change in read.changes()] == [
        retries, retries, f"{SLIPPAGE}@BTCUSDT", retries, f"{SLIPPAGE}@BTCUSDT",
    ]  # fmt: skip
    assert {change.source for change in read.changes()} == {str(path)}
    times_s = [change.at_s for change in read.changes()]
    assert times_s == sorted(times_s)
    read.close()


def test_a_file_that_is_no_history_is_refused(tmp_path: Path) -> None:
    """The error names it."""
    path = tmp_path / "note.txt"
    path.write_text("not a database, and long enough to be taken for one " * 40)
    with pytest.raises(ExecutionError, match=r"note\.txt"):
        PolicyHistory(path)
