"""Turn a scenario and a seed into what a world is built from: paths, filters, intents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sim.errors import InputError
from sim.exchange.filters import SymbolFilters
from sim.market import Bars, KlinePath, LinePath, PricePath, TradePath, Trades
from sim.market.loader import load_market
from sim.scenario import IntentPlan, LoadedScenario, Scenario, plan_intents, symbol_filters
from sim.scenario.market_spec import LINE_EPOCH_US


@dataclass(frozen=True, kw_only=True)
class Market:
    """Hold a scenario's tapes before any seed: loaded once, shared by all runs of an experiment."""

    tapes: tuple[Bars | Trades, ...]
    sha256: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Hold one run's inputs; ``notes`` say what was put right in a signal file."""

    paths: dict[str, PricePath]
    filters: dict[str, SymbolFilters]
    plans: list[IntentPlan]
    notes: tuple[str, ...]


def load_market_of(loaded: LoadedScenario) -> Market:
    """Load the tapes a scenario names; raise InputError with the path to what cannot be used.

    Several tapes are cut to the stretch they share.
    """
    spec = loaded.scenario.market
    tapes: list[Bars | Trades] = []
    notes: list[str] = []
    digest = hashlib.sha256()
    for reference in loaded.klines:
        tape = load_market(reference, problems=spec.problems)
        from_us, to_us = spec.stretch_us(tape.epoch_us, tape.end_us)
        tapes.append(tape.slice(from_us, to_us) if (from_us, to_us) != (0, tape.end_us) else tape)
        notes += [f"{tape.symbol}: {note}" for note in tape.notes]
        digest.update(tape.sha256.encode())
    return Market(tapes=tuple(_shared_stretch(tapes)), sha256=digest.hexdigest(), notes=tuple(notes))


def _shared_stretch(tapes: list[Bars | Trades]) -> list[Bars | Trades]:
    start_us = max((tape.epoch_us for tape in tapes), default=0)
    end_us = min((tape.epoch_us + tape.end_us for tape in tapes), default=0)
    if tapes and start_us >= end_us:
        spans = "; ".join(
            f"{tape.symbol} from {tape.epoch_us} to {tape.epoch_us + tape.end_us} µs" for tape in tapes
        )
        raise InputError("market.klines", spans, "tapes that share a stretch of time")
    return [
        tape
        if (tape.epoch_us, tape.epoch_us + tape.end_us) == (start_us, end_us)
        else tape.slice(start_us - tape.epoch_us, end_us - tape.epoch_us)
        for tape in tapes
    ]


def prepare(loaded: LoadedScenario, market: Market, seed: int, intents: int | None = None) -> Prepared:
    """Build paths, filters and intents of one run.

    ``intents`` stops after so many.  Intents are decided only while the tape still holds their hold and settle
    time.
    """
    scenario = loaded.scenario
    line = scenario.market.line
    symbols = [tape.symbol for tape in market.tapes] if line is None else [line.symbol]
    filters = symbol_filters(scenario, symbols)
    paths: dict[str, PricePath] = {
        tape.symbol: _path(scenario, tape, filters[tape.symbol], seed) for tape in market.tapes
    }
    if line is not None:
        rules = filters[line.symbol]
        paths[line.symbol] = LinePath(
            symbol=line.symbol,
            epoch_us=LINE_EPOCH_US,
            end_us=round(line.for_s * 1e6),
            tick=rules.tick_size,
            price_decimals=rules.price_decimals,
            start_price=line.start_price,
            pct_per_s=line.pct_per_s,
            mark=scenario.market.mark,
        )
    first = next(iter(paths.values()))
    workload = scenario.workload
    # The last flow may run into its settle phase, and its books are closed one settle time after that.
    usable_us = first.end_us - round((workload.hold_s + 2 * scenario.settle.settle_s) * 1e6)
    if usable_us <= 0:
        needed = f"less than the tape's {first.end_us / 1e6:g} s together with twice settle.settle_s"
        raise InputError("workload.hold_s", workload.hold_s, needed)
    wanted = [number for number in (intents, workload.intents) if number is not None]
    spec = workload.model_copy(update={"intents": min(wanted)}) if wanted else workload
    notes: list[str] = []
    plans = plan_intents(
        spec, seed, usable_us, first.epoch_us, first.bar_us, sorted(paths), loaded.base_dir, notes
    )
    return Prepared(paths=paths, filters=filters, plans=plans, notes=tuple(notes))


def _path(scenario: Scenario, tape: Bars | Trades, rules: SymbolFilters, seed: int) -> PricePath:
    spec = scenario.market
    snap = spec.problems.off_tick == "snap"
    if isinstance(tape, Trades):
        return TradePath(
            tape,
            tick=rules.tick_size,
            price_decimals=rules.price_decimals,
            mark=spec.mark,
            shocks=tuple(spec.shock),
            snap_to_tick=snap,
        )
    return KlinePath(
        tape,
        tick=rules.tick_size,
        seed=seed,
        price_decimals=rules.price_decimals,
        mark=spec.mark,
        shocks=tuple(spec.shock),
        snap_to_tick=snap,
    )
