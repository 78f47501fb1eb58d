"""Each statistic gives what can be worked out by hand on a series with one planted thing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from sim.fidelity.crossings import look_at_crossings, look_at_prints, placements
from sim.fidelity.extremes import look_at_extremes
from sim.fidelity.moves import count_moves
from sim.fidelity.sources import true_path
from sim.fidelity.steps import Steps, steps_of_bars, steps_of_path
from sim.fidelity.sums import Blocks, Sums
from sim.fidelity.tapes import Tape, steps_of_trades, tape_of_trades
from sim.market import KlinePath, Trades

Look = Callable[[Steps, Blocks, Sums], None]
TapeOf = Callable[..., Tape]


def _sums(tape: Tape, look: Look) -> pd.DataFrame:
    blocks = Blocks.of(tape)
    sums = Sums(blocks, "real")
    look(steps_of_bars(tape.steps), blocks, sums)
    return sums.frame()


def _value(frame: pd.DataFrame, measure: str, **where: float | str) -> tuple[float, float, int]:
    rows = frame[frame["measure"] == measure]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    assert len(rows), (measure, where)
    return float(rows["num"].sum()), float(rows["den"].sum()), int(rows["events"].sum())


def test_a_jump_is_seen_once_per_start_that_spans_it(tape_of: TapeOf) -> None:
    """A jump of 10 bps at second 30 of two minutes: one move in 1 s, eight in 8 s, none beyond 20 bps."""
    frame = _sums(tape_of([1000.0] * 30 + [1001.0] * 90), count_moves)
    for lag, count in ((1.0, 1), (8.0, 8), (30.0, 30)):
        hits, starts, events = _value(frame, "moves beyond x in t", x=5.0, x_unit="bps", t_s=lag)
        assert (hits, starts, events) == (count, 120 - lag, count)
    assert _value(frame, "moves beyond x in t", x=20.0, x_unit="bps", t_s=8.0)[0] == 0


def test_a_move_of_exactly_x_is_not_beyond_it(tape_of: TapeOf) -> None:
    """Beyond means further than x, whatever the last digit of a logarithm says."""
    price = 1000.0 * np.exp(10 / 1e4)
    tape = tape_of([1000.0] * 30 + [1001.0] * 90)
    steps = Steps(np.array([1000.0] * 30 + [price] * 90), np.zeros(120), np.zeros(120), 1000.0)
    blocks = Blocks.of(tape)
    sums = Sums(blocks, "real")
    count_moves(steps, blocks, sums)
    frame = sums.frame()
    assert _value(frame, "moves beyond x in t", x=10.0, x_unit="bps", t_s=1.0)[0] == 0
    assert _value(frame, "moves beyond x in t", x=5.0, x_unit="bps", t_s=1.0)[0] == 1


def test_ranges_stay_inside_their_bar(tape_of: TapeOf) -> None:
    """The jump is the whole range of its minute; the flat minute is no denominator, and no start spans two bars."""
    frame = _sums(tape_of([1000.0] * 30 + [1001.0] * 90), count_moves)
    hits, starts, _ = _value(frame, "moves beyond x in t", x=0.5, x_unit="ranges", t_s=8.0)
    assert (hits, starts) == (8, 52)


def test_steps_without_a_move_are_counted(tape_of: TapeOf) -> None:
    """Of 120 seconds one moves."""
    assert _value(_sums(tape_of([1000.0] * 30 + [1001.0] * 90), count_moves), "steps without a move")[:2] == (
        119,
        120,
    )


def _minute(low_at: int, high_at: int, close: float) -> list[float]:
    prices = [1000.0] * 60
    prices[low_at], prices[high_at], prices[59] = 999.0, 1001.0, close
    return prices


def test_order_and_time_of_extremes(tape_of: TapeOf) -> None:
    """Two rising minutes, one with its low first; extremes at seconds 2, 40 and 20, 57."""
    frame = _sums(tape_of(_minute(2, 40, 1000.2) + _minute(57, 20, 1000.5)), look_at_extremes)
    assert _value(frame, "extreme against the body first")[:2] == (1, 2)
    assert _value(frame, "extremes at the beginning")[:2] == (1, 4)
    assert _value(frame, "extremes at the end")[:2] == (1, 4)
    away = sum(abs((place + 0.5) / 60 - 0.5) for place in (2, 40, 57, 20))
    total, count, _ = _value(frame, "distance of an extreme from mid-bar")
    assert total == pytest.approx(away)
    assert count == 4
    assert _value(frame, "both extremes in one step")[:2] == (0, 2)


def test_volatility_near_an_extreme_is_measured_by_the_bars(tape_of: TapeOf) -> None:
    """One step moves: the high is there, the low at the start; the bar's mean square is a sixtieth of that step's."""
    frame = _sums(tape_of([1000.0] * 30 + [1001.0] * 30), look_at_extremes)
    total, count, _ = _value(frame, "squared return near an extreme over the bar's")
    # Seven steps around the high hold it; the four at the beginning of the bar do not.
    assert total == pytest.approx(60 / 7)
    assert count == 2


def test_a_stop_is_crossed_where_it_should_be(tape_of: TapeOf) -> None:
    """Calm but for one fall of 30 bps late in the tape: every stop 10 and 20 bps below is crossed there, none above."""
    closes = [1000.0] * 600 + [997.0] * 60
    tape = tape_of(closes)
    frame = _sums(tape, look_at_crossings)
    before = int((placements(tape) < 600).sum())
    assert before == 10
    for distance in (10.0, 20.0):
        assert _value(frame, "stops crossed", x=distance)[0] == before
        level = 1000.0 * (1 - distance / 1e4)
        total, count, events = _value(frame, "beyond the stop one step later", x=distance)
        assert (count, events) == (before, before)
        assert total / count == pytest.approx((1 - 997.0 / level) * 1e4)
        # All movement of the tape and of its minute lies in the crossing step.
        assert _value(frame, "squared return at the crossing", x=distance)[0] / before == pytest.approx(660)
        assert _value(frame, "squared return at the crossing over the bar's", x=distance)[
            0
        ] / before == pytest.approx(60)
    assert _value(frame, "stops crossed", x=40.0)[0] == 0


def test_prints_tell_the_first_beyond_and_the_last_a_second_later() -> None:
    """The crossing millisecond prints 998.9 then 997.0, and the price is 998.0 a second later."""
    times = np.concatenate([np.arange(600) * 1_000_000, [600_500_000, 600_500_000, 601_200_000, 659_000_000]])
    price = np.array([1000.0] * 600 + [998.9, 997.0, 998.0, 998.0])
    trades = Trades(
        symbol="BTCUSDT",
        epoch_us=1_705_276_800_000_000,
        end_us=660_000_000,
        times_us=times.astype(np.int64),
        price=price,
        quantity=np.ones(price.size),
        source="made by a test",
        sha256="",
    )
    tape = tape_of_trades(trades, "made")
    blocks = Blocks.of(tape)
    sums = Sums(blocks, "real")
    look_at_prints(true_path(tape, 1), blocks, sums)
    frame = sums.frame()
    total, count, _ = _value(frame, "first print beyond the stop", x=10.0)
    assert total / count == pytest.approx((1 - 998.9 / 999.0) * 1e4)
    total, count, _ = _value(frame, "last beyond the stop 1 s after it", x=10.0)
    assert total / count == pytest.approx((1 - 998.0 / 999.0) * 1e4)


def test_trades_become_steps_that_carry() -> None:
    """A step without a trade shows the last close and counts none."""
    trades = Trades(
        symbol="BTCUSDT",
        epoch_us=1_705_276_800_250_000,
        end_us=3_000_000,
        times_us=np.array([0, 100_000, 2_900_000]),
        price=np.array([10.0, 12.0, 11.0]),
        quantity=np.array([1.0, 2.0, 4.0]),
        source="made by a test",
        sha256="",
    )
    bars = steps_of_trades(trades, 1_000_000)
    assert bars.epoch_us == 1_705_276_800_000_000
    assert bars.open.tolist() == [10.0, 12.0, 12.0, 11.0]
    assert bars.close.tolist() == [12.0, 12.0, 12.0, 11.0]
    assert bars.count.tolist() == [2, 0, 0, 1]
    assert bars.volume.tolist() == [3.0, 0.0, 0.0, 4.0]


def test_a_path_over_the_steps_themselves_is_the_truth(
    tape_of: TapeOf, walk: Callable[[int, int], np.ndarray]
) -> None:
    """Whatever is counted, the real seconds as a path show the same as the real seconds."""
    tape = tape_of(walk(20, 5))
    path = KlinePath(tape.steps, tick=0.1, seed=3, price_decimals=1)
    seen, true = steps_of_path(path, 1_000_000), steps_of_bars(tape.steps)
    assert np.array_equal(seen.last, true.last)
    assert np.array_equal(seen.high, true.high)
    assert np.array_equal(seen.low, true.low)
    assert seen.first_price == true.first_price
