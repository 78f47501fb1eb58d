"""What a taker gets and pays: one test for each fill rule at the top of matching.py, and the laws behind them."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.exchange.matching import FillSpec, TriggerDelay, take, thinned, touch_price

FREE = FillSpec(half_spread_bps=0.0, spread_range_share=0.0, impact_bps=0.0)


def price_of(spec: FillSpec, side: int, last: float, quantity: float, depth: float, tick: float) -> float:
    """Return what a taker pays without any bound."""
    filled, price = take(spec, side, last, quantity, depth=depth, tick=tick, step=0.001)
    assert filled == quantity
    return price


def test_rule_2_the_taker_pays_half_the_spread_rounded_against_him() -> None:
    """0.1 bps of 50 000 is 0.5: five ticks each way; less than a tick is charged a whole one."""
    spec = FillSpec(half_spread_bps=0.1, impact_bps=0.0)
    assert price_of(spec, 1, 50_000.0, 1.0, math.inf, 0.1) == 50_000.5
    assert price_of(spec, -1, 50_000.0, 1.0, math.inf, 0.1) == 49_999.5
    assert price_of(spec, 1, 1_000.0, 1.0, math.inf, 0.1) == 1_000.1
    assert price_of(spec, -1, 1_000.0, 1.0, math.inf, 0.1) == 999.9


@pytest.mark.parametrize(
    ("last", "tick"), [(27_981.3, 0.1), (61_800.0, 0.1), (120_000.0, 0.1), (2_600.5, 0.01)]
)
def test_rule_2_a_quiet_market_costs_one_tick(last: float, tick: float) -> None:
    """The default half spread is a floor: rounding makes it the one tick that the recordings show."""
    for side in (1, -1):
        assert touch_price(FillSpec(), side, last, 0.0, tick) == pytest.approx(last + side * tick)


@pytest.mark.parametrize(("range_bps", "ticks"), [(0.0, 1), (1.0, 1), (10.0, 6), (100.0, 51)])
def test_rule_2_the_spread_widens_with_the_last_second(range_bps: float, ticks: int) -> None:
    """A second that ran 10 bps puts the touch 0.1 bps further: at 50 000 that is five ticks, and the floor one."""
    for side in (1, -1):
        price = touch_price(FillSpec(), side, 50_000.0, range_bps, 0.1)
        assert round(side * (price - 50_000.0) / 0.1) == ticks


@pytest.mark.parametrize("side", [1, -1])
def test_rule_2_a_price_on_tick_is_not_pushed_further(side: int) -> None:
    """Without any cost the fill is last itself, although 41 730.7 / 0.1 is no whole number in floats."""
    for ticks in range(417_000, 417_300):
        last = ticks / 10
        assert price_of(FREE, side, last, 1.0, math.inf, 0.1) == last


@pytest.mark.parametrize(
    ("exponent", "share", "cost"),
    [(0.5, 0.25, 25.0), (0.5, 1.0, 50.0), (1.0, 0.25, 12.5), (1.0, 2.0, 100.0), (2.0, 0.5, 12.5)],
)
def test_rule_3_impact_grows_with_size_over_depth(exponent: float, share: float, cost: float) -> None:
    """A whole typical minute costs impact_bps on average; the exponent says how cost grows with size."""
    spec = FillSpec(half_spread_bps=0.0, impact_bps=10.0, impact_exponent=exponent)
    assert price_of(spec, 1, 50_000.0, share, 1.0, 0.01) == pytest.approx(50_000.0 + cost)
    assert price_of(spec, -1, 50_000.0, share * 7, 7.0, 0.01) == pytest.approx(50_000.0 - cost)


def test_rule_3_an_unknown_depth_is_all_taken_and_an_endless_one_not_felt() -> None:
    """A tape without volumes charges a whole minute's impact; a straight line charges none."""
    spec = FillSpec(half_spread_bps=0.0, impact_bps=10.0)
    assert price_of(spec, 1, 50_000.0, 0.001, 0.0, 0.01) == pytest.approx(50_050.0)
    assert price_of(spec, 1, 50_000.0, 1e6, math.inf, 0.01) == 50_000.0


@pytest.mark.parametrize(
    ("range_pct", "left"), [(0.0, 2.0), (1.0, 2.0 * math.sqrt(0.1)), (2.0, 0.2), (9.0, 0.2)]
)
def test_rule_4_depth_thins_with_the_minutes_range(range_pct: float, left: float) -> None:
    """From depth_multiplier in a still minute to a tenth of it at 2 % and beyond, in equal ratios."""
    assert thinned(FillSpec(depth_multiplier=2.0), range_pct) == pytest.approx(left)


