"""Weigh what forced runs cost with how often it comes by nature: E[loss per 1,000 intents] = Σ λ_f · c_f(policy).

A sweep forces faults that are rare in life, so that they can be studied; a rates file says how rare.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import numpy as np
from pydantic import Field, ValidationError, model_validator

from sim import statistics
from sim.errors import InputError, unknown_name
from sim.scenario.explain import findings, not_finite
from sim.scenario.files import parse_toml, read_text, shown_path, written_path
from sim.scenario.market_spec import Strict
from sim.scenario.mismatch import NOTHING, Mismatch, Words, dotted, raise_together
from sim.scenario.mismatch import Path as Place
from sim.scenario.overrides import POLICY_PREFIX
from sim.scenario.toml_lines import line_map, line_of
from sim.statistics import Combined, Interval, Rate
from sim.sweep.cells import load_cell
from sim.sweep.grid import Point
from sim.sweep.plan import Plan, PlannedCell
from sim.sweep.summary import Columns, ExpectedLoss, pair_of

_LOSS: Final = "loss_against_ideal_quote"
_TOUCHED: Final = "touched"
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0)]


class NaturalRate(Strict):
    """State how often what one scenario of the sweep forces comes by nature.

    Either ``per_intent`` with its bounds ``low`` and ``high``, or ``counted``: for each day (or other cluster) of logs
    the intents that met it and all intents, ``[[2, 800], [0, 750]]``.  ``at`` picks one point of a grid over the
    scenario's keys: the state of prices, say.
    """

    name: str = Field(min_length=1)
    scenario: str = Field(min_length=1)
    at: dict[str, float | str] = Field(default={})
    per_intent: Share | None = None
    low: Share | None = None
    high: Share | None = None
    counted: (
        Annotated[list[Annotated[list[Count], Field(min_length=2, max_length=2)]], Field(min_length=1)] | None
    ) = None

    @model_validator(mode="after")
    def _one_form(self) -> NaturalRate:
        if self.counted is not None:
            for name in ("per_intent", "low", "high"):
                if getattr(self, name) is not None:
                    raise Mismatch((name,), getattr(self, name), f"no {name}, as it is counted")
            for number, (met, intents) in enumerate(self.counted):
                if met > intents:
                    raise Mismatch(
                        ("counted", number), [met, intents], "[met, intents], no more met than there were"
                    )
            if not any(intents for _, intents in self.counted):
                raise Mismatch(("counted",), self.counted, "at least one intent")
            return self
        for name in ("per_intent", "low", "high"):
            if getattr(self, name) is None:
                raise Mismatch((name,), NOTHING, "per_intent, low and high, or counted")
        if not self.low <= self.per_intent <= self.high:  # type: ignore[operator]
            raise Mismatch(
                ("per_intent",), self.per_intent, f"a rate from low={self.low:g} to high={self.high:g}"
            )
        return self

    @property
    def rate(self) -> Rate:
        """Return λ per intent with its bounds."""
        if self.counted is None:
            ends = self.per_intent, self.low, self.high
            return Rate(*(end for end in ends if end is not None))
        met, intents = np.array(self.counted, dtype=np.int64).T
        hits = np.concatenate([np.arange(n) < k for k, n in zip(met, intents, strict=True)])
        return Rate.observed(hits, np.repeat(np.arange(len(met)), intents))


class RatesFile(Strict):
    """Hold a rates file: one ``[[rate]]`` for each thing that may befall an intent."""

    rate: Annotated[list[NaturalRate], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Hold the natural rates of a plan by name, and the weather whose cells force each."""

    rates: dict[str, Rate]
    weathers: dict[str, tuple[str, Point]]


def load_rates(file: str, plan: Plan) -> Rates:
    """Read a rates file and find what each rate speaks of; raises InputError, each value with its line."""
    path = written_path("--rates", file)
    shown = shown_path(path)
    text = read_text(path, shown)
    lines = line_map(text)

    def place(where: Place) -> str:
        line = line_of(lines, where)
        start = shown if line is None else f"{shown}:{line}"
        return f"{start}: {dotted(where)}" if where else start

    data = parse_toml(text, shown)
    found = list(not_finite(data))
    try:
        checked = RatesFile.model_validate(data)
    except ValidationError as refusal:
        found += findings(refusal, RatesFile)
        raise_together([finding.error(place) for finding in found])
    if found:
        raise_together([finding.error(place) for finding in found])
    weathers: dict[str, tuple[str, Point]] = {}
    for number, rate in enumerate(checked.rate):
        if rate.name in weathers:
            raise InputError(place(("rate", number, "name")), rate.name, "each name once")
        weathers[rate.name] = _weather_of(rate, plan, place, number)
    return Rates(rates={rate.name: rate.rate for rate in checked.rate}, weathers=weathers)


