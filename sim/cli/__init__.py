"""Parse, call, print, exit code: the command line.  The work is done by the rooms it calls."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 fine, 1 a check failed, 2 wrong input, 130 interrupted.

    ``argv`` are the words after the program's name (default: those of the process).
    """
    try:
        # Parts of this package serve sim.api too, which has no use for the parser of options.
        from sim.cli.app import main as run_command

        return run_command(argv)
    except KeyboardInterrupt:
        # Struck while the parser was being imported or the output flushed.
        return 130


__all__ = ["main"]
