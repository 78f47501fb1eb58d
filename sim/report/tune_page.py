"""Compose the page of a tuning from what its folder keeps: its evidence and its trials; nothing is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd
from matplotlib.figure import Figure

from sim.errors import InputError
from sim.experiment.store import read_json
from sim.report.page import render_page
from sim.report.plots import tuning as plots
from sim.report.plots.style import HALF, Picture, picture, rows_height
from sim.report.printing import Heading, PrintedTable, printed, printed_range
from sim.report.sections import Section
from sim.wording import counted

EVIDENCE: Final = "evidence.json"
TRIALS: Final = "trials.csv"
_PREFIX: Final = "execution."
_UNSAFE: Final = ("doubled", "unresolved", "naked")
_GOALS: Final = (
    ("loss_bps", "mean loss", "bps"),
    ("loss_cvar95_bps", "CVaR95", "bps"),
    ("naked_excess_quote_s", "naked", "quote·s"),
    ("missed_bps", "missed", "bps"),
)


def tune_page(folder: Path, name: str) -> tuple[str, list[Section]]:
    """Return a tuning's page, called ``name``, and its sections; raise InputError when the folder holds none."""
    facts, trials = _read(folder)
    try:
        return _page(name, facts, trials)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(str(folder / EVIDENCE), str(error), "evidence as sim tune writes it") from None


def overview(folder: Path) -> bytes:
    """Return four of the page's pictures as one PNG: front, history, knobs and assumptions."""
    facts, trials = _read(folder)
    found, baseline = facts["recommendation"], str(facts["baseline"])

    def paint(figure: Figure) -> None:
        axes = figure.subplots(2, 2)
        plots.front(trials, _points(found, facts), axes[0][0])
        plots.history(trials, axes[0][1])
        plots.knobs(_reach(facts, found), axes[1][0])
        plots.flips(_gains(found), baseline, axes[1][1])

    return picture("tuning", "Front, history, knobs and assumptions of a tuning.", (2 * HALF, 8.0), paint).png


def _read(folder: Path) -> tuple[Any, pd.DataFrame]:
    """Return a tuning's evidence and its trials, those on the front marked."""
    try:
        facts = read_json(folder / EVIDENCE)
        trials = pd.read_csv(folder / TRIALS)
    except FileNotFoundError as error:
        raise InputError("DIR", str(folder), f"a tuning's folder, with {error.filename}") from None
    except ValueError as error:
        raise InputError(str(folder / TRIALS), str(error), "trials as sim tune writes them") from None
    try:
        fronts = {one["trial"] for one in facts["front"]}
        return facts, trials.assign(on_front=trials["trial"].isin(fronts))
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(str(folder / EVIDENCE), str(error), "evidence as sim tune writes it") from None


def _page(name: str, facts: Any, trials: pd.DataFrame) -> tuple[str, list[Section]]:
    found, baseline = facts["recommendation"], str(facts["baseline"])
    sections = [
        Section(
            id="recommendation",
            title="The recommendation",
            lead="Held-out dates and seeds were not seen by the search. Differences are the recommendation less the "
            f"other: below 0 it loses less against the ideal executor. Baseline: {baseline}.",
            pictures=(_dates(found), *_shares(found)),
            tables=(_verdicts(found, facts), _values(found, facts)) if found else (),
            command=str(facts["command"]),
        ),
        Section(
            id="goals",
            title="The front",
            lead="Trials that no other complete trial beats in every goal: "
            + "; ".join(f"{name}, {text}" for name, text in facts["goals"].items())
            + ".",
            pictures=(_front(trials, found, facts), _history(trials)),
            tables=(_front_table(facts),),
        ),
        Section(
            id="sensitivity",
            title="Sensitivity",
            lead="Each knob moved alone over its declared range, the others held: before the search around the base, "
            "after it around the recommendation.",
            pictures=(_knobs(facts, found),),
        ),
        Section(
            id="flips",
            title="Assumptions",
            lead="The value of each assumed parameter at which the recommendation would stop being ahead, and the "
            "regret over the declared box.",
            pictures=(_flips(found, baseline),),
            tables=(_flip_table(found),) if found and found["flips"] else (),
            facts=_regret(found),
        ),
        Section(id="basis", title="What this rests on", facts=_facts(facts, found)),
    ]
    page = render_page(
        title=f"Tuning of {Path(str(facts['space']['base'])).stem} on {', '.join(map(str, facts['scenarios']))}",
        name=name,
        story="",
        verdict=[_verdict(found, baseline)],
        doubts=[],
        tiles=[
            *((printed(count), f"trials {state}") for state, count in facts["trials"].items()),
            (printed(facts["runs"]["search"]), "runs of the search"),
            (printed(facts["runs"]["hold_out"]), "runs held out"),
            (printed(facts["looks_at_held_out_data"]), "looks at held-out data"),
        ],
        sections=sections,
        first_tables=[table for table in (_first_shares(found), _first_flips(found)) if table.rows],
    )
    return page, sections


