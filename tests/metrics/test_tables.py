"""Slippage, money, load, latency: each number of a small story by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.metrics import headline, latency, load, money, slippage


def keyed(table: Any, key: Any = "metric") -> Any:
    return table.set_index(key)


REFUSED = "Excessive slippage for BTCUSDT: 0.990% > 0.500%"


def refuse(story: Any, intent: int, at: float, result: float, later: tuple[float, float, float]) -> None:
    story.decide(intent, at)
    story.verdict(at + 0.1, 101.0, intent, accepted=False, reason=REFUSED)
    story.finish(at + 0.1, "refused", intent)
    story.shadow("ideal", 0.0, intent)
    story.shadow("refused", result, intent, later=later)
    story.books(at + 960.0, intent)


def test_refusals_saved_and_missed_stand_apart(story: Any) -> None:
    """A refusal that saved 4 and one that missed 1 are a mean of 2 saved and 0.5 missed, not of 1.5."""
    refuse(story, 0, 0.0, -4.0, (-1.0, -2.0, -3.0))
    refuse(story, 1, 4000.0, 1.0, (2.0, 4.0, 6.0))
    story.plain(2, 8000.0)
    table = keyed(slippage(story.frames()))
    expected = {"exit": (2.0, 0.5), "1 min": (0.5, 1.0), "5 min": (1.0, 2.0), "30 min": (1.5, 3.0)}
    for horizon, (saved, missed) in expected.items():
        assert table.loc[f"refusal saved, at {horizon}", "value"] == pytest.approx(saved)
        assert table.loc[f"refusal missed, at {horizon}", "value"] == pytest.approx(missed)
        assert table.loc[f"refusal missed, at {horizon}", "n"] == 2
    rate = table.loc["refused for deviation"]
    assert (rate.n, rate["count"], rate.clusters) == (3, 2, 3)
    assert rate.value == pytest.approx(2 / 3)
    assert rate.low < 2 / 3 < rate.high


def test_intent_that_entered_later_is_not_missed(story: Any) -> None:
    """A refusal that was followed by an entry has no refusal value."""
    story.decide()
    story.verdict(0.1, 101.0, accepted=False, reason=REFUSED)
    story.shadow("refused", 5.0, later=(5.0, 5.0, 5.0))
    story.enter(10.0, 10.1)
    table = keyed(slippage(story.frames()))
    assert table.loc["refusal missed, at exit", "n"] == 0
    assert math.isnan(table.loc["refusal missed, at exit", "value"])


def test_slippage_distribution(story: Any) -> None:
    """Fills 0, 10 and 50 bps away: mean 20, median 10, worst 50."""
    for intent, price in enumerate((100.0, 100.1, 100.5)):
        story.decide(intent, 4000.0 * intent)
        story.enter(4000.0 * intent, 4000.0 * intent + 0.1, price, intent)
    row = keyed(slippage(story.frames())).loc["adverse slippage at fill"]
    assert (row.n, row.unit) == (3, "bps")
    assert (row.value, row.p50, row.worst) == pytest.approx((20.0, 10.0, 50.0))
    assert row.p95 == pytest.approx(np.quantile([0, 10, 50], 0.95))


def test_no_row_for_prices_the_trace_does_not_hold(story: Any) -> None:
    """The price at the send is not in this trace: no intents, no number."""
    story.plain()
    assert keyed(slippage(story.frames())).loc["adverse slippage at send", "n"] == 0


def test_money_in_quote_bps_and_r(story: Any) -> None:
    """Results 1 and -2 against ideals of 1: losses 0 and 3, per 1,000 intents 1,500."""
    story.plain(0, exit_price=101.0)
    story.plain(1, 4000.0, exit_price=98.0)
    table = keyed(money(story.frames()), ["metric", "unit"])
    loss = table.loc[("loss against I1", "quote")]
    assert (loss.n, loss.clusters) == (2, 2)
    assert (loss["mean"], loss.per_1000, loss["median"], loss.worst) == pytest.approx((1.5, 1500.0, 1.5, 3.0))
    assert loss.cvar95 == pytest.approx(3.0)
    assert table.loc[("loss against I1", "bps"), "mean"] == pytest.approx(150.0)
    assert table.loc[("loss against I1", "R"), "mean"] == pytest.approx(1.5)
    result = table.loc[("result", "quote")]
    assert (result["mean"], result.worst, result.cvar95) == pytest.approx((-0.5, -2.0, -2.0))
    assert table.loc[("latency cost", "quote"), "mean"] == 0.0


def test_an_intent_of_no_size_has_no_measure_in_r(story: Any) -> None:
    """A quantity of zero risks nothing: its loss counts in quote, and neither in bps nor in R."""
    story.decide(0, quantity=0.0)
    story.shadow("ideal", 0.0, 0)
    story.books(960.0, 0)
    table = keyed(money(story.frames()), ["metric", "unit"])
    assert [table.loc[("loss against I1", unit), "n"] for unit in ("quote", "bps", "R")] == [1, 0, 0]


def test_run_is_the_unit_of_a_shared_account(new_story: Any) -> None:
    """One intent earned 1, the other is still open: its own row knows one result, the run's row the account's."""
    story = new_story(shared=True)
    for intent in (0, 1):
        story.decide(intent)
        story.enter(0.0, 0.1, intent=intent)
        story.shadow("ideal", 2.0, intent)
    story.flatten(20.0, 20.1, 101.0, 0)
    story.write("account_end", 0, -1, 960_000_000, 1.0, 0, 1e6 + 1.0, 0.0, 1.0, -4.0)
    frames = story.frames()
    table = keyed(money(frames), ["metric", "unit"])
    assert table.loc[("result", "quote"), "n"] == 1
    run = table.loc[("result of a run", "quote per run")]
    assert (run.n, run["mean"], run.per_1000) == (1, -3.0, -1500.0)
    assert table.loc[("loss against I1 of a run", "quote per run"), "mean"] == 7.0
    numbers = headline(frames)
    assert numbers["loss_against_ideal_per_1000_quote"] == 3500.0
    assert "loss_against_ideal_cvar95_quote" not in numbers


def test_load_on_average_and_at_most(story: Any) -> None:
    """Three orders of one intent and two reads of another: means, maxima, refusals, windows."""
    story.plain(0)
    story.decide(1, 4000.0)
    story.request("none", 4000.0, 4000.1, 1, call="GET /fapi/v2/positionRisk")
    story.request("none", 4001.0, 4001.1, 1, call="GET /fapi/v1/ticker/price", status=429, code=-1003)
    story.request("none", 4002.0, 4012.0, 1, call="GET /fapi/v1/ticker/price", status=0)
    story.request("none", 4013.0, 4013.1, 1, call="GET /fapi/v1/ticker/price", status=418, code=-1003)
    story.request("none", 0.0, 0.1, -1, call="GET /fapi/v1/exchangeInfo")
    table = keyed(load(story.frames()))
    assert table.loc["requests per intent", "value"] == 3.5
    assert table.loc["requests per intent", "worst"] == 4
    assert table.loc["weight per intent", "worst"] == 8
    assert table.loc["calls: POST /fapi/v1/order", "value"] == 1.5
    assert table.loc["refused: -1003", "count"] == 2
    assert table.loc["no answer", "value"] == pytest.approx(1 / 7)
    assert table.loc["banned (418)", "count"] == 1
    assert table.loc["unattributed requests", "value"] == 0.0
    assert table.loc["orders in 10 s, at most", "value"] == 2
    assert table.loc["weight in 1 min, at most", "value"] == 7, "what a banned address asks is not counted"


def test_broken_connections_are_named_by_how_they_broke(story: Any) -> None:
    """No refusal and no silence; what never left counts in no window, what was reset on its way back does."""
    story.decide()
    for sent, how in ((0.0, "dns"), (1.0, "dns"), (2.0, "reset"), (3.0, "truncated")):
        story.request("entry", sent, sent + 0.1, status=-1, message=how)
    story.request("entry", 4.0, 4.1)
    table = keyed(load(story.frames()))
    shares = {how: table.loc[f"connection: {how}", "value"] for how in ("dns", "reset", "truncated")}
    assert shares == {"dns": 0.4, "reset": 0.2, "truncated": 0.2}
    assert not any(name.startswith("refused") for name in table.index)
    assert table.loc["no answer", "count"] == 0
    assert table.loc["orders in 10 s, at most", "value"] == 3


def test_windows_are_the_venues_own(story: Any) -> None:
    """Windows begin with the Unix minute and count arrivals: the run begins 10 s before one, the wire takes 30 ms."""
    story.decide()
    for sent in (9.96, 9.98, 19.9, 19.95):
        story.request("entry", sent, sent + 0.04)
    table = keyed(load(story.frames(epoch_us=50_000_000)))
    assert table.loc["orders in 10 s, at most", "value"] == 3
    assert table.loc["orders in 1 min, at most", "value"] == 3


def test_bans_are_told_by_their_answers(story: Any) -> None:
    """Two answers of one ban are one ban, as long as from the first of them to the end they name."""
    story.decide()
    for sent, until_ms in ((0.97, 121_000), (5.0, 121_000), (200.0, 440_000)):
        story.request(
            "none", sent, sent + 0.04, call="GET /fapi/v1/time", status=418, code=-1003,
            message=f"Way too many requests; IP(203.0.113.1) banned until {until_ms}. Please use",
        )  # fmt: skip
    table = keyed(load(story.frames()))
    assert table.loc["bans", "value"] == 2
    assert table.loc["time banned", "value"] == pytest.approx(120.0 + 239.97)


def test_unattributed_requests_are_a_share_of_all(story: Any) -> None:
    """The call a bot makes for itself at the start is nobody's and not lost; another one without an intent is."""
    story.plain()
    story.request("none", 0.0, 0.1, -1, call="GET /fapi/v1/exchangeInfo")
    story.request("entry", 0.0, 0.1, -1)
    assert keyed(load(story.frames())).loc["unattributed requests", "value"] == pytest.approx(1 / 4)


