"""Values of the grid: lists, even steps, even factors, and what is refused."""

from __future__ import annotations

import pytest

from sim.errors import InputError
from sim.sweep.grid import parse_axis, parse_grid, points_of


@pytest.mark.parametrize(
    ("item", "values"),
    [
        ("execution.max_slippage_pct=0.002:0.01:5", ("0.002", "0.004", "0.006", "0.008", "0.01")),
        ("execution.max_order_retries=1:5:5", ("1", "2", "3", "4", "5")),
        ("faults.timeout.how.rate=0.001:0.1:3log", ("0.001", "0.01", "0.1")),
        ("workload.every_s=5, 60", ("5", "60")),
        ("faults=[{kind='a', n=[1, 2]}],[]", ("[{kind='a', n=[1, 2]}]", "[]")),
        ("execution.working_type='a,b'", ("'a,b'",)),
        ("faults.x.how.window.at=14:20:00", ("14:20:00",)),
    ],
)
def test_values(item: str, values: tuple[str, ...]) -> None:
    """A grid takes a list, low:high:n and low:high:nlog; brackets and quotes hold their commas."""
    assert parse_axis(item).values == values


@pytest.mark.parametrize(
    "item",
    ["execution.max_order_retries", "a=", "a=1,,2", "a=2:1:3", "a=1:2:1", "a=0:2:3log", "a=1,1", "=1,2"],
)
def test_refused(item: str) -> None:
    """What is no grid is refused in one line that names the option."""
    with pytest.raises(InputError) as refusal:
        parse_axis(item)
    assert refusal.value.where in ("--grid", "--set")


def test_points_are_every_combination() -> None:
    """Two keys give every pair of values, the last key varying fastest."""
    points = points_of(parse_grid(["a=1,2", "b=3,4"]))
    assert points == [(("a", a), ("b", b)) for a in "12" for b in "34"]
    assert points_of([]) == [()]


def test_a_key_has_one_source() -> None:
    """A key that stands twice, or in --set as well, is refused."""
    with pytest.raises(InputError, match="each key once"):
        parse_grid(["a=1,2", "a=3"])
    with pytest.raises(InputError, match="--set does not fix"):
        parse_grid(["a=1,2"], ["a=3"])
