"""State what to do with each known fault of a market data file.

Every fault is refused unless a policy here names another treatment, and what a policy handled is written
into the notes of the loaded data, so that a repaired tape never passes for a clean one.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Problems(BaseModel):
    """Choose a treatment for each fault of a data file; the default refuses all of them.

    ``times_us``: 16-digit (microsecond) times, as spot archives have since 2025-01-01 (binance-facts 9).
    ``unsorted``: rows out of time order.  ``duplicates``: two rows of one open time, or of one trade id.
    ``gaps``: bars, or trade ids, that are missing; ``flat`` carries the close forward with volume 0.
    ``broken_ohlc``: open or close outside [low, high]; ``widen`` stretches the range to hold them.  A price
    that is missing or not positive is refused under every policy.
    ``off_tick``: prices between two ticks of the venue; ``snap`` moves them to the nearest tick.  Ticks are
    unknown to the loader, so this one acts where a path is built.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    times_us: Literal["refuse", "convert"] = "refuse"
    unsorted: Literal["refuse", "sort"] = "refuse"
    duplicates: Literal["refuse", "keep_first", "keep_last"] = "refuse"
    gaps: Literal["refuse", "flat"] = "refuse"
    broken_ohlc: Literal["refuse", "widen"] = "refuse"
    off_tick: Literal["refuse", "snap"] = "refuse"


REFUSE_ALL = Problems()
