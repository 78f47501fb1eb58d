"""Say in sentences and tables what the maps show."""

from __future__ import annotations

from typing import Final

import pandas as pd

from sim.claims.figures import FAILS, HOLDS, OPEN, UNDEFINED
from sim.claims.maps import MAPS, RULES, ClaimMap
from sim.report.printing import MISSING, Heading, PrintedTable, printed, printed_range

_NOISE: Final = 1e-9
_LATER_RULES: Final = (
    f"Under rules {RULES[1]} the venue takes conditional orders at another door: every stop of d7 and of the path of "
    "before meets -4120, which arithmetic does not know."
)


def overview(drawn: ClaimMap, rows: pd.DataFrame) -> PrintedTable:
    """Return one row per rules and policy: how many points hold, fail and stay open, and the worst and best."""
    lines = []
    for rules in RULES:
        for policy in drawn.policies:
            mine = rows[(rows["rules"] == rules) & (rows["policy"] == policy)]
            known = mine[mine["figure"].notna()]
            if known.empty:
                continue
            counts = known["status"].value_counts()
            by_figure = known.sort_values("figure")
            lowest, highest = by_figure.iloc[0], by_figure.iloc[-1]
            unit = str(known["unit"].iloc[0])
            lines.append(
                (
                    rules,
                    policy,
                    drawn.baseline or MISSING,
                    printed(len(known)),
                    *(printed(int(counts.get(status, 0))) for status in (HOLDS, OPEN, FAILS)),
                    _with_interval(lowest, unit),
                    _with_interval(highest, unit),
                    _as_arithmetic(known),
                )
            )
    side = "s" if drawn.figure == "seconds" else "%"
    heads = (
        Heading(name="rules", numeric=False), Heading(name="policy", numeric=False),
        Heading(name="baseline", numeric=False), Heading(name="points"), Heading(name="hold"), Heading(name="open"),
        Heading(name="fail"), Heading(name="lowest", unit=side), Heading(name="highest", unit=side),
        Heading(name="as arithmetic says", unit="points"),
    )  # fmt: skip
    return PrintedTable(title=drawn.claim, headings=heads, rows=tuple(lines))


def _as_arithmetic(known: pd.DataFrame) -> str:
    told = known[known["arithmetic"].notna()]
    if told.empty:
        return MISSING
    near = (told["low"] - _NOISE <= told["arithmetic"]) & (told["arithmetic"] <= told["high"] + _NOISE)
    return f"{int(near.sum())} of {len(told)}"


def _with_interval(row: pd.Series, unit: str) -> str:
    return f"{printed(row['figure'], unit)} ({printed_range(row['low'], row['high'], unit)})"


def facts_of(drawn: ClaimMap, rows: pd.DataFrame) -> list[str]:
    """Return sentences a reader would otherwise have to read off the map: per policy, where the claim is met."""
    facts: list[str] = []
    if drawn.figure == "seconds":
        return facts
    for policy in drawn.policies[:2] if len(drawn.y.values) > 1 else drawn.policies:
        mine = rows[(rows["rules"] == RULES[0]) & (rows["policy"] == policy)]
        spans = []
        for y in sorted(set(mine["y"])):
            line = mine[(mine["y"] == y) & mine["figure"].notna()]
            held = line[line["figure"] >= drawn.claimed]["x"]
            spans.append((drawn.y.label(y), _span(drawn, held, line["x"])))
        if not spans:
            continue
        if len(drawn.y.values) == 1:
            facts.append(f"{policy}: said to be met {spans[0][1]}.")
        else:
            told = "; ".join(f"{label}: {span}" for label, span in spans)
            facts.append(f"{policy} meets it, by {drawn.y.name} ({drawn.y.unit}) — {told}.")
    facts += [_naked(rows, drawn), _LATER_RULES] if drawn.role == "sl" else []
    facts += [_doubled(rows)] if drawn.id == "silence" else []
    return facts


def _naked(rows: pd.DataFrame, drawn: ClaimMap) -> str:
    """Say how long positions stood without a stop, least and most over the map."""
    first = rows[rows["rules"] == RULES[0]]
    told = []
    for policy in drawn.policies:
        seconds = first[first["policy"] == policy]["naked_s"].dropna()
        if len(seconds):
            told.append(f"{policy} {printed(seconds.min())} to {printed(seconds.max())} s")
    return f"Mean time without a stop over the map: {', '.join(told)}."


def _doubled(rows: pd.DataFrame) -> str:
    """Say what d7 said, what was so, and how often it filled twice, from no order alive to all."""
    mine = rows[(rows["rules"] == RULES[0]) & (rows["policy"] == "d7")].sort_values("x")
    if mine.empty:
        return "d7 has not run."
    names = (("said", "figure"), ("exactly one order", "true_figure"), ("filled twice", "doubled"))
    told = (
        f"{name} {' · '.join(printed(share, 'share') for share in mine[column])} %" for name, column in names
    )
    return f"d7, from no order alive behind the silence to all: {'; '.join(told)}."


def _span(drawn: ClaimMap, held: pd.Series, all_of: pd.Series) -> str:
    if held.empty:
        return "nowhere"
    if len(held) == len(all_of):
        return "everywhere"
    met, all_x = sorted(held), sorted(all_of)
    if met == all_x[: len(met)]:
        return f"up to {drawn.x.label(met[-1])} {drawn.x.unit}"
    return f"at {', '.join(drawn.x.label(x) for x in met)} {drawn.x.unit}"


def verdict_of(figures: pd.DataFrame) -> list[str]:
    """Return the sentences at the top: of each claim, at how many points of its map it holds."""
    sentences = []
    for drawn in MAPS:
        for rules in RULES:
            mine = figures[
                (figures["map"] == drawn.id) & (figures["rules"] == rules) & (figures["policy"] == "d7")
            ]
            mine = mine[mine["status"] != UNDEFINED]
            if rules != RULES[0] and drawn.role != "sl":
                continue
            if len(mine):
                counts = mine["status"].value_counts()
                sentences.append(
                    f"{drawn.title} (d7 against {drawn.baseline or 'the log line'}, rules {rules}): holds at "
                    f"{int(counts.get(HOLDS, 0))} of {len(mine)} points, fails at {int(counts.get(FAILS, 0))}, "
                    f"undecided at {int(counts.get(OPEN, 0))}."
                )
    return sentences


def doubts_of(rows: pd.DataFrame) -> list[str]:
    """Return what should be known before the page is believed."""
    codes = rows["code"].nunique()
    found = []
    if codes > 1:
        found.append(f"These runs were made by {codes} states of the code.")
    fewest = (
        int(rows.groupby(["map", "rules", "policy", "x", "y"])["seed"].nunique().min()) if len(rows) else 0
    )
    if fewest < 10:
        found.append(f"Some points have {fewest} runs only: intervals from fewer than ten runs are rough.")
    return found
