"""Run real asyncio code and SimPy processes on one heap, in virtual time."""

from sim.clock.ends import Deadlock, EventLimit, Runaway
from sim.clock.fence import fenced
from sim.clock.handle import Handle
from sim.clock.loop import VirtualLoop
from sim.clock.memory_transport import MemoryTransport, PipedLoop, PipeName
from sim.clock.refusing import RealWorldCall
from sim.clock.runner import run_virtual

__all__ = [
    "Deadlock",
    "EventLimit",
    "Handle",
    "MemoryTransport",
    "PipeName",
    "PipedLoop",
    "RealWorldCall",
    "Runaway",
    "VirtualLoop",
    "fenced",
    "run_virtual",
]
