"""Tell the user's flow what is wished for, in one frozen object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Intent:
    """State one wish of the strategy.

    ``side``: "buy" or "sell"; ``direction``: +1 or -1.  ``quantity``: base asset, on the venue's step.
    ``planned_price``: the price the strategy saw, ``sl_price`` and ``tp_price`` the levels from there (quote currency);
    ``sl_percent`` and ``tp_percent``: their distances as fractions of the entry price.  ``decided_s``: when, in the
    running loop's time; ``hold_s``: how long the position is wanted; ``deadline_s``: when the strategy closes it.
    ``intent_id``: a name of its own, fit for a client order id.
    """

    symbol: str
    side: str
    direction: int
    quantity: float
    planned_price: float
    sl_price: float
    tp_price: float
    sl_percent: float
    tp_percent: float
    leverage: float
    confidence: float
    ai_tp_percent: float | None
    ai_trail_percent: float | None
    decided_s: float
    hold_s: float
    deadline_s: float
    intent_id: str
    number: int

    @property
    def is_long(self) -> bool:
        """Tell whether the position is a long one."""
        return self.direction > 0

    @property
    def deadline(self) -> float:
        """Return ``deadline_s``."""
        return self.deadline_s

    @property
    def stop_price(self) -> float:
        """Return ``sl_price``."""
        return self.sl_price

    @property
    def entry_side(self) -> str:
        """Return the order side that opens: "BUY" or "SELL"."""
        return "BUY" if self.direction > 0 else "SELL"

    @property
    def exit_side(self) -> str:
        """Return the order side that closes: "SELL" or "BUY"."""
        return "SELL" if self.direction > 0 else "BUY"
