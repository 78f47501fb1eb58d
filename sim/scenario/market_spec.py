"""State the market of a scenario: which tape, which stretch of it, what is laid over it, which filters."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.errors import InputError
from sim.exchange.filters import SymbolFilters
from sim.market import At, MarkSpec, Problems, Shock, at_us
from sim.scenario.mismatch import NOTHING, Mismatch, Words

LINE_EPOCH_US: Final = 1_705_276_800_000_000
"""The date clocks show as a straight line begins: 2024-01-15 00:00 UTC, that of the embedded tapes."""

_DAY_US = 86_400_000_000


class Strict(BaseModel):
    """Be the base of every table of a scenario: frozen, no unknown key, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class LineSpec(Strict):
    """State a straight line, for closed forms: ``pct_per_s`` per cent of the start price per second."""

    start_price: float = Field(gt=0, le=1e9)
    pct_per_s: float = Field(ge=-100, le=100)
    for_s: float = Field(default=3600.0, gt=0, le=31_622_400)
    symbol: str = Field(default="BTCUSDT", min_length=1)

    @model_validator(mode="after")
    def _stays_above_zero(self) -> LineSpec:
        if self.pct_per_s * self.for_s <= -100:
            lowest = f"above {-100 / self.for_s:g}, for a price above 0 through all of for_s={self.for_s:g}"
            raise Mismatch(("pct_per_s",), self.pct_per_s, lowest)
        return self


class FilterSpec(Strict):
    """State the filters of a symbol the built-in table lacks; prices and quantities in its own units.

    ``min_quantity`` is ``step`` unless given.  The decimals of price and quantity are those ``tick`` and
    ``step`` need, unless given.
    """

    tick: float = Field(ge=1e-12, le=1e6)
    step: float = Field(ge=1e-12, le=1e9)
    min_notional: float = Field(ge=0, le=1e9)
    min_quantity: float | None = Field(default=None, gt=0, le=1e9)
    max_market_quantity: float = Field(default=1e9, gt=0, le=1e15)
    price_decimals: int | None = Field(default=None, ge=0, le=12)
    quantity_decimals: int | None = Field(default=None, ge=0, le=12)
    max_leverage: int = Field(default=125, ge=1, le=1000)
    maintenance_rate: float = Field(default=0.004, ge=0, lt=1)

    @model_validator(mode="after")
    def _decimals_suffice(self) -> FilterSpec:
        for name, decimals, size in (
            ("price_decimals", self.price_decimals, self.tick),
            ("quantity_decimals", self.quantity_decimals, self.step),
        ):
            if decimals is not None and decimals < _decimals(size):
                raise Mismatch((name,), decimals, f"at least {_decimals(size)}, which {size:g} needs")
        return self

    def filters(self, symbol: str) -> SymbolFilters:
        """Return the filters in the exchange's own form."""
        tick, step = _decimal(self.tick), _decimal(self.step)
        return SymbolFilters(
            symbol=symbol,
            tick=tick,
            price_decimals=_decimals(self.tick) if self.price_decimals is None else self.price_decimals,
            step=step,
            quantity_decimals=_decimals(self.step)
            if self.quantity_decimals is None
            else self.quantity_decimals,
            min_quantity=step if self.min_quantity is None else _decimal(self.min_quantity),
            max_market_quantity=_decimal(self.max_market_quantity),
            min_notional=_decimal(self.min_notional),
            max_leverage=self.max_leverage,
            maintenance_rate=self.maintenance_rate,
        )


def _decimal(value: float) -> Decimal:
    # The shortest text of a float is what its author wrote; "f" keeps 1e-05 from turning into an exponent.
    return Decimal(format(Decimal(repr(value)).normalize(), "f"))


def _decimals(value: float) -> int:
    exponent = _decimal(value).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


