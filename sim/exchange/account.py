"""Keep one account's positions and money (pure arithmetic; isolated margin, one-way or hedge mode).

Conservation: wallet = opening wallet + realised - fees after every fill, fees being commissions and liquidation fees
(checked by the run).  The wallet is the sum of the positions' isolated wallets and the free balance.

Rules of isolated margin:

1. Opening moves notional / leverage from the free balance into the position's isolated wallet, as far as the
   balance reaches, and the commission is paid out of it.  Assumption where facts are silent: paid so, a
   commission brings liquidation nearer.
2. Closing gives back the closed share of the isolated wallet; profit and commission go to the free balance.
3. In hedge mode LONG and SHORT of one symbol are two positions that know nothing of each other; neither turns
   through zero.
4. A loss beyond the isolated wallet stays with the account when its own order closes: the free balance pays, and
   may go below zero.  Only what the venue itself closes costs no more than the isolated wallet
   (:mod:`sim.exchange.liquidation`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sim.clock import Handle

DEFAULT_LEVERAGE: Final = 20
"""Leverage of a symbol nobody set (the venue's own default)."""

_DUST: Final = 1e-9


@dataclass(slots=True)
class Position:
    """Hold a signed quantity (long > 0) and its average entry price.

    ``symbol`` and ``side`` ("BOTH" in one-way mode, "LONG" or "SHORT" in hedge mode) name it.  ``isolated`` is
    its isolated wallet in quote currency, ``liquidation`` the mark price at which it is liquidated (0.0 where no
    price does), both 0.0 while flat.  ``paid`` counts what it cost so far beyond its entry: fees less realised
    profit since it was last flat, for the break-even price.  ``updated_us``: its last fill or change of margin; -1 for
    none.
    """

    quantity: float = 0.0
    entry_price: float = 0.0
    symbol: str = ""
    side: str = "BOTH"
    isolated: float = 0.0
    liquidation: float = 0.0
    paid: float = 0.0
    updated_us: int = -1
    appointment: Handle | None = None
    """The liquidation that is due, so that it can be dropped."""

    @property
    def break_even(self) -> float:
        """Return the price at which closing makes up for fees and realised losses, before the fee of closing."""
        if self.quantity == 0.0:
            return 0.0
        return self.entry_price + self.paid / self.quantity

    def profit_at(self, price: float) -> float:
        """Return the unrealised profit at ``price``, in quote currency."""
        return self.quantity * (price - self.entry_price)


@dataclass(slots=True)
class Account:
    """Hold one account: wallet in quote currency, positions, leverage by symbol.

    ``fees`` are all fees paid, ``liquidation_fees`` those of them that liquidations took on top of commissions,
    ``insurance`` what others bore of this account's liquidations.  ``isolated`` is the sum of the positions' isolated
    wallets.  ``hedge``: the position mode.  Keys of ``positions`` are the symbol in one-way mode and
    "SYMBOL:LONG" or "SYMBOL:SHORT" in hedge mode; a position tells both by itself.
    """

    number: int
    wallet: float
    opening_wallet: float = 0.0
    fees: float = 0.0
    realised: float = 0.0
    positions: dict[str, Position] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    hedge: bool = False
    isolated: float = 0.0
    liquidation_fees: float = 0.0
    insurance: float = 0.0
    margin_type: dict[str, str] = field(default_factory=dict)
    """Margin type by symbol; one that is not there is "ISOLATED", the only one there is."""

    def __post_init__(self) -> None:
        self.opening_wallet = self.wallet

    @property
    def free(self) -> float:
        """Return the wallet outside isolated positions (what the venue calls the cross wallet)."""
        return self.wallet - self.isolated

    def leverage_of(self, symbol: str) -> int:
        """Return the leverage in force for ``symbol``."""
        return self.leverage.get(symbol, DEFAULT_LEVERAGE)

    def position(self, symbol: str, side: str = "BOTH") -> Position:
        """Return the position in ``symbol`` on ``side``, a flat one when there is none."""
        key = symbol if side == "BOTH" else f"{symbol}:{side}"
        position = self.positions.get(key)
        if position is None:
            position = self.positions[key] = Position(symbol=symbol, side=side)
        return position

    def held(self, symbol: str, side: str = "BOTH") -> Position:
        """Return the position to look at: unlike :meth:`position`, a flat one is not remembered."""
        position = self.positions.get(symbol if side == "BOTH" else f"{symbol}:{side}")
        return position if position is not None else Position(symbol=symbol, side=side)

    def holds(self, symbol: str) -> bool:
        """Tell whether there is a position in ``symbol`` on any side."""
        return any(one.quantity != 0.0 and one.symbol == symbol for one in self.positions.values())

    def net(self, symbol: str) -> float:
        """Return the signed quantity held in ``symbol`` over all position sides."""
        if not self.hedge:
            return self.held(symbol).quantity
        return self.held(symbol, "LONG").quantity + self.held(symbol, "SHORT").quantity

    def fill(
        self, symbol: str, signed_quantity: float, price: float, fee: float, side: str = "BOTH"
    ) -> float:
        """Book an execution and return the profit it realised (before fees), in quote currency.

        In hedge mode the caller sees to it that a position does not turn through zero.
        """
        position = self.position(symbol, side)
        before = position.quantity
        after = before + signed_quantity
        if abs(after) < _DUST:
            after = 0.0
        realised = 0.0
        size = opened = abs(signed_quantity)
        if before == 0.0 or (before > 0) == (signed_quantity > 0):
            held = abs(before)
            position.entry_price = (position.entry_price * held + price * size) / (held + size)
        else:
            held = abs(before)
            closed = min(held, size)
            realised = closed * (price - position.entry_price) * (1 if before > 0 else -1)
            opened = 0.0
            released = position.isolated
            if after == 0.0:
                position.entry_price = 0.0
            elif (after > 0) != (before > 0):
                position.entry_price = price
                opened = abs(after)
            else:
                released *= closed / held
            position.isolated -= released
            self.isolated -= released
        position.quantity = after
        self.realised += realised
        self.fees += fee
        self.wallet += realised - fee
        if after == 0.0:
            position.paid = 0.0
        elif opened:
            position.paid = position.paid + fee if opened == size else fee * opened / size
            # The commission has left the wallet already, so only the rest of the margin moves.
            posted = opened * price / self.leverage.get(symbol, DEFAULT_LEVERAGE) - fee * (opened / size)
            free = self.wallet - self.isolated
            if posted > free:
                posted = free
            if posted > 0.0:
                position.isolated += posted
                self.isolated += posted
        else:
            position.paid += fee - realised
        return realised
