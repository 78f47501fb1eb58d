"""Pairing laws: what one fault, rate or policy may change in a run, and what it must not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from sim.exchange.latency import LatencySpec
from sim.faults import CodedError, FaultSpec, How, Match, Timeout, Unknown503

KEY = ["intent", "role", "call", "n"]
ALONE = LatencySpec(rho=0.0)


def internal_error(rate: float, name: str = "internal_error") -> CodedError:
    return CodedError(name=name, code=-1001, applied=0.0, how=How(rate=rate), match=Match(call="order"))


def lost_replies() -> Timeout:
    how = How.model_validate({"burst": {"mean_gap_s": 60.0, "mean_length_s": 10.0}})
    return Timeout(name="reply_lost", kind="timeout", truth="applied", how=how)


def keyed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index(KEY).sort_index()


@pytest.fixture(scope="module")
def plain(run: Callable[..., Any]) -> Any:
    return run(latency=ALONE)


def test_the_same_run_twice_is_the_same_bytes(fresh_run: Callable[..., Any]) -> None:
    """Seed, scenario and policy decide everything; another seed decides otherwise."""
    faults = [internal_error(0.2), lost_replies()]
    shas = [fresh_run(faults, seed=seed).trace.sha256() for seed in (1, 1, 2)]
    assert shas[0] == shas[1] != shas[2]


@pytest.mark.parametrize(
    "how",
    [
        {"rate": 0.0},
        {"window": {"at": 0.0, "for_s": 1000.0, "rate": 0.0}},
        {"burst": {"mean_gap_s": 10.0, "mean_length_s": 5.0, "rate": 0.0}},
        {"window": {"at": 3500.0, "for_s": 10.0}},
        {"script": [99]},
    ],
)
def test_a_fault_that_never_fires_leaves_the_same_bytes(how: dict[str, Any], run: Callable[..., Any]) -> None:
    """Rate nought is no fault: not one byte of the record differs."""
    silent = Unknown503(name="silent", kind="unknown_503", applied=1.0, how=How.model_validate(how))
    assert run([silent]).trace.sha256() == run().trace.sha256()
    others = [internal_error(0.2)]
    assert run([silent, *others]).trace.sha256() == run(others).trace.sha256()


def test_adding_a_fault_leaves_the_tape_alone(run: Callable[..., Any], frame: Callable[..., Any]) -> None:
    """Intents, and the ideal and floor brackets that read path and latency, are unchanged."""
    with_fault, without = run([internal_error(0.4), lost_replies()]), run()
    for table in ("intent", "shadow"):
        pd.testing.assert_frame_equal(frame(with_fault, table), frame(without, table))


def test_adding_a_fault_leaves_every_latency_alone(
    plain: Any, run: Callable[..., Any], frame: Callable[..., Any]
) -> None:
    """A request of the same key travels as long, however much later it is sent (no weather: rho = 0)."""
    legs = ["request_leg_us", "reply_leg_us"]
    one = keyed(frame(plain, "request"))[legs]
    other = keyed(frame(run([internal_error(0.4), lost_replies()], latency=ALONE), "request"))[legs]
    common = one.index.intersection(other.index)
    assert len(common) > 100
    pd.testing.assert_frame_equal(one.loc[common], other.loc[common])


def test_under_weather_requests_at_one_moment_travel_alike(
    run: Callable[..., Any], frame: Callable[..., Any]
) -> None:
    """With rho above nought the moment matters too: same key and same moment, same legs."""
    one, other = (keyed(frame(run(faults), "request")) for faults in ([], [internal_error(0.4)]))
    both = one.join(other.add_suffix("_other"), how="inner")
    same = both[both.sent_us == both.sent_us_other]
    assert 40 <= len(same) < len(both)
    assert (same.request_leg_us == same.request_leg_us_other).all()


def fired(record: Any, frame: Callable[..., Any], name: str) -> tuple[set[Any], set[Any]]:
    """Return the keys of all requests, and of those on which the fault fired."""
    requests, faults = frame(record, "request"), frame(record, "fault")
    hits = faults[faults.fault == name]
    return set(map(tuple, requests[KEY].values)), set(map(tuple, hits[KEY].values))


def test_raising_a_rate_only_adds_faults(run: Callable[..., Any], frame: Callable[..., Any]) -> None:
    """A request that exists under both rates and was hit at the lower is hit at the higher."""
    known: list[tuple[set[Any], set[Any]]] = [
        fired(run([internal_error(rate)], seed=5), frame, "internal_error") for rate in (0.05, 0.15, 0.4)
    ]
    for (low_keys, low_hits), (high_keys, high_hits) in pairwise(known):
        both = low_keys & high_keys
        assert low_hits & both <= high_hits
        assert len(high_hits & both) > len(low_hits & both)


def test_another_fault_does_not_move_the_first_ones_draws(
    run: Callable[..., Any], frame: Callable[..., Any]
) -> None:
    """On requests that both runs make, a fault fires alike whatever other faults there are, in any order."""
    first = internal_error(0.2)
    second = internal_error(0.3, name="second")
    runs = [run(faults, seed=3) for faults in ([first], [first, second], [second, first])]
    told = [fired(record, frame, "internal_error") for record in runs]
    for keys, hits in told[1:]:
        assert hits & told[0][0] == told[0][1] & keys
    assert told[1] == told[2]


POLICIES: list[dict[str, Any]] = [
    {"execution.max_order_retries": 1},
    {"execution.retry_backoff_base_sec": 4.0},
    {"execution.classifier": "every-error"},
]


@pytest.mark.parametrize("policy", POLICIES, ids=["never resend", "slow", "stubborn"])
def test_another_policy_meets_the_same_weather(
    policy: dict[str, Any], run: Callable[..., Any], frame: Callable[..., Any]
) -> None:
    """Bursts stand at the same times, and each first attempt draws the same luck."""
    faults: list[FaultSpec] = [internal_error(0.3), lost_replies()]
    base, changed = run(faults), run(faults, policy=policy)
    pd.testing.assert_frame_equal(frame(base, "fault_edge"), frame(changed, "fault_edge"))
    assert len(frame(base, "fault_edge")) > 3
    keys, hits = fired(base, frame, "internal_error")
    changed_keys, changed_hits = fired(changed, frame, "internal_error")
    first = {key for key in keys & changed_keys if key[3] == 0}
    assert len(first) > 80
    assert hits & first == changed_hits & first


def test_faults_leave_a_settling_intent_alone(run: Callable[..., Any], frame: Callable[..., Any]) -> None:
    """A flow that still tries settle_s (60 s) after its deadline meets no fault any more and gets its close."""
    busy = CodedError(name="busy", code=-1008, how=How(rate=1.0), match=Match(role="flatten"))
    stubborn = {
        "execution.classifier": "every-error",
        "execution.max_order_retries": 20,
        "execution.retry_backoff_base_sec": 7.0,
        "execution.retry_backoff_growth": 1.0,
    }
    record = run([busy], policy=stubborn, intents=10)
    closes = frame(record, "request").query("role == 'flatten'").merge(frame(record, "intent"), on="intent")
    settled = closes.sent_us >= closes.decided_us + closes.hold_us + 60_000_000
    assert (closes[~settled].status == 503).all()
    assert (closes[settled].status == 200).all()
    assert settled.sum() == 10


def test_what_a_timeout_hides_is_true_in_a_whole_run(
    run: Callable[..., Any], frame: Callable[..., Any]
) -> None:
    """Entries lost, answered in vain, or late: the position at the end is what each truth says."""
    never = {"execution.max_order_retries": 1}
    held = {}
    for truth, late_s in (
        ("not_applied", None),
        ("applied", None),
        ("applied_late", 3.0),
        ("applied_late", 9.0),
    ):
        fault = Timeout(
            name="silence", kind="timeout", truth=truth, late_s=late_s,  # type: ignore[arg-type]
            how=How(rate=1.0), match=Match(role="entry"),
        )  # fmt: skip
        record = run([fault], policy=never, intents=6)
        held[truth, late_s] = frame(record, "account_end").position.abs().tolist()
        assert (frame(record, "intent_end").believed_position == 0.0).all()
    assert held == {
        ("not_applied", None): [0.0] * 6,
        ("applied", None): [0.01] * 6,
        ("applied_late", 3.0): [0.01] * 6,
        ("applied_late", 9.0): [0.0] * 6,
    }
