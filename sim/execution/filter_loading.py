"""Load the venue's filters, with patience where the policy is the careful one, before anything is traded.

An answer that does not come is no answer: what is not read is not absent.  A process that has a position to take up
does not wait for filters, since the journal holds the prices of its orders: they are loaded beside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from .errors import UnknownSymbol, nearest_name
from .events import Emitter, SideCallFailed
from .outcomes import Failure, attempt, attempt_within
from .patience import ReplyTimes, patience_s
from .policy_keys import Settings
from .precision import filters_are_known, load_filters

_LIMIT_GROWTH: Final = 2.0
"""How many times longer each further answer is waited for: all symbols together are a large one."""


class FilterLoader:
    """Load one client's filters; ``replies`` are the answer times the patience follows."""

    def __init__(self, client: Any, emit: Emitter, replies: ReplyTimes) -> None:
        self._client = client
        self._emit = emit
        self._replies = replies
        # The loop itself holds a task only weakly.
        self._loading: asyncio.Task[Failure | None] | None = None

    async def prepare(self, symbols: Iterable[str], settings: Settings, *, hurried: bool) -> None:
        """Load before the first order; ``hurried``: a position waits, so go on at once and load beside.

        The careful way (``protect_deadline_sec``) asks again for ``unreadable_sec`` seconds.  Raises UnknownSymbol for
        a symbol the venue does not list; exceptions of the client pass through in the end.
        """
        if settings.protect_deadline_sec:
            if hurried:
                work = self._load_patiently(settings, settings.unreadable_sec)
                self._loading = asyncio.get_running_loop().create_task(work, name="filters")
                return
            await self._load_patiently(settings, settings.unreadable_sec)
        filters = await load_filters(self._client)
        for symbol in symbols:
            if filters and symbol not in filters:
                near = nearest_name(symbol, filters)
                hint = f" (did you mean {near!r}?)" if near else ""
                raise UnknownSymbol(f"symbol {symbol!r} is not in the exchange information{hint}")

    async def missing(self, symbol: str, settings: Settings) -> str | None:
        """Load the filters if nobody did; return why nothing may be sent without them, None where something may.

        The careful way sends nothing it could not round; elsewhere the order goes out as it is, and the log says so.
        """
        if filters_are_known(self._client):
            return None
        if not settings.protect_deadline_sec:
            table = await attempt(load_filters, self._client)
            if isinstance(table, Failure):
                self._report(symbol, table, "numbers are sent unrounded")
            return None
        failure = await self._load_patiently(settings, settings.unknown_deadline_sec)
        if failure is None:
            return None
        self._report(symbol, failure, "the intent is given up")
        return f"the filters of {symbol} are not known: {failure.message}"

    async def _load_patiently(self, settings: Settings, for_s: float) -> Failure | None:
        """Ask until an answer is there, or ``for_s`` seconds are over."""
        loop = asyncio.get_running_loop()
        gives_up_s = loop.time() + for_s
        limit_s, wait_for_s = patience_s(settings, self._replies, exits=False), settings.look_up_base_sec
        while True:
            table = await attempt_within(limit_s, load_filters, self._client)
            if filters_are_known(self._client):
                return None
            if not isinstance(table, Failure):
                table = Failure("error", None, "the exchange information names no symbol")
            if loop.time() + wait_for_s > gives_up_s:
                return table
            await asyncio.sleep(wait_for_s)
            limit_s *= _LIMIT_GROWTH
            wait_for_s = min(wait_for_s * settings.look_up_growth, settings.look_up_cap_sec)

    def _report(self, symbol: str, failure: Failure, consequence: str) -> None:
        self._emit(SideCallFailed(symbol, "exchange information", failure.message, consequence))
