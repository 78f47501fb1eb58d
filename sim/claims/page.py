"""Compose the page of the maps: what is said, drawn and tabulated, in the order it is read."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.claims import plots
from sim.claims.figures import OPEN, UNDEFINED
from sim.claims.maps import MAPS, RULES, ClaimMap
from sim.claims.words import facts_of, overview
from sim.report.plots.style import FULL, Picture, picture
from sim.report.sections import Section

TITLE: Final = "Where do the claims hold?"
STORY: Final = (
    "The seed document promises success rates without saying at which failure rate. Each promise is measured here over "
    "the two causes that decide it, under the executor it was made for (d7), under the hardened one (safe) and under "
    "the path that stood there before."
)
_KEY: Final = (
    "Numbers are per cent. A thick line runs where the measured figure crosses the claim; a dashed one where "
    "arithmetic says it does for d7; in hatched cells the interval holds the claim, so that the runs do not decide."
)
_WHAT: Final = {
    "success": "Success of placements under d7, safe and the path of before.",
    "reduction": "Failures fewer than the baseline's.",
    "within": "Intents that did not fill beyond the limit.",
}


def sections_of(figures: pd.DataFrame) -> list[Section]:
    """Return all sections of the page; maps of which nothing has run are left out."""
    parts = [(drawn, figures[figures["map"] == drawn.id]) for drawn in MAPS]
    return [*(_section(drawn, rows) for drawn, rows in parts if len(rows)), _rests_on(figures)]


def _section(drawn: ClaimMap, rows: pd.DataFrame) -> Section:
    first = rows[rows["rules"] == RULES[0]]
    return Section(
        id=drawn.id,
        title=drawn.title,
        lead=drawn.lead,
        pictures=tuple(_pictures(drawn, first)),
        tables=(overview(drawn, rows),),
        facts=tuple(facts_of(drawn, rows)),
    )


def _pictures(drawn: ClaimMap, rows: pd.DataFrame) -> list[Picture]:
    if drawn.figure == "seconds":
        return [
            picture(
                f"claim-{drawn.id}",
                "Seconds from the first attempt to the fifth failure of d7.",
                (FULL / 1.6, 3.2),
                lambda figure: plots.seconds_plot(drawn, rows, figure.add_subplot()),
            )
        ]
    if len(drawn.y.values) == 1:
        return [_policies_picture(drawn, rows)]
    found = [_maps_picture(drawn, rows)]
    if drawn.role == "sl":
        found.append(_naked_picture(drawn, rows))
    return found


def _maps_picture(drawn: ClaimMap, rows: pd.DataFrame) -> Picture:
    shown = [name for name in drawn.policies if not (drawn.figure == "reduction" and name == drawn.baseline)]

    def paint(figure: Figure) -> None:
        for place, policy in enumerate(shown):
            axes = figure.add_subplot(1, len(shown), place + 1)
            mine = _spread(drawn, rows, policy)
            plots.heat_map(drawn, mine, plots.SAID, _panel(drawn, policy), axes)
            _only_first(axes, place)

    return picture(
        f"claim-{drawn.id}", f"{_WHAT[drawn.figure]} {_KEY}", (FULL, 1.5 + 0.34 * len(drawn.y.values)), paint
    )


def _naked_picture(drawn: ClaimMap, rows: pd.DataFrame) -> Picture:
    def paint(figure: Figure) -> None:
        for place, policy in enumerate(drawn.policies):
            axes = figure.add_subplot(1, len(drawn.policies), place + 1)
            mine = _spread(drawn, rows, policy)
            plots.heat_map(drawn, mine, plots.NAKED, _panel(drawn, policy), axes, lined=False)
            _only_first(axes, place)

    caption = (
        "Mean seconds without a stop, of positions that were opened. An executor that closes a position it cannot "
        "protect places fewer stops and is naked for a shorter time."
    )
    return picture(f"claim-{drawn.id}-naked", caption, (FULL, 1.5 + 0.34 * len(drawn.y.values)), paint)


def _policies_picture(drawn: ClaimMap, rows: pd.DataFrame) -> Picture:
    panels = (
        (plots.SAID, "said: placed", True),
        (plots.TRUE, "so: exactly one order", True),
        (plots.DOUBLED, "filled twice", False),
    )

    def paint(figure: Figure) -> None:
        for place, (shown, title, marked) in enumerate(panels):
            axes = figure.add_subplot(1, len(panels), place + 1)
            plots.policy_map(drawn, _as_shown(rows, shown), shown, title, axes, marked=marked)
            _only_first(axes, place)

    return picture(f"claim-{drawn.id}", _KEY, (FULL, 1.4 + 0.34 * len(drawn.policies)), paint)


def _as_shown(rows: pd.DataFrame, shown: plots.Shown) -> pd.DataFrame:
    """Let the status speak of the column that is drawn."""
    if shown is not plots.TRUE:
        return rows
    holds = (rows["true_low"] < rows["claimed"]) & (rows["true_high"] >= rows["claimed"])
    return rows.assign(status=holds.map({True: OPEN, False: UNDEFINED}))


def _panel(drawn: ClaimMap, policy: str) -> str:
    return f"{policy} (before)" if policy == drawn.baseline else policy


def _only_first(axes: Axes, place: int) -> None:
    """Keep the names of rows at the first panel only."""
    if place:
        axes.set_yticklabels([])
        axes.set_ylabel("")


def _spread(drawn: ClaimMap, rows: pd.DataFrame, policy: str) -> pd.DataFrame:
    """Return a policy's rows; those of one that does not feel y stand in every row of the map."""
    mine = rows[rows["policy"] == policy]
    if policy not in drawn.flat:
        return mine
    return pd.concat([mine.assign(y=y) for y in sorted(set(rows["y"]))], ignore_index=True)


def _rests_on(figures: pd.DataFrame) -> Section:
    runs = figures.groupby("map")["runs"].agg(["min", "max"]) if len(figures) else pd.DataFrame()
    per_map = "; ".join(
        f"{name} {low} to {high}" if low != high else f"{name} {low}"
        for name, (low, high) in zip(runs.index, runs.to_numpy().tolist(), strict=True)
    )
    facts = (
        "Markets are straight lines and wires are constant, so that every other cause is out of the picture; twenty "
        "intents a run, each in an account of its own. What real prices and real latencies do to these figures is not "
        "shown here.",
        "The unit of every interval is a stretch of one run, never the intent: five minutes, which no burst here is "
        f"remembered for; of the chased stop, a second of the mark. Runs per point: {per_map}.",
        "The document's table mixes three paths in its column of before; each map names the one it is held against. "
        "Figures are all placements of the role, not only those that failed once: the claims' own arithmetic (1 - p⁵) "
        "is of all. Success of placements whose first attempt failed stands in the table as recovered.",
        f"Under rules {RULES[1]} every second value of each axis was run.",
        "Of d7 the tables count the points whose interval holds what arithmetic says: about 95 of 100 should.",
    )
    return Section(id="rests-on", title="What this rests on", facts=facts)
