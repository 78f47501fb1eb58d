"""Wire one run — clock, path, venue, wire, faults, code under test — and run it to a bounded end.

A run has a faulted phase and a settle phase.  Under ``isolation = "intent"`` each intent settles on its own:
``settle_s`` after its deadline its account's books are closed; a flow that still runs then is left alone by all
faults, and the books are closed ``settle_s`` after its end.  Under ``"account"`` faults stop ``settle_s`` after the
last deadline, for everybody.
Ends are named: finished, time limit, event limit.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sim.clock import EventLimit, VirtualLoop, fenced
from sim.exchange.account import Account
from sim.exchange.attribution import CURRENT_INTENT, Attribution, IntentSlot
from sim.exchange.client import SimulatedClient
from sim.exchange.door import Door
from sim.exchange.filters import SymbolFilters
from sim.exchange.gateway import Gateway
from sim.exchange.limits import Load
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.venue import Venue
from sim.execution.event_driven_executor import EventDrivenExecutor
from sim.execution.policy_store import PolicyStore
from sim.faults import FaultInjector
from sim.market import PricePath
from sim.scenario.spec import Scenario
from sim.scenario.workload import IntentPlan
from sim.trace import Trace
from sim.world.flow import IntentFlow
from sim.world.outer_loop import outer_loop_set_aside
from sim.world.recorder import Recorder

COLLECT_EVERY_INTENTS: Final = 4096
"""How often cycles are looked for while a run goes on; a kilobyte of them per request would be some 25 MB."""

End = Literal["finished", "time limit", "event limit"]


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Hand on what a run left: its trace and what is true of the run as a whole."""

    trace: Trace
    ended: End
    ended_us: int
    epoch_us: int
    intents: int
    requests: int
    unattributed: int
    events: int
    load: Load
    errors: tuple[str, ...] = field(default=())
    """Tasks that died unseen, coroutines never awaited: each makes the run a failed one."""


@contextmanager
def _log_lines_to(logger: logging.Logger | None) -> Iterator[None]:
    """Send the code under test's own lines to ``logger``'s handlers, or nowhere: the trace holds what they say."""
    own = logging.getLogger("sim.execution")
    before = (own.propagate, own.level, own.handlers)
    own.propagate = False
    own.handlers = list(logger.handlers) if logger is not None else [logging.NullHandler()]
    own.setLevel(logging.DEBUG if logger is not None else logging.CRITICAL + 1)
    try:
        yield
    finally:
        own.propagate, own.handlers = before[0], before[2]
        own.setLevel(before[1])


