"""Make fills whose law is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.calibrate import Fills

DATA = Path(__file__).parents[3] / "shared" / "klines"
FIRST_DATE = 19_737
Law = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], Any]


@pytest.fixture(scope="session", autouse=True)
def _private_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Keep parsed data of tests out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def recordings() -> Path:
    """Return the folder of recordings, or skip."""
    if not DATA.is_dir():
        pytest.skip(f"no recordings in {DATA}")
    return DATA


@pytest.fixture
def fills_of() -> Callable[..., Fills]:
    """Return the function that makes fills by a law of (hour, volatility in bps, share, noise of sd 1)."""

    def make(law: Law, *, dates: int = 12, per_date: int = 60) -> Fills:
        random = np.random.default_rng(1)
        count = dates * per_date
        hour = np.sort(random.uniform(0, 24, (dates, per_date)), axis=1).ravel()
        volatility, share = random.uniform(1, 4, count), random.uniform(0.001, 0.2, count)
        return Fills(
            symbol=np.full(count, "BTCUSDT"),
            date=np.repeat(np.arange(FIRST_DATE, FIRST_DATE + dates), per_date),
            hour=hour,
            volatility_bps=volatility,
            share=share,
            slippage_bps=np.asarray(law(hour, volatility, share, random.standard_normal(count)), dtype=float),
            minute_notional=np.full(count, 2e6),
        )

    return make