BOUNDED = FillSpec(half_spread_bps=0.0, spread_range_share=0.0, impact_bps=100.0, impact_exponent=1.0)


@pytest.mark.parametrize(
    ("side", "last", "quantity", "filled", "price"),
    [
        # The last unit pays twice the average: the bound of 5 % is met by 2.5 minutes' volume of 10, at 2.5 %.
        (1, 1_000.0, 25.0, 25.0, 1_025.0),
        (1, 1_000.0, 30.0, 25.0, 1_025.0),
        (-1, 1_000.0, 25.0, 25.0, 975.0),
        (-1, 1_000.0, 99.0, 25.0, 975.0),
        # Last has run 4 % ahead of mark: 1 % of 1040 is left.
        (1, 1_040.0, 25.0, 4.807, 1_045.0),
        (-1, 960.0, 25.0, 5.208, 955.0),
        # A seller into the same rise has room to spare.
        (-1, 1_040.0, 25.0, 25.0, 1_014.0),
        # The touch stands on the bound: nothing behind it.  Beyond the bound: nothing at all.
        (1, 1_050.0, 25.0, 0.0, math.nan),
        (1, 1_050.1, 25.0, 0.0, math.nan),
        (-1, 949.9, 25.0, 0.0, math.nan),
    ],
)
def test_rule_5_nothing_fills_beyond_the_bound(
    side: int, last: float, quantity: float, filled: float, price: float
) -> None:
    """What the book gives up to mark · (1 ± 5 %) fills, in whole steps; mark stands at 1 000."""
    got = take(BOUNDED, side, last, quantity, depth=10.0, tick=0.1, step=0.001, mark=1_000.0)
    assert got == pytest.approx((filled, price), nan_ok=True)


def test_rule_5_an_endless_book_fills_whole_at_the_bound() -> None:
    """Without impact all of it trades at the touch, as long as the touch is not beyond."""
    assert take(FREE, 1, 1_050.0, 9.0, depth=math.inf, tick=0.1, step=0.001, mark=1_000.0) == (9.0, 1_050.0)
    filled, price = take(FREE, 1, 1_050.1, 9.0, depth=math.inf, tick=0.1, step=0.001, mark=1_000.0)
    assert (filled, math.isnan(price)) == (0.0, True)


def test_rule_6_fees_are_the_takers_rate_on_notional(make_desk: Callable[..., Any]) -> None:
    """0.05 % of the notional at the fill's own price, in quote currency, both ways."""
    desk = make_desk(fills=FillSpec(half_spread_bps=10.0, impact_bps=0.0, taker_fee=0.0005))
    desk.buy("0.010")
    desk.sell("0.010")
    fills = desk.frame("fill")
    assert fills.price.tolist() == [50_050.0, 49_950.0]
    assert fills.fee.tolist() == [pytest.approx(0.25025), pytest.approx(0.24975)]
    assert desk.account.wallet == pytest.approx(10_000 - 1.0 - 0.5)


def test_rule_7_the_tape_does_not_react(make_desk: Callable[..., Any]) -> None:
    """A large order leaves the price where it was."""
    desk = make_desk(fills=FillSpec())
    before = desk.path.last(0)
    desk.buy("120")
    assert desk.path.last(0) == before


# -- laws ---------------------------------------------------------------------------------------------

SPECS = st.builds(
    FillSpec,
    half_spread_bps=st.floats(0, 50),
    spread_range_share=st.floats(0, 0.2),
    impact_bps=st.floats(0, 2_000),
    impact_exponent=st.floats(0.3, 2),
    market_take_bound=st.floats(0.001, 0.3),
)
LAW = settings(max_examples=150, deadline=None, derandomize=True, database=None)