def _verdict(found: Any, baseline: str) -> str:
    if not found:
        return "Nothing is recommended: no trial kept within the space's [safety]."
    held = found["hold_out"]
    gap = held["difference_bps"]
    days = held["per_date"]
    shown = "; no difference is shown" if gap["low"] <= 0 <= gap["high"] else ""
    word = "less" if gap["value"] < 0 else "more"
    if gap["value"] == 0.0:
        return f"On dates the search never saw, trial {found['trial']} loses exactly as much as {baseline}."
    return (
        f"On dates the search never saw, trial {found['trial']} loses {printed(abs(gap['value']))} bps per intent "
        f"{word} than {baseline} (95 % interval {printed_range(gap['low'], gap['high'])}, "
        f"{counted(gap['clusters'], 'cluster')}), less on {sum(day['sign'] == '-' for day in days)} of "
        f"{counted(len(days), 'date')}{shown}."
    )


def _verdicts(found: Any, facts: Any) -> PrintedTable:
    rows = []
    base = Path(str(facts["space"]["base"])).stem
    for name, key in (
        (f"search, against {facts['baseline']}", "search"),
        (f"held out, against {facts['baseline']}", "hold_out"),
        (f"held out, against {base} untuned", "hold_out_against_base"),
    ):
        one = found[key]
        gap = one["difference_bps"]
        rows.append(
            (
                name,
                printed(one["recommended"]["loss_bps"]),
                printed(one["baseline"]["loss_bps"]),
                printed(gap["value"]),
                printed_range(gap["low"], gap["high"]),
                printed(gap["clusters"]),
                printed(gap["n"]),
                *(f"{one['recommended'][what]} / {one['baseline'][what]}" for what in _UNSAFE),
            )
        )
    headings = (
        Heading(name="on", numeric=False),
        Heading(name="loss", unit="bps"),
        Heading(name="the other's", unit="bps"),
        Heading(name="difference", unit="bps"),
        Heading(name="95 % interval"),
        Heading(name="clusters"),
        Heading(name="intents"),
        *(
            Heading(name=name, unit="intents, this / other")
            for name in ("doubled", "unresolved", "naked too long")
        ),
    )
    return PrintedTable(title="Loss against the ideal executor", headings=headings, rows=tuple(rows))


def _values(found: Any, facts: Any) -> PrintedTable:
    knobs = facts["space"]["knobs"]
    rows = []
    for key, value in found["point"].items():
        knob = knobs.get(key, {})
        wide = knob.get("choices") or [knob.get("low"), knob.get("high")]
        joined = ", ".join(map(str, wide)) if knob.get("choices") else " to ".join(map(str, wide))
        rows.append((key.removeprefix(_PREFIX), printed(value), joined))
    headings = (
        Heading(name="policy key", numeric=False), Heading(name="recommended"), Heading(name="searched", numeric=False)
    )  # fmt: skip
    return PrintedTable(title="Values", headings=headings, rows=tuple(rows))


def _front_table(facts: Any) -> PrintedTable:
    knobs = list(facts["space"]["knobs"])
    headings = (
        Heading(name="trial"),
        *(Heading(name=name, unit=unit) for _, name, unit in _GOALS),
        *(Heading(name=key.removeprefix(_PREFIX)) for key in knobs),
    )
    rows = []
    for one in facts["front"]:
        goals = [printed(one[goal]) for goal, _, _ in _GOALS]
        rows.append((str(one["trial"]), *goals, *(printed(one["point"][key]) for key in knobs)))
    base = facts["baseline_search"]
    rows.append(
        (str(facts["baseline"]), *(printed(base[goal]) for goal, _, _ in _GOALS), *("–" for _ in knobs))
    )
    return PrintedTable(title="Pareto front and baseline, search runs", headings=headings, rows=tuple(rows))


def _flip_table(found: Any) -> PrintedTable:
    headings = (
        Heading(name="assumption", numeric=False),
        Heading(name="taken as"),
        Heading(name="range"),
        Heading(name="what happens", numeric=False),
    )
    rows = tuple(
        (flip["name"], printed(flip["base"]), printed_range(flip["low"], flip["high"]), flip["text"])
        for flip in found["flips"]
    )
    return PrintedTable(title="Flip points", headings=headings, rows=rows)


def _first_shares(found: Any) -> PrintedTable:
    headings = (
        Heading(name="the gain comes from", numeric=False),
        Heading(name="gain", unit="bps per intent"),
    )
    rows = (
        [] if not found else [(part, printed(gain)) for part, gain in _parts(found).itertuples(index=False)]
    )
    return PrintedTable(title="Tape, shock, assumption", headings=headings, rows=tuple(rows))


def _first_flips(found: Any) -> PrintedTable:
    return PrintedTable(title="Flip points", headings=(), rows=()) if not found else _flip_table(found)


