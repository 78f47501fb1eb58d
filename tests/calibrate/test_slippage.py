"""The fit finds what was planted, at both quantiles, and never lets a larger order pay less."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from sim.calibrate import Fills, fit
from sim.calibrate.slippage import features, pinball

FillsOf = Callable[..., Fills]


@pytest.mark.parametrize("exponent", [0.5, 0.75, 1.0])
def test_planted_coefficients_are_recovered(fills_of: FillsOf, exponent: float) -> None:
    """Without noise both lines are the law itself, exponent included."""

    def law(hour: np.ndarray, volatility: np.ndarray, share: np.ndarray, noise: np.ndarray) -> np.ndarray:
        angle = math.tau * hour / 24
        size = (8.0 + 2.0 * volatility) * share**exponent
        return 0.5 + 0.2 * np.sin(angle) - 0.1 * np.cos(angle) + 0.3 * volatility + size

    fitted = fit(fills_of(law))
    assert fitted.size_exponent == exponent
    for line in (fitted.median, fitted.q90):
        found = (line.intercept_bps, line.hour_sin_bps, line.hour_cos_bps, line.volatility_bps)
        assert found == pytest.approx((0.5, 0.2, -0.1, 0.3), abs=1e-6)
        assert (line.size_bps, line.size_volatility_bps) == pytest.approx((8.0, 2.0), abs=1e-6)


def test_noise_moves_the_90th_percentile_and_not_the_median(fills_of: FillsOf) -> None:
    """With noise of sd 1 the q90 line lies 1.28 above the median, and covers nine fills in ten."""
    fills = fills_of(lambda hour, volatility, share, noise: 10 * share + noise, dates=60)
    fitted = fit(fills)
    gap = (fitted.predict(fills, "q90") - fitted.predict(fills, "median")).mean()
    assert gap == pytest.approx(1.28, abs=0.1)
    assert (fills.slippage_bps <= fitted.predict(fills, "q90")).mean() == pytest.approx(0.9, abs=0.005)
    assert fitted.median.size_bps + 2.5 * fitted.median.size_volatility_bps == pytest.approx(10, abs=1.5)


def test_a_larger_order_never_pays_less_even_where_it_did(fills_of: FillsOf) -> None:
    """On fills that got cheaper with size the factors of size stop at 0."""
    fitted = fit(fills_of(lambda hour, volatility, share, noise: 5 - 20 * share + 0.1 * noise))
    assert (fitted.median.size_bps, fitted.median.size_volatility_bps) == (0.0, 0.0)
    assert (fitted.q90.size_bps, fitted.q90.size_volatility_bps) == (0.0, 0.0)


def test_a_feature_that_never_varies_does_no_harm(fills_of: FillsOf) -> None:
    """On calm days volatility stands at its floor, and predictions are as good as without it."""
    fills = fills_of(lambda hour, volatility, share, noise: 3 + 10 * share)
    calm = Fills(**{**vars(fills), "volatility_bps": np.ones(len(fills))})
    assert fit(calm).predict(calm, "median") == pytest.approx(3 + 10 * calm.share, abs=1e-6)


def test_the_pinball_loss_counts_what_is_missing_more() -> None:
    """At 0.9 a bps too low costs nine times a bps too high."""
    loss = pinball(np.array([1.0, -1.0]), np.zeros(2), 0.9)
    assert loss == pytest.approx([0.9, 0.1])


def test_features_come_in_the_order_of_the_coefficients(fills_of: FillsOf) -> None:
    """One, sine, cosine, volatility, size, and their product."""
    fills = fills_of(lambda hour, volatility, share, noise: share).where(np.array([0]))
    fills = Fills(
        **{
            **vars(fills),
            "hour": np.array([6.0]),
            "volatility_bps": np.array([2.0]),
            "share": np.array([0.25]),
        }
    )
    assert features(fills, 0.5)[0] == pytest.approx([1, 1, 0, 2, 0.5, 1.0])
