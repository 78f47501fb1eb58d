"""Laws that hold for every kind of fault on the wire: rate nought, more of it, and what it leaves alone."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from sim.exchange.latency import LatencySpec
from sim.exchange.request import Request
from sim.faults import KINDS, CodedError, Fault, FaultInjector, How, Match
from sim.faults.how import Burst, Timing, burst_edges_us
from sim.trace import Trace

EPOCH_US = 1_705_276_800_000_000
FOREVER_US = 10**12
Z99 = 2.576
READ: TypeAdapter[Any] = TypeAdapter(Fault)
ON_WIRE = sorted(kind for kind, spec in KINDS.items() if spec.on_wire)
KEY = ["intent", "role", "call", "n"]


def table_of(kind: str) -> dict[str, Any]:
    """Return the kind's example, without its match so that more requests meet it."""
    table: dict[str, Any] = tomllib.loads(KINDS[kind].example)["faults"][0]
    return {**table, "match": {}}


def at_rate(kind: str, rate: float, name: str = "tested") -> Any:
    """Return the kind happening at ``rate``: per request, or in one long window where it must last."""
    table = {**table_of(kind), "name": name}
    try:
        return READ.validate_python({**table, "how": {"rate": rate}})
    except ValidationError:
        return READ.validate_python({**table, "how": {"window": {"at": 0.0, "for_s": 3000.0, "rate": rate}}})


def call_of(kind: str) -> str:
    calls, order = KINDS[kind].calls, "POST /fapi/v1/order"
    return order if calls is None or order in calls else min(calls)


@pytest.mark.parametrize("kind", ON_WIRE)
def test_at_rate_nought_it_leaves_no_byte(
    kind: str, run: Callable[..., Any], fresh_run: Callable[..., Any]
) -> None:
    """A fault that never fires is no fault."""
    silent = fresh_run([at_rate(kind, 0.0)], intents=6)
    assert silent.trace.sha256() == run(intents=6).trace.sha256()


@pytest.mark.parametrize("kind", ON_WIRE)
def test_its_rate_is_a_share_of_requests_and_raising_it_only_adds(
    kind: str, ask: Callable[..., Request]
) -> None:
    """The share lies in the 99 % interval of its rate; what a lower rate hits a higher one hits."""
    call = call_of(kind)
    params: dict[str, Any] = {"batchOrders": '[{"symbol":"BTCUSDT"}]'} if "batch" in call else {}
    requests = [ask(intent, call=call, **params) for intent in range(2000)]
    hits = []
    for rate in (0.02, 0.1, 0.4):
        injector = FaultInjector([at_rate(kind, rate)], 3, EPOCH_US, FOREVER_US, Trace())
        hits.append({r.number for r in requests if injector.effects(r, 30_000)})
        assert abs(len(hits[-1]) - 2000 * rate) <= Z99 * math.sqrt(2000 * rate * (1 - rate)) + 1
    assert all(low < high for low, high in pairwise(hits))


@pytest.mark.parametrize("kind", ON_WIRE)
def test_adding_it_leaves_every_other_familys_draws_alone(
    kind: str, run: Callable[..., Any], fresh_run: Callable[..., Any], frame: Callable[..., Any]
) -> None:
    """On the requests both runs make, another fault fires on the same ones, with the same rows."""
    other = CodedError(name="other", code=-1001, applied=0.5, how=How(rate=0.3), match=Match(call="order"))
    alone = LatencySpec(rho=0.0)
    base = run([other], intents=12, latency=alone)
    both = fresh_run([at_rate(kind, 0.3), other], intents=12, latency=alone)
    keys = [set(map(tuple, frame(record, "request")[KEY].values)) for record in (base, both)]
    common = keys[0] & keys[1]
    rows = []
    for record in (base, both):
        faults = frame(record, "fault").query("fault == 'other'")
        told = faults[[*KEY, "kind", "stage", "truth"]].values
        rows.append({tuple(row) for row in told if tuple(row[:4]) in common})
    assert len(common) > 10
    assert rows[0] == rows[1]


@pytest.mark.parametrize("kind", ON_WIRE)
def test_each_action_is_one_row(kind: str, fresh_run: Callable[..., Any], frame: Callable[..., Any]) -> None:
    """No request bears two rows of one fault, and each row's request is in the record."""
    record = fresh_run([at_rate(kind, 0.4)], intents=8)
    faults, requests = frame(record, "fault"), frame(record, "request")
    assert not faults.duplicated(["fault", "request"]).any()
    assert set(faults.request) <= set(requests.request)


