"""State what the application needs of the exchange behind it, whatever clock that lives by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

Answer = tuple[int, Mapping[str, str], Any]
"""(status, headers, body): a dict or list goes out as JSON, text as it is; status 0 is silence."""

Deliver = Callable[[dict[str, Any]], None]
"""What takes one event of a stream, in the order in which they arrive at the client."""


class Exchange(Protocol):
    """Answer requests and feed streams; delays are its own affair and lie inside the awaited answer."""

    def send(self, method: str, path: str, params: dict[str, Any], api_key: str) -> Awaitable[Answer]:
        """Answer one request of the account behind ``api_key`` ("" for none); parameters are text."""
        ...

    def relay(self, answer: Answer) -> Awaitable[Answer]:
        """Let an answer given before the exchange is asked take the way that any answer takes."""
        ...

    def attach_user_stream(self, listen_key: str, deliver: Deliver) -> Callable[[], None] | None:
        """Feed an account's events to ``deliver``; return what detaches it, None for a key that does not live."""
        ...

    def attach_market_stream(self, name: str, deliver: Deliver) -> Callable[[], None] | None:
        """Feed ``symbol@stream`` to ``deliver``; return what detaches it, None for a name that means nothing."""
        ...