def _parts(found: Any) -> pd.DataFrame:
    split = found["shares"]
    names = (("tape_bps", "tape"), ("shock_bps", "declared shocks"), ("assumption_bps", "assumed faults"))
    return pd.DataFrame([(name, split[key]) for key, name in names], columns=["part", "gain"])


def _points(found: Any, facts: Any) -> pd.DataFrame:
    points = [{"name": facts["baseline"], **facts["baseline_search"]}]
    points += [{"name": "recommended", **found["search"]["recommended"]}] if found else []
    return pd.DataFrame(points)


def _front(trials: pd.DataFrame, found: Any, facts: Any) -> Picture:
    shown = _points(found, facts)
    caption = "A point is a trial on the search runs; unsafe: broke the space's [safety]; pruned: cut short."
    return picture(
        "front", caption, (HALF, 4.0), lambda figure: plots.front(trials, shown, figure.subplots())
    )


def _history(trials: pd.DataFrame) -> Picture:
    caption = "Mean loss of each trial, in the order in which they were made."
    return picture("history", caption, (HALF, 4.0), lambda figure: plots.history(trials, figure.subplots()))


def _reach(facts: Any, found: Any) -> pd.DataFrame:
    before = {one["knob"]: one["reach_bps"] for one in facts["sensitivity_before"]}
    after = {one["knob"]: one["reach_bps"] for one in found["sensitivity_after"]} if found else {}
    names = sorted(before, key=lambda name: -(before[name] or 0.0))
    return pd.DataFrame(
        {
            "knob": [name.removeprefix(_PREFIX) for name in names],
            "before": pd.Series([before[name] for name in names], dtype="float64"),
            "after": pd.Series([after.get(name) for name in names], dtype="float64"),
        }
    )


def _knobs(facts: Any, found: Any) -> Picture:
    reach = _reach(facts, found)
    caption = "Difference between the highest and the lowest mean loss over the knob's range, all else held."
    size = (HALF, rows_height(2 * len(reach), 2.2) + 0.3)
    return picture("knobs", caption, size, lambda figure: plots.knobs(reach, figure.subplots()))


def _gains(found: Any) -> pd.DataFrame:
    rows = []
    for flip in found["flips"] if found else ():
        width = (flip["high"] - flip["low"]) or 1.0
        label = f"{flip['name']}, {flip['low']:g} to {flip['high']:g}"
        rows += [(label, (place - flip["low"]) / width, gain) for place, gain in sorted(flip["gains"])]
    return pd.DataFrame(rows, columns=["name", "place", "gain"])


def _flips(found: Any, baseline: str) -> Picture:
    gains = _gains(found)
    caption = "The gain with one assumption moved over its range, on the same paired runs; below 0 the other is ahead."
    size = (HALF, 1.3 if gains.empty else 3.6)
    return picture("flips", caption, size, lambda figure: plots.flips(gains, baseline, figure.subplots()))


def _shares(found: Any) -> tuple[Picture, ...]:
    if not found:
        return ()
    parts = _parts(found)
    caption = "The gain with shocks and faults taken away one after the other; the three add up to all of it."
    return (picture("shares", caption, (HALF, 2.4), lambda figure: plots.shares(parts, figure.subplots())),)


def _dates(found: Any) -> Picture:
    rows = []
    for side, key in (("search", "search"), ("held out", "hold_out")):
        rows += (
            [(day["date"], day["difference_bps"], side) for day in found[key]["per_date"]] if found else []
        )
    days = pd.DataFrame(rows, columns=["date", "difference", "side"])
    caption = "Mean difference on each date: the days, not the intents, are what repeats."
    size = (HALF, rows_height(len(days), 2.2) + 0.3)
    return picture("dates", caption, size, lambda figure: plots.dates(days, figure.subplots()))


def _regret(found: Any) -> tuple[str, ...]:
    if not found or not found["regret"]:
        return ("No box of assumptions was declared, so no regret is known.",)
    regret = found["regret"]
    where = ", ".join(f"{name} = {value:.4g}" for name, value in regret["at"].items())
    return (
        f"Over {regret['points']} points of the declared box it loses at most {printed(regret['regret_bps'])} bps more "
        f"than the best policy there, at {where} (best there: {regret['best']}).",
    )


def _facts(facts: Any, found: Any) -> tuple[str, ...]:
    dates = facts["dates"]
    said = [
        f"Searched on {counted(len(dates['search']), 'date')}, judged on {len(dates['hold_out'])} others; "
        f"{len(dates['embargo'])} between them were left out.",
        "Losses are against the ideal executor (I1) on the same prices and latencies, per intent.",
        *(f"{str(note).rstrip('.')}." for note in facts["notes"]),
    ]
    if found:
        worst = found["plateau"]["worst_neighbour_bps"]
        near = "is not safe" if worst is None else f"loses {printed(worst)} bps"
        said.append(f"Plateau: the worst neighbour {near}.")
        note = found["hold_out"]["difference_bps"]["note"]
        said += [f"{note}."] if note else []
    return (*said, f"Study {facts['study']}, code {facts['code_sha256'][:12]}.")
