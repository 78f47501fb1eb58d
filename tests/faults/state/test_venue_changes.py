"""A venue that halts, takes an endpoint away, or renames a field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sim.faults import Fault, FaultInjector
from sim.scenario.market_spec import LineSpec, MarketSpec
from sim.scenario.spec import Scenario
from sim.scenario.workload_spec import WorkloadSpec
from sim.trace import Trace

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
READ: TypeAdapter[Any] = TypeAdapter(Fault)


def _window(at: float, for_s: float) -> dict[str, Any]:
    return {"how": {"window": {"at": at, "for_s": for_s}}}


def test_writes_are_refused_while_the_venue_halts(make: Callable[..., Any]) -> None:
    """failures F40: 503 "Service Unavailable." to writes, reads are answered, and the stretch is an outage."""
    exchange = make({"kind": "venue_halt", **_window(10.0, 60.0)})
    exchange.run_to(20)
    assert exchange.buy() == (503, {"msg": "Service Unavailable."})
    assert exchange.stop()[0] == 503
    assert exchange.get("/fapi/v2/ticker/price")[0] == 200
    exchange.run_to(71)
    assert exchange.buy()[0] == 200
    assert exchange.fired == [("f0", "venue halt 503", "not_applied")] * 2
    assert exchange.frame("outage").values.tolist() == [["halt", -1, 10_000_000, 70_000_000]]
    assert exchange.frame("write").truth.tolist() == ["not_applied", "not_applied", "applied"]


def test_reads_may_be_refused_as_well(make: Callable[..., Any]) -> None:
    """``reads = false``: nothing is answered."""
    exchange = make({"kind": "venue_halt", "reads": False, **_window(10.0, 60.0)})
    exchange.run_to(20)
    assert exchange.get("/fapi/v2/ticker/price")[0] == 503


def test_at_first_it_reopens_for_exits_only(make: Callable[..., Any]) -> None:
    """Entries get -4087 for a while; what closes, and stops, pass."""
    exchange = make({"kind": "venue_halt", "exits_only_s": 30.0, **_window(10.0, 60.0)})
    exchange.buy()
    exchange.run_to(80)
    assert exchange.buy()[1]["code"] == -4087
    assert exchange.stop()[0] == 200
    closing = {"side": "SELL", "type": "MARKET", "quantity": "0.010", "reduceOnly": "true"}
    assert exchange.send("POST", ORDER, **closing)[0] == 200
    exchange.run_to(101)
    assert exchange.buy()[0] == 200
    assert exchange.fired == [("f0", "exits only -4087", "not_applied")]


def test_the_market_halts_with_the_venue() -> None:
    """A halt of the same window is laid over the tape beside the declared shocks; a gap of reopening goes with it."""
    fault = READ.validate_python(
        {"name": "maintenance", "kind": "venue_halt", "reopen_pct": -4.0, **_window(1800.0, 600.0)}
    )
    own = [{"kind": "gap", "at": 3000.0, "pct": 1.0}]
    market = MarketSpec.model_validate({"klines": "embedded:BTCUSDT-1m-2024-01-15", "shock": own})
    workload = WorkloadSpec(every_s=60, sl_pct=0.004, tp_pct=0.008, hold_s=60)
    scenario = Scenario(title="t", market=market, workload=workload, faults=[fault])
    gap, halt = scenario.shocks_in_force()
    assert gap == market.shock[0]
    assert (halt.kind, halt.at, halt.length_s) == ("halt", 1800.0, 600.0)
    alone = fault.model_copy(update={"market": False, "reopen_pct": 0.0})
    assert scenario.model_copy(update={"faults": [alone]}).shocks_in_force() == (gap,)
    line = MarketSpec(path="line", line=LineSpec(start_price=100.0, pct_per_s=0.0))
    assert scenario.model_copy(update={"market": line}).shocks_in_force() == ()


@pytest.mark.parametrize(("market", "until_us"), [(True, 70_000_000), (False, 30_000_000)])
def test_a_halt_keeps_everybody_out_for_as_long_as_the_market_stands(market: bool, until_us: int) -> None:
    """Faults end with the last intent, here at 30 s; nobody trades on a halted market all the same."""
    fault = READ.validate_python(
        {"name": "maintenance", "kind": "venue_halt", "market": market, **_window(10.0, 60.0)}
    )
    trace = Trace()
    FaultInjector([fault], 1, 0, 30_000_000, trace)
    outage = trace.arrays("outage")
    assert (outage["opened_us"].tolist(), outage["closed_us"].tolist()) == ([10_000_000], [until_us])


def test_an_endpoint_goes_overnight_and_another_appears(make: Callable[..., Any]) -> None:
    """F06: the same stop is refused with -4120 from then on, the algo endpoint takes it; the old one still rests."""
    exchange = make({"kind": "endpoint_removed", **_window(10.0, 60.0)}, rules="2025-01")
    exchange.buy()
    _, first = exchange.stop()
    exchange.run_to(20)
    assert exchange.stop("48000")[1]["code"] == -4120
    moved = {"side": "SELL", "type": "STOP_MARKET", "quantity": "0.010", "reduceOnly": "true"}
    assert exchange.send("POST", ALGO, algoType="CONDITIONAL", triggerPrice="48000", **moved)[0] == 200
    assert exchange.get(ORDER, orderId=first["orderId"])[1]["status"] == "NEW"
    exchange.run_to(200)
    assert exchange.stop("47000")[1]["code"] == -4120
    assert exchange.fired == [("f0", "endpoint removed", "")]


def test_an_endpoint_that_appears_is_wrapped_too(make: Callable[..., Any]) -> None:
    """A halt holds on the routes that a change of rules brought."""
    exchange = make(
        {"kind": "endpoint_removed", **_window(10.0, 60.0)}, {"kind": "venue_halt", **_window(20.0, 60.0)},
        rules="2025-01",
    )  # fmt: skip
    exchange.run_to(30)
    assert exchange.send("POST", ALGO, algoType="CONDITIONAL")[0] == 503


def test_a_renamed_field_is_ignored_under_its_old_name(make: Callable[..., Any]) -> None:
    """The trigger under the old name is not read (-1102); both given, the new one counts however the old one moves."""
    renamed = {"kind": "field_renamed", "field": "stopPrice", "to": "triggerPrice", **_window(10.0, 60.0)}
    exchange = make(renamed, rules="2025-01")
    exchange.buy()
    exchange.run_to(20)
    assert exchange.stop()[1]["code"] == -1102
    _, placed = exchange.stop("48000", triggerPrice="47000")
    assert float(placed["stopPrice"]) == 47_000.0
    assert exchange.fired == [("f0", "stopPrice ignored", "")] * 2
    exchange.run_to(80)
    assert float(exchange.stop("46000")[1]["stopPrice"]) == 46_000.0


def test_simple_refusals_are_codes_with_a_window(make: Callable[..., Any]) -> None:
    """Reduce-only mode, cooling-off, a leverage bracket, a type switched off: kind "code" says it all (F40, F43)."""
    for code, role, text in (
        (-4087, "entry", "reduce only"), (-4192, "entry", "Cooling-off"), (-2027, "entry", "leverage"),
        (-1116, "sl", "orderType"),
    ):  # fmt: skip
        fault = {"code": code, "match": {"role": role}, **_window(10.0, 60.0)}
        exchange = make(fault)
        exchange.buy()
        exchange.run_to(20)
        _, body = exchange.buy() if role == "entry" else exchange.stop()
        assert body["code"] == code
        assert text.lower() in body["msg"].lower()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"kind": "venue_halt", "how": {"rate": 0.5}}, "a halt needs a window"),
        ({"kind": "venue_halt", "market": False, "reopen_pct": 3.0, **_window(1.0, 2.0)}, "leaves it alone"),
        ({"kind": "endpoint_removed", "how": {"rate": 0.5}}, "give a window"),
        ({"kind": "field_renamed", "field": "a", "to": "a", **_window(1.0, 2.0)}, "must differ"),
    ],
)
def test_what_cannot_be_is_refused(table: dict[str, Any], said: str) -> None:
    """A halt without a window, a gap without a market, a field renamed to itself."""
    with pytest.raises(ValidationError, match=said):
        READ.validate_python({"name": "f", **table})


def test_code_that_may_switch_endpoints_survives_the_migration(
    fresh_run: Callable[..., Any], frame: Any
) -> None:
    """With ``conditional_endpoint = "auto"`` positions opened after the change are protected again."""
    fault = READ.validate_python({"name": "migration", "kind": "endpoint_removed", **_window(200.0, 60.0)})
    protected = {}
    for endpoint in ("order", "auto"):
        record = fresh_run(
            [fault],
            policy={"execution.conditional_endpoint": endpoint},
            intents=20,
            every_s=30.0,
            hold_s=25.0,
        )
        orders = frame(record, "order")
        protected[endpoint] = (
            orders[(orders.role == "sl") & (orders.at_us > 250_000_000)].status == "NEW"
        ).sum()
    assert protected["order"] == 0
    assert protected["auto"] > 5


def test_a_venue_may_halt_more_than_once(make: Callable[..., Any]) -> None:
    """``windows``: each is a halt of venue and market."""
    windows = [{"at": 10.0, "for_s": 10.0}, {"at": 40.0, "for_s": 10.0}]
    table = {"kind": "venue_halt", "how": {"windows": windows}}
    exchange = make(table)
    answers = []
    for at_s in (15, 30, 45, 60):
        exchange.run_to(at_s)
        answers.append(exchange.buy()[0])
    assert answers == [503, 200, 503, 200]
    halts = READ.validate_python({"name": "f", **table}).shocks()
    assert [halt.at for halt in halts] == [10.0, 40.0]