@pytest.mark.parametrize(("gap_s", "length_s"), [(60.0, 4.0), (5.0, 5.0), (600.0, 0.5)])
def test_bursts_have_the_declared_means(gap_s: float, length_s: float) -> None:
    """Means of gaps and lengths within their 99 % intervals (exponential: deviation = mean)."""
    edges = np.array(burst_edges_us(Burst(mean_gap_s=gap_s, mean_length_s=length_s), 5, "f", 4 * 10**11))
    lengths, gaps = (edges[:, 1] - edges[:, 0])[:-1] / 1e6, np.diff(edges.ravel())[1::2] / 1e6
    assert len(edges) > 600
    for sample, mean in ((lengths, length_s), (gaps, gap_s)):
        assert abs(sample.mean() - mean) <= Z99 * mean / math.sqrt(len(sample))


def test_the_rate_inside_a_burst_is_the_declared_one(ask: Callable[..., Request]) -> None:
    """Inside 2000 moments of bursts, a quarter of requests, within the 99 % interval."""
    how = How.model_validate({"burst": {"mean_gap_s": 5.0, "mean_length_s": 5.0, "rate": 0.25}})
    timing = Timing(how, 1, "f", EPOCH_US, 4 * 10**10)
    assert timing.edges_us
    moments = [opened for opened, _ in timing.edges_us[:2000]]
    hits = sum(timing.fires(ask(intent), at_us) for intent, at_us in enumerate(moments))
    assert abs(hits - 500) <= Z99 * math.sqrt(2000 * 0.25 * 0.75)


def test_bursts_strike_all_symbols_at_once_unless_each_has_its_own(ask: Callable[..., Request]) -> None:
    """Weather is shared by default; per = "symbol" gives each symbol independent bursts of the same law."""
    burst = {"mean_gap_s": 20.0, "mean_length_s": 20.0}
    paths: Any = dict.fromkeys(("BTCUSDT", "ETHUSDT"))
    shares = {}
    for per in ("run", "symbol"):
        how = How.model_validate({"burst": {**burst, "per": per}})
        timing = Timing(how, 1, "f", EPOCH_US, 4 * 10**10, paths)
        told = np.array(
            [
                [timing.fires(ask(0, symbol=symbol), at_us) for symbol in ("BTCUSDT", "ETHUSDT")]
                for at_us in range(0, 4 * 10**10, 20_000_000)
            ]
        )
        shares[per] = np.corrcoef(told[:, 0], told[:, 1])[0, 1]
        assert told.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.06)
        assert timing.edges_us == sorted(timing.edges_us or [])
        inside = timing.edges_us[0] if timing.edges_us else (0, 0)
        assert timing.active(inside[0])
    assert shares["run"] == pytest.approx(1.0)
    assert abs(shares["symbol"]) < 0.1


def test_a_condition_is_active_in_its_stretch_and_not_for_single_requests() -> None:
    """What owners of conditions ask: windows and bursts by their edges, a rate always, a script never."""
    window = Timing(How.model_validate({"window": {"at": 1.0, "for_s": 2.0}}), 1, "f", EPOCH_US, FOREVER_US)
    assert [window.active(at) for at in (999_999, 1_000_000, 2_999_999, 3_000_000)] == [
        False,
        True,
        True,
        False,
    ]
    assert window.stretch(2_000_000) == (1_000_000, 3_000_000)
    rate = Timing(How(rate=0.5), 1, "f", EPOCH_US, 100)
    assert (rate.active(50), rate.active(100), rate.stretch(50)) == (True, False, None)
    assert not Timing(How(rate=0.0), 1, "f", EPOCH_US, 100).active(50)
    assert not Timing(How(script=[1]), 1, "f", EPOCH_US, 100).active(50)
    assert 0 <= rate.uniform(7) < 1


def test_the_injector_hands_conditions_to_their_owner_and_writes_for_it(ask: Callable[..., Request]) -> None:
    """of_kind finds a kind's faults; record writes one row, with the request's own key or none at all."""
    trace = Trace()
    specs = [at_rate("truncated", 0.5, name) for name in ("a", "b")]
    injector = FaultInjector(specs, 1, EPOCH_US, FOREVER_US, trace)
    assert [spec.name for spec, _ in injector.of_kind("truncated")] == ["a", "b"]
    assert injector.of_kind("nothing") == []
    injector.record("a", "gone", None, at_us=5, stage="core", truth="applied")
    request = ask(3, role="sl")
    injector.record("b", "slow", request, at_us=6, stage="read")
    rows = trace.arrays("fault")
    assert rows["request"].tolist() == [-1, request.number]
    assert rows["intent"].tolist() == [-1, 3]
    assert list(rows["role"]) == ["none", "sl"]
