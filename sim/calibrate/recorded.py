"""Read what real takers paid from recorded prints, to hold a model against fills that no simulator made.

A burst — one side in one millisecond — is taken for one order (klines/README.md: its first print is at the best price
in 97.7 to 100 %).  It is charged from the last print of :data:`DELAY_MS` before it, as an order that left on that price
would be.  Whose orders they were is not known: takers come when prices move, and that is in what they paid.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.calibrate.fills import FEWEST, HALF_LIFE_S, LEAST_SD, Fills
from sim.errors import InputError

Array = np.ndarray[Any, Any]

DELAY_MS: Final = 40
"""The medians of the two default legs: from the read at the venue to the order's arrival there."""
_LOOK_MS: Final = 10_000
_DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000
_NAMES: Final = {"exchange_ms": "at_ms", "transact_time": "at_ms", "qty": "quantity"}
_NEEDED: Final = ("at_ms", "price", "quantity", "is_buyer_maker")


def recorded_fills(file: Path) -> Fills:
    """Return the bursts of a file of prints (trades or aggTrades, named SYMBOL-…), by date, hour, volatility and size.

    The first seconds, before :data:`DELAY_MS` and the fewest looks an estimate needs, make no fills.  Raises InputError
    for a file that has not the columns of either kind.
    """
    symbol = file.name.split("-")[0]
    try:
        prints = pd.read_csv(file).rename(columns=_NAMES)
    except (OSError, ValueError) as error:
        raise InputError(str(file), str(error), "a readable CSV of trades or aggTrades") from error
    if not set(_NEEDED) <= set(prints.columns):
        raise InputError(
            str(file), ", ".join(prints.columns), "the columns of trades or aggTrades, with a header"
        )
    if "type" in prints.columns:
        prints = prints[prints["type"] == "MARKET"]
    prints = prints.sort_values("at_ms", kind="stable")
    at_ms, price = prints["at_ms"].to_numpy(dtype=np.int64), prints["price"].to_numpy(dtype=float)
    burst = prints.assign(value=prints["price"] * prints["quantity"]).groupby(["at_ms", "is_buyer_maker"])
    table = burst[["quantity", "value"]].sum().reset_index()
    when_ms = table["at_ms"].to_numpy(dtype=np.int64)
    table = table[when_ms >= at_ms[0] + FEWEST * _LOOK_MS]
    when_ms = table["at_ms"].to_numpy(dtype=np.int64)
    seen = price[np.searchsorted(at_ms, when_ms - DELAY_MS, side="right") - 1]
    paid = (table["value"] / table["quantity"]).to_numpy()
    side = np.where(table["is_buyer_maker"].to_numpy(dtype=bool), -1.0, 1.0)
    minute = float(prints.groupby(at_ms // _MINUTE_MS)["quantity"].sum().median())
    return Fills(
        symbol=np.full(len(table), symbol),
        date=when_ms // _DAY_MS,
        hour=when_ms % _DAY_MS / 3.6e6,
        volatility_bps=_volatility(at_ms, price, when_ms) * 1e4,
        share=table["quantity"].to_numpy() / minute,
        slippage_bps=side * (paid / seen - 1.0) * 1e4,
        minute_notional=minute * seen,
    )


def _volatility(at_ms: Array, price: Array, when_ms: Array) -> Array:
    """Return the production estimate in force at each time, from a look every ten seconds since the recording began."""
    looks_ms = np.arange(at_ms[0], at_ms[-1] + _LOOK_MS, _LOOK_MS)
    looked = price[np.searchsorted(at_ms, looks_ms, side="right") - 1]
    rates = np.diff(np.log(looked)) ** 2 / (_LOOK_MS / 1e3)
    late = 1.0 - 0.5 ** (_LOOK_MS / 1e3 / HALF_LIFE_S)
    variance, estimates = 0.0, []
    for count, rate in enumerate(rates):
        variance += (late if count >= FEWEST else 1.0 / (count + 1)) * (rate - variance)
        estimates.append(max(LEAST_SD, variance**0.5) if count + 1 >= FEWEST else LEAST_SD)
    found: Array = np.array(estimates)[np.searchsorted(looks_ms, when_ms, side="right") - 2]
    return found
