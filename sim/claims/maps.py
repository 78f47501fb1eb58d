"""State the maps: which claim of the seed document each tests, over which two causes, against which baseline.

Source of claims: seed/execution-safety, "Impact analysis"; of baselines: policies 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sim.claims import closed_forms
from sim.sweep.cells import Cell

RULES: Final = ("2025-01", "2025-12-09")
"""Rules of the venue: under the later ones it takes conditional orders elsewhere, and d7's stops meet -4120."""

SILENT_RATE: Final = 0.631
"""The rate at which 1 - p^5 is the claimed 90 %."""

Figure = Literal["success", "reduction", "within", "seconds"]


@dataclass(frozen=True, kw_only=True)
class AxisOf:
    """Hold the name, the unit and the values of one cause."""

    name: str
    unit: str
    values: tuple[float, ...]
    labels: tuple[str, ...] = ()

    def label(self, value: float) -> str:
        """Print a value as the map's edge shows it."""
        if self.labels:
            return self.labels[self.values.index(value)]
        return f"{value:g}"


@dataclass(frozen=True, kw_only=True)
class ClaimMap:
    """Hold one map.

    ``figure``: what is held against ``claimed`` — the share of ``role``'s placements that succeed, how much less often
    they fail than ``baseline``'s, the share of intents not filled beyond the limit, or the mean seconds until five
    attempts have failed. ``changes(x, y)`` are what a point sets, ``expected(x, y)`` what arithmetic says of d7.
    ``break_even(x)`` is the y of another closed form that is drawn beside it. Policies in ``flat`` do not feel y
    and run at its first value only. ``coarse``: under rules other than the first, every second value of both axes.
    """

    id: str
    title: str
    claim: str
    claimed: float
    figure: Figure
    role: Literal["entry", "sl"]
    baseline: str
    policies: tuple[str, ...]
    scenario: str
    x: AxisOf
    y: AxisOf
    changes: Callable[[float, float], tuple[str, ...]]
    expected: Callable[[float, float], float]
    break_even: Callable[[float], float] | None = None
    flat: frozenset[str] = frozenset()
    coarse: bool = True
    lead: str = ""

    def points(self, policy: str, rules: str) -> list[tuple[float, float]]:
        """Return the points at which ``policy`` runs under ``rules``."""
        step = 2 if self.coarse and rules != RULES[0] else 1
        rows = self.y.values[::step]
        return [(x, y) for y in (rows[:1] if policy in self.flat else rows) for x in self.x.values[::step]]

    def cell(self, policy: str, rules: str, x: float, y: float) -> Cell:
        """Return what a point runs."""
        file = Path(__file__).parent / f"{self.scenario}.toml"
        return Cell(
            scenario=self.scenario,
            policy=policy,
            point=(),
            scenario_word=str(file),
            policy_word=policy,
            fixed=(f"rules={rules}", *self.changes(x, y)),
        )


def _in_bursts(role: str) -> Callable[[float, float], tuple[str, ...]]:
    def changes(rate: float, length_s: float) -> tuple[str, ...]:
        how = f"{{ rate = {rate:g} }}"
        if length_s > 0.0:
            gap_s = length_s * (1.0 - rate) / rate
            how = f"{{ burst = {{ mean_length_s = {length_s:g}, mean_gap_s = {gap_s:.9g} }} }}"
        return (f"faults.error.how={how}", f"faults.error.match.role={role}")

    return changes


def _chased(drift_pct_per_s: float, buffer_pct: float) -> tuple[str, ...]:
    return (
        f"market.line.pct_per_s={-drift_pct_per_s:g}",
        f"execution.sl_adjustment_buffer_pct={buffer_pct / 100:.9g}",
        "execution.guard_entry=false",
    )


def _silent(applied: float, rate: float) -> tuple[str, ...]:
    # A lost request never gets as far as a reply to lose: so both together are silent at ``rate``.
    lost = rate * (1.0 - applied)
    return (
        f"faults.request_lost.how.rate={lost:.9g}",
        f"faults.reply_lost.how.rate={rate * applied / (1.0 - lost):.9g}",
    )


def _runaway(drift_pct_per_s: float, round_trip_s: float) -> tuple[str, ...]:
    return (f"market.line.pct_per_s={drift_pct_per_s:g}", *_legs(round_trip_s))


def _slow(round_trip_s: float, rate: float) -> tuple[str, ...]:
    return (f"faults.error.how={{ rate = {rate:g} }}", *_legs(round_trip_s))


def _legs(round_trip_s: float) -> tuple[str, str]:
    leg_ms = 500.0 * round_trip_s
    legs = f'{{ law = "constant", ms = {leg_ms:g} }}'
    return (f"latency.request={legs}", f"latency.reply={legs}")


_RATES: Final = AxisOf(
    name="failing at any moment",
    unit="% of orders",
    values=(0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8),
    labels=("5", "10", "20", "35", "50", "65", "80"),
)
_LENGTHS: Final = AxisOf(
    name="mean length of a burst",
    unit="s",
    values=(0.0, 0.5, 2.0, 8.0, 30.0),
    labels=("each alone", "0.5", "2", "8", "30"),
)

