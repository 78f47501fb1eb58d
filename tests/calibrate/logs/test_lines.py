"""Every line of the document is understood whatever stands before it; what is damaged is refused and counted."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from sim.calibrate.logs.declared import Heard, document_line
from sim.calibrate.logs.prefix import prefix_of
from sim.calibrate.logs.reader import Counts, read_lines
from sim.calibrate.logs.said import Said, said

UTC = ZoneInfo("UTC")

DOCUMENT = {
    "[SAFETY-GUARD] ✅ BTCUSDT: No adjustments needed": Said(
        "verdict", "BTCUSDT", message="No adjustments needed"
    ),
    "[SAFE-EXECUTOR] ✅ BTCUSDT entry order placed: order_id=12345, attempts=1, duration=0.5s": Said(
        "placed", "BTCUSDT", "entry", 1, order_id="12345", duration_s=0.5
    ),
    "[SAFE-EXECUTOR] ❌ Attempt 1/5 failed for BTCUSDT sl order: code=-1001, msg=Internal error": Said(
        "attempt_failed", "BTCUSDT", "sl", 1, -1001, "Internal error"
    ),
    "[SAFE-EXECUTOR] ❌ Attempt 1/5 failed for BTCUSDT sl order: code=None, msg=no answer": Said(
        "attempt_failed", "BTCUSDT", "sl", 1, None, "no answer"
    ),
    "[SAFE-EXECUTOR] Waiting 0.50s before retry 2": Said("waiting", attempt=2, delay_s=0.5),
    "[SAFE-EXECUTOR] BTCUSDT LONG: current_price=$50000.00, adjusted SL from $50100.00 to $49950.00": Said(
        "adjusted", "BTCUSDT", "sl", side="LONG", old=50100.0, new=49950.0
    ),
    "[SAFE-EXECUTOR] ❌ All 5 attempts failed for BTCUSDT sl order: code=-1001, msg=Oh, no, duration=15.5s": Said(
        "failed", "BTCUSDT", "sl", 5, -1001, "Oh, no", duration_s=15.5
    ),
    "[SAFE-EXECUTOR] ❌ Non-retryable failure for BTCUSDT tp order: code=-1121, msg=Bad symbol, duration=0.1s": Said(
        "failed", "BTCUSDT", "tp", 0, -1121, "Bad symbol", duration_s=0.1
    ),
    "[SAFETY-GUARD] ❌ Excessive slippage for BTCUSDT: 0.794% > 0.500% (planned=$50000.00, current=$50400.00)": Said(
        "verdict", "BTCUSDT", message="Excessive slippage", accepted=False, deviation=True, old=50000.0, new=50400.0
    ),
}  # fmt: skip


@pytest.mark.parametrize("line", DOCUMENT)
def test_the_documents_lines_are_understood(line: str) -> None:
    """Each pattern the document prints says what it says, also without its emoji."""
    assert said(line) == DOCUMENT[line]
    for emoji in ("✅ ", "❌ "):
        assert said(line.replace(emoji, "")) == DOCUMENT[line]


@pytest.mark.parametrize("line", [line for line in DOCUMENT if line.endswith(("s", ")", "0", "needed"))])
def test_a_line_cut_short_is_refused(line: str) -> None:
    """A line that lost its last letters is no other line."""
    assert said(line[:-2]) is None


@pytest.mark.parametrize(
    ("prefix", "at_us", "zoned", "process"),
    [
        ("2026-11-25 22:48:31,123 INFO sim.execution: ", 1_795_646_911_123_000, False, ""),
        ("2026-11-25T22:48:31.123456Z WARNING ", 1_795_646_911_123_456, True, ""),
        ("2026-11-25 23:48:31+01:00 [4711] INFO ", 1_795_646_911_000_000, True, "4711"),
        ("2026-11-25 22:48:31 pid=7 (MainThread) ", 1_795_646_911_000_000, False, "7/MainThread"),
        ("1795646911.5 INFO ", 1_795_646_911_500_000, True, ""),
    ],
)
def test_usual_prefixes_are_read(prefix: str, at_us: int, zoned: bool, process: str) -> None:
    """Time to the microsecond, zone and process are found wherever logging puts them."""
    found = prefix_of(prefix, UTC)
    assert found is not None
    assert (found.at_us, found.zoned, found.process) == (at_us, zoned, process)


def test_a_time_without_zone_is_of_the_stated_one() -> None:
    """Summer time counts."""
    found = prefix_of("2026-07-01 12:00:00 ", ZoneInfo("Europe/Zurich"))
    assert found is not None
    assert found.at_us == prefix_of("2026-07-01 10:00:00Z ", UTC).at_us  # type: ignore[union-attr]


def test_damaged_lines_are_refused_by_reason_and_the_rest_is_read() -> None:
    """Cut lines, lines without a time, a stray zone and other programs' lines are counted, each in its place."""
    good = "2026-11-25 22:48:31,123 [SAFETY-GUARD] ✅ BTCUSDT: No adjustments needed"
    counts = Counts()
    lines = [
        good,
        good[:-5],
        "no time [SAFETY-GUARD] ✅ BTCUSDT: No adjustments needed",
        good.replace("22:48", "20:48"),
        "2026-11-25 22:48:32 GET /health 200",
        "2026-11-25 22:48:32 [SAFE-EXEC",
    ]
    assert len(list(read_lines(lines, document_line(UTC), counts))) == 1
    assert (counts.lines, counts.read, counts.other) == (6, 1, 1)
    assert dict(counts.refused) == {
        "damaged: none of the document's lines": 1,
        "no readable time": 1,
        "out of order by more than 15 minutes": 1,
        "tag cut off": 1,
    }


def test_a_clock_that_was_set_back_is_believed_in_the_end() -> None:
    """Two hundred lines of an earlier time are no stray zone."""
    line = document_line(UTC)
    late = "2026-11-25 22:00:00 [SAFE-EXECUTOR] Waiting 0.50s before retry 2"
    counts = Counts()
    heard = list(read_lines([late, *[late.replace(" 22:", " 20:")] * 300], line, counts))
    assert counts.set_back == 1
    assert len(heard) == 1 + 300 - 199
    assert isinstance(line(late), Heard)


@pytest.mark.parametrize(
    "body",
    [
        "Attempt 1/5 failed for BTCUSDT sl order: code=-99999999999999999999, msg=x",
        f"Waiting {'9' * 5000}.00s before retry 2",
        f"BTCUSDT sl order placed: order_id=1, attempts={'1' * 30}, duration=0.1s",
        f"BTCUSDT sl order placed: order_id=1, attempts=1, duration={'1' * 30}.1s",
        f"All {'1' * 30} attempts failed for BTCUSDT sl order: code=-1001, msg=x, duration=1.0s",
    ],
)
def test_numbers_out_of_all_bounds_are_damage(body: str) -> None:
    """No run of digits that a broken line makes up ends the reading."""
    assert said(f"[SAFE-EXECUTOR] {body}") is None


@pytest.mark.parametrize("date", ["0001-01-01 00:00:00", "9999-12-31 23:00:00", "2026-13-01 00:00:00"])
def test_dates_out_of_all_bounds_do_not_end_the_reading(date: str) -> None:
    """The calendar's ends have no time in every zone, and such a month never had one."""
    for zone in ("Asia/Tokyo", "America/New_York"):
        assert (prefix_of(date, ZoneInfo(zone)) is None) or date.startswith(("0001", "9999"))
