"""State what every account of a run begins with."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from sim.scenario.market_spec import Strict

LARGE_WALLET: Final = 1_000_000.0
"""Quote currency, so much that margin decides nothing unless a scenario asks for it."""


class AccountSpec(Strict):
    """State the money and the mode of each account.

    ``wallet`` in quote currency.  ``hedge_mode``: LONG and SHORT are held apart, and orders name their position side.
    ``maker_fee`` and ``taker_fee``, shares of notional, replace those of ``fills`` where given (a fee tier of
    one's own).
    """

    wallet: float = Field(default=LARGE_WALLET, gt=0, le=1e15)
    hedge_mode: bool = False
    maker_fee: float | None = Field(default=None, ge=0, le=0.1)
    taker_fee: float | None = Field(default=None, ge=0, le=0.1)
