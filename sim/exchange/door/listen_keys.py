"""Give, keep and close listen keys (binance-facts 10: a key lives 60 minutes after it was last kept alive)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, Protocol

from sim.clock import VirtualLoop
from sim.exchange.account import Account
from sim.exchange.replies import Refusal
from sim.exchange.request import Request

if TYPE_CHECKING:
    from sim.exchange.door.door import Door

LIVES_US: Final = 3_600_000_000


class ListenKeys(Protocol):
    """Own the listen keys of all accounts."""

    def open(self, account: Account) -> str:
        """Return the account's key, a new one if none lives; either lives 60 minutes from now."""
        ...

    def keep_alive(self, account: Account) -> str:
        """Let the account's key live 60 minutes from now and return it; Refusal -1125 when none lives."""
        ...

    def close(self, account: Account) -> None:
        """End the account's key, if there is one."""
        ...


class KeyTable:
    """Hold listen keys where nobody streams."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._keys: dict[int, tuple[str, int]] = {}
        self._given = 0

    def open(self, account: Account) -> str:
        """Return the key that lives, or a new one."""
        key = self._living(account)
        if key is None:
            self._given += 1
            key = hashlib.sha256(f"listen key {self._given} of {account.number}".encode()).hexdigest()
        return self._prolong(account, key)

    def keep_alive(self, account: Account) -> str:
        """Lengthen the life of the key that lives."""
        key = self._living(account)
        if key is None:
            raise Refusal(-1125)
        return self._prolong(account, key)

    def close(self, account: Account) -> None:
        """Forget the account's key."""
        self._keys.pop(account.number, None)

    def _living(self, account: Account) -> str | None:
        key, until_us = self._keys.get(account.number, ("", -1))
        return key if self._loop.now_us < until_us else None

    def _prolong(self, account: Account, key: str) -> str:
        self._keys[account.number] = (key, self._loop.now_us + LIVES_US)
        return key


def post_listen_key(door: Door, request: Request) -> tuple[Any, int]:
    """Open the account's user data stream, or lengthen it: the same key while it lives."""
    return {"listenKey": door.listen_keys.open(request.slot.account)}, -1


def put_listen_key(door: Door, request: Request) -> tuple[Any, int]:
    """Keep the account's stream alive."""
    return {"listenKey": door.listen_keys.keep_alive(request.slot.account)}, -1


def delete_listen_key(door: Door, request: Request) -> tuple[Any, int]:
    """Close the account's stream."""
    door.listen_keys.close(request.slot.account)
    return {}, -1
