"""Memory does not grow with a log, what that costs is said, and the fits hold for what was kept."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from sim.calibrate.logs import Flows, Log, frames_of, read_log
from sim.calibrate.logs.declared import document_line
from sim.calibrate.logs.outages import fit_outage
from sim.calibrate.logs.reader import Counts, read_lines
from sim.calibrate.logs.series import Looks
from sim.calibrate.logs.simulated import heard_of

UTC = ZoneInfo("UTC")


def _lines(orders: int) -> list[str]:
    """Return a log in which every third order needs two attempts, and every seventh never ends."""
    lines = []
    for number in range(orders):
        at, role = f"2026-11-25 {number // 60:02d}:{number % 60:02d}", ("entry", "sl", "tp")[number % 3]
        attempts = 1 + (number % 3 == 0)
        if attempts == 2:
            failed = (
                f"[SAFE-EXECUTOR] Attempt 1/5 failed for BTCUSDT {role} order: code=-1001, msg=Internal error"
            )
            lines += [f"{at}:00,000 {failed}", f"{at}:00,001 [SAFE-EXECUTOR] Waiting 0.50s before retry 2"]
        if number % 7:
            placed = (
                f"BTCUSDT {role} order placed: order_id={number}, attempts={attempts}, duration={attempts}.0s"
            )
            lines.append(f"{at}:0{attempts},000 [SAFE-EXECUTOR] {placed}")
    return lines


def _read(folder: Path, *parts: list[str]) -> Log:
    folder.mkdir()
    files = [folder / f"part{place}.log" for place in range(len(parts))]
    for file, part in zip(files, parts, strict=True):
        file.write_text("\n".join(part) + "\n", encoding="utf-8")
    return read_log(files, document_line(UTC), tables=folder)


def test_a_log_read_in_parts_is_the_same_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a log is rotated: same sums, same samples, same tables."""
    monkeypatch.setattr("sim.calibrate.logs.series.MOST_KEPT", 60)
    lines = _lines(240)
    whole, parts = (
        _read(tmp_path / "a", lines),
        _read(tmp_path / "b", lines[:101], lines[101:200], lines[200:]),
    )
    assert whole.tally == parts.tally
    assert whole.tally.looks.seen > len(whole.tally.looks.at_us)
    assert (whole.counts, whole.cut_off) == (parts.counts, parts.cut_off)
    for table in ("placements", "attempts"):
        one, other = (pd.read_parquet(tmp_path / name / f"{table}.parquet") for name in "ab")
        pd.testing.assert_frame_equal(one, other)


def test_tables_written_in_parts_are_those_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of seven rows make up the frames that fit in memory."""
    monkeypatch.setattr("sim.calibrate.logs.frames._ROWS", 7)
    lines = _lines(60)
    _read(tmp_path / "a", lines)
    for table, frame in frames_of(Flows().events(heard_of(lines))).items():
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a" / f"{table}.parquet"), frame)


def test_the_order_seen_longest_ago_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six open orders of one moment, with room for four, two are cut off for room, and the log says so."""
    monkeypatch.setattr("sim.calibrate.logs.flows.MOST_OPEN", 4)
    failed = "2026-11-25 10:00:00 [SAFE-EXECUTOR] Attempt 1/5 failed for BTCUSDT sl order: code=-1001, msg=x"
    log = _read(tmp_path / "a", [failed] * 6)
    assert (log.cut_off, log.tally.crowded_out) == (6, 2)
    assert log.tally.left_out()[0].startswith("placements: 2 were cut off")


def test_the_first_of_endless_attempts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A placement of six attempts, with room for three, still counts six, and is not whole."""
    monkeypatch.setattr("sim.calibrate.logs.flows.MOST_ATTEMPTS", 3)
    lines = []
    for number in range(1, 7):
        failed = f"Attempt {number}/9 failed for BTCUSDT sl order: code=-1001, msg=Internal error"
        lines += [f"2026-11-25 10:00:0{number} [SAFE-EXECUTOR] {failed}"]
        lines += [f"2026-11-25 10:00:0{number} [SAFE-EXECUTOR] Waiting 0.50s before retry {number + 1}"]
    end = "All 6 attempts failed for BTCUSDT sl order: code=-1001, msg=Internal error, duration=6.0s"
    frames = frames_of(Flows().events(heard_of([*lines[:-1], f"2026-11-25 10:00:06 [SAFE-EXECUTOR] {end}"])))
    assert frames["attempts"]["attempt"].tolist() == [4, 5, 6]
    assert frames["placements"][["attempts", "whole"]].to_numpy().tolist() == [[6, False]]


def test_a_name_without_end_is_refused() -> None:
    """A symbol of three thousand letters is damage, and is not kept."""
    counts = Counts()
    line = f"2026-11-25 10:00:00 [SAFETY-GUARD] {'B' * 3000}: No adjustments needed"
    assert list(read_lines([line], document_line(UTC), counts)) == []
    assert dict(counts.refused) == {"a name of more than 200 letters": 1}


def test_outages_are_recovered_from_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outages of 20 s, 200 s apart, lie in their intervals though more than half of the looks were left out."""
    monkeypatch.setattr("sim.calibrate.logs.series.MOST_KEPT", 1500)
    random, edges, t_s = np.random.default_rng(5), [], 0.0
    while t_s < 16_000:
        t_s += random.exponential(200.0)
        edges.append((t_s, t_s := t_s + random.exponential(20.0)))
    starts, ends = np.array(edges).T
    at_s = np.arange(1.0, 16_000.0, 4.0)
    place = np.searchsorted(starts, at_s) - 1
    looks = Looks()
    for at_us, is_down in zip((at_s * 1e6).astype(int), (place >= 0) & (at_s < ends[place]), strict=True):
        looks.take(int(at_us), "time-out" if is_down else "", "sl")
    kept_us, failure, _ = looks.arrays()
    assert len(kept_us) < looks.seen / 2
    found = fit_outage("time-out", kept_us / 1e6, failure > 0)
    assert found is not None
    assert found.length_low_s < 20.0 < found.length_high_s
    assert found.gap_low_s < 200.0 < found.gap_high_s
