"""An entry predicted to slip too much leaves smaller, on step, or not at all; never larger."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.execution import EventDrivenExecutor, PolicyStore, SideCallFailed
from sim.execution.events import Emitter, Event, SizeReduced
from sim.execution.policy_keys import Settings
from sim.execution.precision import SymbolFilters
from sim.execution.size_limit import least_quantity, sized_entry
from sim.execution.slippage_model import HeldOut, Line, SlippageModel
from tests.policies import d7_policy

STEP = Decimal("0.001")
FILTERS = SymbolFilters(Decimal("0.1"), STEP, STEP, Decimal(100))


class Quiet:
    """Take log lines and forget them."""

    def info(self, line: str) -> None: ...
    def warning(self, line: str) -> None: ...
    def error(self, line: str, **details: Any) -> None: ...


def model_of(*, enabled: bool = True, size_bps: float = 10.0, intercept_bps: float = 0.0) -> SlippageModel:
    """Return a model of size alone: ``size_bps`` for a typical minute of 1,000,000, and twice that at q90."""

    def line(factor: float) -> Line:
        return Line(
            intercept_bps=intercept_bps,
            hour_sin_bps=0.0,
            hour_cos_bps=0.0,
            volatility_bps=0.0,
            size_bps=factor * size_bps,
            size_volatility_bps=0.0,
        )

    return SlippageModel(
        enabled=enabled,
        typical_minute={"BTCUSDT": 1_000_000.0},
        size_exponent=1.0,
        median=line(1.0),
        q90=line(2.0),
        held_out=HeldOut(dates=20, fills=1000, median_mae_bps=0.1, q90_pinball_bps=0.1),
    )


def sized(
    quantity: str, model: SlippageModel | None = None, *, events: list[Event] | None = None, **policy: Any
) -> Decimal | str:
    """Size an entry of BTC at 50,000."""
    hooks = [] if events is None else [events.append]
    return sized_entry(
        model or model_of(),
        Settings(**{"predicted_slippage_limit_pct": 0.0005, **policy}),
        Emitter(Quiet(), hooks),
        symbol=policy.pop("symbol", "BTCUSDT"),
        quantity=Decimal(quantity),
        price=50_000.0,
        volatility=1e-4,
        filters=FILTERS,
    )


@pytest.mark.parametrize("quantity", ["8", "10"])
def test_a_size_inside_the_limit_is_left_as_it_is(quantity: str) -> None:
    """8 BTC are 0.4 of a minute and pay 4 of the 5 bps allowed; 10 pay all of them."""
    events: list[Event] = []
    assert sized(quantity, events=events) == Decimal(quantity)
    assert events == []


def test_a_size_beyond_the_limit_comes_down_to_the_largest_step_inside_it() -> None:
    """20 BTC would pay 10 bps, and 10 BTC pay the 5 allowed."""
    events: list[Event] = []
    quantity = sized("20", events=events)
    assert quantity == Decimal("10.000")
    assert events == [
        SizeReduced("BTCUSDT", Decimal(20), Decimal(str(quantity)), pytest.approx(10.0), pytest.approx(5.0))  # type: ignore[arg-type]
    ]


def test_the_90th_percentile_is_stricter() -> None:
    """Held to the limit at q90, half the size is left."""
    assert sized("20", predicted_slippage_quantile="q90") == Decimal("5.000")


@given(
    steps=st.integers(1, 10**7),
    size_bps=st.floats(0, 1000),
    intercept_bps=st.floats(-5, 5),
    limit=st.floats(1e-6, 0.01),
)
def test_a_size_never_rises_and_is_always_on_step(
    steps: int, size_bps: float, intercept_bps: float, limit: float
) -> None:
    """Whatever the model says, what leaves is at most what was wished, on step, above the minimum and inside."""
    wished = steps * STEP
    model = model_of(size_bps=size_bps, intercept_bps=intercept_bps)
    result = sized(str(wished), model, predicted_slippage_limit_pct=limit)
    if isinstance(result, str):
        return
    assert result <= wished
    assert result % STEP == 0
    if result < wished:
        assert result >= least_quantity(50_000.0, FILTERS)
        assert model.predict_bps(0.0, 1e-4, float(result) * 50_000.0 / 1e6) <= limit * 1e4


def test_an_entry_that_fits_at_no_size_the_venue_takes_is_refused() -> None:
    """Where the largest size inside is worth less than the venue's 100, nothing is sent, and the reason says so."""
    events: list[Event] = []
    reason = sized("1", model_of(size_bps=1e6), events=events)
    assert isinstance(reason, str)
    assert reason.startswith("predicted slippage 50000.0 bps exceeds 5.0 bps")
    assert [event.quantity for event in events if isinstance(event, SizeReduced)] == [Decimal(0)]


