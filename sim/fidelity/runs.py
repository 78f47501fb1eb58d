"""Let the production code trade on a path of the real steps and on each source, and compare what it meets.

Same intents, latencies and policy on every path; no fault, so that everything that goes wrong is the market's own
doing.  The bot is made nervous on purpose, by the tape's own scale (the median range of a bar): its stop stands half
of it away, it dawdles five seconds between decision and order, its wire takes half a second each way in the median,
its guard refuses beyond the whole scale, and moves a stop that the price has come near to a twentieth of it.  Impact
is off, as the volume of a one-second bar is not that of a minute.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from sim.exchange.latency import LatencySpec, Lognormal
from sim.exchange.matching import FillSpec
from sim.fidelity.sums import Blocks, Measure, Sums
from sim.fidelity.tapes import Tape, median_range
from sim.market import PricePath
from sim.metrics import build_frames
from sim.scenario import Scenario, load_policy_named, plan_intents, symbol_filters
from sim.scenario.market_spec import FilterSpec, MarketSpec
from sim.scenario.spec import SettleSpec
from sim.scenario.workload_spec import WorkloadSpec
from sim.world import World

EVERY_S: Final = 20.0
HOLD_S: Final = 300.0
DELAY_S: Final = 5.0
SETTLE_S: Final = 60.0
LEG_P50_MS: Final = 500.0
LEG_P99_MS: Final = 2_000.0
_LEAST_BARS: Final = 30
"""Shorter tapes leave too little room to hold and settle."""


def can_run(tape: Tape) -> bool:
    """Tell whether a tape is long enough, and of a scale on which a stop makes sense, for runs."""
    return len(tape.bars) >= _LEAST_BARS and tape.level.step_us <= 1_000_000 and median_range(tape.bars) > 0


def scale_of(tape: Tape) -> float:
    """Return the median range of a bar as a fraction of the price, in whole tenths of a bp."""
    return max(round(median_range(tape.bars) * 1e5), 1) / 1e5


def scenario_of(tape: Tape, intents: int | None) -> Scenario:
    """Return the scenario of all runs on ``tape``; ``intents`` stops after so many."""
    stop = scale_of(tape) / 2
    symbol = tape.steps.symbol
    leg = Lognormal(law="lognormal", p50_ms=LEG_P50_MS, p99_ms=LEG_P99_MS)
    rules = FilterSpec(tick=tape.tick, step=1e-8, min_notional=0.0, price_decimals=tape.decimals)
    return Scenario(
        title="What the production code meets on each path",
        market=MarketSpec(klines="the tape under comparison", filters={symbol: rules}),
        workload=WorkloadSpec(
            every_s=EVERY_S,
            sl_pct=stop,
            tp_pct=2 * stop,
            hold_s=HOLD_S,
            decision_delay_s=DELAY_S,
            notional=1_000.0,
            intents=intents,
        ),
        fills=FillSpec(impact_bps=0.0),
        latency=LatencySpec(request=leg, reply=leg),
        settle=SettleSpec(settle_s=SETTLE_S),
    )


def overrides_of(tape: Tape) -> list[str]:
    """Return what the policy d7 is changed by: the guard's limit and the least distance of a stop."""
    scale = scale_of(tape)
    return [f"execution.max_slippage_pct={scale:g}", f"execution.min_sl_buffer_pct={scale / 20:g}"]


def run_on(path: PricePath, tape: Tape, seed: int, intents: int | None) -> dict[str, Any]:
    """Run d7 on ``path`` and return its frames."""
    scenario = scenario_of(tape, intents)
    policy = load_policy_named("d7", overrides_of(tape))
    symbol = tape.steps.symbol
    filters = symbol_filters(scenario, [symbol])
    usable_us = scenario.decides_until_us(path.end_us)
    plans = plan_intents(
        scenario.workload, seed, usable_us, path.epoch_us, tape.level.bar_us, [symbol], Path()
    )
    world = World(scenario, policy.store, seed, {symbol: path}, filters, plans)
    record = world.run()
    frames = build_frames(
        record.trace,
        episode_us=tape.level.episode_us,
        seed=seed,
        epoch_us=record.epoch_us,
        steps={symbol: float(filters[symbol].step)},
    )
    record.trace.forget()
    return frames


def count_runs(frames: dict[str, Any], blocks: Blocks, sums: Sums) -> None:
    """Add, per block in which intents are decided: natural -2021, refusals, stops and what they paid beyond."""
    intents = frames["intents"]
    block = blocks.of_step[(intents["decided_us"] // blocks.tape.level.step_us).to_numpy(np.int64)]
    entered = (intents["entry_fills"] > 0).to_numpy(bool)
    placements = frames["placements"]
    met = placements.loc[placements["met_2021"] & (placements["role"] == "sl"), "intent"]
    arising = intents["intent"].isin(met).to_numpy(bool)
    checked = intents["checked"].to_numpy(bool)
    refused = intents["refused_for_deviation"].to_numpy(bool)
    stopped = (intents["outcome"] == "stopped").to_numpy(bool)
    sums.add(Measure("runs", "natural -2021 per entry"), block[entered], arising[entered])
    sums.add(Measure("runs", "refused for slippage per intent"), block[checked], refused[checked])
    sums.add(Measure("runs", "stopped out per entry"), block[entered], stopped[entered])
    paid = intents["stop_execution_bps"].to_numpy(np.float64, na_value=np.nan)
    known = ~np.isnan(paid)
    measure = Measure("runs", "stop slippage, execution part", x_unit="bps")
    sums.add(measure, block[known], paid[known], events=np.ones(int(known.sum())))
