"""Let a run take place where an event loop runs already: in a notebook's cell, inside an async function."""

from __future__ import annotations

import asyncio
from asyncio import events, tasks
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def outer_loop_set_aside() -> Iterator[None]:
    """Leave the thread's running loop and its current task while the block runs, and enter them again after it.

    The outer loop stands still meanwhile, as it does during any call that takes long; nothing of it is visible to
    the code under test, whose loop is the virtual one.
    """
    outer = events._get_running_loop()
    if outer is None:
        yield
        return
    task = asyncio.current_task(outer)
    if task is not None:
        tasks._leave_task(outer, task)
    events._set_running_loop(None)
    try:
        yield
    finally:
        events._set_running_loop(outer)
        if task is not None:
            tasks._enter_task(outer, task)
