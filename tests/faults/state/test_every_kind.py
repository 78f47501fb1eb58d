"""What holds for every fault of state: its example runs, absent it leaves no trace, and it shifts nobody else."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter

from sim.checks import run_checks
from sim.faults import KINDS, Fault, FaultSpec
from sim.faults.condition import StateFault, StretchFault
from sim.world import RunRecord
from tests.policies import d7_policy

READ: TypeAdapter[Any] = TypeAdapter(Fault)
OF_STATE = sorted(kind for kind, spec in KINDS.items() if issubclass(spec, StateFault))
FALL: dict[str, Any] = {"pct_per_s": -0.02, "intents": 30, "every_s": 60.0, "hold_s": 50.0}


def _example(kind: str, how: dict[str, Any] | None = None) -> FaultSpec:
    table = tomllib.loads(KINDS[kind].example)["faults"][0]
    spec: FaultSpec = READ.validate_python(table if how is None else table | {"how": how})
    return spec


def _never(kind: str) -> FaultSpec:
    """Return a kind's example at rate 0."""
    spec = _example(kind)
    if spec.how.window is not None:
        return spec.model_copy(
            update={
                "how": spec.how.model_copy(
                    update={"window": spec.how.window.model_copy(update={"rate": 0.0})}
                )
            }
        )
    if spec.how.burst is not None:
        return _example(kind, {"burst": {"mean_gap_s": 100.0, "mean_length_s": 30.0, "rate": 0.0}})
    return _example(kind, {"rate": 0.0})


def test_there_is_a_kind_for_each_of_them() -> None:
    """The table of kinds holds the faults of state of failures §0."""
    wanted = """
        algo_query_404 clock endpoint_removed field_renamed partial_fill price read_lag refused_at_trigger slow_match
        stop_fired_unfilled stop_vanishes stuck_trigger thin_book user_stream venue_halt
    """
    assert wanted.split() == OF_STATE


@pytest.mark.parametrize("kind", OF_STATE)
@pytest.mark.parametrize("rules", ["2025-01", "2025-12-09"])
def test_its_example_runs_to_the_end(
    kind: str, rules: str, run: Callable[..., RunRecord], frame: Any
) -> None:
    """As it stands in the help; every row of record is its own and lies in the faulted phase."""
    spec = _example(kind)
    record = run([spec], rules=rules, **FALL)
    assert record.ended == "finished"
    assert record.errors == ()
    faults = frame(record, "fault")
    assert set(faults.fault) <= {spec.name}
    twice = faults[faults.request >= 0].duplicated(["fault", "request"])
    assert not twice.any()


@pytest.mark.parametrize("kind", OF_STATE)
def test_at_rate_0_it_is_not_there(kind: str, run: Callable[..., RunRecord]) -> None:
    """The record is the same, byte for byte, as without the fault."""
    assert run([_never(kind)], **FALL).trace.sha256() == run(**FALL).trace.sha256()


@pytest.mark.parametrize("kind", OF_STATE)
def test_it_leaves_the_draws_of_another_alone(kind: str, run: Callable[..., RunRecord], frame: Any) -> None:
    """A fault beside it fires on the same of those requests that both runs make."""
    other = READ.validate_python({"name": "other", "code": -1001, "applied": 0.5, "how": {"rate": 0.3}})
    keys = ["intent", "role", "call", "n"]
    made, fired = [], []
    for faults in ([other], [other, _example(kind)]):
        record = run(faults, **FALL)
        requests, rows = frame(record, "request"), frame(record, "fault")
        made.append(set(requests[keys].itertuples(index=False, name=None)))
        fired.append(set(rows[rows.fault == "other"][keys].itertuples(index=False, name=None)))
    both = made[0] & made[1]
    assert fired[0] & both == fired[1] & both
    assert both


@pytest.mark.parametrize("kind", [kind for kind in OF_STATE if issubclass(KINDS[kind], StretchFault)])
def test_a_condition_in_time_needs_a_stretch(kind: str) -> None:
    """A rate per request is refused where the fault is no request's."""
    with pytest.raises(ValueError, match="needs window or burst"):
        _example(kind, {"rate": 0.1})


@pytest.mark.parametrize("kind", ["slow_match", "partial_fill"])
def test_orders_held_up_live_legally(kind: str, fresh_run: Callable[..., RunRecord]) -> None:
    """S07 knows that such an order waits and fills in parts, and finds no other fault with the run."""
    record = fresh_run([_example(kind, {"rate": 0.5})], **FALL)
    run_checks(
        record.trace, settings=d7_policy().settings, steps={"BTCUSDT": 0.001}, isolation="intent",
        opening_wallet=1_000_000.0, protect_s=5.0, settle_belief_s=30.0, errors=record.errors,
    )  # fmt: skip
    assert "S07" not in set(record.trace.arrays("violation")["check"])