class World:
    """Build everything one run needs; :meth:`run` runs it once.

    ``paths`` and ``filters`` by symbol, on one time axis; ``volumes`` are their tapes' typical minutes.  ``plans``
    sorted by decision time.  ``logger`` takes the code under test's own lines (default: none).
    ``progress(done, total)`` is called as books are closed.
    """

    def __init__(
        self,
        scenario: Scenario,
        policy: PolicyStore,
        seed: int,
        paths: dict[str, PricePath],
        filters: dict[str, SymbolFilters],
        plans: Sequence[IntentPlan],
        *,
        logger: logging.Logger | None = None,
        progress: Callable[[int, int], None] | None = None,
        volumes: Mapping[str, MinuteVolume] | None = None,
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.plans = plans
        self.trace = Trace()
        self.loop = VirtualLoop()
        self.loop.event_limit = scenario.limits.events
        self.epoch_us = min(path.epoch_us for path in paths.values())
        self.end_us = min(path.end_us for path in paths.values())
        if scenario.limits.time_s is not None:
            self.end_us = min(self.end_us, round(scenario.limits.time_s * 1e6))
        self.settle_us = round(scenario.settle.settle_s * 1e6)
        self.venue = Venue(
            self.loop,
            paths,
            filters,
            scenario.fills_in_force(),
            scenario.rules,
            self.trace,
            seed,
            volumes,
            scenario.venue,
        )
        house_account = self._new_account(0)
        self.house = IntentSlot(-1, "", 0, house_account)
        self.attribution = Attribution(self.house)
        faults_end_us = max((plan.decided_us + plan.hold_us for plan in plans), default=0) + self.settle_us
        self.injector = FaultInjector(scenario.faults, seed, self.epoch_us, faults_end_us, self.trace)
        self.gateway = Gateway(
            self.loop,
            Door(self.venue, self.epoch_us, scenario.rules),
            scenario.latency,
            seed,
            self.injector,
            self.attribution,
            self.trace,
            scenario.client.timeout_s,
            scenario.limits,
            scenario.client.clock_offset_ms,
        )
        client = SimulatedClient(self.gateway, scenario.rules, scenario.client.timeout_s)
        self.executor = EventDrivenExecutor(
            client,
            policy,
            hooks=(Recorder(self.loop, self.trace),),
        )
        self._logger = logger
        self._progress = progress
        self._flow = IntentFlow(self)
        self._tasks: dict[asyncio.Task[None], IntentSlot] = {}
        self._open_books: dict[int, IntentSlot] = {}
        self._cut_off = False
        self._unsettled = len(plans)
        self._overdue: set[int] = set()
        self._errors: list[str] = []
        self._broken: BaseException | None = None
        self._write_account_end = self.trace.writer("account_end")
        self.venue.on_flat = self._flow.position_closed

    # -- one run --------------------------------------------------------------------------------------

    def run(self) -> RunRecord:
        """Run to the end; raise what the simulator itself got wrong, record what the code under test did."""
        # The run's objects die by reference count: the collector would walk each of them once for nothing, at a
        # sixth of the run's time.  Cycles that code under test makes are collected by the number of intents.
        was_enabled = gc.isenabled()
        gc.disable()
        # What was there before is out of the collector's sight: its rubbish is not this run's, and walking through
        # it once more would take longer than a short run.
        gc.freeze()
        try:
            return self._run_fenced()
        finally:
            gc.unfreeze()
            if was_enabled:
                gc.enable()

    def _run_fenced(self) -> RunRecord:
        ended: End = "finished"
        # The code under test reads the client's clock, which may be wrong; the run's own time is the venue's.
        clock_us = self.epoch_us + round(self.scenario.client.clock_offset_ms * 1000)
        with outer_loop_set_aside(), _log_lines_to(self._logger), fenced(self.loop, clock_us) as fence:
            boot = self.loop.create_task(self._boot(), name="boot")
            self.loop.env.process(self._workload())
            try:
                if self._unsettled and not self.loop.run_until(self.end_us):
                    ended = "time limit"
            except EventLimit:
                ended = "event limit"
            if self._broken is not None:
                raise self._broken
            if boot.done() and boot.exception() is not None:
                raise boot.exception()  # type: ignore[misc]
            self._end_what_is_left(boot)
            if self.scenario.isolation == "account" or self.house.account.positions:
                self._write_end(self.house)
            # Coroutines and tasks that only the collector can find must be found while they still count.
            gc.collect()
        self._errors += [f"coroutine never awaited: {name}" for name in fence.never_awaited]
        self._errors += [str(context.get("message")) for context in self.loop.unseen_errors]
        return RunRecord(
            trace=self.trace,
            ended=ended,
            ended_us=self.loop.now_us,
            epoch_us=self.epoch_us,
            intents=len(self.plans),
            requests=self.attribution.total,
            unattributed=self.attribution.unattributed,
            events=self.loop.events_run,
            load=self.gateway.load(),
            errors=tuple(self._errors),
        )

    async def _boot(self) -> None:
        # A bot loads the filters before it trades; that call belongs to no intent and meets no fault.
        self.house.settling = True
        CURRENT_INTENT.set(self.house)
        await self.executor.prepare(sorted(self.venue.paths))
        self.house.settling = False

    def _workload(self) -> Generator[Any, Any, None]:
        env = self.loop.env
        for plan in self.plans:
            if plan.decided_us > env.now:
                yield env.timeout(plan.decided_us - env.now)
            self._begin(plan)

    def _begin(self, plan: IntentPlan) -> None:
        if self._cut_off:
            return
        if self.scenario.isolation == "intent":
            account = self._new_account(plan.number + 1)
        else:
            account = self.house.account
        slot = IntentSlot(plan.number, plan.symbol, plan.direction, account)
        self.attribution.opened(slot)
        task = self.loop.create_task(self._flow.live(plan, slot), name=f"intent-{plan.number}")
        self._tasks[task] = slot
        self._open_books[slot.number] = slot
        task.add_done_callback(self._flow_ended)
        self.loop.at_us(plan.decided_us + plan.hold_us + self.settle_us, self._settle, slot)

    def _new_account(self, number: int) -> Account:
        spec = self.scenario.account
        return Account(number, spec.wallet, hedge=spec.hedge_mode)

    def _settle(self, slot: IntentSlot) -> None:
        if slot.over:
            self._close_books(slot)
        else:
            self._overdue.add(slot.number)
            # In one account faults stop for everybody at once, by the injector's own bound.
            slot.settling = self.scenario.isolation == "intent"

    def _flow_ended(self, task: asyncio.Task[None]) -> None:
        slot = self._tasks.pop(task)
        self.attribution.closed(slot)
        if slot.number in self._overdue:
            self.loop.at_us(self.loop.now_us + self.settle_us, self._close_books, slot)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            if _is_ours(error):
                self._broken = error
                self.loop.stop()
            self._flow.record_escape(slot, error)

    def _close_books(self, slot: IntentSlot) -> None:
        del self._open_books[slot.number]
        self.attribution.forget(slot)
        if self.scenario.isolation == "intent":
            self._write_end(slot)
        self._unsettled -= 1
        if not self._unsettled % 64:
            self.trace.compact()
        if not self._unsettled % COLLECT_EVERY_INTENTS:
            gc.collect()
        if self._progress is not None:
            self._progress(len(self.plans) - self._unsettled, len(self.plans))
        if self._unsettled == 0:
            self.loop.stop()

    def _write_end(self, slot: IntentSlot) -> None:
        account = slot.account
        self._write_account_end(
            (
                account.number, slot.number, self.loop.now_us,
                sum(account.positions[key].quantity for key in sorted(account.positions)),
                len(self.venue.open_orders(account)), account.wallet, account.fees, account.realised,
                sum(
                    self.venue.leave_value(account, symbol)
                    for symbol in sorted({position.symbol for position in account.positions.values()})
                ),
            )
        )  # fmt: skip
        self.venue.close_books(account)

    def _end_what_is_left(self, boot: asyncio.Task[None]) -> None:
        """Cancel flows that the limit cut off and close the books still open where they stand."""
        # What else is due at this instant may still happen, but no intent begins any more.
        self._cut_off = True
        boot.cancel()
        for task in sorted(self._tasks, key=hash):
            task.cancel()
        self.loop.event_limit = None
        self.loop.run_until(self.loop.now_us)
        if self.scenario.isolation == "intent":
            for slot in self._open_books.values():
                self._write_end(slot)
        self.loop.close()


_UNDER_TEST: Final = ("sim.execution", "sim.exchange.client", "sim.clock")
"""Where an exception may arise by the code under test's doing: its own rooms, its client, its loop."""


def _is_ours(error: BaseException) -> bool:
    """Tell whether an exception was raised by the simulator itself: a bug of ours, not of the code under test."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
    return module.startswith("sim.") and not module.startswith(_UNDER_TEST)
