"""Hold one callback: the heap entry of a coroutine's timer or of a model's appointment."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.clock.loop import VirtualLoop


class Handle:
    """Hold one callback; the heap entry of a coroutine's timer or of a model's appointment.

    Duck-types ``asyncio.TimerHandle``.  ``fields``: what ``asyncio`` and its debuggers read.
    """

    __slots__ = ("_args", "_callback", "_cancelled", "_context", "_loop", "_when_us")

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: contextvars.Context | None,
        loop: VirtualLoop,
        when_us: int,
    ) -> None:
        self._callback: Callable[..., object] | None = callback
        self._args = args
        self._context = context
        self._cancelled = False
        self._loop = loop
        self._when_us = when_us

    def cancel(self) -> None:
        """Drop the callback; the entry is thrown away when it surfaces, without moving the clock."""
        # asyncio.sleep cancels its timer after it fired: only a pending one counts towards the rubbish.
        if self._callback is not None and not self._cancelled:
            self._cancelled = True
            self._callback = None
            self._args = ()
            self._loop._note_cancelled()

    def cancelled(self) -> bool:
        """Tell whether the handle was cancelled before it ran."""
        return self._cancelled

    def when(self) -> float:
        """Return the due time in loop seconds."""
        return self._when_us / 1e6

    def get_loop(self) -> VirtualLoop:
        """Return the loop the handle belongs to."""
        return self._loop

    def __repr__(self) -> str:
        return f"<Handle {self._callback!r} at {self._when_us} µs{' cancelled' if self._cancelled else ''}>"


def stepped_by(event: Any) -> Any:
    """Return the object whose method an event calls: a task, where it is a task's step; None where it is none's."""
    return getattr(getattr(event, "_callback", None), "__self__", None)
