"""Write what a fetch brought and what an inspection found, as lines for people and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.cli.output import WIDTH
from sim.wording import counted

if TYPE_CHECKING:
    from sim.market.archive import FetchReport
    from sim.market.inspect import Finding, Place, SetReport

_NAME_WIDTH: Final = 23
_PERIODS_MOST: Final = 12
_MINUTE_US: Final = 60_000_000
_VERDICTS: Final = {
    "as it is": "loads as it is",
    "with a policy": "loads only with this in a scenario{}:",
    "not at all": "cannot be used:",
}


def fetch_lines(report: FetchReport) -> tuple[list[str], list[str]]:
    """Return the lines that say what is there, and those that say what is not."""
    return list(_what_is_there(report)), list(_what_is_not(report))


def _what_is_there(report: FetchReport) -> Iterator[str]:
    from rich.filesize import decimal

    there = sorted(report.fetched + report.cached)
    if not there:
        return
    series = report.series
    what = " ".join(filter(None, (series.market, series.kind, series.symbol, series.interval)))
    months = sum(piece.is_month for piece in there)
    sizes = ((months, "monthly file"), (len(there) - months, "daily file"))
    parts = [", ".join(counted(number, noun) for number, noun in sizes if number)]
    if report.fetched:
        parts.append(f"{len(report.fetched)} fetched ({decimal(report.bytes)})")
    if report.cached:
        parts.append(f"{len(report.cached)} already there, verified")
    yield f"{what}, {there[0].first} to {there[-1].last}: {'; '.join(parts)}"
    yield f"  in {report.folder}"
    for text in _periods(report.replaced):
        yield f"  not published as a month, fetched by days: {text}"
    yield from _hint(report)


def _hint(report: FetchReport) -> Iterator[str]:
    from sim.market.globs import glob_of

    reference = glob_of(report.folder, report.names)
    if reference is None:
        yield ""
        yield "No glob tells these files from the others of this series in the folder; to name them in a"
        yield "scenario, fetch them with an --out of their own."
        return
    relative = "" if report.folder.is_absolute() else " in this folder"
    table = "[market.mark]" if report.series.kind == "markPriceKlines" else "[market]"
    yield f"  in a scenario{relative}, under {table}:"
    yield f"    klines = {json.dumps(reference, ensure_ascii=False)}"
    yield f'  look into it: sim klines check "{reference}"'


def _periods(pieces: list[Any]) -> list[str]:
    from sim.market.archive.plan import shown_periods

    found = shown_periods(pieces)
    more = len(found) - _PERIODS_MOST
    return found if more <= 0 else [*found[:_PERIODS_MOST], f"… and {more} more"]


def _what_is_not(report: FetchReport) -> Iterator[str]:
    what = f"{report.series.symbol} {report.series.kind}"
    for text in _periods(report.missing):
        yield f"not published: {what} {text}"
    if report.missing and not report.names and not report.failed:
        yield "nothing of it is published; is the symbol spelled as Binance does, and was it listed then?"
    if not report.reached:
        reason = next(iter(report.failed.values()))
        files = counted(len(report.failed) + report.untried, "file")
        yield f"error: the server cannot be reached: {reason}; {files} not fetched"
        return
    for number, (piece, reason) in enumerate(sorted(report.failed.items())):
        if number == _PERIODS_MOST:
            yield f"error: … and {len(report.failed) - number} more files"
            break
        yield f"error: {report.series.file_name(piece.period)}: {reason}"


def fetch_json(report: FetchReport) -> dict[str, Any]:
    """Return a fetch as plain values."""
    from sim.market.globs import glob_of

    series = report.series
    name = series.file_name
    return {
        "market": series.market,
        "kind": series.kind,
        "symbol": series.symbol,
        "interval": series.interval,
        "folder": str(report.folder),
        "reference": glob_of(report.folder, report.names) if report.names else None,
        "complete": report.complete,
        "bytes": report.bytes,
        "fetched": [name(piece.period) for piece in report.fetched],
        "already_there": [name(piece.period) for piece in report.cached],
        "not_published": [name(piece.period) for piece in report.missing],
        "failed": {name(piece.period): reason for piece, reason in sorted(report.failed.items())},
        "not_tried": report.untried,
        "months_fetched_by_days": [piece.period for piece in report.replaced],
    }


def report_lines(report: SetReport, most: int) -> Iterator[str]:
    """Yield the lines of one set; ``most`` places of each finding."""
    yield report.reference
    if report.first_us is not None and report.end_us is not None:
        fine = report.interval_us is None or report.interval_us < _MINUTE_US
        span = f"{_time(report.first_us, fine)} to {_time(report.end_us, fine)} UTC"
        files = counted(report.files, "file")
        yield f"  {report.symbol or 'symbol unknown'}, {report.kind}: {report.rows:,} rows in {files}"
        yield f"  {span}"
    for finding in report.findings:
        yield from _finding(finding, most, with_file=report.files > 1)
    if report.kind != "unreadable" and not report.findings:
        yield "  nothing odd found"
    for note in report.notes:
        yield from _wrapped(f"  note: {note}", "        ")
    relative = report.toml is not None and not Path(report.reference).is_absolute()
    where = " in this folder" if relative and not report.reference.startswith("embedded:") else ""
    yield f"  {_VERDICTS[report.loads].format(where)}"
    if report.loads == "not at all":
        yield from _wrapped(f"    {report.refusal}", "    ")
    if report.toml is not None:
        yield ""
        for line in report.toml.splitlines():
            yield f"    {line}" if line else ""
        yield ""
        yield from _wrapped(f"  else it is refused: {report.refusal}", "    ")


def _finding(finding: Finding, most: int, *, with_file: bool) -> Iterator[str]:
    treated = f" [needs {finding.policy}]" if finding.policy else ""
    lead = f"  {finding.name:<{_NAME_WIDTH}}"
    yield from _wrapped(f"{lead}{finding.count:,}: {finding.text}{treated}", " " * len(lead))
    for place in finding.places[:most]:
        yield from _wrapped(
            f"{' ' * (_NAME_WIDTH + 4)}{_place(place, with_file=with_file)}", " " * (_NAME_WIDTH + 6)
        )
    if 0 < most < len(finding.places):
        yield f"{' ' * (_NAME_WIDTH + 4)}… and {len(finding.places) - most:,} more (--most, --json)"


def _wrapped(text: str, indent: str) -> list[str]:
    # Paths are never broken: they are there to be copied.
    lead = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(
        text.lstrip(),
        WIDTH,
        initial_indent=lead,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _place(place: Place, *, with_file: bool) -> str:
    fine = bool(place.at_us % _MINUTE_US or place.length_us % _MINUTE_US)
    where = f"row {place.row}" + (f" of {place.file}" if with_file else "")
    said = f"{place.text} ({where})" if place.text else where
    if not place.length_us:
        return f"{_time(place.at_us, fine)}  {said}"
    length = timedelta(microseconds=place.length_us)
    end_us = place.at_us + place.length_us
    return f"{_time(place.at_us, fine)} to {_time(end_us, fine)}, {length}: {said}"


def _time(at_us: int, fine: bool) -> str:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at_us)
    if not fine:
        return f"{moment:%Y-%m-%d %H:%M}"
    return moment.isoformat(" ", "milliseconds" if at_us % 1_000_000 else "seconds").removesuffix("+00:00")


def report_json(report: SetReport) -> dict[str, Any]:
    """Return one set's report as plain values; times are Unix µs."""
    from dataclasses import asdict

    return asdict(report)
