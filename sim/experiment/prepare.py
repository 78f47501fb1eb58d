"""Turn a scenario and a seed into what a world is built from: paths, filters, intents."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

from sim.errors import InputError
from sim.exchange.filters import SymbolFilters
from sim.exchange.minute_volume import MinuteVolume
from sim.market import (
    Bars,
    Inside,
    LinePath,
    MarkSource,
    NestedShapes,
    PricePath,
    ShapeLibrary,
    Trades,
    at_us,
    choose_inside,
    path_over,
)
from sim.market.loader import load_bars, load_market
from sim.scenario import IntentPlan, LoadedScenario, Scenario, plan_intents, symbol_filters
from sim.scenario.market_spec import LINE_EPOCH_US


@dataclass(frozen=True, kw_only=True)
class Market:
    """Hold a scenario's tapes before any seed: loaded once, shared by all runs of an experiment.

    ``marks`` are recorded mark klines by symbol, whole; ``sha256`` covers all that was read.
    """

    tapes: tuple[Bars | Trades, ...]
    sha256: str
    notes: tuple[str, ...]
    marks: dict[str, Bars] = field(default_factory=dict)
    inside: dict[str, Inside] = field(default_factory=dict)
    """What fills the bars of each symbol."""
    volumes: dict[str, MinuteVolume] = field(default_factory=dict)
    """Typical minutes by symbol, measured before the tape was cut."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Hold one run's inputs; ``notes`` say what was put right in a signal file."""

    paths: dict[str, PricePath]
    filters: dict[str, SymbolFilters]
    plans: list[IntentPlan]
    notes: tuple[str, ...]
    volumes: dict[str, MinuteVolume]


def load_market_of(loaded: LoadedScenario) -> Market:
    """Load the tapes a scenario names; raise InputError with the path to what cannot be used.

    Several tapes are cut to the stretch they share.
    """
    spec = loaded.scenario.market
    tapes: list[Bars | Trades] = []
    notes: list[str] = []
    volumes: dict[str, MinuteVolume] = {}
    digest = hashlib.sha256()
    for reference in loaded.klines:
        tape = load_market(reference, symbol=spec.symbol, problems=spec.problems)
        volumes[tape.symbol] = MinuteVolume.of_tape(tape)
        from_us, to_us = spec.stretch_us(tape.epoch_us, tape.end_us)
        tapes.append(tape.slice(from_us, to_us) if (from_us, to_us) != (0, tape.end_us) else tape)
        notes += [f"{tape.symbol}: {note}" for note in tape.notes]
        digest.update(tape.sha256.encode())
    marks = _load_marks(loaded, [tape.symbol for tape in tapes])
    for bars in marks.values():
        notes += [f"{bars.symbol}, mark klines: {note}" for note in bars.notes]
        digest.update(bars.sha256.encode())
    inside = _inside_of(loaded, tapes)
    for library in dict.fromkeys(inside.values()):
        if isinstance(library, NestedShapes):
            digest.update(library.sha256.encode())
    return Market(
        tapes=tuple(_shared_stretch(tapes)),
        sha256=digest.hexdigest(),
        notes=tuple(notes),
        marks=marks,
        inside=inside,
        volumes=volumes,
    )


def _inside_of(loaded: LoadedScenario, tapes: list[Bars | Trades]) -> dict[str, Inside]:
    filling = loaded.scenario.market.path
    if filling == "line":
        return {}
    own = ShapeLibrary.load(loaded.shapes) if loaded.shapes is not None else None
    inside = {tape.symbol: choose_inside(tape, filling, own) for tape in tapes}
    if own is not None and not any(isinstance(fill, NestedShapes) for fill in inside.values()):
        # A library that fills nothing would silently change nothing.
        shown = loaded.scenario.market.shapes
        raise InputError("market.shapes", shown, "no shapes, as these tapes have no bars to fill")
    return inside


