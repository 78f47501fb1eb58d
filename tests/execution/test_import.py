"""What importing the production code brings with it."""

from __future__ import annotations

import subprocess
import sys

import sim.execution

PROBE = """
import asyncio, sys, time
before = set(sys.modules)
started = time.process_time()
import sim.execution
took_s = time.process_time() - started
from sim.execution import *
print(took_s)
print(*sorted(name.partition(".")[0] for name in set(sys.modules) - before))
print(*sorted(name for name in sys.modules if name.startswith("sim.")))
"""


def test_importing_the_production_code_loads_nothing_but_the_standard_library() -> None:
    """Neither the simulator nor any third-party package comes along, and it is quick."""
    output = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, timeout=60
    ).stdout.splitlines()
    took_s, roots, ours = float(output[0]), set(output[1].split()), output[2].split()
    assert took_s < 0.030
    assert roots - set(sys.stdlib_module_names) == {"sim"}
    assert {name.split(".")[1] for name in ours} == {"execution"}


def test_every_public_name_exists() -> None:
    """The list of public names is what can be imported, and an unknown name is an error."""
    for name in sim.execution.__all__:
        assert getattr(sim.execution, name) is not None
    assert set(sim.execution.__all__) <= set(dir(sim.execution))
    assert not hasattr(sim.execution, "no_such_name")
