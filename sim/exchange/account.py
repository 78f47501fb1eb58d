"""Keep one account's position and money (pure arithmetic, one-way mode).

Conservation: wallet = opening wallet + realised - fees, after every fill (checked by the run).
"""

from __future__ import annotations

from dataclasses import dataclass, field

_DUST = 1e-9


@dataclass(slots=True)
class Position:
    """Hold a signed quantity (long > 0) and its average entry price."""

    quantity: float = 0.0
    entry_price: float = 0.0


@dataclass(slots=True)
class Account:
    """Hold one account: wallet in quote currency, positions by symbol, leverage by symbol."""

    number: int
    wallet: float
    opening_wallet: float = 0.0
    fees: float = 0.0
    realised: float = 0.0
    positions: dict[str, Position] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.opening_wallet = self.wallet

    def position(self, symbol: str) -> Position:
        """Return the position in ``symbol``, a flat one when there is none."""
        position = self.positions.get(symbol)
        if position is None:
            position = self.positions[symbol] = Position()
        return position

    def fill(self, symbol: str, signed_quantity: float, price: float, fee: float) -> float:
        """Book an execution and return the profit it realised (before fees), in quote currency."""
        position = self.position(symbol)
        before = position.quantity
        after = before + signed_quantity
        if abs(after) < _DUST:
            after = 0.0
        realised = 0.0
        if before == 0.0 or (before > 0) == (signed_quantity > 0):
            position.entry_price = (position.entry_price * abs(before) + price * abs(signed_quantity)) / (
                abs(before) + abs(signed_quantity)
            )
        else:
            closed = min(abs(before), abs(signed_quantity))
            realised = closed * (price - position.entry_price) * (1 if before > 0 else -1)
            if after == 0.0:
                position.entry_price = 0.0
            elif (after > 0) != (before > 0):
                position.entry_price = price
        position.quantity = after
        self.realised += realised
        self.fees += fee
        self.wallet += realised - fee
        return realised


def liquidation_price(entry_price: float, direction: int, leverage: int, maintenance_rate: float) -> float:
    """Approximate where an isolated position is liquidated (binance-facts 3.3, first tier; no funding)."""
    return entry_price * (1 - direction * (1 / leverage - maintenance_rate))
