"""Draw the storm's weather: which of the conditions that safeguards guard against exist in a run at all.

A run in which everything fails a little looks like every other one (swarm testing, failures.md B), and one in which
the stop is lost always hides what a lost entry would have shown.  So a seed draws one scene (market, workload and what
the venue grants, which exclude each other) and arms each fault by itself.  All of it is changes of ``storm.toml`` as
``--set`` takes them: the command of a run says it whole.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final

from sim.chance import Stream, key_of

STORM: Final = "storm"
FILE: Final = "tests/campaigns/storm.toml"
PATH: Final = str(Path(__file__).with_name("storm.toml"))


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Name a condition, how often it is drawn (a share for a fault, a weight for a scene), and what it changes.

    ``without`` names the faults that are not armed in a scene.
    """

    name: str
    often: float
    changes: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


FAULTS: Final = (
    Condition(name="acknowledgement lost", often=0.15, changes=("faults.ack_lost.how={script=[1]}",)),
    Condition(name="no code", often=0.15, changes=("faults.no_code.how.rate=0.3",)),
    Condition(name="entry errors", often=0.25, changes=("faults.entry_errors.how.rate=0.7",)),
    Condition(name="late", often=0.15, changes=("faults.late.how.rate=0.5",)),
    Condition(name="stops lost", often=0.15, changes=("faults.stops_lost.how.rate=1.0",)),
    Condition(name="stops refused", often=0.15, changes=("faults.stops_refused.how.rate=1.0",)),
    Condition(name="gone at once", often=0.15, changes=("faults.gone_at_once.how.rate=0.3",)),
    Condition(name="gone later", often=0.15, changes=("faults.gone_later.how.rate=0.3",)),
    Condition(name="told to wait", often=0.15, changes=("faults.told_to_wait.how.rate=0.02",)),
    Condition(
        name="killed for seconds",
        often=0.1,
        changes=("faults.killed.how.rate=0.03", "faults.killed.restart_s=1"),
    ),
    Condition(
        name="killed for a minute",
        often=0.1,
        changes=("faults.killed.how.rate=0.03", "faults.killed.restart_s=60"),
    ),
)

SCENES: Final = (
    Condition(name="calm", often=0.30),
    Condition(
        name="drop",
        often=0.14,
        changes=(
            'market.shock=[{kind="drift", at="09:30:00", pct_per_s=-0.1, for_s=40}]',
            "workload.first_s=1795",
            "workload.poisson_per_hour=1200",
        ),
    ),
    Condition(
        name="swings",
        often=0.14,
        changes=(
            'market.shock=[{kind="whipsaw", at="09:10:00", pct=1.0, over_s=9000, swings=15}]',
            "workload.poisson_per_hour=60",
            "workload.hold_s=900",
        ),
    ),
    Condition(
        name="re-entries",
        often=0.14,
        changes=(
            'isolation="account"',
            'market.shock=[{kind="whipsaw", at="09:05:00", pct=0.5, over_s=6000, swings=100}]',
            "workload.every_s=20",
            "workload.hold_s=19",
            "workload.sl_pct=0.0015",
            "workload.tp_pct=0.0015",
            "venue.gte_expiry_lag_s=20",
        ),
    ),
    Condition(
        name="little granted",
        often=0.14,
        # Each intent is a process of its own, which learns what the others used from the answers it gets alone: where
        # these are lost or say nothing, all of them together ask for more than is granted, and cannot know it.
        without=tuple(fault.name for fault in FAULTS),
        changes=(
            "limits.weight_per_min=45",
            "limits.retry_after=true",
            "workload.every_s=1",
            "workload.hold_s=45",
        ),
    ),
    Condition(
        name="crowd",
        often=0.14,
        changes=("limits.service_ms=30", "limits.queue_most=1", "workload.every_s=0.001"),
    ),
)


def drawn(seed: int) -> list[Condition]:
    """Return what exists in the run ``seed``: one scene, then the faults; each is keyed by its name alone."""
    stream = Stream(seed, STORM)
    edges = list(accumulate(scene.often for scene in SCENES))
    scene = SCENES[bisect_right(edges, stream.uniform(key_of("scene")) * edges[-1])]
    armed = (fault for fault in FAULTS if stream.uniform(key_of(fault.name)) < fault.often)
    return [scene, *(fault for fault in armed if fault.name not in scene.without)]


def weather(seed: int) -> tuple[str, ...]:
    """Return the changes of ``storm.toml`` that make the run ``seed``."""
    return tuple(change for condition in drawn(seed) for change in condition.changes)
