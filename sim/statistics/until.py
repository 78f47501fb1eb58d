"""Stop sampling when an interval is narrow enough, without fooling oneself by looking often (pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sim.errors import InputError
from sim.statistics.interval import Interval


@dataclass(frozen=True, slots=True)
class Look:
    """Hold one look: after how many clusters, at which confidence, and what was seen."""

    clusters: int
    confidence: float
    interval: Interval


@dataclass(slots=True)
class UntilWidth:
    """Run until an interval is narrower than ``width``, looking only at planned counts of clusters.

    ``looks``: the planned counts, rising.  Each look's interval has confidence 1 - (1 - confidence) / looks
    (Bonferroni), so that all of them together cover with ``confidence``, wherever one stops and why.
    """

    width: float
    looks: tuple[int, ...]
    confidence: float = 0.95
    seen: list[Look] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.width > 0.0:
            raise InputError("width", self.width, "a width above 0")
        if not self.looks or any(b <= a for a, b in zip(self.looks, self.looks[1:], strict=False)):
            raise InputError("looks", self.looks, "rising counts of clusters, at least one")

    @classmethod
    def doubling(cls, width: float, first: int, most: int, confidence: float = 0.95) -> UntilWidth:
        """Return looks at ``first`` clusters, then at each doubling, and last at ``most``."""
        looks = [first]
        while looks[-1] * 2 < most:
            looks.append(looks[-1] * 2)
        return cls(width, tuple(looks if most <= first else [*looks, most]), confidence)

    @property
    def look_confidence(self) -> float:
        """Return the confidence of each look's interval."""
        return 1.0 - (1.0 - self.confidence) / len(self.looks)

    @property
    def next_look(self) -> int:
        """Return the count of clusters of the next look; 0 when it is over."""
        return 0 if self.done else self.looks[len(self.seen)]

    @property
    def done(self) -> bool:
        """Tell whether the interval is narrow enough or no look is left."""
        return self.reached or len(self.seen) == len(self.looks)

    @property
    def reached(self) -> bool:
        """Tell whether the last interval seen is narrow enough."""
        return bool(self.seen) and self.seen[-1].interval.width <= self.width

    def look(self, interval_at: Callable[[float], Interval]) -> bool:
        """Take the next planned look, ``interval_at(confidence)`` giving the interval so far; return ``done``."""
        if self.done:
            raise InputError("look", len(self.seen) + 1, f"no more than the {len(self.looks)} planned")
        found = interval_at(self.look_confidence)
        self.seen.append(Look(self.next_look, self.look_confidence, found))
        return self.done
