"""Bugs in the simulator itself, in a guard, and in what the checks are fed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from planted.executor_bugs import LegsByHash, NeverStops
from planted.executor_plants import refuses
from planted.plant import Plant, findings_of, run_plant

from sim.checks import Finding
from sim.checks.i21_guard_laws import LIMIT, Guard, check_guard_laws
from sim.checks.s03_same_bytes import judge_twice
from sim.checks.s09_sometimes import find_empty_cells
from sim.checks.s10_canary import find_living_canary
from sim.exchange import book as book_module
from sim.exchange.account import Account
from sim.exchange.gateway import Gateway
from sim.exchange.journal import Journal
from sim.exchange.orders import OrderState
from sim.execution import ExecutionSafetyGuard, PolicyStore, ValidationResult
from sim.faults import CodedError, How, Match
from sim.faults import injector as injector_module
from sim.market import LinePath

_QUIET = logging.getLogger("planted")
_QUIET.setLevel(logging.CRITICAL + 1)
TRIGGERS = {"pct_per_s": 0.01, "holds_s": (90.0,), "intents": 8}


def _fee_flipped(patches: Any) -> None:
    """Pay the strategy what it should be charged."""
    booked = Account.fill

    def fill(self: Account, symbol: str, quantity: float, price: float, fee: float, *more: Any) -> float:
        return booked(self, symbol, quantity, price, -fee, *more)

    patches.setattr(Account, "fill", fill)


def _one_stream(patches: Any) -> None:
    """Let all faults draw from the stream of the first."""
    timing = injector_module.Timing

    def shared(how: Any, seed: int, name: str, *more: Any) -> Any:
        return timing(how, seed, "faults", *more)

    patches.setattr(injector_module, "Timing", shared)


def _told_twice(patches: Any) -> None:
    """Write each fault down twice."""
    logged = Gateway._log_fault

    def twice(self: Gateway, *told: Any) -> None:
        logged(self, *told)
        logged(self, *told)

    patches.setattr(Gateway, "_log_fault", twice)


def _fires_early(patches: Any) -> None:
    """Let orders fire half a minute before the price has come to them."""
    search = LinePath.first_mark_crossing

    def early(self: LinePath, level: float, rising: bool, from_us: int, until_us: int) -> int | None:
        due = search(self, level, rising, from_us, until_us)
        return None if due is None else max(from_us, due - 30_000_000)

    patches.setattr(LinePath, "first_mark_crossing", early)


def _fills_inside_the_spread(patches: Any) -> None:
    """Fill takers at a price better than last."""
    taken = book_module.take

    def take(spec: Any, side: int, last: float, *more: Any, **named: Any) -> tuple[float, float]:
        quantity, price = taken(spec, side, last, *more, **named)
        return quantity, price - side * last * 0.001

    patches.setattr(book_module, "take", take)


def _skips_a_state(patches: Any) -> None:
    """Let a resting order become filled without ever being triggered."""
    recorded = Journal.record

    def record(self: Journal, order: Any, reason: str = "") -> None:
        if order.state is not OrderState.TRIGGERING:
            recorded(self, order, reason)

    patches.setattr(Journal, "record", record)


def _clock_goes_back(patches: Any) -> None:
    """Stamp every third write with a time five seconds ago."""
    logged = Gateway._log_write

    def late(self: Gateway, request: Any, at_us: int, truth: str, order: int, code: int) -> None:
        logged(self, request, at_us - (5_000_000 if request.number % 3 == 0 else 0), truth, order, code)

    patches.setattr(Gateway, "_log_write", late)


def _books_twice(patches: Any) -> None:
    """Write every tenth fill into the record twice."""
    told = Journal.fill

    def fill(self: Journal, order: Any, *more: Any) -> None:
        told(self, order, *more)
        if order.number % 10 == 0:
            told(self, order, *more)

    patches.setattr(Journal, "fill", fill)


# -- what no single record shows -----------------------------------------------------------------------


def _same_bytes(plant: Plant, build: Any, seed: int, planted: bool) -> Sequence[Finding]:
    return judge_twice(lambda: run_plant(plant, build, seed, planted=planted).trace)


def _matrix(plant: Plant, build: Any, seed: int, planted: bool) -> Sequence[Finding]:
    """Require that the fault struck the stop; the bug is a fault that waits for a request that never comes."""
    role: Any = "trailing" if planted else "sl"
    tried = replace(plant, faults=[refuses(role, 1)])
    faults = run_plant(tried, build, seed, planted=False).trace.arrays("fault")
    counts = Counter(faults["role"].tolist())
    return find_empty_cells(counts, ["sl"])


def _canary(plant: Plant, build: Any, seed: int, planted: bool) -> Sequence[Finding]:
    """Judge a canary; the bug is a check that was handed seconds for microseconds."""
    bird = replace(plant, bug=NeverStops)
    record = run_plant(bird, build, seed, planted=True)
    if not planted:
        findings_of(bird, record)
    return find_living_canary(record.trace)


def _guard(bug: type[ExecutionSafetyGuard]) -> Callable[[Plant, Any, int, bool], Sequence[Finding]]:
    def judge(plant: Plant, build: Any, seed: int, planted: bool) -> Sequence[Finding]:
        def factory(values: Mapping[str, float]) -> Guard:
            store = PolicyStore(dict(values))
            return (bug if planted else ExecutionSafetyGuard)(store, _QUIET)

        return check_guard_laws(factory, seed=seed, questions=200)

    return judge


class AllAreLong(ExecutionSafetyGuard):
    """Treat every order as a long one."""

    async def validate_and_adjust_order(
        self, symbol: str, side: str, *more: Any, **named: Any
    ) -> ValidationResult:
        return await super().validate_and_adjust_order(symbol, "buy", *more, **named)


class LimitUpsideDown(ExecutionSafetyGuard):
    """Accept what the limit refuses and refuse what it accepts."""

    async def validate_and_adjust_order(self, *more: Any, **named: Any) -> ValidationResult:
        own = self._policy_store
        assert isinstance(own, PolicyStore)
        other = PolicyStore({LIMIT: 0.02 - own.settings.max_slippage_pct})
        return await ExecutionSafetyGuard(other, _QUIET).validate_and_adjust_order(*more, **named)


class CountsDollars(ExecutionSafetyGuard):
    """Keep a stop a whole dollar away, whatever the price is."""

    async def validate_and_adjust_order(self, *more: Any, **named: Any) -> ValidationResult:
        answer = await super().validate_and_adjust_order(*more, **named)
        if answer.adjusted_sl is None:
            return answer
        sign = 1.0 if named["side"] == "buy" else -1.0
        return replace(answer, adjusted_sl=answer.adjusted_sl - sign)


class NeverContent(ExecutionSafetyGuard):
    """Move every accepted stop a little further, also its own."""

    async def validate_and_adjust_order(self, *more: Any, **named: Any) -> ValidationResult:
        answer = await super().validate_and_adjust_order(*more, **named)
        sign = 1.0 if named["side"] == "buy" else -1.0
        stop = answer.adjusted_sl or named["sl_price"]
        return replace(answer, adjusted_sl=stop * (1 - sign * 0.001)) if answer.is_valid else answer


class KeepsWrongTargets(ExecutionSafetyGuard):
    """Accept a target on the losing side."""

    async def validate_and_adjust_order(self, *more: Any, **named: Any) -> ValidationResult:
        answer = await super().validate_and_adjust_order(*more, **named)
        return replace(answer, adjusted_tp=None)


def _drawn(name: str, rate: float) -> CodedError:
    return CodedError(name=name, code=-1008, how=How(rate=rate), match=Match(call="order"))


MODEL_BUGS = (
    Plant(name="fee sign flipped in model", check="S01", patch=_fee_flipped),
    Plant(name="fills written twice", check="S01", patch=_books_twice),
    Plant(name="event times go back", check="S02", patch=_clock_goes_back),
    Plant(
        name="same-time events ordered by hash",
        check="S03",
        bug=LegsByHash,
        judge=_same_bytes,
        world={"holds_s": (10.0,)},
    ),
    Plant(name="fills inside the spread", check="S04", patch=_fills_inside_the_spread),
    Plant(name="triggers fire early", check="S05", patch=_fires_early, world=TRIGGERS),
    Plant(
        name="two faults share one random stream",
        check="S06",
        patch=_one_stream,
        faults=[_drawn("one", 0.3), _drawn("other", 0.4)],
    ),
    Plant(name="faults written twice", check="S06", patch=_told_twice, faults=[refuses("tp", 1)]),
    Plant(name="orders skip a state", check="S07", patch=_skips_a_state, world=TRIGGERS),
    Plant(name="a fault that never strikes", check="S09", judge=_matrix),
    Plant(name="a harness that cannot fail", check="S10", judge=_canary),
    Plant(name="guard: all are long", check="I21", judge=_guard(AllAreLong)),
    Plant(name="guard: limit upside down", check="I21", judge=_guard(LimitUpsideDown)),
    Plant(name="guard: counts dollars", check="I21", judge=_guard(CountsDollars)),
    Plant(name="guard: never content", check="I21", judge=_guard(NeverContent)),
    Plant(name="guard: keeps wrong targets", check="I21", judge=_guard(KeepsWrongTargets)),
)
