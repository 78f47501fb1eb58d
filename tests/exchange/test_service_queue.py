"""One server, equal service times: the waiting time of M/D/1 in closed form, below and above saturation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.chance import Stream
from sim.exchange.attribution import CURRENT_INTENT
from sim.exchange.latency import Constant, LatencySpec
from sim.exchange.limits_spec import VenueLimits
from sim.exchange.service_queue import ServiceQueue

SERVICE_US = 1_000
PRICE = {"symbol": "BTCUSDT"}


def poisson(load: float, count: int, seed: int) -> list[int]:
    """Return arrival times in µs at random, ``load`` of them in a service time on average."""
    stream, now_us, arrivals = Stream(seed, "arrivals"), 0.0, []
    for number in range(count):
        now_us -= math.log1p(-stream.uniform(number)) * SERVICE_US / load
        arrivals.append(round(now_us))
    return arrivals


def waits_us(arrivals: list[int]) -> list[int]:
    queue = ServiceQueue(SERVICE_US)
    return [queue.finish_us(at_us) - SERVICE_US - at_us for at_us in arrivals]


def share_not_longer(load: float, services: float) -> float:
    """Return P(wait <= t) of M/D/1 by Erlang: (1 - rho) sum_k (rho (k - t))^k / k! exp(-rho (k - t))."""
    terms = (
        (load * (k - services)) ** k / math.factorial(k) * math.exp(-load * (k - services))
        for k in range(math.floor(services) + 1)
    )
    return (1 - load) * sum(terms)


@pytest.mark.parametrize(("load", "near"), [(0.3, 0.02), (0.6, 0.03), (0.8, 0.05), (0.9, 0.10)])
def test_the_mean_wait_is_that_of_m_d_1(load: float, near: float) -> None:
    """Pollaczek and Khinchine for equal service times: rho / (2 (1 - rho)) services; idle loads wait little."""
    waits = waits_us(poisson(load, 100_000, 3))
    expected_us = load / (2 * (1 - load)) * SERVICE_US
    assert sum(waits) / len(waits) == pytest.approx(expected_us, rel=near)


@pytest.mark.parametrize("services", [0.0, 0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("load", [0.3, 0.7])
def test_the_whole_law_of_the_wait_is_that_of_m_d_1(load: float, services: float) -> None:
    """The share that waits at most t, against Erlang's closed form."""
    waits = waits_us(poisson(load, 50_000, 4))
    share = sum(wait <= services * SERVICE_US for wait in waits) / len(waits)
    assert share == pytest.approx(share_not_longer(load, services), abs=0.015)


def test_above_saturation_the_wait_grows_by_what_cannot_be_served() -> None:
    """At load 1.25 the n-th request waits n (1 - 1/1.25) services: the queue only grows."""
    waits = waits_us(poisson(1.25, 50_000, 5))
    assert waits[-1] / (50_000 * SERVICE_US * (1 - 1 / 1.25)) == pytest.approx(1.0, abs=0.03)


@given(st.lists(st.integers(0, 5_000), max_size=60))
def test_nobody_overtakes_and_nobody_waits_at_a_free_server(gaps: list[int]) -> None:
    """Lindley: the wait is what was left of the last one's wait and service; the length counts who is not done."""
    queue, now_us, wait_us, finished = ServiceQueue(SERVICE_US), 0, 0, list[int]()
    for gap in gaps:
        now_us += gap
        wait_us = max(0, wait_us + SERVICE_US - gap) if finished else 0
        assert queue.length(now_us) == sum(done > now_us for done in finished)
        finished.append(queue.finish_us(now_us))
        assert finished[-1] == now_us + wait_us + SERVICE_US


def test_the_gateway_serves_one_after_the_other(make_desk: Callable[..., Any]) -> None:
    """On the wire: legs, wait and service add up to the time until the answer, as M/D/1 has it on average."""
    legs = LatencySpec(request=Constant(law="constant", ms=30.0), reply=Constant(law="constant", ms=10.0))
    limits = VenueLimits(enforce=False, service_ms=SERVICE_US / 1000)
    desk = make_desk(latency=legs, limits=limits)
    arrivals = poisson(0.7, 2_000, 6)
    desk.loop.event_limit = None
    CURRENT_INTENT.set(desk.slot)
    for at_us in arrivals:
        desk.loop.at_us(at_us, desk.gateway.send, "GET", "/fapi/v1/ticker/price", dict(PRICE))
    desk.run_to(10)
    requests = desk.frame("request").sort_values("request")
    beyond_us = (requests.answered_us - requests.sent_us - 40_000).tolist()
    assert beyond_us == [wait + SERVICE_US for wait in waits_us(arrivals)]
    assert sum(beyond_us) / len(beyond_us) == pytest.approx((1 + 0.7 / 0.6) * SERVICE_US, rel=0.15)


def test_a_long_queue_outlasts_the_clients_patience(make_desk: Callable[..., Any]) -> None:
    """What is served too late is silence at the client's time-out, and the venue acts all the same."""
    desk = make_desk(limits=VenueLimits(service_ms=600.0), timeout_s=1.0)
    buy = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
    token = CURRENT_INTENT.set(desk.slot)
    futures = [desk.gateway.send("POST", "/fapi/v1/order", dict(buy)) for _ in range(3)]
    CURRENT_INTENT.reset(token)
    desk.run_to(5.0)
    assert [future.result()[0] for future in futures] == [200, 0, 0]
    assert desk.frame("request").answered_us.tolist() == [600_000, 1_000_000, 1_000_000]
    assert desk.frame("write").at_us.tolist() == [600_000, 1_200_000, 1_800_000]
    assert desk.frame("write").truth.tolist() == ["applied"] * 3


def test_no_queue_unless_declared(make_desk: Callable[..., Any]) -> None:
    """By default the gateway takes no time of its own."""
    assert make_desk().gateway.limits.queue is None
