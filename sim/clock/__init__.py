"""Run real asyncio code and SimPy processes on one heap, in virtual time."""

from sim.clock.ends import Deadlock, EventLimit, Runaway
from sim.clock.fence import fenced
from sim.clock.handle import Handle
from sim.clock.loop import VirtualLoop
from sim.clock.refusing import RealWorldCall
from sim.clock.runner import run_virtual

__all__ = [
    "Deadlock",
    "EventLimit",
    "Handle",
    "RealWorldCall",
    "Runaway",
    "VirtualLoop",
    "fenced",
    "run_virtual",
]
