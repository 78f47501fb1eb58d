"""Print tables, at most :data:`WIDTH` columns wide, without colours unless a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

WIDTH: Final = 100


@contextmanager
def after_writing(what: str) -> Iterator[None]:
    """Let an interruption of the block end the command without the claim that nothing was written."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"interrupted; written before: {what}", file=sys.stderr)
        raise SystemExit(130) from None


def console() -> Console:
    """Return the console on standard output."""
    from rich.console import Console

    found = Console(markup=False, emoji=False, highlight=False)
    # A pipe has no width of its own; rich would take 80 there.
    found.width = min(WIDTH, found.width) if found.is_terminal else WIDTH
    return found


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()
) -> None:
    """Print rows under their column names; ``right`` names the columns set flush right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row))
    target = console()
    with target.capture() as captured:
        target.print(table)
    # Rich fills every row with blanks; in a pipe they would only be noise.
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))
