"""The record: typed columns, refused rows, and a hash of what happened and of nothing else."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from sim.errors import SimError
from sim.trace import TABLES, Trace

VERDICT = (1, 5, True, "fine", 100.0, 0.001, float("nan"), float("nan"), float("nan"))
EDGE = ("fault", 10, 20)


def test_columns_have_the_declared_names_and_kinds() -> None:
    """i and n are int64, f float64, b bool, s text; an empty table has the columns of a full one."""
    kinds = {"i": np.int64, "n": np.int64, "f": np.float64, "b": np.bool_, "s": np.object_}
    for name, declaration in TABLES.items():
        arrays = Trace().arrays(name)
        assert list(arrays) == [item.split(":")[0] for item in declaration.split()]
        for item in declaration.split():
            column, kind = item.split(":")
            assert arrays[column].dtype == kinds[kind], f"{name}.{column}"
            assert len(arrays[column]) == 0


def test_rows_come_back_as_they_went_in() -> None:
    """In order, with every text, number and truth value, across chunks."""
    trace = Trace()
    write = trace.writer("verdict")
    for number in range(10_000):
        write((number, number * 3, number % 2 == 0, f"reason {number % 7}", number / 8, 0.0, 1.0, 2.0, 3.0))
        if number % 1000 == 0:
            trace.compact()
    arrays = trace.arrays("verdict")
    assert len(trace.tables["verdict"]) == 10_000
    assert arrays["intent"].tolist() == list(range(10_000))
    assert arrays["reason"].tolist() == [f"reason {number % 7}" for number in range(10_000)]
    assert arrays["accepted"].tolist() == [number % 2 == 0 for number in range(10_000)]
    assert arrays["price"].tolist() == [number / 8 for number in range(10_000)]
    assert np.isnan(_with(VERDICT).arrays("verdict")["adjusted_sl"][0])


def _with(*rows: tuple[Any, ...], table: str = "verdict") -> Trace:
    trace = Trace()
    for row in rows:
        trace.writer(table)(row)
    return trace


def test_rows_may_follow_a_read() -> None:
    """Reading a table does not end it."""
    trace = _with(EDGE, table="fault_edge")
    assert len(trace.arrays("fault_edge")["fault"]) == 1
    trace.writer("fault_edge")(("other", 30, 40))
    assert trace.arrays("fault_edge")["fault"].tolist() == ["fault", "other"]


@pytest.mark.parametrize("row", [EDGE[:2], (*EDGE, 1)])
def test_a_row_of_the_wrong_width_is_refused(row: tuple[Any, ...]) -> None:
    """Too few or too many values name the table."""
    with pytest.raises(SimError, match="fault_edge"):
        _with(row, table="fault_edge").arrays("fault_edge")


def test_a_value_of_the_wrong_kind_is_refused() -> None:
    """A fraction of a microsecond does not become a whole one in silence."""
    with pytest.raises((TypeError, SimError)):
        _with(("fault", 10.5, 20), table="fault_edge").arrays("fault_edge")


def test_the_hash_sees_every_value_and_the_order() -> None:
    """Change, swap or add a row, or write it to another table: another hash."""
    other = (2, *VERDICT[1:])
    text = (*VERDICT[:3], "Fine", *VERDICT[4:])
    traces = [
        Trace(),
        _with(VERDICT),
        _with(other),
        _with(text),
        _with(VERDICT, other),
        _with(other, VERDICT),
        _with(EDGE, table="fault_edge"),
        _with(("fault", 20, 10), table="fault_edge"),
    ]
    assert len({trace.sha256() for trace in traces}) == len(traces)
    assert _with(VERDICT).sha256() == _with(VERDICT).sha256()


def test_the_hash_does_not_depend_on_when_rows_were_moved() -> None:
    """Reading, hashing or compacting on the way leaves the hash what it is."""
    rows = [
        (number, "POST /fapi/v1/order"[: number % 5], number, f"fault {number % 3}") for number in range(50)
    ]

    def build(every: int) -> str:
        trace = Trace()
        write = trace.writer("fault")
        for number, call, n, name in rows:
            write((name, "kind", number, 1, "entry", call, n, number, f"stage {number % 4}", "applied"))
            if every and number % every == 0:
                trace.arrays("fault")
                trace.sha256()
        return trace.sha256()

    assert build(0) == build(1) == build(7)


def test_a_judges_word_is_not_hashed() -> None:
    """Violations are found later; what happened stays what it is."""
    trace = _with(VERDICT)
    before = trace.sha256()
    trace.writer("violation")(("I01", "safety", 1, 2, 3.0, "base", "truth", "belief"))
    assert trace.sha256() == before
    assert trace.arrays("violation")["check"].tolist() == ["I01"]


def test_texts_cannot_run_into_each_other() -> None:
    """("ab", "c") and ("a", "bc") are different records."""

    def fault(name: str, kind: str) -> Trace:
        return _with((name, kind, 1, 1, "entry", "call", 0, 5, "core", "applied"), table="fault")

    assert fault("ab", "c").sha256() != fault("a", "bc").sha256()


def test_the_hash_is_the_same_under_every_hash_seed() -> None:
    """Nothing in it depends on the order of Python's sets and dicts of texts."""
    code = (
        "from sim.trace import Trace\n"
        "trace = Trace()\n"
        "for word in ('x', 'y', 'z', 'x'): trace.writer('fault_edge')((word, 1, 2))\n"
        "print(trace.sha256())"
    )
    paths = os.pathsep.join(sys.path)
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop().strip()) == hashlib.sha256().digest_size * 2
