"""Let pytest collect scenario files, run ``async`` tests in virtual time, and hand out a simulated client.

Nothing of the simulator is imported before a test asks for it.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from sim.exchange.client import SimulatedClient
    from sim.testing.scenarios import ScenarioFile
    from sim.testing.virtual import VirtualTime
    from sim.testing.world import SimWorld

_PATTERN: Final = "*.scenario.toml"
_MARKERS: Final = (
    "sim(scenario=NAME, seed=N, set=[KEY=VALUE]): run this async test in virtual time; the words say in which world.",
    "sim_faults(KIND, role=..., nth=N, ...): let a fault strike the requests of this test's client.",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare which files are scenarios."""
    parser.addini(
        "sim_scenarios", "patterns of scenario files that are tests", type="args", default=[_PATTERN]
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect a scenario file."""
    if file_path.suffix != ".toml":
        return None
    from sim.testing.scenarios import ScenarioFile, is_scenario

    patterns: list[str] = parent.config.getini("sim_scenarios")
    if not is_scenario(file_path, parent.config.rootpath, patterns):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test marked ``sim``, or one that uses a world, on the virtual loop."""
    __tracebackhide__ = True
    given: dict[str, Any] = pyfuncitem.funcargs
    time: VirtualTime | None = given["sim_world"].time if "sim_world" in given else given.get("virtual_time")
    if time is None and pyfuncitem.get_closest_marker("sim") is None:
        return None
    function = _coroutine_function(pyfuncitem)
    if function is None:
        return None
    if time is None:
        from sim.testing.virtual import VirtualTime

        time = VirtualTime()
    wanted = {name: given[name] for name in pyfuncitem._fixtureinfo.argnames}
    time.run(function(**wanted), [pyfuncitem.module.__name__])
    return True


def _coroutine_function(item: pytest.Function) -> Any:
    """Return the test's own coroutine function; another plugin may have wrapped it to run on a loop of its own."""
    for function in (item.obj, getattr(item.obj, "__wrapped__", None)):
        if inspect.iscoroutinefunction(function):
            return function
    return None


@pytest.fixture
def sim_world(request: pytest.FixtureRequest) -> SimWorld:
    """Give an exchange in virtual time: its client, and the truth about positions, orders, requests and faults."""
    from sim.errors import InputError
    from sim.testing.faults import fault_word
    from sim.testing.world import SimWorld

    said = request.node.get_closest_marker("sim")
    try:
        return SimWorld(
            # Decorators are applied from below: the last one is the first marker.
            faults=[
                fault_word(*marker.args, **marker.kwargs)
                for marker in reversed(list(request.node.iter_markers("sim_faults")))
            ],
            **_words(said.args, said.kwargs) if said is not None else {},
        )
    except InputError as error:
        refusal = str(error)
    pytest.fail(refusal, pytrace=False)


def _words(args: tuple[Any, ...], said: dict[str, Any]) -> dict[str, Any]:
    from sim.errors import unknown_name

    for name in said:
        if name not in ("scenario", "seed", "set"):
            raise unknown_name("sim", name, "a word of the marker", ("scenario", "seed", "set"))
    named = dict(said)
    if "set" in named:
        named["overrides"] = named.pop("set")
    if args:
        named["scenario"] = args[0]
    return named


@pytest.fixture
def simulated_client(sim_world: SimWorld) -> SimulatedClient:
    """Give the client of this test's exchange; it speaks as python-binance's ``AsyncClient`` does."""
    return sim_world.client


@pytest.fixture
def virtual_time(request: pytest.FixtureRequest) -> VirtualTime:
    """Give the clock of this test: ``now_s``, and ``run`` for a coroutine; of its exchange where it has one."""
    if {"sim_world", "simulated_client"} & set(request.fixturenames):
        world: SimWorld = request.getfixturevalue("sim_world")
        return world.time
    from sim.testing.virtual import VirtualTime

    return VirtualTime()
