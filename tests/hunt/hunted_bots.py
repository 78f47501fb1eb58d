"""Hunt every bot and print what came of it: ``python -m tests.hunt.hunted_bots [NAME …] [--depth 2] [--jobs 2]``."""

from __future__ import annotations

import argparse
import logging
from dataclasses import dataclass
from statistics import median
from typing import Final

from sim.hunt import Budget, Finding, hunt
from tests.hunt.bots_roster import BOTS, Bot

BUDGET_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Hunted:
    """State what a hunt of one bot came to; ``shown`` is the finding that names its defect, None without one."""

    bot: Bot
    spent_s: float
    scripts: int
    shown: Finding | None
    others: tuple[Finding, ...]

    @property
    def is_right(self) -> bool:
        """Tell whether a defect was found and told, or a sound bot left alone."""
        return self.shown is not None if self.bot.defect else not self.others


def hunted(bot: Bot, *, depth: int = 1, jobs: int = 1) -> Hunted:
    """Hunt one bot within the budget, at least as deep as its defect lies."""
    depth = max(depth, len(bot.shown_by))
    found = hunt(bot.bracket(), depth=depth, budget=Budget(seconds=BUDGET_S), jobs=jobs, crashes=False)
    shown = next((one for one in found.findings if points_at(bot, one)), None)
    return Hunted(
        bot=bot,
        spent_s=found.spent_s,
        scripts=found.scripts,
        shown=shown,
        others=tuple(one for one in found.findings if one is not shown),
    )


def points_at(bot: Bot, finding: Finding) -> bool:
    """Tell whether a finding is the bot's defect: the rule it breaks, where the code went wrong if that is known."""
    if not bot.defect or finding.cause.check != bot.check:
        return False
    return all(text in finding.words for text in bot.said if text.endswith(".py")) and bool(finding.script)


def told(one: Hunted) -> str:
    """Say one hunt in a line, and its finding in another."""
    name = f"{one.bot.name:<16} {one.spent_s:6.1f} s {one.scripts:6d} scripts"
    if one.shown is None:
        return f"{name}  " + ("NOT FOUND" if one.bot.defect else f"sound, {len(one.others)} alarms")
    more = f", {len(one.others)} more findings" if one.others else ""
    size = f"{len(one.shown.script)} event(s), shrunk in {one.shown.runs} runs"
    return f"{name}  {size}{more}\n    defect: {one.bot.defect}\n    told:   {one.shown.words}"


def main() -> None:
    """Hunt the bots named, or all."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("names", nargs="*", help="bots to hunt (default: all)")
    reader.add_argument("--depth", type=int, default=1, help="events of a script at most")
    reader.add_argument("--jobs", type=int, default=1, help="processes")
    given = reader.parse_args()
    logging.disable(logging.CRITICAL)
    done = []
    for bot in BOTS:
        if not given.names or bot.name in given.names:
            done.append(hunted(bot, depth=given.depth, jobs=given.jobs))
            print(told(done[-1]), flush=True)
            for other in done[-1].others:
                print(f"    also:   {other.cause.text}: {other.words}")
    runs = [one.shown.runs for one in done if one.shown is not None]
    right = sum(one.is_right for one in done)
    print(f"{right} of {len(done)} right; median of {median(runs) if runs else 0:g} runs to shrink a finding")


if __name__ == "__main__":
    main()
