"""Compose the page of a comparison: what is said, drawn and tabulated, in the order it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from sim.fidelity.level import LEVELS, MINUTES, SECONDS, Level
from sim.fidelity.measure import Fidelity
from sim.fidelity.pictures import (
    chosen,
    crossing_pictures,
    extremes_pictures,
    forest_picture,
    moves_picture,
)
from sim.fidelity.printing import frame_lines, label_of, ratio_lines, sign_lines, sources_in, tape_lines
from sim.fidelity.ratios import LEAST_EPISODES, MEASURED
from sim.fidelity.runs import DELAY_S, EVERY_S, HOLD_S, LEG_P50_MS, LEG_P99_MS
from sim.report.printing import printed, printed_range
from sim.report.sections import Section

TITLE: Final = "How near is each path to the real seconds?"
STORY: Final = (
    "A one-minute bar does not say what happened inside it. Where the seconds are known, each way of filling bars is "
    "given the minutes made from them and held against what they really did. Every number is a ratio, model over real: "
    "1 is the truth."
)
_HEADLINES: Final = (
    ("moves beyond x in t", 10.0, 8.0, "moves beyond 10 bps within 8 s"),
    ("moves beyond x in t", 0.5, 1.0, "moves of more than half the bar's range within 1 s"),
    (
        "squared return at the crossing over the bar's",
        20.0,
        None,
        "volatility in the second of a stop's crossing, over its bar's",
    ),
    ("beyond the stop one step later", 20.0, None, "how far beyond a stop the price is one second later"),
    ("natural -2021 per entry", None, None, "-2021 that arise from the price"),
    ("refused for slippage per intent", None, None, "refusals of the guard"),
)
_SIGNED: Final = (
    ("moves beyond x in t", "moves beyond 10 bps in 8 s"),
    ("moves beyond x in t", "moves beyond 0.5 ranges in 1 s"),
    ("steps without a move", ""),
    ("extremes at the beginning", ""),
    ("extremes at the end", ""),
    (
        "squared return at the crossing over the bar's",
        "squared return at the crossing over the bar's, stop 20",
    ),
    ("beyond the stop one step later", "beyond the stop one step later, stop 20"),
    ("natural -2021 per entry", ""),
    ("refused for slippage per intent", ""),
    ("stop slippage, execution part", ""),
)
_SIGNED_MINUTES: Final = (
    ("moves beyond x in t", "moves beyond 100 bps in 60 s"),
    ("moves beyond x in t", "moves beyond 0.5 ranges in 60 s"),
    ("extreme against the body first", ""),
    (
        "squared return at the crossing over the bar's",
        "squared return at the crossing over the bar's, stop 100",
    ),
    ("beyond the stop one step later", "beyond the stop one step later, stop 100"),
)


def fidelity_sections(result: Fidelity) -> list[Section]:
    """Return all sections of the page; levels and groups without a tape are left out."""
    sections: list[Section] = []
    if (result.table["level"] == SECONDS.name).any():
        sections += _seconds(result)
    if (result.table["level"] == MINUTES.name).any():
        sections.append(_minutes(result))
    if "basis" in result.extra:
        sections.append(_basis(result.extra["basis"]))
    sections.append(_dates(result))
    sections.append(_rests_on(result))
    return sections


def main_group(table: pd.DataFrame, level: Level) -> str:
    """Return the group that a level is drawn for: its calm dates, else all."""
    groups = set(table[table["level"] == level.name]["group"])
    return "calm" if "calm" in groups else "all"


def _seconds(result: Fidelity) -> list[Section]:
    table, group = result.table, main_group(result.table, SECONDS)
    others = [name for name in ("violent", "all") if (table["group"] == name).any() and name != group]
    rows = {
        section: chosen(table, SECONDS, group, section)
        for section in ("moves", "extremes", "crossings", "prints", "runs")
    }
    return [
        Section(
            id="moves",
            title="Moves",
            lead="How often the price is further than x away after t. Between prices at the ends of whole seconds, "
            "carried forward where nothing traded. In bps a move may cross into the next minutes; in ranges it stays "
            "inside its minute and is measured by that minute's high less low.",
            pictures=tuple(moves_picture(table, SECONDS, group, unit) for unit in ("bps", "ranges")),
            tables=(ratio_lines(rows["moves"], f"Moves, {group} dates"),),
        ),
        Section(
            id="extremes",
            title="Extremes",
            lead="An extreme lies in the first second whose own extreme is the minute's. Against the body first: the "
            "low first in minutes that rise, the high first in minutes that fall; minutes with both extremes in one "
            "second are counted apart.",
            pictures=tuple(extremes_pictures(result.profiles, SECONDS, group)),
            tables=(ratio_lines(rows["extremes"], f"Extremes, {group} dates"),),
        ),
        Section(
            id="crossings",
            title="At a stop's crossing",
            lead="One moment is drawn in every minute, the same for all sources; from the price then, stops stand "
            "below and above for half an hour. The crossing is the first later second with a print at or beyond the "
            "stop. Beyond the stop: how far the price is past it, 0 where it is back. Prints are compared where trades "
            "are recorded: the first at or beyond the stop, and last one second after it; elsewhere bars "
            "do not tell.",
            pictures=tuple(crossing_pictures(table, result.profiles, SECONDS, group)),
            tables=tuple(
                ratio_lines(rows[section], f"{title}, {group} dates")
                for section, title in (
                    ("crossings", "Crossings by seconds"),
                    ("prints", "Crossings by prints"),
                )
                if len(rows[section])
            ),
        ),
        _runs(rows["runs"], group),
        *(
            Section(
                id=f"seconds-{other}",
                title=f"All of it on {'all dates together' if other == 'all' else 'violent dates'}",
                lead="Counts decide what may be said: with fewer than "
                f"{LEAST_EPISODES} episodes that show the event a ratio is not measured, whatever its value.",
                tables=(
                    ratio_lines(chosen(table, SECONDS, other), f"Seconds inside minutes, {other} dates"),
                ),
            )
            for other in others
        ),
    ]


def _runs(rows: pd.DataFrame, group: str) -> Section:
    lead = (
        "The production code under d7 on the real seconds (recorded trades where there are any) and on every "
        "source over the minutes made from them: same intents, latencies and seeds, no fault. The bot is made "
        f"nervous so that there is something to count: an intent every {EVERY_S:g} s, held {HOLD_S:g} s at most, "
        f"ordered {DELAY_S:g} s after its decision over legs of {LEG_P50_MS:g} ms (median; p99 {LEG_P99_MS:g}), its "
        "stop half of the tape's median minute range away, its guard's limit that range, its least stop distance a "
        "twentieth of it. Impact is off."
    )
    if rows.empty:
        return Section(
            id="runs", title="Runs of the production code", lead=f"{lead} No tape was long enough."
        )
    return Section(
        id="runs",
        title="Runs of the production code",
        lead=lead,
        pictures=(forest_picture(f"runs-{group}", rows, f"{group} dates"),),
        tables=(ratio_lines(rows, f"Runs, {group} dates"),),
    )


def _minutes(result: Fidelity) -> Section:
    table = result.table
    found = set(table[table["level"] == MINUTES.name]["group"])
    groups = [name for name in ("violent", "calm") if name in found] or ["all"]
    shown = groups[0]
    return Section(
        id="minutes",
        title="One level up: minutes inside five minutes",
        lead="Seconds of violent hours are rare, minutes are not. The same comparison with bars of five minutes filled "
        "and held against their minutes: libraries come from other dates and symbols only.",
        pictures=(
            moves_picture(table, MINUTES, shown, "bps"),
            moves_picture(table, MINUTES, shown, "ranges"),
            *extremes_pictures(result.profiles, MINUTES, shown),
            *crossing_pictures(table, result.profiles, MINUTES, shown),
        ),
        tables=tuple(
            ratio_lines(chosen(table, MINUTES, group), f"Minutes inside five minutes, {group} dates")
            for group in groups
        ),
    )


def _basis(frame: pd.DataFrame) -> Section:
    return Section(
        id="basis",
        title="The basis between mark and last",
        lead="The mark's distance from last in bps, as recorded and as the model makes it. The model of each row was "
        "fitted to another stretch than the one it is judged on.",
        tables=(frame_lines(frame, "Basis, bps"),),
    )


def _dates(result: Fidelity) -> Section:
    tables = []
    for level, keys in ((SECONDS, _SIGNED), (MINUTES, _SIGNED_MINUTES)):
        signs = result.signs[result.signs["level"] == level.name]
        if len(signs):
            tables.append(sign_lines(signs, keys, f"By date, {level.name}"))
    return Section(
        id="dates",
        title="Date by date",
        lead="With few dates the sign on each of them says more than an interval over all.",
        tables=tuple(tables),
    )


def _rests_on(result: Fidelity) -> Section:
    facts = [
        "The unit is the block of clock time (15 minutes of seconds, an hour of minutes), all symbols and seeds of "
        "that time together: a second seed is no second market, and symbols that crash together are one crash. Where a "
        "group holds ten dates or more, the date is the unit.",
        "Each ratio is (sum / sum) over (sum / sum); blocks are resampled with model and truth together, and the "
        "logarithm of the ratio is studentised.",
        f"Seeds of the paths: {', '.join(map(str, result.seeds))}. Stops stand at the same moments for all of them.",
        "Shapes, other hours: clock hours by turns are built from and judged on, and no bar within five minutes of a "
        "judged hour, of any symbol, is used (of minutes: blocks of five days, and a day). Other dates: nothing "
        "of the judged dates, the day before and the day after is used. The weights by which bars are likened were "
        "chosen on alternating hours of the two whole days of seconds, which are judged here as well. "
        "The library shipped with the package holds all of these tapes and is not what is judged here.",
        "Ticks are one unit of the last decimal that a tape's prices have.",
    ]
    if result.quick:
        facts.insert(0, "A quick look: only the beginning of few tapes, and few intents.")
    if result.missing:
        facts.append(f"Recordings that were not there: {', '.join(result.missing)}.")
    return Section(
        id="rests-on", title="What this rests on", facts=tuple(facts), tables=(tape_lines(result.tapes),)
    )


def verdict_of(result: Fidelity) -> list[str]:
    """Return the sentences at the top of the page: a few numbers that decide what a path is good for."""
    level = next(level for level in LEVELS if (result.table["level"] == level.name).any())
    group = main_group(result.table, level)
    rows = chosen(result.table, level, group)
    sentences = []
    for measure, x, lag, words in _HEADLINES:
        found = rows[(rows["measure"] == measure) & (rows["status"] == MEASURED)]
        if x is not None:
            found = found[found["x"] == x]
        if lag is not None:
            found = found[found["t_s"] == lag]
        told = [
            f"{label_of(str(row.source))} {printed(float(row.ratio))} ({printed_range(row.low, row.high)})"
            for source in sources_in(found)
            for row in _rows(found[found["source"] == source])
        ]
        if told:
            sentences.append(
                f"{words[0].upper()}{words[1:]}, model over real on {group} dates: {'; '.join(told)}."
            )
    return sentences or ["Nothing shows in enough episodes to be measured."]


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    yield from table.itertuples(index=False)


def doubts_of(result: Fidelity) -> list[str]:
    """Return what a reader must not overlook."""
    few = sorted(set(result.table[result.table["note"] != ""]["level"]))
    doubts = []
    if few:
        dates = int(result.table[result.table["note"] != ""]["dates"].max())
        doubts.append(
            f"Conditional on this tape: groups of {' and '.join(few)} hold fewer than ten dates (at most "
            f"{dates}). No interval there is said to exclude 1."
        )
    unmeasured = int((result.table["status"] != MEASURED).sum())
    if unmeasured:
        doubts.append(
            f"{printed(unmeasured)} of {printed(len(result.table))} rows of the table are not measured: fewer than "
            f"{LEAST_EPISODES} episodes of the real steps show the event."
        )
    return doubts


def tiles_of(result: Fidelity) -> list[tuple[str, str]]:
    """Return the counts under the verdict."""
    tapes = result.tapes
    seconds = tapes[tapes["level"] == SECONDS.name]
    minutes = tapes[tapes["level"] == MINUTES.name]
    return [
        (printed(len(seconds)), "tapes of real seconds"),
        (printed(int(seconds["bars"].sum())), "minutes judged by their seconds"),
        (printed(len(minutes)), "tapes of real minutes"),
        (printed(int(minutes["bars"].sum())), "five-minute bars judged by their minutes"),
        (printed(len(result.seeds)), "seeds of each path"),
    ]
