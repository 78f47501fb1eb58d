"""Fetch the files of a plan with a few threads, keep what comes, and report what did not."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sim.market.archive.one_file import fetch_file
from sim.market.archive.plan import Piece, Series
from sim.market.archive.server import NotPublished, NotTried, Server, Stopped, Unfetchable

Progress = Callable[[int, int, int], None]
"""Called with (files done, files in all, bytes so far), from the caller's thread."""

# Threads that sit in a read are left behind after this: they hold no final name, and the process may end.
_FAREWELL_S: Final = 2.0


@dataclass(slots=True)
class FetchReport:
    """Say what became of each file of a plan.

    ``missing`` are pieces the archive has neither as a month nor as days; ``failed`` maps a piece to the
    reason; ``replaced`` are months that only exist as days.  ``reached`` tells whether the server answered
    anything (true also when nothing had to be asked); where it did not, ``untried`` counts the files not asked for.
    """

    folder: Path
    series: Series
    fetched: list[Piece] = field(default_factory=list)
    cached: list[Piece] = field(default_factory=list)
    missing: list[Piece] = field(default_factory=list)
    failed: dict[Piece, str] = field(default_factory=dict)
    replaced: list[Piece] = field(default_factory=list)
    reached: bool = True
    untried: int = 0
    bytes: int = 0

    @property
    def complete(self) -> bool:
        """Tell whether everything asked for is there."""
        return not (self.missing or self.failed or self.untried)

    @property
    def names(self) -> list[str]:
        """Return the names of the files that are there, in order of time."""
        return [self.series.file_name(piece.period) for piece in sorted(self.fetched + self.cached)]


def fetch(
    pieces: Iterable[Piece],
    series: Series,
    folder: Path,
    *,
    server: Callable[[threading.Event], Server],
    jobs: int,
    progress: Progress | None = None,
) -> FetchReport:
    """Fetch ``pieces`` into ``folder``, ``jobs`` at a time; a month that is not published is fetched by days.

    ``server`` is called once with the event that tells every thread to end.  Raises OSError when the folder
    cannot be written; whatever ends the call early, no unfinished file bears a final name.
    """
    report = FetchReport(folder, series)
    crew = _Crew(series, folder, server, jobs)
    try:
        _collect(list(pieces), crew, report, progress)
    finally:
        crew.dismiss()
    for found in (report.fetched, report.cached, report.missing, report.replaced):
        found.sort()
    return report


def _collect(pieces: list[Piece], crew: _Crew, report: FetchReport, progress: Progress | None) -> None:
    months: dict[Piece, list[Piece]] = {}
    total = open_ = len(pieces)
    for piece in pieces:
        crew.tasks.put(piece)
    while open_:
        piece, outcome = crew.results.get()
        if isinstance(outcome, int) and not isinstance(outcome, bool):
            report.bytes += outcome
        else:
            open_ -= 1
            if isinstance(outcome, NotPublished) and piece.is_month:
                months[piece] = piece.days()
                for day in months[piece]:
                    crew.tasks.put(day)
                total += len(months[piece]) - 1
                open_ += len(months[piece])
            elif isinstance(outcome, Unfetchable):
                report.failed[piece] = str(outcome)
                report.reached = crew.server.reached
            elif isinstance(outcome, NotTried):
                report.untried += 1
            elif isinstance(outcome, NotPublished):
                report.missing.append(piece)
            elif isinstance(outcome, Exception):
                raise outcome
            else:
                (report.fetched if outcome else report.cached).append(piece)
        if progress is not None:
            progress(total - open_, total, report.bytes)
    _tell_months(months, report)


def _tell_months(months: dict[Piece, list[Piece]], report: FetchReport) -> None:
    for month, days in months.items():
        if set(days) <= set(report.missing):
            report.missing = [piece for piece in report.missing if piece not in days] + [month]
        else:
            report.replaced.append(month)


_Outcome = bool | int | Exception


class _Crew:
    """Run the threads: each takes a piece, and answers with what became of it (bytes on the way are an int)."""

    def __init__(
        self, series: Series, folder: Path, server: Callable[[threading.Event], Server], jobs: int
    ) -> None:
        self.tasks: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        self.results: queue.SimpleQueue[tuple[Piece, _Outcome]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self.server = server(self._stop)
        self._series, self._folder = series, folder
        # Not an executor: its threads are waited for at exit, and Ctrl-C would hang on a silent server.
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(jobs)]
        for thread in self._threads:
            thread.start()

    def dismiss(self) -> None:
        """Tell the threads to end, and wait a moment for what they have open to be put aside."""
        self._stop.set()
        for _ in self._threads:
            self.tasks.put(None)
        for thread in self._threads:
            thread.join(_FAREWELL_S)

    def _work(self) -> None:
        while (piece := self.tasks.get()) is not None:
            self.results.put((piece, self._outcome(piece)))

    def _outcome(self, piece: Piece) -> _Outcome:
        target = self._folder / self._series.file_name(piece.period)
        path = self._series.path(piece.period)
        try:
            return fetch_file(self.server, path, target, lambda count: self.results.put((piece, count)))
        except (NotPublished, NotTried, Unfetchable, Stopped) as outcome:
            if isinstance(outcome, Unfetchable) and not self.server.reached:
                # Every other file would wait through the same tries for the same answer; those that are here
                # already still count.  Said by the thread itself, before it takes its next file.
                self.server.given_up = True
            return outcome
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            return error
