"""Logs of another shape are read as a file declares them, and a wrong file is refused at its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.calibrate.logs import calibrate, frames_of, line_of, read_log
from sim.calibrate.logs.flows import Flows
from sim.calibrate.logs.reader import Counts, read_files
from sim.errors import InputError

REGEX = r"""
[[event]]
kind = "attempt_failed"
regex = 'try (?P<attempt>\d+) of (?P<symbol>\S+) (?P<role>\S+) went wrong with (?P<code>-\d+): (?P<message>.*)'
[[event]]
kind = "placed"
regex = '(?P<symbol>\S+) (?P<role>\S+) is in as (?P<order_id>\d+), try (?P<attempt>\d+), (?P<duration_s>[\d.]+) s'
"""
MAPPING = """
time = "ts"
time_unit = "ms"
process = "pid"
message = "msg"
[[event]]
kind = "attempt_failed"
when = { event = "failed" }
fields = { symbol = "order.symbol", role = "order.role", attempt = "n", message = "why", code = "code" }
[[event]]
kind = "looked_up"
when = { event = "look-up" }
fields = { symbol = "order.symbol", role = "order.role", state = "state" }
"""


def test_named_groups_say_what_a_line_means(tmp_path: Path) -> None:
    """A placement told in one's own words is the same placement."""
    (tmp_path / "mine.toml").write_text(REGEX, encoding="utf-8")
    log = tmp_path / "bot.log"
    log.write_text(
        "2026-11-25 10:00:00 bot: try 1 of BTCUSDT sl went wrong with -1001: Internal error\n"
        "2026-11-25 10:00:01 bot: BTCUSDT sl is in as 77, try 2, 1.1 s\n"
        "2026-11-25 10:00:02 bot: hello\n",
        encoding="utf-8",
    )
    counts = Counts()
    line = line_of(tmp_path / "mine.toml", None, "UTC")
    rows = frames_of(Flows().events(read_files([log], line, counts)))["placements"]
    assert rows[["order_id", "attempts", "code", "first_failure"]].to_numpy().tolist() == [
        ["77", 2, 0, "-1001"]
    ]
    assert (counts.read, counts.other) == (2, 1)


def test_json_lines_tell_of_look_ups(tmp_path: Path) -> None:
    """Look-ups are read where they are logged, and the document's own lines still count."""
    (tmp_path / "mine.toml").write_text(MAPPING, encoding="utf-8")
    order = {"symbol": "BTCUSDT", "role": "entry"}
    rows = []
    for number in range(40):
        ts = 1_795_646_000_000 + 60_000 * number
        rows += [
            {"ts": ts, "pid": 1, "msg": "[SAFETY-GUARD] ✅ BTCUSDT: No adjustments needed"},
            {"ts": ts + 10_000, "pid": 1, "event": "failed", "order": order, "n": 1, "why": "no answer within 10 s"},
            {"ts": ts + 10_100, "pid": 1, "event": "look-up", "order": order, "state": "absent"},
            {
                "ts": ts + 10_100, "pid": 1,
                "msg": "[SAFE-EXECUTOR] ❌ Non-retryable failure for BTCUSDT entry order: code=None, "
                "msg=no answer within 10 s, duration=10.0s",
            },
            {"ts": ts + 12_000, "pid": 1, "event": "look-up", "order": order, "state": "there"},
        ]  # fmt: skip
    log = tmp_path / "bot.jsonl"
    log.write_text("\n".join(map(json.dumps, rows)) + "\n{broken\n", encoding="utf-8")
    read = read_log([log], line_of(None, tmp_path / "mine.toml", "UTC"))
    assert dict(read.counts.refused) == {"damaged: no JSON": 1}
    assert read.tally.total("checked") == 40
    lag = calibrate(read.tally).lag
    assert lag is not None
    assert (lag.n, lag.applied) == (40, 1.0)
    assert (lag.late, lag.low_s) == (40, 0.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[event]]\nkind = "attempt_faild"\nregex = "x"', "did you mean 'attempt_failed'"),
        ('[[event]]\nkind = "placed"\nregex = "(?P<simbol>x)"', "did you mean 'symbol'"),
        ('[[event]]\nkind = "placed"\nregex = "("', "a regular expression of Python"),
        ("event = 3", "mine.toml: event"),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """Unknown kinds and names come with the nearest, a broken pattern with its reason."""
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        line_of(tmp_path / "mine.toml", None, "UTC")
    assert words in str(caught.value)


def test_a_log_that_tells_nothing_is_refused(tmp_path: Path) -> None:
    """The refusal says how many lines there were and what would have been needed."""
    (tmp_path / "other.log").write_text("hello\n" * 3, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_log([tmp_path / "other.log"], line_of(None, None, "UTC"))
    assert "3 lines, none readable" in str(caught.value)
