"""Run a campaign: ``python -m tests.campaigns NAME [--seeds N] [--jobs 2] [--minutes M]``.

``safe``: every scenario under the hardened policy, and what the baselines break there.  ``ablation``: the same
without one safeguard at a time.  Rows are kept in ``.campaigns``; a campaign that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.campaigns import ablation, everywhere
from tests.campaigns.ledger import Ledger

CAMPAIGNS = {"safe": everywhere, "ablation": ablation}


def main(words: list[str]) -> int:
    """Run what is missing of a campaign and print its table; 1 when the hardened policy broke a rule."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    parser.add_argument("name", choices=CAMPAIGNS)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=1e6)
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--show", action="store_true", help="run nothing, print what there is")
    asked = parser.parse_args(words)
    campaign = CAMPAIGNS[asked.name]
    ledger = Ledger(asked.name)
    only = [name for name in asked.only.split(",") if name]
    if not asked.show:
        seeds = range(asked.first, asked.first + asked.seeds)
        until_s = time.monotonic() + asked.minutes * 60
        ledger.extend(campaign.all_cases(only), seeds, jobs=asked.jobs, until_s=until_s)
    text, clean = campaign.report(ledger.rows())
    print(text)
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