@LAW
@given(
    SPECS, st.sampled_from([0.1, 0.01]), st.sampled_from([1, -1]), st.floats(0.001, 500), st.floats(0.9, 1.1)
)
def test_fills_are_on_tick_inside_the_bound_and_never_a_gift(
    spec: FillSpec, tick: float, side: int, quantity: float, ratio: float
) -> None:
    """On tick, not better than last, not beyond the bound; filled and expired add up to what was asked."""
    last, mark = 1_000.0, 1_000.0 * ratio
    wanted = float(f"{math.floor(quantity / 0.001) * 0.001:.12g}")
    filled, price = take(
        spec, side, last, wanted, depth=100.0, tick=tick, step=0.001, range_bps=3.0, mark=mark
    )
    assert 0.0 <= filled <= wanted
    if filled == 0.0:
        assert math.isnan(price)
        return
    assert Decimal(str(filled)) % Decimal("0.001") == 0
    assert Decimal(str(price)) % Decimal(str(tick)) == 0
    assert side * (price - last) >= -1e-9
    assert side * (price - mark * (1 + side * spec.market_take_bound)) <= 1e-9


@LAW
@given(SPECS, st.sampled_from([1, -1]), st.lists(st.integers(1, 500_000), min_size=2, max_size=6))
def test_more_costs_more_and_the_book_gives_no_less(spec: FillSpec, side: int, steps: list[int]) -> None:
    """With size, price never improves, the filled quantity never falls, and once cut short it stays the same."""
    got = [
        take(spec, side, 1_000.0, count / 1000, depth=100.0, tick=0.01, step=0.001, mark=1_000.0)
        for count in sorted(steps)
    ]
    assume(got[-1][0] > 0)
    for (less, cheap), (more, dear) in pairwise(got):
        assert more >= less
        assert math.isnan(cheap) or side * (dear - cheap) >= -0.011
    cut = {filled for (filled, _), count in zip(got, sorted(steps), strict=True) if filled < count / 1000}
    assert max(cut, default=0.0) - min(cut, default=0.0) <= 0.001 + 1e-9


@LAW
@given(SPECS, st.floats(0.001, 500), st.floats(0, 20))
def test_buying_and_selling_mirror_each_other(spec: FillSpec, quantity: float, range_bps: float) -> None:
    """At last = mark a seller gets as much and pays as far from last as a buyer, to a tick."""
    bought, sold = (
        take(
            spec,
            side,
            1_000.0,
            quantity,
            depth=100.0,
            tick=0.01,
            step=0.001,
            range_bps=range_bps,
            mark=1_000.0,
        )
        for side in (1, -1)
    )
    assert bought[0] == pytest.approx(sold[0], abs=0.001)
    if bought[0] and sold[0]:
        assert bought[1] - 1_000.0 == pytest.approx(1_000.0 - sold[1], abs=0.011)


# -- the trigger engine's delays ------------------------------------------------------------------------


def test_delays_are_constant_unless_they_are_drawn() -> None:
    """21 ms by default, whoever it is."""
    delay = TriggerDelay(FillSpec(), seed=5)
    assert {delay.of_us(intent, role, 0) for intent in range(50) for role in ("sl", "tp")} == {21_000}
    assert (delay.drawn, delay.view_us) == (False, 0)


def test_drawn_delays_belong_to_intent_role_and_count() -> None:
    """Exponential on top of the fixed part with the declared mean; the same key draws the same delay."""
    delay, again, other = (TriggerDelay(FillSpec(trigger_jitter_ms=10.0), seed) for seed in (5, 5, 6))
    drawn = [delay.of_us(intent, "sl", 0) for intent in range(2_000)]
    assert min(drawn) >= 21_000
    assert sum(drawn) / len(drawn) == pytest.approx(31_000, rel=0.03)
    assert [again.of_us(intent, "sl", 0) for intent in reversed(range(2_000))] == drawn[::-1]
    assert delay.of_us(0, "sl", 0) not in (
        delay.of_us(0, "sl", 1),
        delay.of_us(0, "tp", 0),
        other.of_us(0, "sl", 0),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("half_spread_bps", -0.1),
        ("spread_range_share", 1.5),
        ("impact_exponent", 0.0),
        ("depth_multiplier", 0.0),
        ("crash_depth_multiplier", 1.1),
        ("crash_range_pct", 0.0),
        ("market_take_bound", 0.0),
        ("market_take_bound", 1.0),
        ("taker_fee", 1.0),
        ("trigger_delay_ms", -1.0),
        ("trigger_view_delay_ms", -1.0),
        ("trigger_jitter_ms", -1.0),
        ("max_volume_share", 0.0),
        ("spread", 1.0),
        ("impact_bps", "5"),
    ],
)
def test_unusable_costs_are_refused(name: str, value: Any) -> None:
    """Negative costs, unknown keys and texts for numbers do not pass."""
    with pytest.raises(ValidationError):
        FillSpec(**{name: value})
