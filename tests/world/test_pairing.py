"""Runs under one seed meet the same weather, whatever else differs between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.trace import Trace

_BURSTS: dict[str, Any] = {
    "name": "reply_lost", "kind": "timeout", "truth": "applied",
    "how": {"burst": {"mean_gap_s": 120.0, "mean_length_s": 20.0}},
}  # fmt: skip
_MORE: dict[str, Any] = {
    "name": "more_errors", "code": -1001, "applied": 0.0, "how": {"rate": 0.3}, "match": {"call": "order"}
}  # fmt: skip
_STEADY = {
    "request": {"law": "lognormal", "p50_ms": 30.0, "p99_ms": 200.0},
    "reply": {"law": "lognormal", "p50_ms": 10.0, "p99_ms": 80.0},
    "rho": 0.0,
}

Rows = Callable[..., list[dict[str, Any]]]
KeyOf = Callable[[dict[str, Any]], tuple[Any, ...]]


@pytest.fixture(scope="module")
def requests_of(rows_of: Rows, request_key: KeyOf) -> Callable[[Trace], dict[Any, dict[str, Any]]]:
    """Give a function that maps the keys of a run's requests to their rows."""
    return lambda trace: {request_key(row): row for row in rows_of(trace, "request")}


@pytest.fixture(scope="module")
def fired_on(rows_of: Rows, request_key: KeyOf) -> Callable[..., set[Any]]:
    """Give a function that lists (fault, key of its request), one fault's or all."""
    return lambda trace, **where: {
        (row["fault"], request_key(row)) for row in rows_of(trace, "fault", **where)
    }


def test_another_fault_leaves_the_price_path_alone(day: Any) -> None:
    """With one more fault, plans, shadows and every print of the path are those of before."""
    before, after = day.world(), day.world(loaded=_with(day, _MORE))
    records = before.run(), after.run()
    for table in ("intent", "shadow"):
        tables = [record.trace.arrays(table) for record in records]
        ideal = [values["kind"] != "refused" if table == "shadow" else slice(None) for values in tables]
        for column in tables[0]:
            one, other = tables[0][column][ideal[0]].tolist(), tables[1][column][ideal[1]].tolist()
            assert repr(one) == repr(other), (table, column)
    prints = [world.venue.paths["BTCUSDT"].prints(0, 3_600_000_000) for world in (before, after)]
    assert all((one == other).all() for one, other in zip(*prints, strict=True))


def test_another_fault_leaves_every_latency_alone(day: Any, requests_of: Any) -> None:
    """Without weather, both legs of a request depend on its key alone, and one more fault changes none."""
    one = requests_of(day.run(loaded=day.loaded(latency=_STEADY)).trace)
    other = requests_of(day.run(loaded=_with(day, _MORE, latency=_STEADY)).trace)
    shared = one.keys() & other.keys()
    assert len(shared) > 300
    assert other.keys() - one.keys()
    assert any(one[key]["sent_us"] != other[key]["sent_us"] for key in shared)
    for key in shared:
        assert _legs(one[key]) == _legs(other[key])


def test_with_weather_the_moment_matters_and_nothing_else(day: Any, requests_of: Any) -> None:
    """With the shipped weather, a request sent at the same time has the same legs beside one more fault."""
    one, other = requests_of(day.run().trace), requests_of(day.run(loaded=_with(day, _MORE)).trace)
    same = [key for key in one.keys() & other.keys() if one[key]["sent_us"] == other[key]["sent_us"]]
    assert len(same) > 100
    assert all(_legs(one[key]) == _legs(other[key]) for key in same)


def test_another_policy_leaves_fault_windows_alone(day: Any, rows_of: Rows) -> None:
    """Bursts and windows lie where they lay, whoever asks and however often."""
    window = {
        "name": "noon",
        "kind": "unavailable_503",
        "how": {"window": {"at": "00:10:00", "for_s": 600.0}},
    }
    loaded = day.loaded(faults=[_BURSTS, window])
    edges = [
        rows_of(day.run(policy=policy, loaded=loaded).trace, "fault_edge")
        for policy in ("d7", "legacy-entry")
    ]
    assert len(edges[0]) > 5
    assert edges[0] == edges[1]


def test_another_policy_meets_the_same_first_draws(day: Any, requests_of: Any, fired_on: Any) -> None:
    """On first attempts that both policies make, the same faults fire."""
    loaded = day.loaded(faults=[fault for fault in _shipped(day) if "rate" in fault["how"]] + [_MORE])
    traces = [day.run(policy=policy, loaded=loaded).trace for policy in ("d7", "legacy-sltp")]
    first = [{key for key in requests_of(trace) if key[3] == 0} for trace in traces]
    shared = first[0] & first[1]
    fired = [{(fault, key) for fault, key in fired_on(trace) if key in shared} for trace in traces]
    assert len(shared) > 200
    assert len(fired[0]) > 50
    assert fired[0] == fired[1]
    assert traces[0].sha256() != traces[1].sha256()


@pytest.mark.parametrize("name", ["internal_error", "would_trigger", "unknown_503"])
def test_raising_a_rate_only_adds_faults(day: Any, requests_of: Any, fired_on: Any, name: str) -> None:
    """On requests that both runs make, a higher rate keeps every fault there was, and adds some."""
    low, high = (
        day.run(loaded=day.loaded([f"faults.{name}.how.rate={rate}"])).trace for rate in (0.15, 0.45)
    )
    shared = requests_of(low).keys() & requests_of(high).keys()
    few, many = (
        {(f, key) for f, key in fired_on(trace, fault=name) if key in shared} for trace in (low, high)
    )
    assert len(few) > 3
    assert few < many


def test_what_was_applied_is_drawn_apart_from_what_fired(day: Any, rows_of: Rows, request_key: KeyOf) -> None:
    """Changing the odds that an ambiguous failure hides an order changes no failure on a first attempt."""
    fired = []
    for applied in (0.1, 0.9):
        trace = day.run(loaded=day.loaded([f"faults.unknown_503.applied={applied}"])).trace
        fired.append(
            {request_key(row): row["truth"] for row in rows_of(trace, "fault", fault="unknown_503", n=0)}
        )
    shared = fired[0].keys() & fired[1].keys()
    assert shared
    was, became = ({key for key in shared if truths[key] == "applied"} for truths in fired)
    assert was < became


def _legs(row: dict[str, Any]) -> tuple[int, int]:
    return row["request_leg_us"], row["reply_leg_us"]


def _shipped(day: Any) -> list[dict[str, Any]]:
    dumped: dict[str, Any] = day.loaded().scenario.model_dump(by_alias=True, exclude_unset=True)
    faults: list[dict[str, Any]] = dumped["faults"]
    return faults


def _with(day: Any, fault: dict[str, Any], **sections: Any) -> Any:
    return day.loaded(faults=[*_shipped(day), fault], **sections)
