"""Predict what an entry at market would pay, from the hour, volatility and size, and take its size down beforehand.

Two lines share their features, one for the median and one for the 90th percentile of adverse slippage::

    bps = intercept + sin · sin(h) + cos · cos(h) + volatility · v + (size + size_volatility · v) · share ^ exponent

``h``: the hour of the UTC day as an angle; ``v``: :meth:`sim.execution.volatility.Volatility.sd` in bps; ``share``: the
order's notional over what a typical minute trades.  The two factors of size are never below 0, so a larger order is
never predicted to pay less.  Adverse slippage counts from the price read just before the order leaves; positive costs.

A model file states the errors it had on dates it was not fitted on, beside those of the baselines, and ``enabled``
only if it beat them all; a model that did not is ignored.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import Any, Final, Literal

from .errors import PolicyError, nearest_name

Quantile = Literal["median", "q90"]
FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Hold one line's coefficients, in bps; ``volatility_bps`` and ``size_volatility_bps`` per bps of volatility."""

    intercept_bps: float
    hour_sin_bps: float
    hour_cos_bps: float
    volatility_bps: float
    size_bps: float
    size_volatility_bps: float

    def __post_init__(self) -> None:
        for name in ("size_bps", "size_volatility_bps"):
            if getattr(self, name) < 0:
                raise PolicyError(
                    name, getattr(self, name), "a number from 0: a larger order never pays less"
                )

    def without_size(self, hour_utc: float, volatility_bps: float) -> float:
        """Return what an order of no size would pay, in bps."""
        angle = math.tau * hour_utc / 24.0
        return (
            self.intercept_bps
            + self.hour_sin_bps * math.sin(angle)
            + self.hour_cos_bps * math.cos(angle)
            + self.volatility_bps * volatility_bps
        )

    def of_size(self, volatility_bps: float) -> float:
        """Return what an order of a typical minute's size pays on top, in bps."""
        return self.size_bps + self.size_volatility_bps * volatility_bps


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """State the errors on ``fills`` fills of ``dates`` dates, each judged by a model fitted on earlier dates only.

    ``median_mae_bps``: mean absolute error of the median line.  ``q90_pinball_bps``: mean pinball loss of the q90
    line at 0.9 (0.9 per bps it was too low, 0.1 per bps it was too high).
    """

    dates: int
    fills: int
    median_mae_bps: float
    q90_pinball_bps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlippageModel:
    """Predict adverse slippage; frozen, from a file (:meth:`load`) or from parts.

    ``typical_minute``: what a typical minute trades, in quote currency, by symbol; other symbols are not predicted.
    ``enabled``: whether it won on held-out dates.  Raises PolicyError for parts that cannot be used.
    """

    enabled: bool
    typical_minute: Mapping[str, float]
    size_exponent: float
    median: Line
    q90: Line
    held_out: HeldOut
    note: str = ""

    def __post_init__(self) -> None:
        if not 0.1 <= self.size_exponent <= 2.0:
            raise PolicyError("size_exponent", self.size_exponent, "a number from 0.1 to 2")
        for symbol, notional in self.typical_minute.items():
            if not (math.isfinite(notional) and notional > 0):
                raise PolicyError(f"typical_minute.{symbol}", notional, "a finite number above 0")

    def predict_bps(
        self, hour_utc: float, volatility: float, notional_share: float, *, quantile: Quantile = "median"
    ) -> float:
        """Return the predicted adverse slippage in bps; its stated error is in ``held_out``.

        ``hour_utc``: 0 to 24.  ``volatility``: sd of the log price over one second, as a fraction.
        ``notional_share``: notional over a typical minute's.  Raises ValueError for numbers outside.
        """
        _check(hour_utc, volatility)
        if not (math.isfinite(notional_share) and notional_share >= 0):
            raise ValueError(f"notional_share={notional_share!r}: must be a finite number from 0")
        line = self._line(quantile)
        size_bps: float = line.of_size(volatility * 1e4) * notional_share**self.size_exponent
        return line.without_size(hour_utc, volatility * 1e4) + size_bps

    def largest_share(
        self, hour_utc: float, volatility: float, limit_bps: float, *, quantile: Quantile = "median"
    ) -> float:
        """Return the largest notional share predicted to pay at most ``limit_bps``; 0: none, infinity: any.

        The last bits may be off either way.
        """
        _check(hour_utc, volatility)
        line = self._line(quantile)
        room = limit_bps - line.without_size(hour_utc, volatility * 1e4)
        per_minute = line.of_size(volatility * 1e4)
        if room < 0:
            return 0.0
        if not per_minute:
            return math.inf
        try:
            return float((room / per_minute) ** (1.0 / self.size_exponent))
        except OverflowError:
            return math.inf

    def _line(self, quantile: Quantile) -> Line:
        return self.median if quantile == "median" else self.q90

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SlippageModel:
        """Read a model file (TOML, as ``sim fit-slippage`` writes it).

        Raises PolicyError for bad TOML, unknown or missing keys and unusable values, OSError for an unreadable file.
        """
        import tomllib  # Only reading a file needs it; orders must not wait for its import.

        name = os.fspath(path)
        with open(name, "rb") as file:
            try:
                mapping = tomllib.load(file)
            except (ValueError, RecursionError) as error:
                raise PolicyError("file", str(error), "valid TOML", where=name) from error
        return cls.from_mapping(mapping, where=name)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, where: str = "slippage model") -> SlippageModel:
        """Build a model from a file's tables; ``[baselines]`` is for people and not read.  Raises PolicyError."""
        given = {name: value for name, value in mapping.items() if name != "baselines"}
        if given.pop("format", None) != FORMAT:
            raise PolicyError("format", mapping.get("format"), f"{FORMAT}", where=where)
        values = _parts(cls, given, "", where)
        for name, part in (("median", Line), ("q90", Line), ("held_out", HeldOut)):
            table = _table(values[name], name, where)
            try:
                values[name] = part(**_parts(part, table, f"{name}.", where))
            except PolicyError as error:
                raise _placed(error, f"{name}.", where) from error
        symbols = _table(values["typical_minute"], "typical_minute", where)
        values["typical_minute"] = {
            symbol: _value("float", value, f"typical_minute.{symbol}", where)
            for symbol, value in symbols.items()
        }
        try:
            return cls(**values)
        except PolicyError as error:
            raise _placed(error, "", where) from error


