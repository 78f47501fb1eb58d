"""Say how much a hunt may do: so many seconds, or so many scripts."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from time import monotonic
from typing import Final

from sim.errors import InputError

_WRITTEN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)?")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Budget:
    """Bound a hunt: wall-clock seconds, or scripts; a number of scripts cuts off at the same one every time."""

    seconds: float = math.inf
    scripts: float = math.inf

    @classmethod
    def read(cls, text: str) -> Budget:
        """Read "60s", "10m", "2h" or a bare number of scripts; raise InputError for anything else."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None or not float(found[1]) or (found[2] is None and "." in found[1]):
            raise InputError("--budget", text, 'a time like "60s", "10m", "2h", or a number of scripts')
        if found[2] is None:
            return cls(scripts=int(found[1]))
        return cls(seconds=float(found[1]) * _SECONDS[found[2]])

    def share(self, of: int) -> Budget:
        """Return one of so many equal parts."""
        return Budget(seconds=self.seconds / of, scripts=self.scripts // of)


class Clock:
    """Tell whether a budget is used up."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._began_s = monotonic()
        self.scripts = 0
        """Scripts run so far."""

    @property
    def is_over(self) -> bool:
        """Tell whether no further round may begin."""
        return self.scripts >= self._budget.scripts or self.spent_s >= self._budget.seconds

    @property
    def spent_s(self) -> float:
        """Return the wall-clock seconds since the hunt began."""
        return monotonic() - self._began_s

    def allowed(self, wanted: int) -> int:
        """Return how many of ``wanted`` scripts a round may still run."""
        return int(min(wanted, self._budget.scripts - self.scripts))
