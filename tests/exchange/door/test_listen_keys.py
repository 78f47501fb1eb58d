"""Listen keys: one per account, sixty minutes at a time (binance-facts 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.account import Account

PATH = "/fapi/v1/listenKey"
Make = Callable[..., Any]


@pytest.fixture
def desk(make_desk: Make) -> Any:
    """Give an exchange that lives for three hours."""
    return make_desk(for_s=10_800)


def test_asking_again_gives_the_same_key_and_prolongs_it(desk: Any) -> None:
    """A second POST is a keep-alive."""
    key = desk.ask("POST", PATH)[1]["listenKey"]
    assert len(key) == 64
    desk.run_to(3000)
    assert desk.ask("POST", PATH)[1] == {"listenKey": key}
    desk.run_to(6000)
    assert desk.ask("PUT", PATH) == (200, {"listenKey": key})


def test_a_key_dies_sixty_minutes_after_it_was_last_kept_alive(desk: Any) -> None:
    """-1125 from then on, and the next POST gives another key."""
    key = desk.ask("POST", PATH)[1]["listenKey"]
    desk.run_to(3599)
    assert desk.ask("PUT", PATH)[0] == 200
    desk.run_to(3599 + 3600)
    assert desk.ask("PUT", PATH)[1]["code"] == -1125
    assert desk.ask("POST", PATH)[1]["listenKey"] != key


def test_a_closed_key_does_not_exist(desk: Any) -> None:
    """DELETE answers with an empty object, twice too."""
    desk.ask("POST", PATH)
    assert desk.ask("DELETE", PATH) == (200, {})
    assert desk.ask("PUT", PATH)[1]["code"] == -1125
    assert desk.ask("DELETE", PATH) == (200, {})


def test_each_account_has_its_own_key(desk: Any) -> None:
    """One account's key says nothing of another's."""
    mine = desk.ask("POST", PATH)[1]["listenKey"]
    desk.slot.account = Account(2, 1000.0)
    assert desk.ask("PUT", PATH)[1]["code"] == -1125
    assert desk.ask("POST", PATH)[1]["listenKey"] != mine


def test_whoever_owns_the_streams_may_own_the_keys(desk: Any) -> None:
    """The door asks its ``listen_keys`` and nothing else."""

    class Owner:
        def open(self, account: Account) -> str:
            return f"key of {account.number}"

        def keep_alive(self, account: Account) -> str:
            return "kept"

        def close(self, account: Account) -> None:
            self.closed = account

    owner = desk.door.listen_keys = Owner()
    assert desk.ask("POST", PATH)[1] == {"listenKey": "key of 1"}
    assert desk.ask("PUT", PATH)[1] == {"listenKey": "kept"}
    desk.ask("DELETE", PATH)
    assert owner.closed is desk.account
