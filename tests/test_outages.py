"""Excused time: how much of a stretch lies in outages."""

from __future__ import annotations

import numpy as np
import pytest

from sim.outages import Outages


def outages(*rows: tuple[int, int, int]) -> Outages:
    """Build from (intent, opened, closed)."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Outages({"intent": columns[:, 0], "opened_us": columns[:, 1], "closed_us": columns[:, 2]})


def excused(told: Outages, intent: int, from_us: int, to_us: int) -> int:
    stretch = (np.array([value], dtype=np.int64) for value in (intent, from_us, to_us))
    return int(told.excused_us(*stretch)[0])


@pytest.mark.parametrize(
    ("rows", "stretch", "expected"),
    [
        ([], (0, 10, 20), 0),
        ([(-1, 12, 15)], (0, 10, 20), 3),
        ([(-1, 0, 12)], (0, 10, 20), 2),
        ([(-1, 18, 90)], (0, 10, 20), 2),
        ([(-1, 0, 90)], (0, 10, 20), 10),
        ([(-1, 12, 16), (-1, 14, 18), (-1, 15, 16)], (0, 10, 20), 6),
        ([(-1, 14, 18), (-1, 11, 12)], (0, 10, 20), 5),
        ([(1, 12, 15)], (0, 10, 20), 0),
        ([(0, 12, 15), (1, 15, 18)], (0, 10, 20), 3),
        ([(0, 12, 15), (-1, 14, 18)], (0, 10, 20), 6),
        ([(-1, 30, 40)], (0, 10, 20), 0),
    ],
)
def test_outages_count_once_and_for_whom_they_concern(
    rows: list[tuple[int, int, int]], stretch: tuple[int, int, int], expected: int
) -> None:
    """Overlaps count once; an intent's own outages are nobody else's; those of everybody are everybody's."""
    assert excused(outages(*rows), *stretch) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], 15),
        ([(-1, 12, 15)], 18),
        ([(-1, 8, 12)], 17),
        ([(-1, 15, 20)], 15),
        ([(-1, 11, 13), (0, 14, 18)], 21),
    ],
)
def test_a_deadline_waits_while_time_is_excused(rows: list[tuple[int, int, int]], expected: int) -> None:
    """Five µs from ten on are over once five have passed that were not excused."""
    assert outages(*rows).reached_us(0, 10, 5) == expected
