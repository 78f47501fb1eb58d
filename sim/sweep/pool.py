"""Hand tasks to workers through one interface: this process, a pool of processes, a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, NamedTuple, TypeVar

from sim.errors import InputError, SimError

Task = TypeVar("Task")
Made = TypeVar("Made")

_AHEAD: Final = 2
"""Tasks in flight for each worker: none waits for the coordinator, and few are lost with it."""

_PARENT_S: Final = 1.0
_DASK_S: Final = "10s"


class Workers(NamedTuple):
    """Hold an executor and how many tasks it is given at a time."""

    executor: Executor
    in_flight: int


@contextmanager
def workers(jobs: int, dask: str | None = None) -> Iterator[Workers]:
    """Yield the executor of ``jobs`` processes (one: this one), or of the Dask cluster at ``dask``.

    What was loaded before is shared with the processes, not copied: on Linux they are forks made at the first task,
    and a fork reads its parent's pages.  It is sound here: this process has begun no thread of its own by then, and
    pyarrow's renew themselves in a fork.  Elsewhere they are spawned and map the tapes' cache files
    (:mod:`sim.market.cache`), whose pages the system shares as well.  Raises InputError for an address where no
    scheduler answers, and where the library is absent.
    """
    if dask is not None:
        with _cluster(dask) as found:
            yield found
    elif jobs == 1:
        yield Workers(_Inline(), 1)
    else:
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        pool = ProcessPoolExecutor(
            jobs, mp_context=context, initializer=_begin_worker, initargs=(os.getpid(),)
        )
        try:
            yield Workers(pool, _AHEAD * jobs)
        finally:
            pool.shutdown(cancel_futures=True)


def completed(
    found: Workers, work: Callable[[Task], Made], tasks: Iterable[Task]
) -> Iterator[tuple[Task, Made]]:
    """Yield each task with what ``work`` made of it, as they end; only a few are handed out ahead.

    The first error ends it, and so does an interruption: what had not begun is given up, what had begun is finished
    and yielded, then the error is raised.
    """
    waiting: dict[Future[Made], Task] = {}
    left = iter(tasks)
    failure: BaseException | None = None
    while True:
        while failure is None and len(waiting) < found.in_flight:
            task = next(left, None)
            if task is None:
                break
            try:
                waiting[found.executor.submit(work, task)] = task
            except BrokenExecutor as broken:
                failure = broken
        if not waiting:
            break
        try:
            ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
        except KeyboardInterrupt as interruption:
            if failure is not None:
                raise
            failure, ended = interruption, set()
        for future in ended:
            task = waiting.pop(future)
            error = future.exception()
            if error is None:
                yield task, future.result()
            failure = failure or error
        if failure is not None:
            waiting = {future: task for future, task in waiting.items() if not future.cancel()}
    if failure is not None:
        raise _told(failure)


def _told(failure: BaseException) -> BaseException:
    """Return a lost worker as an error of ours: with the pool it takes its tasks along, in a cluster after retries."""
    if isinstance(failure, BrokenExecutor) or type(failure).__module__.partition(".")[0] == "distributed":
        lost = SimError("a worker was killed (is memory short?)")
        lost.__cause__ = failure
        return lost
    return failure


class _Inline(Executor):
    """Run each task where it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)
        return future


def _begin_worker(parent: int) -> None:
    # An interruption is the coordinator's to handle: running batches end and are kept.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def leave_with_parent(number: int, frame: FrameType | None) -> None:
        # A killed coordinator says nothing; its workers would wait for tasks for ever.
        if os.getppid() != parent:
            os._exit(1)

    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, leave_with_parent)
        signal.setitimer(signal.ITIMER_REAL, _PARENT_S, _PARENT_S)


@contextmanager
def _cluster(address: str) -> Iterator[Workers]:
    try:
        import distributed
    except ImportError as error:
        expected = 'the library distributed, which pip install "execution-sim[cluster]" brings'
        raise InputError("--dask", address, expected) from error
    try:
        # Its stubs leave the functions untyped.
        client: Any = vars(distributed)["Client"](address, timeout=_DASK_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            "--dask", address, f"the address of a Dask scheduler that answers ({error})"
        ) from error
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise InputError("--dask", address, "a cluster with at least one worker")
        # The scheduler gives a lost worker's batches to another one; equal batches give equal bytes.
        yield Workers(client.get_executor(pure=False), _AHEAD * threads)
