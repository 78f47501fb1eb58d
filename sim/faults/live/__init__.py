"""Let the faults that act on state act: what stands in a run's venue, reads, streams and clock for each kind."""

from sim.faults.live.install import StateFaults, install

__all__ = ["StateFaults", "install"]
