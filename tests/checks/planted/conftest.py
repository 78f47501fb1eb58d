"""Make the planted bugs importable: test folders are no packages."""

import sys
from pathlib import Path

_CHECKS = str(Path(__file__).parents[1])
if _CHECKS not in sys.path:
    sys.path.append(_CHECKS)
