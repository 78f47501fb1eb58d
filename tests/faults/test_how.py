"""When a fault happens: rate, burst, window, script; and on which requests."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sim.exchange.request import Request
from sim.faults import CodedError, FaultInjector, How, Match, Timeout
from sim.faults.how import Burst, Timing, burst_edges_us
from sim.trace import Trace

EPOCH_US = 1_705_276_800_000_000  # midnight UTC
FOREVER_US = 10**15


def timing(how: dict[str, Any], *, seed: int = 1, name: str = "f", until_us: int = FOREVER_US) -> Timing:
    return Timing(How.model_validate(how), seed, name, EPOCH_US, until_us)


# -- rate ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.5, 1.0])
def test_a_rate_is_a_share_of_requests(rate: float, ask: Callable[..., Request]) -> None:
    """Over many intents the share that fires is the rate, within four standard errors."""
    fault = timing({"rate": rate})
    fired = np.mean([fault.fires(ask(intent), 0) for intent in range(4000)])
    assert fired == pytest.approx(rate, abs=4 * math.sqrt(rate * (1 - rate) / 4000) + 1e-12)


def test_raising_a_rate_only_adds(ask: Callable[..., Request]) -> None:
    """Every request that a lower rate hits is hit by a higher one."""
    requests = [ask(intent) for intent in range(2000)]
    hits = [
        {r.number for r in requests if timing({"rate": rate}).fires(r, 0)} for rate in (0.01, 0.05, 0.2, 0.6)
    ]
    assert all(low < high for low, high in pairwise(hits))


def test_a_draw_belongs_to_seed_name_and_request(ask: Callable[..., Request]) -> None:
    """Another seed, another name or another n draws anew; asking twice does not."""
    requests = [ask(intent) for intent in range(400)]

    def hits(fault: Timing) -> list[bool]:
        return [fault.fires(request, 0) for request in requests]

    base = hits(timing({"rate": 0.3}))
    fault = timing({"rate": 0.3})
    assert hits(fault) == hits(fault) == base
    assert hits(timing({"rate": 0.3}, seed=2)) != base
    assert hits(timing({"rate": 0.3}, name="g")) != base
    again = [ask(intent) for intent in range(400)]
    assert [r.n for r in again] == [1] * 400
    assert [timing({"rate": 0.3}).fires(r, 0) for r in again] != base


# -- windows and bursts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "at", ["14:20", "14h20", "24:00:00", "12:60:00", "12:00:60", -1.0, math.inf, math.nan]
)
def test_moments_that_do_not_exist_are_refused(at: Any) -> None:
    """Half a clock time, a 25th hour or a negative second is a mistake of the author's."""
    with pytest.raises(ValidationError):
        How.model_validate({"window": {"at": at, "for_s": 1.0}})


def test_a_window_opens_and_closes(ask: Callable[..., Request]) -> None:
    """It fires from its first microsecond on and not at its last."""
    fault = timing({"window": {"at": 10.0, "for_s": 5.0}})
    moments = [9_999_999, 10_000_000, 14_999_999, 15_000_000]
    assert [fault.fires(ask(), at) for at in moments] == [False, True, True, False]
    assert fault.edges_us == [(10_000_000, 15_000_000)]


def test_a_rate_inside_a_window(ask: Callable[..., Request]) -> None:
    """Only that share of the window's requests is hit."""
    fault = timing({"window": {"at": 0.0, "for_s": 5.0, "rate": 0.25}})
    assert np.mean([fault.fires(ask(n), 1) for n in range(2000)]) == pytest.approx(0.25, abs=0.04)


def test_nothing_fires_once_the_faulted_phase_is_over(ask: Callable[..., Request]) -> None:
    """until_us is exclusive for every way, and cuts windows and bursts."""
    for how in ({"rate": 1.0}, {"window": {"at": 0.0, "for_s": 100.0}}, {"script": [1, 2]}):
        fault = timing(how, until_us=50)
        assert fault.fires(ask(), 49)
        assert not fault.fires(ask(), 50)
    assert timing({"window": {"at": 0.0, "for_s": 100.0}}, until_us=50).edges_us == [(0, 50)]
    assert timing({"window": {"at": 60.0, "for_s": 1.0}}, until_us=50).edges_us == []
    edges = burst_edges_us(Burst(mean_gap_s=1.0, mean_length_s=1.0), 1, "f", 5_000_000)
    assert edges[-1][1] <= 5_000_000


