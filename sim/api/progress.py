"""Show how far a command has come: one bar on standard error, on a terminal only.

Threads are refused inside a run, so nothing refreshes the bar behind its back: it is drawn by hand, at most ten
times a second of real time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Bound here, outside any run: inside one, time.perf_counter tells virtual time.
from time import perf_counter
from typing import Final

Advance = Callable[[str, int, int], None]
"""Called with (label, done, total), in the bar's unit."""

_EVERY_S: Final = 0.1

PAGES: Final = "drawing the pages …"


@contextmanager
def progress_bar(wanted: bool, unit: str = "intents") -> Iterator[Advance | None]:
    """Yield the function that moves the bar; None when no bar is wanted or nobody would see it.

    The bar shows the rate in ``unit`` per second and the time left.
    """
    if not wanted:
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return

    class Rate(ProgressColumn):
        def render(self, task: object) -> Text:
            speed = getattr(task, "finished_speed", None) or getattr(task, "speed", None)
            return Text("" if speed is None else f"{speed:,.0f} {unit}/s")

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        get_time=perf_counter,
    )
    task = bar.add_task("starting", total=None)
    last_s = perf_counter()

    def advance(label: str, done: int, total: int) -> None:
        nonlocal last_s
        now_s = perf_counter()
        if now_s - last_s >= _EVERY_S or done == total:
            last_s = now_s
            bar.update(task, description=label, completed=done, total=total, refresh=True)

    with bar:
        bar.refresh()
        yield advance


@contextmanager
def notice(wanted: bool, text: str) -> Iterator[None]:
    """Show ``text`` on a terminal's standard error while the block runs: it takes seconds and shows nothing."""
    seen = wanted and sys.stderr.isatty()
    if seen:
        print(text, end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if seen:
            print("\r" + " " * len(text) + "\r", end="", file=sys.stderr, flush=True)


def over_runs(advance: Advance | None, runs: int) -> Callable[[str, int, int, int], None] | None:
    """Return the progress function of an experiment of ``runs`` runs: one bar over all of them."""
    if advance is None:
        return None
    seen: list[tuple[str, int]] = []

    def progress(policy: str, seed: int, done: int, total: int) -> None:
        if (policy, seed) not in seen:
            seen.append((policy, seed))
        number = len(seen)
        advance(f"{policy} seed {seed} (run {number} of {runs})", (number - 1) * total + done, runs * total)

    return progress
