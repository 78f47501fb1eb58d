"""Give tasks a hash that does not depend on where they live in memory.

asyncio keeps tasks in sets (``asyncio.wait``, ``TaskGroup``) and walks them; with address hashes the order of
that walk, and so of cancellations and callbacks, would differ between processes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

_T = TypeVar("_T")


class NumberedTask(asyncio.Task[_T]):
    """Hash by creation number within the loop."""

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, _T] | Generator[Any, None, _T],
        *,
        number: int,
        loop: asyncio.AbstractEventLoop,
        **keywords: Any,
    ) -> None:
        # The number comes first: Task.__init__ puts the task into a WeakSet, which asks for its hash.
        self._number = number
        super().__init__(coroutine, loop=loop, **keywords)

    def __hash__(self) -> int:
        return self._number
