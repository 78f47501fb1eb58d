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
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from sim.clock import EventLimit, VirtualLoop
from sim.exchange.account import Account
from sim.exchange.attribution import CURRENT_INTENT, Attribution, IntentSlot
from sim.exchange.client import SimulatedClient
from sim.exchange.door import Door
from sim.exchange.filters import SymbolFilters
from sim.exchange.gateway import Gateway
from sim.exchange.limits import Load
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.venue import Venue
from sim.execution import Hook
from sim.execution.policy_store import PolicyStore
from sim.faults import FaultInjector
from sim.faults.live import install
from sim.faults.regimes import RegimeLeg, Stretch, faults_of, stretches
from sim.market import PricePath
from sim.scenario.spec import Scenario
from sim.scenario.workload import IntentPlan
from sim.trace import Trace
from sim.world.code_under_test import ExecutorFactory, event_driven, is_ours, run_cutting_off, surrounded
from sim.world.flow import IntentFlow
from sim.world.listening import Listening
from sim.world.processes import Processes, concern_processes
from sim.world.recorder import Recorder

COLLECT_EVERY_INTENTS: Final = 4096
"""How often cycles are looked for, in a long run and over many short ones: an intent leaves some 10 kB of them."""
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
    regimes: tuple[Stretch, ...] = ()
    """Which regime held when, (name, opened, closed) in µs; empty without one."""
    errors: tuple[str, ...] = field(default=())
    """Tasks that died unseen, coroutines never awaited: each makes the run a failed one."""


