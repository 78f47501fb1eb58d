"""Make outcomes and questions by hand, so that what is decided on them can be told in advance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.tune.runs import Outcome
from sim.tune.space import Space, load_space


@pytest.fixture
def outcome() -> Callable[..., Outcome]:
    """Return the maker of one run's outcome: losses as given, everything else harmless."""

    def make(*loss_bps: float, date: int = 20_000, **changes: Any) -> Outcome:
        zeros = np.zeros(len(loss_bps))
        fields: dict[str, Any] = {
            "date": np.full(len(loss_bps), date),
            "loss_bps": np.array(loss_bps, dtype=float),
            "loss_quote": np.array(loss_bps, dtype=float) / 10,
            "missed_bps": zeros,
            "naked": zeros,
            "ideal_bps": zeros,
            "refused": zeros.astype(bool),
            "doubled": 0,
            "unresolved": 0,
            "naked_too_long": 0,
            "violations": 0,
        }
        return Outcome(**(fields | changes))

    return make


@pytest.fixture
def space_of(tmp_path: Path) -> Callable[[str], Space]:
    """Return the reader of a space file's text."""

    def read(text: str) -> Space:
        file = tmp_path / "space.toml"
        file.write_text(text, encoding="utf-8")
        return load_space(str(file)).space

    return read
