"""I19: numbers are finite and above 0, on the symbol's grids, and worth the minimum (failures F12, F31, F36).

Looked at where orders leave, where the guard accepted a price, and where a stop was moved.  The minimum notional does
not hold for exits (binance-facts 3.1); the venue reckons it at its own price, so it may be missed by one per cent.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sim.checks.arrays import first_of_group, rows_of, steps_of
from sim.checks.case import BoolArray, Case, Finding, FloatArray, IntArray

_OFF_GRID: Final = 1e-6
"""How far from a whole number of ticks or steps a float may be, in ticks or steps."""

_PRICES_DIFFER: Final = 0.01


def find_bad_numbers(case: Case) -> list[Finding]:
    """Return each intent's first bad number at each interface; amount is the number of orders that had one."""
    return _sent(case) + _seen(case) + _moved(case)


def _sent(case: Case) -> list[Finding]:
    sent, intents = case.table("sent"), case.table("intent")
    owner = rows_of(intents["intent"], sent["intent"])
    quantity, price, trigger = sent["quantity"], sent["price"], sent["trigger_price"]
    step = steps_of(intents, case.steps, sent["intent"])
    grids = [case.grids.get(symbol) for symbol in intents["symbol"]]
    tick = _by_intent([grid.tick if grid else np.nan for grid in grids], owner)
    least = _by_intent([grid.min_notional if grid else np.nan for grid in grids], owner)
    exits = sent["reduce_only"] | sent["close_position"]
    at_price = np.where(np.isfinite(price), price, sent["last"])
    bad = _unusable(quantity) | _unusable(price) | _unusable(trigger)
    off = ((_off(quantity, step) & (owner >= 0)) | _off(price, tick) | (_off(trigger, tick))) & ~bad
    small = ~exits & (quantity * at_price < least * (1 - _PRICES_DIFFER)) & ~bad
    wrong = np.flatnonzero(bad | off | small)
    wrong = wrong[np.argsort(sent["intent"][wrong], kind="stable")]
    first = first_of_group(sent["intent"][wrong])
    counts = np.diff(np.append(np.flatnonzero(first), wrong.size))
    return [
        Finding(
            int(sent["intent"][row]),
            int(sent["at_us"][row]),
            float(count),
            "orders",
            f"the {sent['role'][row]} order left with "
            + _numbers(("quantity", quantity[row]), ("price", price[row]), ("trigger", trigger[row]))
            + ": "
            + (
                "no finite number above 0" if bad[row] else "off the symbol's grid" if off[row]
                else f"below the minimum notional of {least[row]:g}"
            ),
            f"a tick of {tick[row]:g} and a step of {step[row]:g}",
        )
        for row, count in zip(wrong[first], counts, strict=True)
    ]  # fmt: skip


def _numbers(*named: tuple[str, float]) -> str:
    """Say the numbers that were sent."""
    return ", ".join(f"{name} {value:.12g}" for name, value in named if not np.isnan(value))


def _seen(case: Case) -> list[Finding]:
    verdicts = case.table("verdict")
    rows = np.flatnonzero(verdicts["accepted"] & ~_usable(verdicts["price"]))
    return [
        Finding(
            int(verdicts["intent"][row]), int(verdicts["at_us"][row]), 1.0, "prices",
            f"the guard accepted an order on the price {verdicts['price'][row]:g}", "a finite price above 0",
        )
        for row in rows
    ]  # fmt: skip


def _moved(case: Case) -> list[Finding]:
    moves = case.table("stop_moved")
    rows = np.flatnonzero(~_usable(moves["new_price"]))
    return [
        Finding(
            int(moves["intent"][row]), int(moves["at_us"][row]), 1.0, "prices",
            f"a stop was moved to {moves['new_price'][row]:g}", "a finite price above 0",
        )
        for row in rows
    ]  # fmt: skip


def _by_intent(values: list[float], owner: IntArray) -> FloatArray:
    table = np.array([*values, np.nan])
    found: FloatArray = table[owner]
    return found


def _usable(values: FloatArray) -> BoolArray:
    return np.asarray(np.isfinite(values) & (values > 0), dtype=np.bool_)


def _unusable(values: FloatArray) -> BoolArray:
    """Tell which numbers were sent and are none: NaN means not sent, inf no finite number."""
    return np.asarray(~np.isnan(values) & ~_usable(values), dtype=np.bool_)


def _off(values: FloatArray, grid: FloatArray) -> BoolArray:
    with np.errstate(invalid="ignore"):
        count = values / grid
        return np.asarray(
            np.abs(count - np.rint(count)) > _OFF_GRID * np.maximum(1.0, np.abs(count) * 1e-9), dtype=np.bool_
        )
