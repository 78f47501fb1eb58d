"""Know what the strategy has been told of its positions, where that may differ from what is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sim.chance import key_of, mix
from sim.clock import VirtualLoop
from sim.exchange.account import Account
from sim.faults.live.user_streams import LiveUserStreams

_FLAT: Final = key_of("position closed") >> 1
"""Where the numbers of these events begin, apart from those of a stream's own."""


class FlatNews:
    """Pass on that a position closed as late, as often or as seldom as the user stream lets it.

    Once told, an account is flat in a symbol until it is known to hold a position again.
    """

    def __init__(self, loop: VirtualLoop, streams: LiveUserStreams | None) -> None:
        self._loop = loop
        self._streams = streams
        self._told: set[tuple[int, str]] = set()
        self._sent: dict[int, int] = {}
        self._tell: Callable[[Account, str], None] | None = None

    def listen(self, tell: Callable[[Account, str], None]) -> None:
        """Let ``tell`` hear of each account and symbol that is told to be flat."""
        self._tell = tell

    def knows_flat(self, account: Account, symbol: str) -> bool:
        """Tell whether the strategy has heard that the account's position in ``symbol`` closed."""
        return (account.number, symbol) in self._told

    def opened(self, account: Account, symbol: str) -> None:
        """Take back that an account is flat: it holds a position."""
        self._told.discard((account.number, symbol))

    def closed(self, account: Account, symbol: str) -> None:
        """Send the news that a position closed on its way."""
        number = self._sent.get(account.number, 0)
        self._sent[account.number] = number + 1
        if self._streams is None:
            self._arrives(account, symbol)
            return
        now = self._loop.now_us
        for extra_us, _ in self._streams.fates(account.number, account.number - 1, mix(_FLAT, number), now):
            if extra_us:
                self._loop.at_us(now + extra_us, self._arrives, account, symbol)
            else:
                self._arrives(account, symbol)

    def _arrives(self, account: Account, symbol: str) -> None:
        self._told.add((account.number, symbol))
        if self._tell is not None:
            self._tell(account, symbol)
