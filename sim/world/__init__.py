"""Wire one run and run it to a bounded end."""

from sim.world.run import RunRecord, World

__all__ = ["RunRecord", "World"]