MAPS: Final = (
    ClaimMap(
        id="entry-errors",
        title="-1001: about 95 % success",
        claim="-1001 (internal error): no retry before, about 95 % success after",
        claimed=0.95,
        figure="success",
        role="entry",
        baseline="legacy-entry",
        policies=("d7", "safe", "legacy-entry"),
        scenario="errors",
        x=_RATES,
        y=_LENGTHS,
        changes=_in_bursts("entry"),
        expected=closed_forms.success_in_bursts,
        lead="Entries fail with -1001 and are not applied. The figure is the share of entry placements that end with "
        "an order. Five attempts cover 7.7 s: a burst that outlasts them takes all five with it.",
    ),
    ClaimMap(
        id="stop-errors",
        title="Failures reduced by about 80 %",
        claim="failure rate reduced by about 80 %: one retry before, five attempts after",
        claimed=0.80,
        figure="reduction",
        role="sl",
        baseline="legacy-sltp",
        policies=("d7", "safe", "legacy-sltp"),
        scenario="errors",
        x=_RATES,
        y=_LENGTHS,
        changes=_in_bursts("sl"),
        expected=closed_forms.reduction_in_bursts,
        lead="Stops fail with -1001 and are not applied. The figure is 1 - failures / failures of the one-retry helper "
        "that stood there before, on the same seeds; where the helper never failed there is nothing to reduce.",
    ),
    ClaimMap(
        id="chase",
        title="-2021: about 90 % success",
        claim="-2021 (would trigger): single retry before, about 90 % success after",
        claimed=0.90,
        figure="success",
        role="sl",
        baseline="legacy-immediate-sl",
        policies=("d7", "safe", "legacy-immediate-sl"),
        scenario="chase",
        x=AxisOf(
            name="drift against the position", unit="% per s", values=(0.02, 0.04, 0.06, 0.09, 0.12, 0.2, 0.4)
        ),
        y=AxisOf(
            name="buffer of the moved stop", unit="% of the mark", values=(0.03, 0.05, 0.1, 0.15, 0.25, 0.5)
        ),
        changes=_chased,
        expected=closed_forms.chase_success,
        break_even=closed_forms.chase_break_even_pct,
        flat=frozenset({"legacy-immediate-sl"}),
        lead="The price has passed every planned stop when it arrives, and keeps running. The figure is the share of "
        "stop placements that end with a resting stop. The mark is published once a second, and d7 has its stops "
        "judged by it; the dotted line is the break-even of a stop judged by last, when the mark that was read is "
        "half a second old.",
    ),
    ClaimMap(
        id="silence",
        title="Time-outs: about 90 % success",
        claim="network time-out: no retry before, about 90 % success after",
        claimed=0.90,
        figure="success",
        role="entry",
        baseline="legacy-entry",
        policies=(
            "d7", "legacy-sltp", "nautilus-network", "legacy-entry", "never-resend", "hummingbot", "safe",
        ),
        scenario="silence",
        x=AxisOf(
            name="orders alive behind the silence",
            unit="% of time-outs",
            values=(0.0, 0.25, 0.5, 0.75, 1.0),
            labels=("0", "25", "50", "75", "100"),
        ),
        y=AxisOf(name="entries unanswered", unit="%", values=(SILENT_RATE,), labels=("63.1",)),
        changes=_silent,
        expected=lambda applied, rate: closed_forms.claimed_after_silence(rate),
        lead="An entry attempt goes unanswered with p = 0.631, the rate at which five blind attempts make the promise "
        "true. What was said is the executor's answer; what was so is exactly one order at the venue.",
    ),
    ClaimMap(
        id="slippage",
        title="Excessive slippage: 100 % prevented",
        claim="excessive slippage: placed anyway before, 100 % blocked after",
        claimed=1.0,
        figure="within",
        role="entry",
        baseline="legacy-entry",
        policies=("d7", "safe", "legacy-entry"),
        scenario="runaway",
        x=AxisOf(
            name="drift away from the plan", unit="% per s", values=(0.02, 0.05, 0.1, 0.14, 0.18, 0.22, 0.3)
        ),
        y=AxisOf(name="round trip", unit="s", values=(0.06, 0.25, 0.5, 0.9, 1.8)),
        changes=_runaway,
        expected=closed_forms.within_limit,
        lead="The decision is 2 s old when the guard looks, and half of the entries fail with -1001 and are sent "
        "again. The figure is the share of intents that did not fill further than 0.5 % from their plan: refused, or "
        "filled in time. The guard of d7 looks once, before the first attempt.",
    ),
    ClaimMap(
        id="exhausted",
        title="All five attempts failed after 15.5 s",
        claim="all five attempts failed after 15.5 s",
        claimed=15.5,
        figure="seconds",
        role="entry",
        baseline="",
        policies=("d7",),
        scenario="errors",
        x=AxisOf(name="round trip", unit="s", values=(0.04, 0.1, 0.25, 0.5, 1.0, 1.6, 2.0)),
        y=AxisOf(name="entries failing", unit="%", values=(0.9,), labels=("90",)),
        changes=_slow,
        expected=lambda round_trip_s, rate: closed_forms.exhausted_s(round_trip_s),
        coarse=False,
        lead="0.5 + 1 + 2 + 4 s of waiting make 7.5 s; the rest of the promised 15.5 s would have to be the network.",
    ),
)  # fmt: skip


def map_named(name: str) -> ClaimMap:
    """Return the map of that id."""
    return next(found for found in MAPS if found.id == name)
