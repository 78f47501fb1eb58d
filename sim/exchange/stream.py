"""Feed user data streams: listen keys and their life, events, and a latency leg of the stream's own.

Rules (binance-facts 10 "User stream", failures of streams are faults, not rules):

1. A listen key lives 60 minutes from its creation or last keep-alive; asking for one while one lives returns it and
   prolongs it.  When it dies the connections on it get ``listenKeyExpired`` and nothing more.
2. An event leaves at the instant of the change and arrives after a delay of its own, drawn for (account, number of
   the event).  One connection is one TCP stream: no event overtakes an earlier one.
3. An execution is told twice: TRADE_LITE, then ORDER_TRADE_UPDATE; ACCOUNT_UPDATE follows with wallet and position.
4. A conditional order of the algo endpoint is told of by ALGO_UPDATE; its child, once there, by ORDER_TRADE_UPDATE.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sim.chance import Stream, mix
from sim.clock import Handle, VirtualLoop
from sim.exchange.account import Account
from sim.exchange.attribution import IntentSlot
from sim.exchange.events import VenueEvent
from sim.exchange.latency import Leg
from sim.exchange.replies import Refusal
from sim.exchange.stream_events import (
    account_config_update,
    account_update,
    algo_update,
    order_trade_update,
    trade_lite,
)
from sim.exchange.troubles import UserStreamTroubles

LISTEN_KEY_US: Final = 60 * 60 * 1_000_000
"""How long a listen key lives without a keep-alive (binance-facts 10)."""

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_KEY_LENGTH: Final = 64
_LETTERS_PER_DRAW: Final = 8
"""Of 64 bits these take 48: all letters stay as good as equally likely."""

Deliver = Callable[[dict[str, Any]], None]


class _Listener:
    """Hold one connection: what takes its events, and when the last of them arrives."""

    __slots__ = ("arrives_us", "deliver")

    def __init__(self, deliver: Deliver) -> None:
        self.deliver: Deliver | None = deliver
        self.arrives_us = 0


class _Key:
    """Hold one live listen key."""

    __slots__ = ("account", "expiry", "listeners", "text")

    def __init__(self, text: str, account: Account) -> None:
        self.text = text
        self.account = account
        self.listeners: list[_Listener] = []
        self.expiry: Handle | None = None


class UserStreams:
    """Keep the listen keys of all accounts and hand their events on.

    ``leg`` draws an event's delay; ``seed`` makes the keys.  ``mark_of`` gives a symbol's mark now.  ``lite`` sends
    TRADE_LITE ahead of executions.
    :meth:`publish` is what the venue calls; it costs a dictionary look-up for accounts that nobody listens to.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        epoch_us: int,
        leg: Leg,
        seed: int,
        mark_of: Callable[[str], float],
        *,
        lite: bool = True,
    ) -> None:
        self._loop = loop
        self._epoch_us = epoch_us
        self._leg = leg
        self._mark_of = mark_of
        self._lite = lite
        self.troubles: UserStreamTroubles | None = None
        self._chance = Stream(seed, "listen-key")
        self._keys: dict[int, _Key] = {}
        self._by_text: dict[str, _Key] = {}
        self._made: dict[int, int] = {}
        self._sent: dict[int, int] = {}

    # -- listen keys ----------------------------------------------------------------------------------

    def open(self, account: Account) -> str:
        """Return the account's listen key, a new one if none lives, and let it live 60 minutes from now."""
        key = self._keys.get(account.number)
        if key is None:
            key = _Key(self._new_text(account.number), account)
            self._keys[account.number] = self._by_text[key.text] = key
        self._prolong(key)
        return key.text

    def keep_alive(self, account: Account) -> str:
        """Let the account's key live 60 minutes from now and return it; Refusal -1125 when none lives."""
        key = self._keys.get(account.number)
        if key is None:
            raise Refusal(-1125)
        self._prolong(key)
        return key.text

    def close(self, account: Account) -> None:
        """End the account's key; its connections hear nothing more."""
        key = self._keys.get(account.number)
        if key is not None:
            self._end(key)

    def _new_text(self, account: int) -> str:
        made = self._made.get(account, 0)
        self._made[account] = made + 1
        letters: list[str] = []
        while len(letters) < _KEY_LENGTH:
            left = self._chance.bits(mix(account, made, len(letters)))
            for _ in range(_LETTERS_PER_DRAW):
                left, letter = divmod(left, len(_ALPHABET))
                letters.append(_ALPHABET[letter])
        return "".join(letters[:_KEY_LENGTH])

    def _prolong(self, key: _Key) -> None:
        if key.expiry is not None:
            key.expiry.cancel()
        key.expiry = self._loop.at_us(self._loop.now_us + LISTEN_KEY_US, self._expire, key)

    def _expire(self, key: _Key) -> None:
        now_ms = (self._epoch_us + self._loop.now_us) // 1000
        self._send(key, {"e": "listenKeyExpired", "E": now_ms, "listenKey": key.text})
        key.expiry = None
        self._end(key)

    def _end(self, key: _Key) -> None:
        if key.expiry is not None:
            key.expiry.cancel()
        del self._keys[key.account.number], self._by_text[key.text]

    # -- connections ----------------------------------------------------------------------------------

    def attach(self, listen_key: str, deliver: Deliver) -> Callable[[], None] | None:
        """Hand the events of a key's account to ``deliver`` from now on; None when the key does not live.

        Returns what ends it; events under way are lost then, as they are when a connection is cut.
        """
        key = self._by_text.get(listen_key)
        if key is None:
            return None
        listener = _Listener(deliver)
        key.listeners.append(listener)

        def detach() -> None:
            listener.deliver = None
            if listener in key.listeners:
                key.listeners.remove(listener)

        return detach

    # -- events ---------------------------------------------------------------------------------------

    def publish(self, event: VenueEvent) -> None:
        """Tell whoever listens to the event's account."""
        key = self._keys.get(event.account.number)
        if key is None or not key.listeners:
            return
        order, epoch_us = event.order, self._epoch_us
        slot = order.slot if order is not None else None
        if event.kind == "account":
            self._send(key, account_update(event, epoch_us, self._mark_of(event.symbol)), slot)
        elif event.kind == "leverage":
            self._send(key, account_config_update(event, epoch_us))
        elif order is not None and event.kind == "algo":
            self._send(key, algo_update(event, order, epoch_us), slot)
        elif order is not None:
            if self._lite and event.kind == "trade":
                self._send(key, trade_lite(event, order, epoch_us), slot)
            self._send(key, order_trade_update(event, order, epoch_us), slot)

    def _send(self, key: _Key, body: dict[str, Any], slot: IntentSlot | None = None) -> None:
        account, now = key.account.number, self._loop.now_us
        number = self._sent.get(account, 0)
        self._sent[account] = number + 1
        arrives_us = now + self._leg.sample_us(mix(account, number), now)
        if self.troubles is not None and not (slot is not None and slot.settling):
            intent = slot.number if slot is not None else -1
            for extra_us, in_order in self.troubles.fates(account, intent, number, now):
                self._hand_on(key, body, arrives_us + extra_us, in_order)
            return
        for listener in key.listeners:
            # In the order sent: the delay of a late one holds up those behind it.
            listener.arrives_us = max(listener.arrives_us, arrives_us)
            self._loop.at_us(listener.arrives_us, self._deliver, listener, body)

    def _hand_on(self, key: _Key, body: dict[str, Any], arrives_us: int, in_order: bool) -> None:
        for listener in key.listeners:
            due_us = arrives_us
            if in_order:
                listener.arrives_us = due_us = max(listener.arrives_us, arrives_us)
            self._loop.at_us(due_us, self._deliver, listener, body)

    @staticmethod
    def _deliver(listener: _Listener, body: dict[str, Any]) -> None:
        if listener.deliver is not None:
            listener.deliver(body)
