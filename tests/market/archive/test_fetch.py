"""What a fetch keeps, tries again, gives up and reports, against a server that fails on demand."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import date
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import pytest

from sim.market.archive import Piece, Series, Server, fetch

Get = Callable[..., Any]

DAY = Piece(date(2024, 1, 15), date(2024, 1, 15))
NEXT = Piece(date(2024, 1, 16), date(2024, 1, 16))
MONTH = Piece(date(2024, 2, 1), date(2024, 2, 29))
NAME = "BTCUSDT-1m-2024-01-15.zip"
DAILY = "data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-"
MONTHLY = "data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-"
PATH = f"{DAILY}01-15.zip"


def _status(code: int, **headers: str) -> Callable[[Any], None]:
    def fault(answer: Any) -> None:
        answer.status, answer.body = code, b"no"
        answer.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    return fault


def _cut(after: int) -> Callable[[Any], None]:
    def fault(answer: Any) -> None:
        answer.cut_at = after

    return fault


def _flip(answer: Any) -> None:
    answer.body = bytes([answer.body[0] ^ 1]) + answer.body[1:]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_kept_with_its_checksum(archive: Any, get: Get, tmp_path: Path) -> None:
    """What came is what was published, under its name, with its sha256 beside it and nothing else."""
    body = archive.publish(PATH)
    report = get(DAY)
    assert (tmp_path / NAME).read_bytes() == body
    assert _names(tmp_path) == [NAME, f"{NAME}.CHECKSUM"]
    assert (tmp_path / f"{NAME}.CHECKSUM").read_bytes() == archive.files[f"{PATH}.CHECKSUM"]
    assert (report.complete, report.fetched, report.bytes) == (True, [DAY], len(body))


def test_a_sound_file_is_not_asked_for_again(archive: Any, get: Get) -> None:
    """A file that agrees with its kept checksum costs no request at all."""
    archive.publish(PATH)
    get(DAY)
    archive.asked.clear()
    report = get(DAY)
    assert (archive.asked, report.cached, report.fetched) == ([], [DAY], [])


def test_a_file_without_checksum_costs_the_checksum_alone(archive: Any, get: Get, tmp_path: Path) -> None:
    """A file somebody copied here is verified against the published checksum, and kept."""
    (tmp_path / NAME).write_bytes(archive.publish(PATH))
    assert get(DAY).cached == [DAY]
    assert archive.times_asked() == {f"{NAME}.CHECKSUM": 1}


def test_a_spoiled_file_is_fetched_again(archive: Any, get: Get, tmp_path: Path) -> None:
    """A file that no longer agrees with its checksum is replaced."""
    body = archive.publish(PATH)
    get(DAY)
    (tmp_path / NAME).write_bytes(body[:-1])
    assert get(DAY).fetched == [DAY]
    assert (tmp_path / NAME).read_bytes() == body


def test_a_cut_connection_goes_on_where_it_stopped(
    archive: Any, get: Get, tmp_path: Path, waits: list[float]
) -> None:
    """After a cut the rest alone is asked for, and a second cut goes on from there."""
    body = archive.publish(PATH, "x" * 5_000)
    archive.faults[PATH] = [_cut(1_000), _cut(2_000)]
    report = get(DAY)
    assert (tmp_path / NAME).read_bytes() == body
    assert [wanted for path, wanted in archive.asked if path == PATH] == [None, "bytes=1000-", "bytes=3000-"]
    assert (waits, report.bytes) == ([1.0, 2.0], len(body))


def test_a_server_that_cannot_resume_sends_all_again(archive: Any, get: Get, tmp_path: Path) -> None:
    """Where Range is ignored, the whole body replaces what had come."""
    body = archive.publish(PATH, "x" * 5_000)
    archive.resumes = False
    archive.faults[PATH] = [_cut(1_000)]
    assert get(DAY).complete
    assert (tmp_path / NAME).read_bytes() == body


@pytest.mark.parametrize("left", [b"of another file", b"x" * 9_000])
def test_a_left_part_of_something_else_does_no_harm(
    archive: Any, get: Get, tmp_path: Path, left: bytes
) -> None:
    """A part that does not fit, or is longer than the file, is thrown away and all is fetched."""
    body = archive.publish(PATH, "y" * 5_000)
    (tmp_path / f"{NAME}.part").write_bytes(left)
    assert get(DAY).complete
    assert (tmp_path / NAME).read_bytes() == body
    assert _names(tmp_path) == [NAME, f"{NAME}.CHECKSUM"]


def test_a_part_left_by_an_earlier_fetch_is_gone_on_from(archive: Any, get: Get, tmp_path: Path) -> None:
    """A download given up leaves its part, and the next fetch asks for the rest alone."""
    body = archive.publish(PATH, "z" * 5_000)
    archive.faults[PATH] = [_cut(4_000)]
    report = get(DAY, retries=0)
    assert report.failed == {DAY: f"the connection was cut after 4,000 of {len(body):,} bytes (1 try)"}
    assert _names(tmp_path) == [f"{NAME}.part"]
    archive.asked.clear()
    assert get(DAY).complete
    assert (PATH, "bytes=4000-") in archive.asked
    assert (tmp_path / NAME).read_bytes() == body


def test_a_part_that_is_whole_already_is_taken(archive: Any, get: Get, tmp_path: Path) -> None:
    """A process that ended just before the renaming has lost nothing but the name."""
    body = archive.publish(PATH)
    (tmp_path / f"{NAME}.part").write_bytes(body)
    assert get(DAY).complete
    assert (tmp_path / NAME).read_bytes() == body


def test_corrupted_once_is_fetched_again(archive: Any, get: Get, tmp_path: Path) -> None:
    """Bytes that changed on the way are noticed, and the file is fetched once more."""
    body = archive.publish(PATH)
    archive.faults[PATH] = [_flip]
    assert get(DAY).complete
    assert (tmp_path / NAME).read_bytes() == body
    assert archive.times_asked()[NAME] == 2


def test_corrupted_twice_is_an_error(archive: Any, get: Get, tmp_path: Path) -> None:
    """A file that never has the published sha256 is given up, and nothing of it stays."""
    archive.publish(PATH)
    archive.faults[PATH] = [_flip, _flip]
    report = get(DAY)
    assert "corrupted" in report.failed[DAY]
    assert (_names(tmp_path), report.complete) == ([], False)


def test_a_replaced_file_is_verified_by_its_new_checksum(archive: Any, get: Get, tmp_path: Path) -> None:
    """Should the archive replace a file between the two requests, the second round has both anew."""
    archive.publish(PATH, "old")
    old = archive.files[f"{PATH}.CHECKSUM"]
    body = archive.publish(PATH, "new")
    archive.faults[f"{PATH}.CHECKSUM"] = [lambda answer: setattr(answer, "body", old)]
    assert get(DAY).complete
    assert (tmp_path / NAME).read_bytes() == body


def test_trouble_on_the_server_is_waited_out(archive: Any, get: Get, waits: list[float]) -> None:
    """After 5xx and 429 the file is asked for again, each pause twice the last, or as the server asks."""
    archive.publish(PATH)
    archive.faults[f"{PATH}.CHECKSUM"] = [_status(500), _status(503, Retry_After="7")]
    archive.faults[PATH] = [_status(429, Retry_After="1"), _status(502, Retry_After="soon")]
    assert get(DAY).complete
    assert waits == [1.0, 7.0, 4.0, 8.0]


def test_a_date_to_come_back_is_kept(archive: Any, get: Get, waits: list[float]) -> None:
    """Retry-After may be a date."""
    archive.publish(PATH)
    archive.faults[PATH] = [_status(503, Retry_After=formatdate(time() + 60, usegmt=True))]
    assert get(DAY).complete
    assert 55 < waits[0] <= 60


def test_a_pause_beyond_patience_is_an_error(archive: Any, get: Get, waits: list[float]) -> None:
    """A server that asks for an hour is not waited for; the report says what it asked."""
    archive.publish(PATH)
    archive.faults[f"{PATH}.CHECKSUM"] = [_status(429, Retry_After="3600")]
    report = get(DAY)
    assert report.failed[DAY].endswith("the server asks to come back in 3600 s")
    assert waits == []


def test_tries_are_bounded(archive: Any, get: Get, waits: list[float]) -> None:
    """After the last try the file is given up with the last reason."""
    archive.publish(PATH)
    archive.faults[f"{PATH}.CHECKSUM"] = [_status(500)] * 9
    report = get(DAY, retries=2)
    assert report.failed == {DAY: "HTTP 500 Internal Server Error (3 tries)"}
    assert waits == [1.0, 2.0]


def test_refusals_are_final(archive: Any, get: Get, waits: list[float]) -> None:
    """A 403 does not get better by asking again."""
    archive.publish(PATH)
    archive.faults[f"{PATH}.CHECKSUM"] = [_status(403)]
    assert get(DAY).failed == {DAY: "HTTP 403 Forbidden"}
    assert waits == []


def test_what_is_not_published_is_named_and_the_rest_kept(archive: Any, get: Get, waits: list[float]) -> None:
    """A 404 is asked for once, reported, and does not touch the other files."""
    archive.publish(f"{DAILY}01-16.zip")
    report = get(DAY, NEXT)
    assert (report.missing, report.fetched, report.complete, waits) == ([DAY], [NEXT], False, [])


def test_a_file_without_published_checksum_is_not_kept(archive: Any, get: Get, tmp_path: Path) -> None:
    """What cannot be verified is not kept, and is not called missing either."""
    archive.publish(PATH, checksum=False)
    assert "no checksum is published" in get(DAY).failed[DAY]
    assert _names(tmp_path) == []


def test_a_page_in_place_of_a_checksum_is_tried_again(archive: Any, get: Get, waits: list[float]) -> None:
    """A proxy's page, or the checksum of another file, is no checksum."""
    archive.publish(PATH)
    foreign = archive.files[f"{PATH}.CHECKSUM"].replace(b"BTC", b"ETH")
    archive.faults[f"{PATH}.CHECKSUM"] = [
        lambda answer: setattr(answer, "body", b"<html>log in</html>"),
        lambda answer: setattr(answer, "body", foreign),
    ]
    assert get(DAY).complete
    assert len(waits) == 2


