"""Plan a run's intents before it starts, from keyed chance or from a file of signals.

When an intent is decided and which side it takes depend on (seed, number) alone: another policy, another fault or
a longer tape changes nothing about the intents there were.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from sim.chance import Stream
from sim.errors import InputError
from sim.scenario.files import resolve
from sim.scenario.workload_spec import WorkloadSpec

if TYPE_CHECKING:
    from sim.scenario.signals import Signal

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class IntentPlan:
    """State one intent: times in µs since the start, direction +1 (long) or -1, ``*_pct`` as fractions.

    Exactly one of ``quantity`` (base asset) and ``notional`` (quote currency) is given.  ``plan_price`` None means
    the price at the decision.
    """

    number: int
    decided_us: int
    symbol: str
    direction: int
    quantity: float | None
    notional: float | None
    plan_price: float | None
    sl_pct: float
    tp_pct: float
    leverage: int
    hold_us: int
    confidence: float
    ai_tp_pct: float | None
    ai_trail_pct: float | None

    @property
    def side(self) -> Literal["buy", "sell"]:
        """Return the side of the entry, as an executor is asked for it."""
        return "buy" if self.direction > 0 else "sell"

    def wish(self, plan_price: float, quantity: float) -> dict[str, Any]:
        """Return what an executor's ``submit_order`` is called with, by name."""
        return {
            "symbol": self.symbol,
            "side": self.side,
            "quantity": quantity,
            "planned_price": plan_price,
            "sl_percent": self.sl_pct,
            "tp_percent": self.tp_pct,
            "leverage": self.leverage,
            "confidence": self.confidence,
            "ai_tp_percent": self.ai_tp_pct,
            "ai_trail_percent": self.ai_trail_pct,
        }


def plan_intents(
    spec: WorkloadSpec,
    seed: int,
    duration_us: int,
    epoch_us: int,
    interval_us: int,
    symbols: Sequence[str],
    base_dir: Path,
    notes: list[str] | None = None,
) -> list[IntentPlan]:
    """Return the intents decided in [0, ``duration_us``), in order of time and numbered from 0.

    Several symbols take turns by number.  ``interval_us`` is the length of a bar.  ``base_dir`` is where a
    relative ``signals`` path counts from; what was put right in that file is appended to ``notes``.  Raises
    :class:`InputError` for an unusable signal file.
    """
    if not symbols:
        raise InputError("symbols", list(symbols), "at least one symbol")
    if spec.signals is not None:
        return _from_signals(spec, duration_us, epoch_us, symbols, base_dir, notes)
    times = _first(spec.intents, _times_us(spec, seed, duration_us, interval_us))
    sides = Stream(seed, "workload.side")
    fixed = {"long": 1, "short": -1}.get(spec.side)
    hold_us = max(1, round(spec.hold_s * 1e6))
    return [
        IntentPlan(
            number,
            decided_us,
            symbols[number % len(symbols)],
            fixed or (1 if sides.uniform(number) < 0.5 else -1),
            spec.quantity,
            spec.notional,
            None,
            spec.sl_pct,
            spec.tp_pct,
            spec.leverage,
            hold_us,
            spec.confidence,
            spec.ai_tp_pct,
            spec.ai_trail_pct,
        )
        for number, decided_us in enumerate(times)
    ]


def _first(number: int | None, items: Iterable[_Item]) -> Iterator[_Item]:
    # islice refuses what is larger than any list; to stop after so many is never to stop.
    return islice(items, None if number is None else min(number, sys.maxsize))


def _times_us(spec: WorkloadSpec, seed: int, duration_us: int, interval_us: int) -> Iterator[int]:
    first_us = round(spec.first_s * 1e6)
    if spec.poisson_per_hour is not None:
        gaps = Stream(seed, "workload.gap")
        mean_us = 3_600_000_000 / spec.poisson_per_hour
        decided_us, number = first_us, 0
        while True:
            decided_us += round(-mean_us * math.log1p(-gaps.uniform(number)))
            if decided_us >= duration_us:
                return
            yield decided_us
            number += 1
    step_us = round(spec.every_s * 1e6) if spec.every_s is not None else (spec.every_bars or 1) * interval_us
    yield from range(first_us, duration_us, step_us)


def _from_signals(
    spec: WorkloadSpec,
    duration_us: int,
    epoch_us: int,
    symbols: Sequence[str],
    base_dir: Path,
    notes: list[str] | None,
) -> list[IntentPlan]:
    file = Path(resolve(spec.signals or "", base_dir))
    stamp = (file.stat().st_mtime_ns, file.stat().st_size) if file.is_file() else None
    signals, said = _read_once(file, stamp, spec, duration_us, epoch_us, tuple(symbols))
    if notes is not None:
        notes += said
    return [
        IntentPlan(
            number,
            signal.decided_us,
            signal.symbol,
            signal.direction,
            signal.quantity,
            None if signal.quantity is not None else spec.notional,
            signal.planned_price,
            signal.sl_pct,
            signal.tp_pct,
            signal.leverage,
            max(1, round(signal.hold_s * 1e6)),
            spec.confidence,
            spec.ai_tp_pct,
            spec.ai_trail_pct,
        )
        for number, signal in enumerate(_first(spec.intents, signals))
    ]


@lru_cache(maxsize=8)
def _read_once(
    file: Path,
    stamp: tuple[int, int] | None,
    spec: WorkloadSpec,
    duration_us: int,
    epoch_us: int,
    symbols: tuple[str, ...],
) -> tuple[list[Signal], list[str]]:
    """Return a file's signals and what was put right in them: the same for every seed, until the file changes."""
    # Only a run on signals pays for their reader.
    from sim.scenario.signals import read_signals

    notes: list[str] = []
    return read_signals(file, spec, duration_us, epoch_us, symbols, notes), notes
