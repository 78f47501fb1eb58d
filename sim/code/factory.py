"""Make the code under test of a run from a scenario's ``[code]`` table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.code.chance import chance_of
from sim.code.clients import FENCED, check_installed
from sim.code.endless import endless_loops_cut
from sim.code.executor import CodeExecutor, ResumingExecutor
from sim.code.leaving import exits_caught
from sim.code.lines import lines_of
from sim.code.parts import Parts
from sim.code.threads import threads_inline
from sim.code.tree import Tree
from sim.errors import InputError
from sim.execution.events import Hook
from sim.execution.policy_store import PolicyStore
from sim.scenario import LoadedScenario
from sim.scenario.code_spec import CodeSpec
from sim.world.code_under_test import ExecutorFactory, event_driven

if TYPE_CHECKING:
    from sim.world.run import World


class CodeFactory:
    """Be the executor factory for code of the user's, and say what a run of it needs around it."""

    def __init__(self, spec: CodeSpec, base_dir: Path) -> None:
        check_installed(spec.client)
        self.spec = spec
        self.tree = Tree(_roots(spec, base_dir), spec.stubs, spec.modules)
        self.modules: tuple[str, ...] = ("sim.execution", *FENCED.get(spec.client, ()), *spec.modules)
        """What the fence must look into besides."""
        # Whether the user's executor has a way back after a crash is known once it was made.
        self._recovers = spec.executor is None and spec.flow is None

    def __call__(
        self, client: Any, policy: PolicyStore, hooks: tuple[Hook, ...], store: dict[str, str]
    ) -> CodeExecutor:
        """Return an executor; the user's modules are executed when it is first used, inside the run."""

        def new_parts(symbols: Sequence[str]) -> Parts:
            # A process that comes back starts with modules as they are when they were never run.
            self.tree.forget()
            return Parts(self.spec, self.tree, client, policy, hooks, store, list(symbols))

        kind = ResumingExecutor if self._recovers else CodeExecutor
        return kind(new_parts, self.spec.arguments, self._built)

    def _built(self, parts: Parts) -> None:
        owner = parts.executor if parts.executor is not None or parts.flow is not None else parts.ours
        self._recovers = hasattr(owner, "recover")

    @contextmanager
    def around(self, world: World) -> Iterator[None]:
        """Hold what a run of this code lives in; entered inside the fence."""
        with (
            self.tree.open(),
            chance_of(world.seed),
            threads_inline(world.loop),
            lines_of(world.loop, world.trace.writer("log"), world.logger),
            exits_caught(),
            endless_loops_cut(),
        ):
            yield


def _roots(spec: CodeSpec, base_dir: Path) -> list[Path]:
    roots = spec.roots(base_dir)
    if spec.app_dir is not None and not roots[0].is_dir():
        raise InputError("code.app_dir", spec.app_dir, f"a folder; {roots[0]} is none")
    return roots


def factory_of(spec: CodeSpec, base_dir: str | Path = ".") -> CodeFactory:
    """Return the executor factory for a ``[code]`` table; ``base_dir`` is what its ``app_dir`` counts from.

    Hand it to :func:`sim.experiment.run_scenario` or :class:`sim.world.World` as ``executor_factory``.  Raises
    InputError for a folder or library that is not there; what is wrong with a part is raised by the run that uses it.
    """
    return CodeFactory(spec, Path(base_dir))


_KNOWN: Final[dict[tuple[str, Path], CodeFactory]] = {}
_MOST_KNOWN: Final = 64


def factory_for(loaded: LoadedScenario, otherwise: ExecutorFactory = event_driven) -> ExecutorFactory:
    """Return the factory of a scenario's ``[code]``, the same one for each of its runs; ``otherwise`` without one."""
    spec = loaded.scenario.code
    if spec is None:
        return otherwise
    key = (spec.model_dump_json(), loaded.base_dir)
    if key not in _KNOWN:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[key] = factory_of(spec, loaded.base_dir)
    return _KNOWN[key]
