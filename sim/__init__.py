"""Simulate order execution on a venue that misbehaves the way the real one does.

    import sim
    result = sim.run("quickstart", policy="d7", seed=1, intents=200)
    result.recovery

Names load when they are first used (PEP 562): ``sim.execution`` is production code and must be importable
without pandas and simpy, which every import of a part of this package would otherwise bring along.  Their types
stand in ``__init__.pyi``, so that no import, not even one for type checkers, points from here into the rooms.
"""

import importlib
from typing import Any, Final

__version__ = "0.1.0"

_HOMES: Final = {
    "Comparison": "sim.experiment",
    "InputError": "sim.errors",
    "Result": "sim.experiment",
    "SimError": "sim.errors",
    "check": "sim.api",
    "compare": "sim.api",
    "load": "sim.api",
    "run": "sim.api",
}

__all__ = [
    "Comparison",
    "InputError",
    "Result",
    "SimError",
    "__version__",
    "check",
    "compare",
    "load",
    "run",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'sim' has no attribute {name!r}; it offers {', '.join(__all__)}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
