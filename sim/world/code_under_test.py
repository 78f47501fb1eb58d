"""Make the code under test, hear what it logs, and tell its exceptions from the simulator's own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sim.execution import Hook
from sim.execution.event_driven_executor import EventDrivenExecutor
from sim.execution.policy_store import PolicyStore
from sim.world.watched import WatchedPlacer

ExecutorFactory = Callable[[Any, PolicyStore, tuple[Hook, ...], dict[str, str]], Any]
"""``(client, policy, hooks, store)`` → an executor; ``store`` is what outlives a crash of its process."""


def event_driven(
    client: Any, policy: PolicyStore, hooks: tuple[Hook, ...], store: dict[str, str]
) -> EventDrivenExecutor:
    """Return the shipped executor; what it writes down of its intents goes to ``store``."""
    placer = WatchedPlacer(policy, hooks=hooks)
    return EventDrivenExecutor(client, policy, executor=placer, hooks=hooks, journal=store)


@contextmanager
def log_lines_to(logger: logging.Logger | None) -> Iterator[None]:
    """Send the code under test's own lines to ``logger``'s handlers, or nowhere: the trace holds what they say."""
    own = logging.getLogger("sim.execution")
    before = (own.propagate, own.level, own.handlers)
    own.propagate = False
    own.handlers = list(logger.handlers) if logger is not None else [logging.NullHandler()]
    own.setLevel(logging.DEBUG if logger is not None else logging.CRITICAL + 1)
    try:
        yield
    finally:
        own.propagate, own.handlers = before[0], before[2]
        own.setLevel(before[1])


_UNDER_TEST: Final = ("sim.execution", "sim.exchange.client", "sim.clock")
"""Where an exception may arise by the code under test's doing: its own rooms, its client, its loop."""


def is_ours(error: BaseException) -> bool:
    """Tell whether an exception was raised by the simulator itself: a bug of ours, not of the code under test."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
    return module.startswith("sim.") and not module.startswith(_UNDER_TEST)
