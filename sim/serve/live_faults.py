"""Hold the faults of a venue that is being served: the scenario's, and those armed and taken away meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.exchange.effects import STAGES, Effect
from sim.exchange.request import Request
from sim.faults import FaultInjector, FaultSpec
from sim.market import PricePath
from sim.trace import Trace


class LiveFaults:
    """Fire whatever is armed until ``until_us``; ``standing`` is the injector of the scenario's own faults.

    A fault that is armed later has an injector of its own: it shifts neither the draws nor the counts of another.
    """

    def __init__(
        self,
        specs: Sequence[FaultSpec],
        seed: int,
        epoch_us: int,
        until_us: int,
        trace: Trace,
        paths: Mapping[str, PricePath],
    ) -> None:
        def injector_of(faults: Sequence[FaultSpec]) -> FaultInjector:
            return FaultInjector(faults, seed, epoch_us, until_us, trace, paths)

        self._injector_of = injector_of
        self.standing = injector_of(specs)
        self._specs = {spec.name: spec for spec in specs}
        self._armed: dict[str, FaultInjector] = {}
        self._taken_away: set[str] = set()

    def arm(self, spec: FaultSpec) -> None:
        """Let a fault happen from now on; a script counts from here, a window from the run's start."""
        self._specs[spec.name] = spec
        self._armed[spec.name] = self._injector_of([spec])

    def disarm(self, name: str) -> None:
        """Let a fault happen no more; KeyError for a name that is not armed."""
        del self._specs[name]
        if self._armed.pop(name, None) is None:
            self._taken_away.add(name)

    @property
    def specs(self) -> list[FaultSpec]:
        """List the armed faults in the order in which they were armed."""
        return list(self._specs.values())

    def effects(self, request: Request, arrives_us: int) -> list[Effect]:
        """Return the effects of all faults that fire on ``request``, in stage order."""
        fired = self.standing.effects(request, arrives_us)
        if fired and self._taken_away:
            fired = [effect for effect in fired if effect.fault not in self._taken_away]
        if self._armed:
            for injector in self._armed.values():
                fired += injector.effects(request, arrives_us)
            fired.sort(key=lambda effect: STAGES.index(effect.stage))
        return fired
