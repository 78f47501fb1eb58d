"""Look into market files before a run does: what they hold, what is odd, and how they load.

Parsing and rules are the loader's own: a file that this room calls sound is one the loader takes.
"""

from sim.market.inspect.findings import Finding, Limits, Place, SetReport, Ticks
from sim.market.inspect.report import inspect
from sim.market.inspect.sets import FileSet, sets_of

__all__ = ["FileSet", "Finding", "Limits", "Place", "SetReport", "Ticks", "inspect", "sets_of"]
