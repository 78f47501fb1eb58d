"""Run one coroutine in virtual time, as ``asyncio.run`` does in real time."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from sim.clock.loop import VirtualLoop

_T = TypeVar("_T")


def run_virtual(main: Coroutine[Any, Any, _T], *, loop: VirtualLoop | None = None) -> _T:
    """Run a coroutine to its end in virtual time and return its result, as ``asyncio.run`` does.

    Raises Deadlock, Runaway, RealWorldCall, and RuntimeError for errors nobody saw (a task that died unseen) and
    for coroutines that were never awaited.
    """
    loop = loop if loop is not None else VirtualLoop()
    try:
        with _never_awaited() as forgotten:
            result = loop.run_until_complete(main)
            _cancel_left_over(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            # What hangs in a reference cycle is found while it still counts; a young cycle is all a run makes.
            gc.collect(1)
    finally:
        loop.close()
    if loop.unseen_errors:
        first = loop.unseen_errors[0]
        raise RuntimeError(f"nobody saw: {first.get('message')}") from first.get("exception")
    if forgotten:
        raise RuntimeError(f"coroutines never awaited: {', '.join(forgotten)}")
    return cast(_T, result)


@contextmanager
def _never_awaited() -> Iterator[list[str]]:
    """Collect the names of coroutines nobody awaits; a warning raised in a destructor would be lost."""
    names: list[str] = []
    before = warnings._warn_unawaited_coroutine  # type: ignore[attr-defined]
    warnings._warn_unawaited_coroutine = (  # type: ignore[attr-defined]
        lambda coroutine: names.append(coroutine.__qualname__)
    )
    try:
        yield names
    finally:
        warnings._warn_unawaited_coroutine = before  # type: ignore[attr-defined]


def _cancel_left_over(loop: VirtualLoop) -> None:
    left = sorted((task for task in asyncio.all_tasks(loop) if not task.done()), key=hash)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