def test_a_month_that_is_not_published_comes_by_days(archive: Any, get: Get) -> None:
    """Days stand in for a month; those that are missing too are named as days."""
    for day in range(1, 29):
        archive.publish(f"{DAILY}02-{day:02}.zip")
    report = get(MONTH, jobs=3)
    assert report.missing == [Piece(date(2024, 2, 29), date(2024, 2, 29))]
    assert (len(report.fetched), report.replaced) == (28, [MONTH])


def test_a_month_without_any_day_is_missing_as_a_month(archive: Any, get: Get) -> None:
    """Where nothing of a month is there, one line says so."""
    archive.publish(f"{MONTHLY}03.zip")
    report = get(MONTH, Piece(date(2024, 3, 1), date(2024, 3, 31)))
    assert (report.missing, report.replaced, len(report.fetched)) == ([MONTH], [], 1)


def test_an_unreachable_server_is_given_up_at_once(get: Get, waits: list[float]) -> None:
    """Where nobody answers, the first file's tries are enough; the others are counted, not tried."""
    report = get(DAY, NEXT, MONTH, url="http://127.0.0.1:9")
    assert report.failed == {DAY: "Connection refused (5 tries)"}
    assert (report.untried, waits) == (2, [1.0, 2.0, 4.0, 8.0])


