"""Show how far a fetch has come: one bar on standard error, on a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

_EVERY_S: Final = 0.1


@contextmanager
def files_bar(wanted: bool) -> Iterator[Callable[[int, int, int], None] | None]:
    """Yield the function of (files done, files in all, bytes) that moves the bar; None when nobody would see it."""
    if not wanted:
        yield None
        return
    from rich.console import Console
    from rich.filesize import decimal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    bar = Progress(
        TextColumn("files"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    task = bar.add_task("connecting", total=None)
    last_s = 0.0

    def advance(done: int, total: int, got: int) -> None:
        nonlocal last_s
        now_s = monotonic()
        if now_s - last_s >= _EVERY_S or done == total:
            last_s = now_s
            bar.update(task, description=decimal(got), completed=done, total=total)

    with bar:
        yield advance
