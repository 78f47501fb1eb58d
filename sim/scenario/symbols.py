"""Match a scenario's symbols with their filters, once the tapes have said which symbols there are."""

from __future__ import annotations

from collections.abc import Sequence

from sim.errors import InputError, nearest, unknown_name
from sim.exchange.filters import SymbolFilters, filters_of, known_symbols
from sim.scenario.mismatch import dotted
from sim.scenario.spec import Scenario


def symbol_filters(scenario: Scenario, symbols: Sequence[str]) -> dict[str, SymbolFilters]:
    """Return the filters of ``symbols``: the scenario's own, else the built-in ones of its rules.

    Raises :class:`InputError` for a symbol without filters, for two tapes of one symbol, and for a fault or a
    table of filters that concerns a symbol no tape has (it would silently never matter).
    """
    own = scenario.market.filters
    found: dict[str, SymbolFilters] = {}
    for symbol in symbols:
        filters = own[symbol].filters(symbol) if symbol in own else filters_of(symbol, scenario.rules)
        if filters is None:
            known = ", ".join(known_symbols(scenario.rules))
            expected = f"a symbol with built-in filters ({known}), or a table [market.filters.{symbol}]"
            raise InputError("market.klines", symbol, expected, nearest(symbol, own))
        if symbol in found:
            raise InputError("market.klines", symbol, "one tape per symbol")
        found[symbol] = filters
    for symbol in own:
        if symbol not in found:
            raise unknown_name("market.filters", symbol, "a symbol of the tapes", symbols)
    for index, fault in enumerate(scenario.faults):
        if fault.match.symbol is not None and fault.match.symbol not in found:
            where = dotted(("faults", index, "match", "symbol"))
            raise unknown_name(where, fault.match.symbol, "a symbol of the tapes", symbols)
    return found
