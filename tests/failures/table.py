"""The failures F01 to F44 (failures.md), each with what reproduces it, what catches it, and the figure to read.

A row is a shipped scenario or a variant of one, code that has the flaw (a shipped policy, or a bot of ``bots.py``), and
a measure.  Its test demands that the figure is not 0: the failure shows, and something sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import bots
from figures import (
    Figure,
    Measure,
    believes_for_long,
    both,
    broken,
    ended,
    errors_of_the_run,
    fired_off_mark,
    gap,
    lost_beyond,
    met,
    refused,
    smaller_than_believed,
    stopped_within,
    turned_away,
)

from sim.experiment import Result, run_scenario
from sim.world.code_under_test import ExecutorFactory

QUIET = "calm_baseline"


@dataclass(frozen=True, kw_only=True)
class Row:
    """State one failure.  ``changes`` are ``key=value`` texts laid over the scenario; ``bot`` replaces the executor."""

    id: str
    what: str
    scenario: str
    caught_by: str
    measure: Measure
    policy: str = "d7"
    bot: ExecutorFactory | None = None
    changes: tuple[str, ...] = ()
    intents: int = 60

    @property
    def code(self) -> str:
        """Name the code that has the flaw."""
        return self.policy if self.bot is None else f"{getattr(self.bot, '__name__', self.bot)} (bots.py)"

    def run(self) -> Result:
        """Run it."""
        return _run(self.scenario, self.policy, self.changes, self.intents, self.bot)

    def figure(self) -> Figure:
        """Return what was seen."""
        return self.measure(self.run())


@lru_cache(maxsize=8)
def _run(
    scenario: str, policy: str, changes: tuple[str, ...], intents: int, bot: ExecutorFactory | None
) -> Result:
    made = {} if bot is None else {"executor_factory": bot}
    return run_scenario(scenario, policy, seed=1, intents=intents, overrides=changes, **made)


def fault(kind: str, **keys: object) -> str:
    """Return the override that replaces the scenario's faults by one; values are TOML text."""
    stated = {"name": '"planted"', "kind": f'"{kind}"', **keys}
    if kind == "code":
        del stated["kind"]
    return "faults=[{ " + ", ".join(f"{key} = {value}" for key, value in stated.items()) + " }]"


ALWAYS = "{ rate = 1.0 }"
FIRST = "{ script = [1] }"
SECOND = "{ script = [2] }"
ENTRY, STOP = '{ role = "entry" }', '{ role = "sl" }'

