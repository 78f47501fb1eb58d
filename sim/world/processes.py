"""Start, kill, block and restart the processes of a run as its faults say.

Under isolation "intent" every intent has a process of its own, with the client of the one that booted; under "account"
there is one.  A process that comes back has a new client and a new executor: memory is lost, :attr:`Process.store`
is handed on.  If the executor has ``async def recover(symbols) -> Mapping[str, float]`` it is awaited after
``prepare`` and says which position, signed, it believes to hold in each symbol; ``async def symbol_closed(symbol)``, if
it has that too, is awaited once the venue has closed what it held.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Mapping
from contextvars import copy_context
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from sim.chance import mix
from sim.exchange.attribution import CURRENT_INTENT, IntentSlot, role_of
from sim.exchange.effects import Effect
from sim.exchange.latency import Leg
from sim.exchange.request import Request
from sim.execution.events import Event
from sim.faults import BlockedLoop, ComputeDelay, Crash, FaultSpec
from sim.faults.how import Timing
from sim.scenario import Scenario
from sim.scenario.workload import IntentPlan
from sim.world.process import CURRENT_PROCESS, Process, ProcessLoop
from sim.world.process_client import ProcessClient

if TYPE_CHECKING:
    from sim.world.run import World

KINDS_OF_PROCESS: Final = (Crash, BlockedLoop, ComputeDelay)
_ALL: Final = -1
_STAGE: Final = "process"

Flow = tuple[IntentPlan, IntentSlot]


def concern_processes(faults: list[FaultSpec]) -> bool:
    """Tell whether a scenario needs processes that can die; without them a run pays nothing for the possibility."""
    return any(isinstance(fault, KINDS_OF_PROCESS) for fault in faults)


def run_apart(spec: Scenario) -> bool:
    """Tell whether each intent of a scenario runs in a process of its own, which hears nobody else's answers."""
    return spec.isolation == "intent" and concern_processes(spec.faults)


