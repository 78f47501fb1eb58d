"""Run a test's coroutine in virtual time, and show its failures without the loop's own frames."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Final, TypeVar

from sim.clock import VirtualLoop, fenced, run_virtual
from sim.exchange.attribution import CURRENT_INTENT, IntentSlot
from sim.world.outer_loop import outer_loop_set_aside

_T = TypeVar("_T")

EPOCH_US: Final = 1_704_067_200_000_000
"""What wall clocks show at the start where no tape says otherwise: 2024-01-01 00:00 UTC."""


class VirtualTime:
    """Run coroutines on one loop whose time passes at once; ``now_s`` is the time since its start."""

    def __init__(self, epoch_us: int = EPOCH_US, slot: IntentSlot | None = None) -> None:
        self.loop = VirtualLoop()
        self.epoch_us = epoch_us
        self.ahead: Callable[[int], int] | None = None
        """What a clock fault adds to wall clocks at a time of the run (µs)."""
        self._slot = slot
        self._used = False

    @property
    def now_s(self) -> float:
        """Return the seconds since the start of the run."""
        return self.loop.now_us / 1e6

    def run(self, main: Coroutine[Any, Any, _T], modules: Sequence[str] = ()) -> _T:
        """Run ``main`` to its end and return its result, once; wall clocks follow, and the real world is fenced off.

        In ``modules``, and all below them, names taken by ``from time import time`` follow, too.  Raises what ``main``
        raises, Deadlock when nothing can happen any more, and RealWorldCall for real sleep, sockets and threads.
        """
        __tracebackhide__ = True
        if self._used:
            main.close()
            raise RuntimeError("virtual time runs one coroutine: await both from one")
        self._used = True
        code = getattr(main, "cr_code", None)
        try:
            with outer_loop_set_aside(), fenced(self.loop, self.epoch_us, modules, self.ahead):
                return run_virtual(self._for_the_slot(main), loop=self.loop)
        except BaseException as error:
            error.__traceback__ = _from(error.__traceback__, None if code is None else code.co_filename)
            raise

    async def _for_the_slot(self, main: Coroutine[Any, Any, _T]) -> _T:
        if self._slot is not None:
            CURRENT_INTENT.set(self._slot)
        return await main


def _from(trace: TracebackType | None, file: str | None) -> TracebackType | None:
    """Return the traceback from the first frame of ``file`` on; the whole where there is none."""
    found = trace
    while found is not None and found.tb_frame.f_code.co_filename != file:
        found = found.tb_next
    return trace if found is None else found


def virtual(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine in virtual time and return its result: an hour of ``asyncio.sleep`` takes no time."""
    return VirtualTime().run(main)