def test_latency_counts_from_the_decision_and_censors(story: Any) -> None:
    """One fill 2 s after its decision, one that never came: the median is 2 s, the 90th percentile unknown."""
    story.decide(0, 10.0)
    story.verdict(11.0, 100.0, 0)
    story.enter(11.5, 12.0, intent=0)
    story.protect(12.1, 14.0, intent=0)
    story.decide(1, 20.0)
    story.placement("entry", 21.0, 30.0, 1, success=False, failures=((30.0, -1001),))
    story.finish(30.0, "failed", 1)
    table = keyed(latency(story.frames()))
    filled = table.loc["filled"]
    assert (filled.n, filled.reached) == (2, 1)
    assert filled.p50 == 2.0
    assert math.isnan(filled.p90)
    assert filled.worst == 10.0
    assert math.isnan(filled["mean"])
    assert table.loc["acknowledged", "p50"] == pytest.approx(2.01)
    assert table.loc["verdict", "p50"] == 1.0
    protected = table.loc["protected"]
    assert (protected.n, protected.reached, protected.p99) == (1, 1, 4.0)


def test_position_closed_before_protection_is_censored(story: Any) -> None:
    """A flatten ends the chance of protection; it is not protection."""
    story.decide()
    story.enter(0.0, 0.1)
    story.flatten(4.9, 5.0, 99.0)
    row = keyed(latency(story.frames())).loc["protected"]
    assert (row.n, row.reached, row.worst) == (1, 0, 5.0)
    assert math.isnan(row.p50)