def expected_losses(
    plan: Plan, folder: Path, rates: Rates, confidence: float = 0.95
) -> tuple[ExpectedLoss, ...]:
    """Return the expected loss of each policy at each of its points, both intervals carried through.

    c_f is the mean loss against the ideal executor of the intents that a fault reached in the cells that force it; of
    a scenario without faults, of all intents.
    """
    rows = []
    first: dict[str, PlannedCell] = {}
    for policy, point in dict.fromkeys(_reaction(planned) for planned in plan.cells):
        cells = {name: _cell(plan, weather, policy, point) for name, weather in rates.weathers.items()}
        first = first or cells
        costs, differences = {}, {}
        for name, planned in cells.items():
            own, base = pair_of(plan, planned, first[name], folder, (_LOSS, _TOUCHED))
            met = (
                own[_TOUCHED] | base[_TOUCHED]
                if _has_faults(planned)
                else np.ones(len(own[_LOSS]), dtype=bool)
            )
            costs[name] = _mean(own, own[_TOUCHED] if _has_faults(planned) else met, confidence)
            differences[name] = statistics.paired_mean(
                base[_LOSS][met], own[_LOSS][met], own["date"][met], own["seed"][met], confidence=confidence
            )
        total = statistics.combined_rate(rates.rates, costs)
        against = Combined(math.nan, math.nan, math.nan, {}, "")
        if cells is not first:
            against = statistics.combined_rate(rates.rates, differences)
        rows.append(
            ExpectedLoss(
                policy=policy,
                point=dict(point),
                value=total.value,
                low=total.low,
                high=total.high,
                difference=against.value,
                difference_low=against.low,
                difference_high=against.high,
                parts=dict(total.parts),
                note=total.note,
            )
        )
    return tuple(rows)


def _mean(own: Columns, met: np.ndarray, confidence: float) -> Interval:
    return statistics.mean(own[_LOSS][met], own["date"][met], own["seed"][met], confidence=confidence)


def _has_faults(planned: PlannedCell) -> bool:
    return bool(load_cell(planned.cell).scenario.scenario.faults)


def _reaction(planned: PlannedCell) -> tuple[str, Point]:
    cell = planned.cell
    return cell.policy, tuple(setting for setting in cell.point if setting[0].startswith(POLICY_PREFIX))


def _cell(plan: Plan, weather: tuple[str, Point], policy: str, point: Point) -> PlannedCell:
    return next(
        planned
        for planned in plan.cells
        if planned.cell.weather == weather and _reaction(planned) == (policy, point)
    )


def _weather_of(
    rate: NaturalRate, plan: Plan, place: Callable[[Place], str], number: int
) -> tuple[str, Point]:
    every = list(dict.fromkeys(planned.cell.weather for planned in plan.cells))
    scenarios = list(dict.fromkeys(scenario for scenario, _ in every))
    if rate.scenario not in scenarios:
        raise unknown_name(
            place(("rate", number, "scenario")), rate.scenario, "a scenario of the sweep", scenarios
        )
    mine = [weather for weather in every if weather[0] == rate.scenario]
    keys = [key for key, _ in mine[0][1]]
    for key in rate.at:
        if key not in keys:
            where = place(("rate", number, "at", key))
            raise unknown_name(where, key, "a key of --grid that belongs to the scenario", keys)
    fitting = [weather for weather in mine if _is_at(weather[1], rate.at)]
    if len(fitting) == 1:
        return fitting[0]
    points = ["{" + ", ".join(f"{key} = {value}" for key, value in point) + "}" for _, point in mine]
    given = Words("no point" if not fitting else f"{len(fitting)} points")
    raise InputError(place(("rate", number, "at")), given, f"one of {_few(points)}")


def _is_at(point: Point, wanted: dict[str, float | str]) -> bool:
    values = dict(point)
    return all(_alike(values[key], value) for key, value in wanted.items())


def _alike(written: str, wanted: float | str) -> bool:
    if isinstance(wanted, str):
        return written == wanted
    try:
        return float(written) == wanted
    except ValueError:
        return False


def _few(texts: Sequence[str]) -> str:
    return ", ".join(texts[:4]) + (", …" if len(texts) > 4 else "")
