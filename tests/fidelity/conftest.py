"""Build tiny tapes whose numbers can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from sim.fidelity.level import SECONDS
from sim.fidelity.tapes import Tape, tape_of_bars
from sim.market import Bars

# 2024-01-15 00:00:00 UTC.
EPOCH_US = 1_705_276_800_000_000
DATA = Path(__file__).parents[3] / "shared" / "klines"


@pytest.fixture(scope="session", autouse=True)
def _private_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
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


def seconds(closes: Sequence[float], *, symbol: str = "BTCUSDT", epoch_us: int = EPOCH_US) -> Bars:
    """Return second bars that open at the close before and go nowhere else; every one has five trades."""
    close = np.array(closes, dtype=np.float64)
    open_ = np.concatenate([close[:1], close[:-1]])
    return Bars(
        symbol=symbol,
        interval_us=1_000_000,
        epoch_us=epoch_us,
        open=open_,
        high=np.maximum(open_, close),
        low=np.minimum(open_, close),
        close=close,
        volume=np.ones(close.size),
        count=np.full(close.size, 5, dtype=np.int64),
        source="made by a test",
        sha256="0" * 64,
    )


@pytest.fixture
def tape_of() -> Callable[..., Tape]:
    """Return a function from second closes to a tape."""

    def build(closes: Sequence[float], **options: object) -> Tape:
        return tape_of_bars(seconds(closes, **options), "made", SECONDS)  # type: ignore[arg-type]

    return build


@pytest.fixture
def walk() -> Callable[[int, int], np.ndarray]:
    """Return a function from minutes and a seed to a keyed walk of second closes on ticks of 0.1."""

    def build(minutes: int, seed: int) -> np.ndarray:
        steps = np.random.default_rng(seed).integers(-3, 4, minutes * 60)
        return np.round(1_000.0 + np.cumsum(steps) * 0.1, 1)

    return build
