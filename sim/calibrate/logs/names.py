"""Let only so many names into a table: damaged lines make up new ones without end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

LONGEST_NAME: Final = 200
"""Letters; what is longer is no name."""


@dataclass(slots=True)
class Names:
    """Hold the first ``most`` names; every later one is called ``rest``, and ``refused`` counts how often.

    Empty names are let through: they stand for what a line does not say.
    """

    most: int
    rest: str = "others"
    refused: int = 0
    _known: set[str] = field(default_factory=lambda: {""})

    def of(self, name: str) -> str:
        """Return ``name`` itself, or :attr:`rest` for one too many or too long."""
        if name in self._known:
            return name
        if len(self._known) <= self.most and len(name) <= LONGEST_NAME:
            self._known.add(name)
            return name
        self.refused += 1
        return self.rest
