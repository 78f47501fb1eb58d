"""Bring scenarios, virtual time and a simulated client into a pytest suite.

``pip install`` registers :mod:`sim.testing.plugin`; it acts on scenario files, on tests marked ``sim`` and on tests
that ask for its fixtures, and on nothing else.  :class:`SimWorld` is what the fixtures give, :func:`virtual` runs a
coroutine without them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.testing.virtual import virtual
    from sim.testing.world import SimWorld

__all__ = ["SimWorld", "virtual"]

_HOMES = {"SimWorld": "sim.testing.world", "virtual": "sim.testing.virtual"}


def __getattr__(name: str) -> Any:
    # pytest imports this package wherever it is installed: suites that do not use it must not pay for it.
    if name not in _HOMES:
        raise AttributeError(
            f"module 'sim.testing' has no attribute {name!r}; it offers {', '.join(__all__)}"
        )
    return getattr(importlib.import_module(_HOMES[name]), name)