def test_what_is_here_counts_without_a_server(archive: Any, get: Get) -> None:
    """Offline, the files that are here and sound are found, whatever their place in the plan."""
    archive.publish(f"{DAILY}01-16.zip")
    get(NEXT)
    report = get(DAY, NEXT, MONTH, url="http://127.0.0.1:9", retries=0)
    assert (report.cached, list(report.failed), report.untried) == ([NEXT], [DAY], 1)


def test_many_jobs_bring_the_same(archive: Any, get: Get, tmp_path: Path) -> None:
    """Downloads side by side do not touch each other, and the report is in order of time."""
    days = MONTH.days()
    bodies = {day: archive.publish(f"{DAILY}{day.first:%m-%d}.zip", f"{day.period}\n" * 99) for day in days}
    report = get(*reversed(days), jobs=8)
    assert report.fetched == days
    assert all((tmp_path / f"BTCUSDT-1m-{day.period}.zip").read_bytes() == bodies[day] for day in days)


def test_an_interruption_leaves_no_half_file(archive: Any, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a body leaves parts, no final name, and all threads at an end."""
    archive.publish(PATH, "x" * 3_000_000)

    def interrupt(done: int, total: int, got: int) -> None:
        raise KeyboardInterrupt

    def server(stop: threading.Event) -> Server:
        return Server(archive.url, retries=4, wait=stop.wait, stopped=stop.is_set)

    series, before = Series("um", "klines", "BTCUSDT", "1m"), threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        fetch([DAY], series, tmp_path, server=server, jobs=2, progress=interrupt)
    assert [name for name in _names(tmp_path) if name.endswith(".zip")] in ([], [NAME])
    if (tmp_path / NAME).exists():
        assert (
            hashlib.sha256((tmp_path / NAME).read_bytes()).hexdigest()
            in archive.files[f"{PATH}.CHECKSUM"].decode()
        )
    assert threading.active_count() <= before + 1


def test_a_folder_that_goes_away_is_an_error_of_ours(archive: Any, get: Get, tmp_path: Path) -> None:
    """A disk that cannot be written ends the fetch; it is not taken for trouble on the line."""
    archive.publish(PATH)
    tmp_path.rmdir()
    with pytest.raises(FileNotFoundError):
        get(DAY)
    tmp_path.mkdir()
