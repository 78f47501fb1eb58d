"""A model wins only by what it says of dates it has not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.calibrate import Fills, fit, is_enabled, judge, judge_elsewhere, model_text, note_of
from sim.calibrate.judge import BASELINES, Duel
from sim.execution.slippage_model import SlippageModel

FillsOf = Callable[..., Fills]


def law(hour: np.ndarray, volatility: np.ndarray, share: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return 1 + 20 * share + 0.2 * noise


def noise_alone(hour: np.ndarray, volatility: np.ndarray, share: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return noise


def load(text: str) -> SlippageModel:
    import tomllib

    return SlippageModel.from_mapping(tomllib.loads(text))


def test_a_law_that_holds_on_every_date_wins(fills_of: FillsOf) -> None:
    """Both lines beat all three guesses, and the file written says enabled with the errors."""
    fills = fills_of(law, dates=14)
    judgement = judge(fills)
    assert judgement.won
    assert {(duel.line, duel.baseline) for duel in judgement.duels} == {
        (line, baseline) for line in ("median", "q90") for baseline in BASELINES
    }
    assert (judgement.dates, judgement.fills) == (11, 660)
    model = load(model_text(fit(fills), judgement, fills, "a test"))
    assert model.enabled
    assert model.held_out.median_mae_bps == pytest.approx(judgement.error_bps("median"), abs=1e-6)
    assert model.typical_minute == {"BTCUSDT": 2e6}
    assert "conditional on this tape" not in model.note


def test_noise_is_no_win_and_the_file_says_off(fills_of: FillsOf) -> None:
    """Where nothing can be predicted the guesses are as good, and the model is not enabled."""
    fills = fills_of(noise_alone, dates=14)
    judgement = judge(fills)
    assert not judgement.won
    assert not load(model_text(fit(fills), judgement, fills, "a test")).enabled


def test_few_dates_are_called_conditional_and_fewer_than_five_cannot_win(fills_of: FillsOf) -> None:
    """With four held-out dates the sign test cannot reach 5 %, however good the model is."""
    judgement = judge(fills_of(law, dates=7))
    assert judgement.dates == 4
    assert all(duel.better == 4 and duel.low_bps > 0 for duel in judgement.duels)
    assert not judgement.won
    assert judgement.note == "conditional on this tape: 4 dates judged, fewer than 10"


def test_three_dates_leave_nothing_to_judge(fills_of: FillsOf) -> None:
    """The first three are needed for fitting: no duel is fought, nothing is won, and the file can still be read."""
    fills = fills_of(law, dates=3)
    judgement = judge(fills)
    assert (judgement.duels, judgement.won) == ((), False)
    assert load(model_text(fit(fills), judgement, fills, "a test")).held_out.dates == 0


def test_later_dates_cannot_help_an_earlier_prediction(fills_of: FillsOf) -> None:
    """Changing the last date changes the error of that date alone."""
    fills = fills_of(law, dates=8)
    last = fills.date == fills.date.max()
    changed = Fills(**{**vars(fills), "slippage_bps": np.where(last, 99.0, fills.slippage_bps)})
    before = judge(fills.where(~last)).duels[0]
    after = judge(changed).duels[0]
    assert after.model_bps * 5 - before.model_bps * 4 == pytest.approx(
        np.abs(99.0 - fit(fills.where(~last)).predict(fills.where(last), "median")).mean()
    )


def test_a_date_of_a_few_fills_is_not_judged(fills_of: FillsOf) -> None:
    """It would count as much as a full one."""
    fills = fills_of(law, dates=6)
    few = fills.where((fills.date < fills.date.max()) | (np.arange(len(fills)) % 60 < 10))
    assert judge(few).dates == 2


def test_recorded_fills_have_a_veto(fills_of: FillsOf) -> None:
    """A model that won at home and says nothing of fills elsewhere is not enabled, and the note says why."""
    home = fills_of(law, dates=14)
    away = judge_elsewhere(fit(home), fills_of(noise_alone, dates=6))
    assert judge(home).won
    assert (away.won, away.dates) == (False, 6)
    assert not is_enabled(judge(home), away)
    assert "on recorded prints not won (6 dates" in note_of(judge(home), away)
    assert judge_elsewhere(fit(home), fills_of(law, dates=6)).won


@pytest.mark.parametrize(("better", "dates", "p"), [(5, 5, 1 / 32), (4, 4, 1 / 16), (1, 2, 0.75)])
def test_the_sign_test_is_exact(better: int, dates: int, p: float) -> None:
    """So many better dates or more, of a fair coin."""
    duel = Duel(
        line="median",
        baseline="mean so far",
        model_bps=1.0,
        baseline_bps=2.0,
        gain_bps=1.0,
        low_bps=0.5,
        high_bps=1.5,
        better=better,
        dates=dates,
    )
    assert duel.sign_p == pytest.approx(p)
    assert duel.won == (p <= 0.05)