class World:
    """Build everything one run needs; :meth:`run` runs it once.

    ``paths`` and ``filters`` by symbol, on one time axis; ``volumes`` are their tapes' typical minutes.  ``plans``
    sorted by decision time.  ``logger`` takes the code under test's own lines (default: none).
    ``progress(done, total)`` is called as books are closed.  ``executor_factory`` makes the code under test, once at
    boot and once for every process that comes back after a crash.
    """

    plays_shadows: ClassVar[bool] = True  # whether the record says what a perfect executor would have made
    _uncollected: ClassVar[int] = 0  # intents of runs that are over, since cycles were looked for

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
        executor_factory: ExecutorFactory = event_driven,
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.plans = plans
        self.trace = Trace()
        faults_end_us = round(scenario.settle.settle_s * 1e6) + max(
            (plan.decided_us + plan.hold_us for plan in plans), default=0
        )
        self._processes = Processes(faults_end_us) if concern_processes(scenario.faults) else None
        self.loop = VirtualLoop() if self._processes is None else self._processes.loop
        self.loop.event_limit = scenario.limits.events
        self.epoch_us = min(path.epoch_us for path in paths.values())
        self.end_us = min(path.end_us for path in paths.values())
        if scenario.limits.time_s is not None:
            self.end_us = min(self.end_us, round(scenario.limits.time_s * 1e6))
        self.settle_us = round(scenario.settle.settle_s * 1e6)
        self.regimes: tuple[Stretch, ...] = (
            () if scenario.regime is None else tuple(stretches(scenario.regime, seed, self.end_us))
        )
        """Which regime held when."""
        more = [] if scenario.regime is None else faults_of(scenario.regime, self.regimes)
        faults = [*scenario.faults, *more]
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
        self.injector = FaultInjector(faults, seed, self.epoch_us, faults_end_us, self.trace, paths)
        door = Door(self.venue, self.epoch_us, scenario.rules)
        self.state_faults = install(self.injector, door, self.trace)
        self.gateway = Gateway(
            self.loop,
            door,
            scenario.latency,
            seed,
            self.injector if self._processes is None else self._processes,
            self.attribution,
            self.trace,
            scenario.client.timeout_s,
            scenario.limits,
            scenario.client.clock_offset_ms,
        )
        if scenario.regime is not None and scenario.regime.latency:
            law, rho = scenario.latency, scenario.latency.rho
            self.gateway.use_legs(
                RegimeLeg(law.request, seed, "latency.request", rho, self.regimes),
                RegimeLeg(law.reply, seed, "latency.reply", rho, self.regimes),
            )
        self._client_epoch_us = self.epoch_us + round(scenario.client.clock_offset_ms * 1000)
        self._policy = policy
        self._executor_factory = executor_factory
        recorder = Recorder(self.loop, self.trace)
        if self._processes is None:
            self._hooks: tuple[Hook, ...] = (recorder,)
            client = SimulatedClient(self.gateway, scenario.rules, scenario.client.timeout_s)
        else:
            self._hooks = (self._processes.heard(recorder),)
            client = self._processes.attach(self, seed)
        self.store: dict[str, str] = {}
        """What the code under test writes down to outlive its process."""
        self.executor = self.new_executor(client, self.store)
        self.logger = logger
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
        self.venue.on_flat = self.state_faults.hear_flat(self._flow.position_closed)
        self._listening: Listening | None = None
        if getattr(self.executor, "listens", False):
            self._listening = Listening(
                self.loop,
                self.epoch_us,
                self.venue,
                scenario.latency,
                seed,
                self.state_faults,
                self._acting_for,
            )

    # -- one run --------------------------------------------------------------------------------------

    def run(self) -> RunRecord:
        """Run to the end; raise what the simulator itself got wrong, record what the code under test did."""
        # The run's objects die by reference count: to walk each of them once for nothing takes a sixth of the run.
        was_enabled = gc.isenabled()
        gc.disable()
        # What was there before is not this run's rubbish, and to walk through it takes longer than a short run.
        gc.freeze()
        try:
            return self._run_fenced()
        finally:
            gc.unfreeze()
            if was_enabled:
                gc.enable()
                # By itself the collector finds what runs leave in cycles not worth a walk.
                World._uncollected += len(self.plans)
                if World._uncollected >= COLLECT_EVERY_INTENTS:
                    World._uncollected = 0
                    gc.collect()

    def _run_fenced(self) -> RunRecord:
        ended: End = "finished"
        # The code under test reads the client's clock, which may be wrong; the run's own time is the venue's.
        clock_us, ahead, factory = self._client_epoch_us, self.state_faults.clock, self._executor_factory
        with surrounded(self, factory, clock_us, ahead, self.logger) as fence:
            boot = self.loop.create_task(self._boot(), name="boot")
            self.loop.env.process(self._workload())
            try:
                if self._unsettled and not run_cutting_off(self.loop, self.end_us, self._cut_round):
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
        self._errors += [f"left virtual time: {call}" for call in fence.refused]
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
            regimes=self.regimes,
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
        self._open_books[slot.number] = slot
        if self._listening is not None:
            self._listening.begin(slot)
        if self._processes is None:
            flow = self.live(plan, slot, self.executor)
            self.follow(self.loop.create_task(flow, name=f"intent-{plan.number}"), slot)
        else:
            self._processes.begin(plan, slot)
        self.loop.at_us(plan.decided_us + plan.hold_us + self.settle_us, self._settle, slot)

    def _acting_for(self, slot: IntentSlot) -> Any:
        return self.executor if self._processes is None else self._processes.executor_of(slot)

    # -- what processes ask for -----------------------------------------------------------------------

    def new_executor(self, client: Any, store: dict[str, str]) -> Any:
        """Return the code under test, fresh from its factory, on ``client`` and what an earlier one stored."""
        self.state_faults.set_clock(client, self.loop, self._client_epoch_us)
        return self._executor_factory(client, self._policy, self._hooks, store)

    def live(self, plan: IntentPlan, slot: IntentSlot, executor: Any) -> Coroutine[Any, Any, None]:
        """Return an intent's flow through ``executor``."""
        return self._flow.live(plan, slot, executor)

    def missed(self, plan: IntentPlan, slot: IntentSlot) -> None:
        """Note an intent that was due while its process was dead."""
        self._flow.missed(plan, slot)

    def resumed(
        self,
        plan: IntentPlan,
        slot: IntentSlot,
        executor: Any,
        boot: asyncio.Task[Mapping[str, float]],
        *,
        told: bool,
    ) -> Coroutine[Any, Any, None]:
        """Return what is left of an intent's flow in a process that came back."""
        return self._flow.resumed(plan, slot, executor, boot, told=told)

    def follow(self, task: asyncio.Task[None], slot: IntentSlot) -> None:
        """Watch the task that lives an intent to its end."""
        self._tasks[task] = slot
        task.add_done_callback(self._flow_ended)

    def abandon(self, slot: IntentSlot) -> None:
        """Stop watching an intent's task: its process is dead, and it will never end."""
        for task in [task for task, owner in self._tasks.items() if owner is slot]:
            task.remove_done_callback(self._flow_ended)
            del self._tasks[task]

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
        if self._processes is not None:
            self._processes.ended(slot)
        if slot.number in self._overdue:
            self.loop.at_us(self.loop.now_us + self.settle_us, self._close_books, slot)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            if is_ours(error):
                self._broken = error
                self.loop.stop()
            self._flow.record_escape(slot, error)

    def _cut_round(self, task: asyncio.Task[Any], why: str) -> None:
        """Note a task that never lets an instant end: as its intent's escape, where it lives one."""
        slot = self._tasks.get(task)
        if slot is None:
            self._errors.append(f"task {task.get_name()}: {why}")
        else:
            self._flow.record_escape(slot, RuntimeError(why))

    def _close_books(self, slot: IntentSlot) -> None:
        del self._open_books[slot.number]
        self.attribution.forget(slot)
        if self.scenario.isolation == "intent":
            self._write_end(slot)
            if self._listening is not None:
                self._listening.end(slot)
        self._unsettled -= 1
        if not self._unsettled % 64:
            self.trace.compact()
        if self._unsettled and not self._unsettled % COLLECT_EVERY_INTENTS:
            gc.collect()  # not after the last one: the run's end collects anyway
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
        if self._processes is not None:
            self._processes.dispose()
        if self.scenario.isolation == "intent":
            for slot in self._open_books.values():
                self._write_end(slot)
        self.loop.close()