def test_bursts_alternate_with_gaps_of_the_stated_means() -> None:
    """A two-state Markov process: exponential gaps and lengths, in order, never overlapping."""
    edges = np.array(burst_edges_us(Burst(mean_gap_s=60.0, mean_length_s=4.0), 3, "f", 10**12))
    lengths = (edges[:, 1] - edges[:, 0])[:-1] / 1e6
    gaps = np.diff(edges.ravel())[1::2] / 1e6
    assert len(edges) > 10_000
    assert (gaps > 0).all()
    for sample, mean in ((lengths, 4.0), (gaps, 60.0)):
        assert sample.mean() == pytest.approx(mean, rel=0.04)
        assert sample.std() == pytest.approx(mean, rel=0.06)


def test_bursts_depend_on_seed_and_name_alone() -> None:
    """They are weather: the same whatever is asked, and a longer run only sees more of them."""
    burst = Burst(mean_gap_s=30.0, mean_length_s=4.0)
    short = burst_edges_us(burst, 3, "f", 10**9)
    long = burst_edges_us(burst, 3, "f", 2 * 10**9)
    assert long[: len(short) - 1] == short[:-1]
    assert burst_edges_us(burst, 4, "f", 10**9) != short
    assert burst_edges_us(burst, 3, "g", 10**9) != short


def test_a_burst_fires_inside_and_not_outside(ask: Callable[..., Request]) -> None:
    """With rate one every request inside is hit, none outside."""
    fault = timing({"burst": {"mean_gap_s": 30.0, "mean_length_s": 4.0}}, until_us=10**9)
    assert fault.edges_us
    for opened, closed in fault.edges_us:
        assert [fault.fires(ask(), at) for at in (opened - 1, opened, closed - 1, closed)] == [
            False, True, True, False,
        ]  # fmt: skip


# -- scripts ---------------------------------------------------------------------------------------------


def test_a_script_counts_per_intent(ask: Callable[..., Request]) -> None:
    """The second matching request of every intent, whatever others do in between."""
    fault = timing({"script": [2]})
    requests = [ask(intent) for intent in (0, 1, 0, 0, 1)]
    assert [fault.fires(request, 0) for request in requests] == [False, False, True, False, True]


def test_a_script_may_count_over_the_run(ask: Callable[..., Request]) -> None:
    """scope = "run" counts all intents together."""
    fault = timing({"script": [1, 4], "scope": "run"})
    requests = [ask(intent) for intent in (0, 1, 0, 0, 1)]
    assert [fault.fires(request, 0) for request in requests] == [True, False, False, True, False]


def test_a_script_counts_matching_requests_only(ask: Callable[..., Request]) -> None:
    """Requests the fault does not concern do not advance it."""
    spec = CodedError(name="f", code=-2021, how=How(script=[2]), match=Match(role="sl"))
    injector = FaultInjector([spec], 1, EPOCH_US, FOREVER_US, Trace())
    roles = ["entry", "sl", "tp", "sl", "sl"]
    assert [len(injector.effects(ask(role=role), 0)) for role in roles] == [0, 0, 0, 1, 0]


