"""Make many short runs one after the other: what is the same around all of them is put up once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from sim.clock.fence import standing
from sim.world.code_under_test import OURS, ExecutorFactory, log_lines_to
from sim.world.run import World


class BareWorld(World):
    """Be a world without the trades that a perfect executor would have made, of which no check asks."""

    plays_shadows: ClassVar[bool] = False

    def take_apart(self) -> None:
        """Let a run's parts die at once, not by the collector; what is left of it is its record.

        World and venue are in nearly all cycles; to find them costs the collector more than their run's boot.
        """
        vars(self.venue).clear()
        vars(self).clear()


@contextmanager
def many_runs(factory: ExecutorFactory) -> Iterator[None]:
    """Keep the fence and the silence up over runs of one factory's executors, none of them with a logger."""
    with log_lines_to(None), standing(getattr(factory, "modules", OURS)):
        yield
