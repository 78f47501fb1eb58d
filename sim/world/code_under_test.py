"""Make the code under test, hear what it logs, and tell its exceptions from the simulator's own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from sim.clock import Runaway, VirtualLoop, fenced
from sim.clock.fence import Ahead, Fence
from sim.clock.places import suspended_at
from sim.errors import InputError
from sim.execution import Hook
from sim.execution.event_driven_executor import EventDrivenExecutor
from sim.execution.policy_store import PolicyStore
from sim.world.outer_loop import outer_loop_set_aside
from sim.world.watched import WatchedPlacer

if TYPE_CHECKING:
    from sim.world.run import World

ExecutorFactory = Callable[[Any, PolicyStore, tuple[Hook, ...], dict[str, str]], Any]
"""``(client, policy, hooks, store)`` → an executor; ``store`` is what outlives a crash of its process."""


def event_driven(
    client: Any, policy: PolicyStore, hooks: tuple[Hook, ...], store: dict[str, str]
) -> EventDrivenExecutor:
    """Return the shipped executor; what it writes down of its intents goes to ``store``."""
    placer = WatchedPlacer(policy, hooks=hooks)
    return EventDrivenExecutor(client, policy, executor=placer, hooks=hooks, journal=store)


_NOWHERE: Final = logging.NullHandler()
OURS: Final = ("sim.execution",)


@contextmanager
def log_lines_to(logger: logging.Logger | None) -> Iterator[None]:
    """Send the code under test's own lines to ``logger``'s handlers, or nowhere: the trace holds what they say."""
    own = logging.getLogger("sim.execution")
    if logger is None and own.handlers == [_NOWHERE]:
        yield
        return
    before = (own.propagate, own.level, own.handlers)
    own.propagate = False
    own.handlers = list(logger.handlers) if logger is not None else [_NOWHERE]
    own.setLevel(logging.DEBUG if logger is not None else logging.CRITICAL + 1)
    try:
        yield
    finally:
        own.propagate, own.handlers = before[0], before[2]
        own.setLevel(before[1])


@contextmanager
def surrounded(
    world: World, factory: ExecutorFactory, clock_us: int, ahead: Ahead | None, logger: logging.Logger | None
) -> Iterator[Fence]:
    """Keep the real world out of a run, its lines in the log, and around it what the factory wants around it.

    A factory may have ``modules``, whose own names of clocks are replaced (by default ours), and ``around(world)``, a
    context that is entered inside the fence.
    """
    modules: tuple[str, ...] = getattr(factory, "modules", OURS)
    around = getattr(factory, "around", None)
    wanted: AbstractContextManager[None] = nullcontext() if around is None else around(world)
    with (
        outer_loop_set_aside(),
        log_lines_to(logger),
        fenced(world.loop, clock_us, modules, ahead) as fence,
        wanted,
    ):
        yield fence


def run_cutting_off(
    loop: VirtualLoop, until_us: int, cut_off: Callable[[asyncio.Task[Any], str], None]
) -> bool:
    """Run the loop; a task that goes round in one instant is told of and cancelled, and the run goes on.

    One that does not let itself be cancelled is never stepped again.  Returns what :meth:`VirtualLoop.run_until`
    returns; raises Runaway where it is no task that goes round.
    """
    seen: set[asyncio.Task[Any]] = set()
    while True:
        try:
            return loop.run_until(until_us)
        except Runaway as runaway:
            task = runaway.task
            if task is None:
                raise
            if task in seen:
                loop.abandon(task)
                continue
            seen.add(task)
            place = suspended_at(task)
            cut_off(task, f"it went round in one instant{f', {place}' if place else ''}: an endless loop")
            task.cancel()


_UNDER_TEST: Final = ("sim.execution", "sim.exchange.client", "sim.clock", "sim.web.direct", "sim.code")
"""Where an exception may arise by the code under test's doing: its own rooms, its client, its loop."""


def is_ours(error: BaseException) -> bool:
    """Tell whether an exception was raised by the simulator itself: a bug of ours, not of the code under test.

    What a person wrote that cannot be used ends the run as well.
    """
    if isinstance(error, InputError):
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
    return module.startswith("sim.") and not module.startswith(_UNDER_TEST)
