"""Column operations that checks share: each answers as the plain loop over rows would."""

from __future__ import annotations

import numpy as np
import pytest

from sim.checks.arrays import among, first_from, latest_until, numbered, one_of, rows_of, sum_by


def whole(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize("wanted", [whole(), whole(5), whole(9, 1, 5)])
def test_among_answers_as_membership_does(wanted: np.ndarray) -> None:
    """What is no more than the largest, or larger than all, is not taken for a member."""
    values = whole(0, 1, 5, 7, 9, 12)
    assert among(values, wanted).tolist() == [value in wanted.tolist() for value in values.tolist()]


def test_one_of_and_numbered_read_words_as_they_are() -> None:
    """Words are told apart whole, and numbered in their own order."""
    words = np.array(["sl", "entry", "sl", "s"], dtype=object)
    assert one_of(words, ("sl", "tp")).tolist() == [True, False, True, False]
    different, place = numbered(words)
    assert different == ["entry", "s", "sl"]
    assert place.tolist() == [2, 0, 2, 1]


def test_a_key_before_all_others_has_no_row() -> None:
    """Neither the last row nor the first one is taken for what is not there."""
    assert rows_of(whole(3, 4, 3), whole(1, 3, 9)).tolist() == [-1, 2, -1]
    assert rows_of(whole(), whole(1)).tolist() == [-1]


def test_rows_by_time_end_at_their_key() -> None:
    """A key without a row on the asked side has none, though its neighbours have."""
    keys, at_us = whole(1, 1, 2), whole(10, 20, 15)
    assert latest_until(keys, at_us, whole(1, 1, 2, 3), whole(9, 25, 15, 99)).tolist() == [-1, 1, 2, -1]
    assert first_from(keys, at_us, whole(1, 1, 2, 0), whole(11, 21, 16, 0)).tolist() == [1, -1, -1, -1]


def test_sums_are_nought_where_there_is_nothing() -> None:
    """A key without rows sums to nought, and so does everything where there are no rows at all."""
    assert sum_by(whole(7, 2), whole(2, 2, 5), np.array([1.0, 2.0, 4.0])).tolist() == [0.0, 3.0]
    assert sum_by(whole(7, 2), whole()).tolist() == [0.0, 0.0]
