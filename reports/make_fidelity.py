"""Write the committed table of how near each path source is to the real seconds.

Run it after a change that moves paths (``make fidelity``); it reads the recordings beside the project.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sim.cli import main

TARGET = Path(__file__).parent / "fidelity"

if __name__ == "__main__":
    sys.exit(main(["fidelity", "--out", str(TARGET), *sys.argv[1:]]))