def test_policy_without_a_guard_has_no_verdict_times(story: Any) -> None:
    """No verdict at all is no population, not a population that never got one."""
    story.decide()
    story.enter(0.0, 0.1)
    assert keyed(latency(story.frames())).loc["verdict", "n"] == 0


def test_time_to_protected_is_split(story: Any) -> None:
    """Decided at 0, protected at 14.0: legs, sleep, read, silence and the rest add up to it."""
    story.decide()
    story.request("none", 1.0, 1.2, call="GET /fapi/v1/ticker/price")
    story.enter(1.2, 1.3)
    placement = story.placement(
        "sl",
        1.31,
        14.01,
        attempts=3,
        failures=((11.31, 0), (11.81, -1001)),
        pauses=((11.31, 0.5), (11.81, 1.5)),
    )
    story.request("sl", 1.31, 11.31, status=0, placement=placement)
    story.request("sl", 11.81, 11.81, status=503, code=-1001, placement=placement, legs=(0.0, 0.0))
    stop = story.order("sl", 13.31, 14.0, price=99.0, close=True, placement=placement)
    story.exposure(14.0, 1.0, 1.0, 100.0, stop=99.0)
    assert stop
    table = keyed(latency(story.frames()))
    parts = {
        "network": 0.11 + 0.69, "venue": 0.0, "back-off": 2.0, "look-ups": 0.2, "time-out waits": 10.0, "other": 1.0,
    }  # fmt: skip
    for name, seconds in parts.items():
        assert table.loc[f"protected: {name}", "mean"] == pytest.approx(seconds), name
    assert sum(parts.values()) == pytest.approx(14.0)