# -- which requests --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "request_", "expected"),
    [
        ({}, {}, True),
        ({"role": "sl"}, {"role": "sl"}, True),
        ({"role": "sl"}, {"role": "entry"}, False),
        ({"call": "order"}, {}, True),
        ({"call": "order"}, {"call": "POST /fapi/v1/algoOrder"}, True),
        ({"call": "order"}, {"call": "GET /fapi/v1/order"}, False),
        ({"call": "cancel"}, {"call": "DELETE /fapi/v1/algoOpenOrders"}, True),
        ({"call": "query"}, {"call": "GET /fapi/v1/openOrders"}, True),
        ({"call": "price"}, {"call": "GET /fapi/v1/premiumIndex"}, True),
        ({"call": "position"}, {"call": "GET /fapi/v3/positionRisk"}, True),
        ({"call": "POST /fapi/v1/leverage"}, {"call": "POST /fapi/v1/leverage"}, True),
        ({"call": "POST /fapi/v1/leverage"}, {}, False),
        ({"symbol": "BTCUSDT"}, {}, True),
        ({"symbol": "ETHUSDT"}, {}, False),
        ({"side": "SELL"}, {"side": "SELL"}, True),
        ({"side": "SELL"}, {}, False),
        ({"role": "sl", "side": "SELL"}, {"role": "sl"}, False),
    ],
)
def test_match_narrows(match: dict[str, Any], request_: dict[str, Any], expected: bool, ask: Any) -> None:
    """Everything that is given must agree; what is not given matches all."""
    assert Match.model_validate(match).matches(ask(**request_)) is expected


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"rate": 0.1, "script": [1]},
        {"rate": 1.1},
        {"rate": "0.1"},
        {"script": []},
        {"script": [0]},
        {"rate": 0.1, "scope": "run"},
        {"burst": {"mean_gap_s": 0.0, "mean_length_s": 1.0}},
        {"window": {"at": 1.0}},
        {"often": True},
    ],
)
def test_unusable_ways_are_refused(how: dict[str, Any]) -> None:
    """Exactly one way, in range, with known keys."""
    with pytest.raises(ValidationError):
        How.model_validate(how)


def test_an_unknown_call_is_refused() -> None:
    """A misspelt group would silently match nothing."""
    with pytest.raises(ValidationError, match="cancel, order, position, price, query"):
        Match(call="orders")


# -- the injector ----------------------------------------------------------------------------------------


def test_effects_come_in_the_order_of_stages(ask: Callable[..., Request]) -> None:
    """However the scenario lists them, the request leg goes first and the reply leg last."""
    always = How(rate=1.0)
    specs = [
        Timeout(name="reply", kind="timeout", truth="applied", how=always),
        CodedError(name="rules", code=-2021, how=always),
        CodedError(name="gateway", code=-1008, how=always),
        CodedError(name="core", code=-1001, applied=1.0, how=always),
        Timeout(name="lost", kind="timeout", truth="not_applied", how=always),
    ]
    effects = FaultInjector(specs, 1, EPOCH_US, FOREVER_US, Trace()).effects(ask(), 0)
    assert [effect.fault for effect in effects] == ["lost", "gateway", "core", "rules", "reply"]


def test_a_leg_fault_sets_in_when_the_request_leaves(ask: Callable[..., Request]) -> None:
    """A window on the request leg looks at the send, one at the venue at the arrival."""
    window = How.model_validate({"window": {"at": 1.0, "for_s": 1.0}})
    leg = Timeout(name="lost", kind="timeout", truth="not_applied", how=window)
    gate = CodedError(name="busy", code=-1008, how=window)
    injector = FaultInjector([leg, gate], 1, EPOCH_US, FOREVER_US, Trace())
    assert [e.fault for e in injector.effects(ask(sent_us=900_000), 1_100_000)] == ["busy"]
    assert [e.fault for e in injector.effects(ask(sent_us=1_900_000), 2_100_000)] == ["lost"]


def test_edges_go_to_the_trace() -> None:
    """Windows and bursts are recorded with their openings and closings before the run begins."""
    trace = Trace()
    how = How.model_validate({"window": {"at": 2.0, "for_s": 3.0}})
    FaultInjector([CodedError(name="busy", code=-1008, how=how)], 1, EPOCH_US, FOREVER_US, trace)
    edges = trace.arrays("fault_edge")
    assert [list(edges[column]) for column in edges] == [["busy"], [2_000_000], [5_000_000]]


def test_several_windows_are_one_fault_with_one_rate() -> None:
    """Windows come in order of time, those that overlap as one; two rates would be two faults."""
    spans = [{"at": 50.0, "for_s": 10.0}, {"at": 10.0, "for_s": 5.0}, {"at": 12.0, "for_s": 8.0}]
    how = How.model_validate({"windows": spans})
    timing = Timing(how, 1, "often", 0, 1_000_000_000)
    assert timing.edges_us == [(10_000_000, 20_000_000), (50_000_000, 60_000_000)]
    assert [timing.active(t_s * 1_000_000) for t_s in (9, 10, 19, 20, 55, 60)] == [
        False, True, True, False, True, False,
    ]  # fmt: skip
    with pytest.raises(ValidationError, match="one rate"):
        How.model_validate({"windows": [*spans, {"at": 90.0, "for_s": 1.0, "rate": 0.5}]})