class Processes:
    """Hold the processes of one world.  :meth:`attach` once the world is wired."""

    def __init__(self, until_us: int) -> None:
        self.loop = ProcessLoop(self._suspended)
        self.awaits: dict[int, int] = {}
        """Suspensions so far, by intent."""
        self._until_us = until_us
        self._ids = count(1)
        self._live: dict[int, Process] = {}
        self._dead: list[Process] = []
        self._at_work: list[Any] = []
        """Executors whose flow is over while tasks of theirs are not: what they hold is not lost, the run only ends."""
        self._flows: dict[int, dict[int, Flow]] = {}
        self._crashes: list[tuple[Crash, Timing, frozenset[int]]] = []
        self._blocks: list[tuple[BlockedLoop, Timing]] = []
        self._thinks: list[tuple[ComputeDelay, Timing, Leg | None, Leg | None]] = []
        self._twins: dict[int, IntentSlot] = {}
        self._world: World

    def attach(self, world: World, seed: int) -> ProcessClient:
        """Take up the world's faults, make their appointments, and return the client that boots."""
        self._world = world
        self._write_process = world.trace.writer("process")
        self._write_outage = world.trace.writer("outage")
        for spec, timing in world.injector.of_kind("crash"):
            assert isinstance(spec, Crash)
            self._crashes.append((spec, timing, frozenset(spec.how.script or ())))
            for number, (opened_us, _) in enumerate(timing.edges_us or ()):
                self.loop.at_us(opened_us, self._strike, spec, timing, number)
        for spec, timing in world.injector.of_kind("blocked_loop"):
            assert isinstance(spec, BlockedLoop)
            self._blocks.append((spec, timing))
        for spec, timing in world.injector.of_kind("compute_delay"):
            assert isinstance(spec, ComputeDelay)
            before, after = (
                Leg(law, seed, f"{spec.name}.{name}", 0.0) if law is not None else None
                for name, law in (("before", spec.before), ("after", spec.after))
            )
            self._thinks.append((spec, timing, before, after))
        self._client = self.new_client()
        return self._client

    def new_client(self) -> ProcessClient:
        """Return the client of a new process."""
        world = self._world
        return ProcessClient(
            world.gateway,
            world.scenario.rules,
            world.scenario.client.timeout_s,
            self._ids.__next__,
            self._think if self._thinks else None,
        )

    # -- flows ----------------------------------------------------------------------------------------

    def begin(self, plan: IntentPlan, slot: IntentSlot) -> None:
        """Start an intent's flow in its process, or note what a dead process misses."""
        number = slot.number if self._world.scenario.isolation == "intent" else _ALL
        process = self._live.get(number)
        if process is None:
            process = self._live[number] = self._first(number)
        self._flows.setdefault(number, {})[slot.number] = (plan, slot)
        if process.alive:
            self._start(process, slot, self._world.live(plan, slot, process.executor))
        else:
            self._world.missed(plan, slot)

    def executor_of(self, slot: IntentSlot) -> Any:
        """Return who acts for an intent now, None while its process is dead."""
        number = slot.number if self._world.scenario.isolation == "intent" else _ALL
        process = self._live.get(number)
        return process.executor if process is not None and process.alive else None

    def _first(self, number: int) -> Process:
        """Return a process as it is after boot: it shares what booting brought, and stores for itself."""
        world = self._world
        if number == _ALL:
            return Process(number, world.store, world.executor)
        store: dict[str, str] = {}
        return Process(number, store, world.new_executor(self._client, store))

    def _start(self, process: Process, slot: IntentSlot, flow: Any) -> None:
        context = copy_context()
        context.run(CURRENT_PROCESS.set, process)
        context.run(CURRENT_INTENT.set, slot)
        self._world.follow(self.loop.create_task(flow, name=f"intent-{slot.number}", context=context), slot)

    def ended(self, slot: IntentSlot) -> None:
        """Forget a flow that is over, and its process if nothing else runs in it."""
        number = slot.number if self._world.scenario.isolation == "intent" else _ALL
        self._flows.get(number, {}).pop(slot.number, None)
        self.awaits.pop(slot.number, None)
        if number != _ALL:
            self._flows.pop(number, None)
            process = self._live.pop(number, None)
            if process is not None and not all(task.done() for task in process.tasks):
                self._at_work.append(process.executor)
        self._twins.pop(slot.number, None)

    # -- crashes --------------------------------------------------------------------------------------

    def _suspended(self, process: Process, slot: IntentSlot) -> None:
        """Count an await, and let the process die there if a crash says so."""
        if slot.number < 0 or not process.alive:
            return
        k = self.awaits[slot.number] = self.awaits.get(slot.number, 0) + 1
        now = self.loop.now_us
        if not self._crashes or slot.settling or now >= self._until_us:
            return
        for spec, timing, script in self._crashes:
            if timing.edges_us is not None or not _concerns(spec, slot.symbol):
                continue
            rate = spec.how.rate
            if k in script or (rate and timing.uniform(mix(slot.number, k)) < rate):
                self._crash(process, spec, slot.number, f"at await {k}")
                return

    def _strike(self, spec: Crash, timing: Timing, number: int) -> None:
        """Kill every living process with the rate of the window or burst that opens."""
        how = spec.how
        rate = how.window.rate if how.window is not None else how.burst.rate if how.burst is not None else 1.0
        for process in list(self._live.values()):
            flows = self._flows.get(process.number, {})
            if process.number != _ALL and all(slot.settling for _, slot in flows.values()):
                continue
            if flows and not any(_concerns(spec, slot.symbol) for _, slot in flows.values()):
                continue
            if process.alive and timing.uniform(mix(process.number + 1, number)) < rate:
                self._crash(process, spec, process.number, "while it waited")

    def _crash(self, process: Process, spec: Crash, intent: int, where: str) -> None:
        now = self.loop.now_us
        back_us = now + round(spec.restart_s * 1e6)
        process.alive = False
        self._dead.append(process)
        self._world.injector.record(spec.name, f"crash {where}", None, intent=intent, at_us=now, stage=_STAGE)
        self._write_process(("crashed", process.number, now))
        self._write_outage(("dead process", process.number, now, back_us))
        for _, slot in self._flows.get(process.number, {}).values():
            self._world.abandon(slot)
        self.loop.at_us(back_us, self._restart, process)

    def _restart(self, dead: Process) -> None:
        """Boot a new process in the dead one's place, and end or resume in it what the dead one had begun."""
        world = self._world
        flows = self._flows.get(dead.number, {})
        if dead.number != _ALL and not flows:
            return
        self._write_process(("restarted", dead.number, self.loop.now_us))
        executor = world.new_executor(self.new_client(), dead.store)
        process = self._live[dead.number] = Process(dead.number, dead.store, executor)
        owner = world.house if dead.number == _ALL else next(iter(flows.values()))[1]
        context = copy_context()
        context.run(CURRENT_PROCESS.set, process)
        context.run(CURRENT_INTENT.set, owner)
        boot = self.loop.create_task(self._boot(executor), name=f"reboot-{dead.number}", context=context)
        told: set[str] = set()
        for plan, slot in flows.values():
            # What the process believes of a symbol can be one flow's only.
            mine = plan.symbol not in told
            told.add(plan.symbol)
            self._start(process, slot, world.resumed(plan, slot, executor, boot, told=mine))

    async def _boot(self, executor: Any) -> Mapping[str, float]:
        symbols = sorted(self._world.venue.paths)
        try:
            await executor.prepare(symbols)
            recover = getattr(executor, "recover", None)
            return {} if recover is None else dict(await recover(symbols))
        except Exception:  # noqa: BLE001 - whatever its client raises: a process that cannot boot knows nothing
            return {}

    def dispose(self) -> None:
        """Clear away the dead, whose ``finally`` blocks run now and reach nothing: no venue, no record."""
        heard = sys.unraisablehook
        # A finally that goes on awaiting is told off by the interpreter, once its frame is taken away.
        sys.unraisablehook = lambda _: None
        try:
            for process in self._dead:
                process.dispose()
            self._dead.clear()
            gc.collect()
        finally:
            sys.unraisablehook = heard

    def heard(self, hook: Callable[[Event], None]) -> Callable[[Event], None]:
        """Return ``hook`` deaf for the dead."""

        def hear(event: Event) -> None:
            process = CURRENT_PROCESS.get()
            if process is None or process.alive:
                hook(event)

        return hear

    # -- standing still and thinking ------------------------------------------------------------------

    def effects(self, request: Request, arrives_us: int) -> list[Effect]:
        """Block the sender's loop if a fault says so; then answer as the run's injector does."""
        for spec, timing in self._blocks:
            if spec.match.matches(request) and timing.fires(request, request.sent_us):
                self._block(spec, request)
        return self._world.injector.effects(request, arrives_us)

    def _block(self, spec: BlockedLoop, request: Request) -> None:
        process = CURRENT_PROCESS.get()
        if process is None:
            return
        now = self.loop.now_us
        until_us = now + round(spec.for_s * 1e6)
        self._world.injector.record(spec.name, "loop blocked", request, at_us=now, stage=_STAGE)
        self._write_process(("blocked", process.number, now))
        process.blocked_until_us = max(process.blocked_until_us, until_us)
        self.loop.at_us(until_us, self._released, process)

    def _released(self, process: Process) -> None:
        if process.alive and self.loop.now_us >= process.blocked_until_us:
            self._write_process(("released", process.number, self.loop.now_us))

    async def _think(self, method: str, path: str, params: dict[str, Any]) -> int:
        """Let the think time before a request pass, and return that after its reply (µs)."""
        slot = CURRENT_INTENT.get()
        now = self.loop.now_us
        if slot is None or slot.number < 0 or slot.settling or now >= self._until_us:
            return 0
        # A slot of its own counts these calls: the request that follows must not be counted twice.
        twin = self._twins.get(slot.number)
        if twin is None:
            twin = self._twins[slot.number] = IntentSlot(
                slot.number, slot.symbol, slot.direction, slot.account
            )
        call = Request(0, twin, role_of(method, path, params, slot.direction), method, path, params, now)
        before_us = after_us = 0
        for spec, timing, *legs in self._thinks:
            if not spec.match.matches(call) or not timing.fires(call, now):
                continue
            drawn = [_cut(spec, leg.sample_us(call.key, now)) if leg is not None else 0 for leg in legs]
            before_us, after_us = before_us + drawn[0], after_us + drawn[1]
            self._world.injector.record(
                spec.name, "thinking", None, slot.number, call.role, call.call, call.n, now, _STAGE
            )
            self._write_process(("delayed", slot.number, now))
        if before_us:
            await asyncio.sleep(before_us / 1e6)
        return after_us


def _cut(spec: ComputeDelay, drawn_us: int) -> int:
    return round(min(max(drawn_us, spec.least_ms * 1000), spec.most_ms * 1000))


def _concerns(spec: Crash, symbol: str) -> bool:
    return spec.match.symbol is None or spec.match.symbol == symbol