def test_the_least_quantity_obeys_notional_and_quantity() -> None:
    """100 in notional at 50,000 are 0.002; at 1,000,000 the smallest quantity binds."""
    assert least_quantity(50_000.0, FILTERS) == Decimal("0.002")
    assert least_quantity(1_000_000.0, FILTERS) == STEP


def test_without_a_limit_nothing_is_asked() -> None:
    """The default policy enters as wished, silently, whatever the model says."""
    events: list[Event] = []
    result = sized("20", model_of(size_bps=1e6), events=events, predicted_slippage_limit_pct=0.0)
    assert (result, events) == (Decimal(20), [])


def test_a_model_that_did_not_win_is_ignored_and_that_is_said() -> None:
    """The size stays, and a hook hears why."""
    events: list[Event] = []
    assert sized("20", model_of(enabled=False), events=events) == Decimal(20)
    assert isinstance(events[0], SideCallFailed)
    assert events[0].message == "it did not win its held-out test"


def test_a_symbol_the_model_was_not_fitted_on_is_left_alone_and_that_is_said() -> None:
    """No other symbol's numbers are borrowed."""
    events: list[Event] = []
    result = sized_entry(
        model_of(),
        Settings(predicted_slippage_limit_pct=1e-6),
        Emitter(Quiet(), [events.append]),
        symbol="XRPUSDT",
        quantity=Decimal(20),
        price=1.0,
        volatility=1e-4,
        filters=FILTERS,
    )
    assert result == Decimal(20)
    assert isinstance(events[0], SideCallFailed)
    assert events[0].message == "it was not fitted on XRPUSDT"


@pytest.fixture
def limited() -> PolicyStore:
    """Return a policy that allows 5 bps."""
    return d7_policy(predicted_slippage_limit_pct=0.0005)


def submit(run: Any, client: Any, store: PolicyStore, model: SlippageModel, quantity: float) -> Any:
    executor = EventDrivenExecutor(client, store, slippage_model=model)
    return run(
        executor.submit_order(
            symbol="BTCUSDT",
            side="buy",
            quantity=quantity,
            planned_price=50_000.0,
            sl_percent=0.01,
            tp_percent=0.02,
        )
    )


def test_the_executor_enters_with_the_reduced_size_and_says_it(
    run: Any, fake_client: Any, limited: PolicyStore
) -> None:
    """The order on the wire has the smaller quantity, and the result carries it."""
    client = fake_client()
    result = submit(run, client, limited, model_of(size_bps=100.0), 20.0)
    sent = next(params for name, params in client.calls if name == "create")
    assert result.status == "open"
    assert result.quantity == float(sent["quantity"]) == pytest.approx(1.0, abs=0.0011)


def test_the_executor_refuses_what_fits_at_no_size(run: Any, fake_client: Any, limited: PolicyStore) -> None:
    """Nothing is sent, and the result is a refusal with its reason."""
    client = fake_client()
    result = submit(run, client, limited, model_of(intercept_bps=6.0), 20.0)
    assert (result.status, result.quantity) == ("refused", None)
    assert "predicted slippage" in result.error_message
    assert "create" not in client.names()