class MarketSpec(Strict):
    """State where prices come from.

    ``klines`` names one tape per symbol (``embedded:NAME``, a path or a glob, relative to the scenario file);
    ``symbol`` says whose a single tape is, where its name does not.  ``path``: "recorded" replays
    trades or bars of a second, "shapes" fills longer bars with the shapes of real ones (``shapes``: a library of
    one's own, as a path), "bridge" with a seeded bridge, for sensitivity; none of them takes the best that each tape
    allows.  "line" draws ``line`` and needs no tape.  ``from`` and ``to`` cut a stretch out of the tape
    ("HH:MM:SS", UTC, or seconds from its start).  ``episode_s`` is the length of the stretches whose intents
    count as one cluster.
    """

    klines: str | Annotated[list[str], Field(min_length=1)] | None = None
    symbol: str | None = Field(default=None, pattern=r"^[A-Z0-9_]{2,30}$")
    path: Literal["recorded", "shapes", "bridge", "line"] | None = None
    shapes: str | None = Field(default=None, min_length=1)
    line: LineSpec | None = None
    shock: list[Shock] = Field(default=[])
    mark: MarkSpec = MarkSpec()
    problems: Problems = Problems()
    from_: At | None = Field(default=None, alias="from")
    to: At | None = None
    filters: dict[str, FilterSpec] = Field(default={})
    episode_s: float = Field(default=3600.0, ge=0.001, le=31_622_400)

    @model_validator(mode="after")
    def _one_source(self) -> MarketSpec:
        if self.path == "line":
            if self.line is None:
                raise Mismatch(("line",), NOTHING, 'line = {start_price, pct_per_s}, as path = "line"')
            for name in ("klines", "symbol", "shapes", "from_", "to"):
                if getattr(self, name) is not None:
                    key = name.rstrip("_")
                    raise Mismatch((key,), getattr(self, name), f'no {key}, as path = "line" needs no tape')
            if self.mark.klines is not None:
                where = ("mark", "klines")
                raise Mismatch(where, self.mark.klines, 'no mark klines, as path = "line" needs no tape')
            if self.shock:
                raise Mismatch(("shock",), Words(f"{len(self.shock)} shocks"), 'no shock, as path = "line"')
        elif self.klines is None:
            raise Mismatch(("klines",), NOTHING, "embedded:NAME, a path or a glob, or a list of them")
        elif self.symbol is not None and len(self.references) != 1:
            raise Mismatch(("symbol",), self.symbol, "one tape, as several say their symbols by their names")
        elif self.line is not None:
            raise Mismatch(("path",), self.path, '"line", as a line is given')
        if self.shapes is not None and self.path not in (None, "shapes"):
            raise Mismatch(("shapes",), self.shapes, f'no shapes, as path = "{self.path}"')
        if isinstance(self.from_, float) and isinstance(self.to, float) and self.to <= self.from_:
            raise Mismatch(("to",), self.to, f"a time after from={self.from_:g}")
        return self

    @property
    def references(self) -> list[str]:
        """List the tapes as they are written in the file."""
        if self.klines is None:
            return []
        return [self.klines] if isinstance(self.klines, str) else self.klines

    def stretch_us(self, epoch_us: int, end_us: int) -> tuple[int, int]:
        """Return ``from`` and ``to`` in µs after the start of a tape of ``end_us``.

        A clock time is its first occurrence, that of ``to`` its first one after ``from``.  Raises
        :class:`InputError` when the stretch leaves the tape.
        """
        from_us = at_us(self.from_, epoch_us) if self.from_ is not None else 0
        to_us = at_us(self.to, epoch_us) if self.to is not None else end_us
        if isinstance(self.to, str) and to_us <= from_us:
            to_us += _DAY_US
        tape = f"a time on the tape, which lasts {end_us / 1e6:g} s"
        if from_us >= end_us:
            raise InputError("market.from", self.from_, tape)
        if not from_us < to_us <= end_us:
            raise InputError("market.to", self.to, tape)
        return from_us, to_us
