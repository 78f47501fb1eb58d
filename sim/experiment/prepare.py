"""Turn a scenario and a seed into what a world is built from: paths, filters, intents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sim.errors import InputError
from sim.exchange.filters import SymbolFilters
from sim.faults import at_us
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
        tape = load_market(reference, symbol=spec.symbol, problems=spec.problems)
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
    _refuse_windows_off_the_tape(scenario, first.epoch_us, first.end_us)
    workload = scenario.workload
    # The last flow may run into its settle phase, and its books are closed one settle time after that.
    usable_us = first.end_us - round((workload.hold_s + 2 * scenario.settle.settle_s) * 1e6)
    if usable_us <= 0:
        needed = f"less than the tape's {first.end_us / 1e6:g} s together with twice settle.settle_s"
        raise InputError("workload.hold_s", workload.hold_s, needed)
    if workload.signals is None and round(workload.first_s * 1e6) >= usable_us:
        room = f"less than {usable_us / 1e6:g} s, until which the tape leaves room to hold and settle"
        raise InputError("workload.first_s", workload.first_s, room)
    wanted = [number for number in (intents, workload.intents) if number is not None]
    spec = workload.model_copy(update={"intents": min(wanted)}) if wanted else workload
    notes: list[str] = []
    plans = plan_intents(
        spec, seed, usable_us, first.epoch_us, first.bar_us, sorted(paths), loaded.base_dir, notes
    )
    _refuse_nothing_to_trade(plans, paths, filters)
    notes += _too_large(scenario, plans, paths)
    _refuse_too_much_leverage(plans, filters)
    return Prepared(paths=paths, filters=filters, plans=plans, notes=tuple(notes))


def _too_large(scenario: Scenario, plans: list[IntentPlan], paths: dict[str, PricePath]) -> list[str]:
    """Say how many intents are too large for the assumption that the tape does not react to them."""
    share = scenario.fills.max_volume_share
    large = 0
    for plan in plans:
        path = paths[plan.symbol]
        quantity = plan.quantity or (plan.notional or 0.0) / path.last(plan.decided_us)
        large += quantity > share * path.bar_volume(plan.decided_us)
    if not large:
        return []
    return [
        f"{large} of {len(plans)} intents are larger than {share:.0%} of the volume of the bar they are decided in "
        "(fills.max_volume_share): their fills are better than a real book would give."
    ]


def _refuse_nothing_to_trade(
    plans: list[IntentPlan], paths: dict[str, PricePath], filters: dict[str, SymbolFilters]
) -> None:
    # Rounded down to nothing, every intent would end as a wrong argument of the code under test.
    for plan in plans:
        step = float(filters[plan.symbol].step)
        if plan.quantity is not None:
            if plan.quantity < step:
                raise InputError(
                    "workload.quantity", plan.quantity, f"at least one step of {plan.symbol}, {step:g}"
                )
        elif plan.notional is not None:
            price = (
                plan.plan_price if plan.plan_price is not None else paths[plan.symbol].last(plan.decided_us)
            )
            if plan.notional / price < step:
                least = f"at least one step of {plan.symbol}: {step:g} at {price:,.2f} is {step * price:,.2f}"
                raise InputError("workload.notional", plan.notional, least)


def _refuse_too_much_leverage(plans: list[IntentPlan], filters: dict[str, SymbolFilters]) -> None:
    # The venue would refuse the setting, and the bot could never trade so (-4028).
    for plan in plans:
        most = filters[plan.symbol].max_leverage
        if plan.leverage > most:
            raise InputError("workload.leverage", plan.leverage, f"at most {most}, as {plan.symbol} allows")


def _refuse_windows_off_the_tape(scenario: Scenario, epoch_us: int, end_us: int) -> None:
    # A fault that cannot happen would silently test nothing.
    for index, fault in enumerate(scenario.faults):
        window = fault.how.window
        if window is not None and at_us(window.at, epoch_us) >= end_us:
            tape = f"a time on the tape, which lasts {end_us / 1e6:g} s"
            raise InputError(f"faults[{index}].how.window.at", window.at, tape)


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