ROWS: tuple[Row, ...] = (
    Row(id="F01", what="The entry fills and its stop never rests", scenario="throttle_not_exempt",
        caught_by="I03", measure=broken("I03"), intents=160),
    Row(id="F02", what="The price is through the stop, and the chase never catches it", scenario="drop_after_entry",
        caught_by="I03", measure=both(broken("I03"), gap("recovery_2021_share_claimed", "recovery_2021_share_true")),
        changes=("workload.every_s=8",), intents=500),
    Row(id="F03", what="An unknown outcome is booked as a failure", scenario="double_trap_no_code",
        caught_by="I14", measure=broken("I14")),
    Row(id="F04", what="A blind resend makes a second position", scenario="double_trap",
        caught_by="I01", measure=broken("I01")),
    Row(id="F05", what="The venue throttles when exits matter", scenario="cascade_1010", policy="legacy-entry",
        caught_by="I03", measure=broken("I03"), intents=160),
    Row(id="F06", what="Stops are refused from one day to the next", scenario="halt_and_gap",
        caught_by="I03", measure=refused(-4120, "sl"), intents=200),
    Row(id="F07", what="A stop is cancelled and its replacement refused", scenario=QUIET, bot=bots.CancelsFirst,
        changes=(fault("code", code=-2021, how=SECOND, match=STOP),), caught_by="I17", measure=broken("I17")),
    Row(id="F08", what="An accepted stop is gone a second later", scenario="paper_stop",
        caught_by="I03", measure=broken("I03")),
    Row(id="F09", what="Retries end in a ban, with positions open", scenario="ban_spiral",
        caught_by="I10", measure=turned_away("418"), intents=300),
    Row(id="F10", what="The stop fires and does not fill", scenario="stop_fired_unfilled",
        caught_by="I03", measure=broken("I03"), intents=120),
    Row(id="F11", what="The guard's verdict is old when the order leaves", scenario="lossy_network",
        caught_by="I04", measure=broken("I04"), intents=250),
    Row(id="F12", what="The guard is shown a price that is none", scenario="blind_guard",
        caught_by="I04", measure=broken("I04"), intents=280),
    Row(id="F13", what="Bars come late and the stop lives in memory", scenario="silent_stream",
        bot=bots.StopsByBars, changes=(fault("price", mode='"bar_late"', age_s="300", how=ALWAYS),),
        caught_by="I03 and losses beyond the risk", measure=both(lost_beyond(2), broken("I03"))),
    Row(id="F14", what="A target outlives its position and opens the other side", scenario="silent_stream",
        bot=bots.PlainTargets, changes=("faults=[]",), caught_by="I15", measure=broken("I15")),
    Row(id="F15", what="A close is refused for ever: there is nothing left to reduce", scenario=QUIET,
        bot=bots.ClosesForEver,
        changes=(fault("timeout", truth='"applied"', how=FIRST, match='{ role = "flatten" }'),),
        caught_by="I02", measure=refused(-2022)),
    Row(id="F16", what="An error in a 200 is booked as an order", scenario=QUIET, bot=bots.NoNewsIsGood,
        changes=(fault("error_in_200", code=-1001, applied="0.0", how=FIRST, match=STOP),),
        caught_by="I14", measure=broken("I14")),
    Row(id="F16b", what="The call that places the stop is never awaited", scenario=QUIET, bot=bots.ForgetsAwait,
        caught_by="L03", measure=errors_of_the_run(), intents=10),
    Row(id="F17", what="An acknowledgement without a price is skipped", scenario=QUIET, bot=bots.NeedsAPrice,
        changes=(fault("ack_only", how="{ rate = 0.5 }", match=ENTRY),), caught_by="I03", measure=broken("I03")),
    Row(id="F18", what="An order that does not show yet is taken for lost", scenario=QUIET, bot=bots.LooksOnce,
        changes=('faults=[{ name = "silent", kind = "timeout", truth = "applied", how = { script = [1] }, '
                 'match = { role = "entry" } }, { name = "fog", kind = "read_lag", how = { rate = 1.0 }, '
                 'min_s = 5, max_s = 10 }]',),
        caught_by="I01", measure=broken("I01")),
    Row(id="F19", what="A live stop is looked for at the wrong endpoint", scenario=QUIET, bot=bots.AsksTheWrongPlace,
        changes=('rules="2025-12-09"',), caught_by="I14", measure=broken("I14")),
    Row(id="F20", what="-4116 for one's own retry is booked as a refusal", scenario=QUIET, bot=bots.RetriesAnyway,
        changes=(fault("timeout", truth='"applied"', how=FIRST, match=STOP),),
        caught_by="I14", measure=broken("I14")),
    Row(id="F21", what="The private stream dies in silence", scenario="silent_stream",
        caught_by="time from exit to knowing it", measure=believes_for_long(60), intents=230),
    Row(id="F22", what="One flag stands for all legs of the bracket", scenario="broken_bracket",
        bot=bots.OneFlagForAll, caught_by="I03", measure=broken("I03"), intents=90),
    Row(id="F23", what="The stop is nearer than the noise", scenario=QUIET, changes=("workload.sl_pct=0.0011",),
        caught_by="share stopped out within 60 s", measure=stopped_within(60), intents=400),
    Row(id="F24", what="The stop watches last, its owner the mark", scenario="wick_and_basis", bot=bots.WatchesLast,
        caught_by="fills off the mark", measure=fired_off_mark(), intents=330),
    Row(id="F25", what="A missing target closes a protected position", scenario=QUIET,
        changes=("execution.flatten_when_unprotected=true",
                 fault("code", code=-4164, how="{ rate = 0.3 }", match='{ role = "tp" }')),
        caught_by="outcome flattened", measure=ended("flattened")),
    Row(id="F26", what="The stop stands beyond the liquidation price", scenario=QUIET,
        changes=("workload.sl_pct=0.09", "workload.leverage=20"), caught_by="I06", measure=broken("I06")),
    Row(id="F27", what="Margin is short, and the same order is sent again", scenario=QUIET, policy="legacy-sltp",
        changes=("account.wallet=100",), caught_by="I13", measure=broken("I13")),
    Row(id="F28", what="A cancel meets a fill", scenario="silent_stream", bot=bots.DiesOfRaces,
        changes=("faults=[]",), caught_by="L02", measure=broken("L02")),
    Row(id="F29", what="An entry fills in part, and its owner counts what he asked for", scenario=QUIET,
        changes=(fault("partial_fill", how="{ rate = 0.5 }", match=ENTRY),), caught_by="entries smaller than booked",
        measure=smaller_than_believed()),
    Row(id="F30", what="The process dies in mid-bracket", scenario="crash_and_count",
        caught_by="I03", measure=broken("I03"), intents=150),
    Row(id="F31", what="A price is sent off tick", scenario=QUIET, bot=bots.SendsFloats,
        caught_by="I19", measure=broken("I19")),
    Row(id="F32", what="A trailing distance is sent in other units", scenario=QUIET, bot=bots.TrailsInBasisPoints,
        caught_by="I03", measure=broken("I03")),
    Row(id="F33", what="The book is beyond the price band", scenario=QUIET,
        changes=('market.shock=[{ kind = "basis", at = 300, bps = -700, for_s = 1200 }]',),
        caught_by="refusals with -4131", measure=refused(-4131)),
    Row(id="F34", what="Stops pile up until the cap", scenario=QUIET, bot=bots.LeavesStops,
        changes=('isolation="account"', "workload.hold_s=20", "workload.sl_pct=0.05", "workload.tp_pct=0.08"),
        caught_by="I16", measure=refused(-4045), intents=160),
    Row(id="F35", what="A second close-position stop is refused", scenario=QUIET, bot=bots.ReplacesWithTwo,
        caught_by="I17", measure=refused(-4130)),
    Row(id="F36", what="Legs are below the least notional", scenario=QUIET, bot=bots.SplitsTargets,
        caught_by="I19", measure=refused(-4164)),
    Row(id="F37", what="The clock drifts, and every signed call fails", scenario="clock_walk",
        caught_by="refusals with -1021", measure=refused(-1021), intents=230),
    Row(id="F38", what="Silence after sending is treated like a failed connection", scenario="lossy_network",
        policy="legacy-sltp", caught_by="I11", measure=broken("I11"), intents=250),
    Row(id="F39", what="The network is down for a minute", scenario=QUIET,
        changes=(fault("network_down", how="{ window = { at = 600, for_s = 300 } }"),),
        caught_by="outcomes not_filled and unresolved",
        measure=ended("not_filled", "unresolved"), policy="legacy-entry"),
    Row(id="F40", what="A closed venue is knocked at like an open one", scenario="halt_and_gap",
        policy="legacy-sltp", caught_by="requests in the halt", measure=met("maintenance"), intents=200),
    Row(id="F41", what="A crowd comes at the close of the bar, and again after the same wait",
        scenario="bar_close_herd", caught_by="-1008 and load", measure=turned_away("-1008"), intents=400),
    Row(id="F42", what="A blocking call stands in the event loop", scenario=QUIET,
        changes=(fault("blocked_loop", for_s="10", how="{ rate = 0.2 }", match=ENTRY),),
        caught_by="I03", measure=broken("I03")),
    Row(id="F43", what="A refusal that cannot change is sent again", scenario=QUIET, policy="legacy-sltp",
        changes=(fault("code", code=-4061, how=ALWAYS, match=ENTRY, sticky="true"),),
        caught_by="I13", measure=broken("I13")),
    Row(id="F44", what="One unknown answer hides two outcomes", scenario=QUIET, bot=bots.SendsBatches,
        changes=(fault("batch_partial", applied="0.5", how="{ rate = 0.5 }"),),
        caught_by="I14", measure=broken("I14")),
)  # fmt: skip
