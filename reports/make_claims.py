"""Write the committed maps of where the seed document's claims hold.

``make claims`` runs what is missing of twenty seeds and rewrites page and tables; ``--seeds 40`` later adds to them.
Stopped at any moment it goes on there.  Runs that other code made are made anew, unless ``--any-code``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sim.claims import collect, publish_claims
from sim.sweep import cores

TARGET = Path(__file__).parent / "claims"


def main() -> None:
    """Run what is missing and write the folder."""
    parser = argparse.ArgumentParser(description="Map where the seed document's claims hold.")
    parser.add_argument("--seeds", type=int, default=20, help="seeds 1 to N of every point")
    parser.add_argument("--jobs", type=int, default=cores(), help="processes")
    parser.add_argument(
        "--any-code", action="store_true", help="keep runs that other code made; the page says so"
    )
    parser.add_argument(
        "--stop-after-s", type=float, default=float("inf"), help="begin nothing new after that"
    )
    chosen = parser.parse_args()

    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty() or done % 250 == 0:
            print(f"\r{done:,} of {total:,} points", end="", file=sys.stderr, flush=True)

    rows = collect(
        TARGET,
        range(1, chosen.seeds + 1),
        jobs=chosen.jobs,
        any_code=chosen.any_code,
        stop_after_s=chosen.stop_after_s,
        progress=tell,
    )
    publish_claims(rows, TARGET, command=f"python reports/make_claims.py --seeds {chosen.seeds}")
    print(TARGET)


if __name__ == "__main__":
    main()