def _load_marks(loaded: LoadedScenario, symbols: list[str]) -> dict[str, Bars]:
    spec = loaded.scenario.market
    marks: dict[str, Bars] = {}
    for reference in loaded.mark_klines:
        bars = load_bars(reference, symbol=spec.symbol, problems=spec.problems)
        if bars.symbol not in symbols or bars.symbol in marks:
            expected = f"one tape of marks for each of {', '.join(symbols)}"
            raise InputError("market.mark.klines", f"{reference} ({bars.symbol})", expected)
        marks[bars.symbol] = bars
    if marks and len(marks) < len(symbols):
        missing = ", ".join(symbol for symbol in symbols if symbol not in marks)
        raise InputError("market.mark.klines", ", ".join(marks), f"mark klines of {missing} as well")
    return marks


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
    filters, paths = paths_of(loaded, market, seed)
    first = next(iter(paths.values()))
    workload = scenario.workload
    usable_us = scenario.decides_until_us(first.end_us)
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
    notes += _refuse_too_large(scenario, plans, paths, market.volumes)
    _refuse_too_much_leverage(plans, filters)
    return Prepared(paths=paths, filters=filters, plans=plans, notes=tuple(notes), volumes=market.volumes)


def paths_of(
    loaded: LoadedScenario, market: Market, seed: int
) -> tuple[dict[str, SymbolFilters], dict[str, PricePath]]:
    """Build filters and price paths by symbol, on one time axis; refuse windows that lie off it."""
    scenario = loaded.scenario
    line = scenario.market.line
    symbols = [tape.symbol for tape in market.tapes] if line is None else [line.symbol]
    filters = symbol_filters(scenario, symbols)
    paths: dict[str, PricePath] = {
        tape.symbol: _path(scenario, market, tape, filters[tape.symbol], seed) for tape in market.tapes
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
            mark=MarkSource(scenario.market.mark, seed),
        )
    first = next(iter(paths.values()))
    _refuse_windows_off_the_tape(scenario, first.epoch_us, first.end_us)
    return filters, paths


def _refuse_too_large(
    scenario: Scenario,
    plans: list[IntentPlan],
    paths: dict[str, PricePath],
    volumes: dict[str, MinuteVolume],
) -> list[str]:
    """Refuse intents for which it is untrue that the tape does not react; say where the tape knows no volumes.

    The measure is the typical minute of the intent's day (:class:`sim.exchange.minute_volume.MinuteVolume`), not the
    one bar.  A straight line is endless.
    """
    share = scenario.fills.max_volume_share
    unknown: dict[str, int] = {}
    for plan in plans:
        path = paths[plan.symbol]
        volume = math.inf
        if plan.symbol in volumes:
            volume = volumes[plan.symbol].at(path.epoch_us + plan.decided_us)
        if not volume:
            unknown[plan.symbol] = unknown.get(plan.symbol, 0) + 1
            continue
        price = plan.plan_price if plan.plan_price is not None else path.last(plan.decided_us)
        quantity = plan.quantity or (plan.notional or 0.0) / price
        if quantity > share * volume:
            name = "quantity" if plan.quantity is not None else "notional"
            raise InputError(
                f"workload.{name}",
                f"{quantity:g} {plan.symbol} in intent {plan.number}",
                f"at most {share * volume:g}: fills.max_volume_share={share:g} of the {volume:g} that a typical "
                "minute of its day trades (the tape would have felt more); trade less, or raise the share",
            )
    return [
        f"The tape of {symbol} knows no volume: whether {count} intents are small against the market is not known, "
        "and each pays as if it were a typical minute's volume."
        for symbol, count in unknown.items()
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
    # A fault or a stretch that cannot happen would silently test nothing.
    for index, fault in enumerate(scenario.faults):
        how = fault.how
        windows = [("window", how.window)] if how.window is not None else []
        windows += [(f"windows[{place}]", window) for place, window in enumerate(how.windows or ())]
        for name, window in windows:
            if at_us(window.at, epoch_us) >= end_us:
                tape = f"a time on the tape, which lasts {end_us / 1e6:g} s"
                raise InputError(f"faults[{index}].how.{name}.at", window.at, tape)
    for name in ("overload", "blocked"):
        for index, stretch in enumerate(getattr(scenario.limits, name)):
            if stretch.span_us(epoch_us)[0] >= end_us:
                tape = f"a time on the tape, which lasts {end_us / 1e6:g} s"
                raise InputError(f"limits.{name}[{index}].at", stretch.at, tape)


def _path(
    scenario: Scenario, market: Market, tape: Bars | Trades, rules: SymbolFilters, seed: int
) -> PricePath:
    spec = scenario.market
    return path_over(
        tape,
        tick=rules.tick_size,
        seed=seed,
        price_decimals=rules.price_decimals,
        inside=market.inside[tape.symbol],
        mark=MarkSource(spec.mark, seed, market.marks.get(tape.symbol)),
        shocks=scenario.shocks_in_force(),
        problems=spec.problems,
    )