def _check(hour_utc: float, volatility: float) -> None:
    if not 0.0 <= hour_utc <= 24.0:
        raise ValueError(f"hour_utc={hour_utc!r}: must be from 0 to 24")
    if not (math.isfinite(volatility) and volatility >= 0):
        raise ValueError(f"volatility={volatility!r}: must be a finite number from 0")


def _parts(kind: Any, given: Mapping[str, Any], prefix: str, where: str) -> dict[str, Any]:
    """Return a table's checked values: every field there, of its type, and no other."""
    known = {item.name: item.type for item in fields_of(kind)}
    for name in given:
        if name not in known:
            near = nearest_name(name, known)
            raise PolicyError(prefix + name, name, f"a key of a slippage model: {', '.join(known)}",
                              where=where, nearest=near)  # fmt: skip
    values: dict[str, Any] = {}
    for name, type_name in known.items():
        if name in given:
            values[name] = _value(str(type_name), given[name], prefix + name, where)
        elif name != "note":
            raise PolicyError(prefix + name, "nothing", "a value for this key", where=where)
    return values


def _table(value: object, name: str, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PolicyError(name, value, "a table", where=where)
    return value


def _value(type_name: str, value: Any, key: str, where: str) -> Any:
    # True is an integer to Python, but nobody means one fill by "true".
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if type_name == "float":
        if is_number and math.isfinite(value):
            return float(value)
        raise PolicyError(key, value, "a finite number", where=where)
    if type_name == "int":
        if is_number and isinstance(value, int) and value >= 0:
            return value
        raise PolicyError(key, value, "a whole number from 0", where=where)
    if type_name == "bool" and not isinstance(value, bool):
        raise PolicyError(key, value, "true or false", where=where)
    if type_name == "str" and not isinstance(value, str):
        raise PolicyError(key, value, "text", where=where)
    return value


def _placed(error: PolicyError, prefix: str, where: str) -> PolicyError:
    """Say where a part that a constructor refused stands in the file."""
    return PolicyError(prefix + error.key, error.given, error.expected, where=where, nearest=error.nearest)
