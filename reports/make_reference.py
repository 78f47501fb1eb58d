"""Write the committed reference report: what a run leaves behind, to be read without running anything.

Run it after a change that moves numbers (``make reference``) and say in the commit why they moved.
"""

from __future__ import annotations

from pathlib import Path

from sim.experiment import run_scenario
from sim.report import publish_brief

TARGET = Path(__file__).parent / "reference"


def main() -> None:
    """Run quickstart under d7 with seed 7 and 300 intents, and write page, summary and manifest."""
    publish_brief(run_scenario("quickstart", "d7", seed=7, intents=300), TARGET)
    print(TARGET)


if __name__ == "__main__":
    main()
