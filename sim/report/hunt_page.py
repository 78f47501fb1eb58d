"""Make the page of a hunt: findings by money at stake, each with its story, and what was covered and what was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sim.experiment import run_scenario
from sim.report.page import render_page
from sim.report.plots import story as story_plot
from sim.report.plots.style import Picture, drawing
from sim.report.printing import Heading, PrintedTable, printed
from sim.report.sections import Section, Story, manifest_table
from sim.report.story import story_text
from sim.report.story_frames import story_frames
from sim.report.tape import tapes_of

MOST_STORIES: Final = 20
"""Findings that are told and drawn; all of them stand in the table."""

STATES: Final = ("no position", "naked", "covered")
_NESTED: Final = ("alphabet", "levels", "findings", "covered", "not_reached")


def write_hunt_page(record: Mapping[str, Any], folder: Path) -> Path:
    """Write ``index.html`` for the record of a hunt (``hunt.json``) into its folder, and return its path.

    The scenarios of the findings are run once more for their stories, so they must lie where the record says.
    """
    path = folder / "index.html"
    path.write_text(hunt_page(record), encoding="utf-8", newline="\n")
    return path


def hunt_page(record: Mapping[str, Any]) -> str:
    """Return the page of a hunt as HTML."""
    findings: Sequence[Mapping[str, Any]] = record["findings"]
    return render_page(
        title=f"What the hunt found: {record['title']}",
        name=f"{record['scenario']} · {record['policy']} · seed {record['seed']}",
        story=(
            f"One bracket, {record['side']} {record['symbol']}, worth {record['notional_quote']:,.2f} and held for "
            f"{record['hold_s']:g} s, was run under one script of faults and price moves after another."
        ),
        verdict=[_verdict(record)],
        doubts=[] if not record["not_reached"] else ["Not everything was reached: see below."],
        tiles=[
            (f"{record['scripts']:,}", "scripts"),
            (f"{len(findings)}", "findings"),
            (
                printed(max((one["stake_quote"] for one in findings), default=0.0), "quote"),
                "most at stake, quote",
            ),
            (printed(max((len(one["events"]) for one in findings), default=0)), "events, the longest script"),
        ],
        sections=_sections(record),
    )


def _verdict(record: Mapping[str, Any]) -> str:
    findings = record["findings"]
    whole = all(level["there"] == level["run"] for level in record["levels"])
    scope = "Every script asked for was run" if whole else "Not every script asked for was run"
    if not findings:
        return f"{scope}; none broke a rule."
    return f"{scope}; {len(findings)} defect{'s' if len(findings) > 1 else ''} found. The worst: {findings[0]['words']}"


def _sections(record: Mapping[str, Any]) -> list[Section]:
    findings = record["findings"]
    facts = {key: value for key, value in record.items() if key not in _NESTED}
    return [
        Section(
            id="findings",
            title="Findings",
            lead="By money at stake: what was lost against the run without events, or held without being known or "
            "covered. Each is one defect, shrunk to the fewest events, and opens into its story."
            if findings
            else "Nothing was found.",
            tables=(_findings_table(findings),) if findings else (),
            stories=tuple(_stories(findings)),
            again=tuple(one["command"] for one in findings if one["command"]),
        ),
        Section(
            id="covered",
            title="What was covered",
            lead="Scripts by outcome and call, by the position when the last outcome of the script struck: "
            "none / naked / covered; a dash is never.",
            tables=(_levels_table(record["levels"]), _covered_table(record["covered"])),
        ),
        Section(
            id="not-reached",
            title="What was not reached",
            lead="" if record["not_reached"] else "Nothing was left out of what was asked for.",
            facts=tuple(record["not_reached"]),
        ),
        Section(
            id="alphabet",
            title="The alphabet",
            lead="The outcomes that a call of a script can have; together they are the classes of failure there are.",
            tables=(_alphabet_table(record["alphabet"]),),
        ),
        Section(id="manifest", title="Manifest", tables=(manifest_table(facts),)),
    ]


def _texts(*names: str) -> tuple[Heading, ...]:
    return tuple(Heading(name=name, numeric=False) for name in names)


def _findings_table(findings: Sequence[Mapping[str, Any]]) -> PrintedTable:
    rows = tuple(
        (
            str(number),
            printed(one["stake_quote"], "quote"),
            one["check"],
            one["where"],
            one["outcome"],
            str(len(one["events"])),
            str(one["alike"]),
        )
        for number, one in enumerate(findings, start=1)
    )
    headings = (
        Heading(name="finding"), Heading(name="at stake", unit="quote"),
        *_texts("rule", "call", "outcome"), Heading(name="events"), Heading(name="scripts alike"),
    )  # fmt: skip
    return PrintedTable(title="Findings", headings=headings, rows=rows)


def _levels_table(levels: Sequence[Mapping[str, Any]]) -> PrintedTable:
    rows = tuple(
        (
            level["scripts_of"],
            *(f"{level[key]:,}" for key in ("there", "run", "known_from_another", "struck_nothing", "broke")),
        )
        for level in levels
    )
    names = ("there are", "judged", "known from another", "struck nothing", "broke a rule")
    counts = tuple(Heading(name=name) for name in names)
    return PrintedTable(title="Scripts", headings=(*_texts("of"), *counts), rows=rows)


def _covered_table(covered: Sequence[Mapping[str, Any]]) -> PrintedTable:
    outcomes = list(dict.fromkeys(cell["outcome"] for cell in covered))
    cells = {
        (cell["call"], cell["outcome"]): " / ".join(
            f"{cell[state]:,}" if cell[state] else "-" for state in STATES
        )
        for cell in covered
    }
    rows = tuple(
        (call, *(cells[call, outcome] for outcome in outcomes))
        for call in dict.fromkeys(cell["call"] for cell in covered)
    )
    return PrintedTable(title="Outcome × call × position", headings=_texts("call", *outcomes), rows=rows)


def _alphabet_table(alphabet: Sequence[Mapping[str, Any]]) -> PrintedTable:
    # Which code an outcome has depends on the call; the table speaks of all calls.
    rows = tuple(
        (one["outcome"], one["stands_for"], one["told"].replace(" with {code}", "")) for one in alphabet
    )
    return PrintedTable(
        title="Outcomes", headings=_texts("outcome", "class of failure", "the call …"), rows=rows
    )


def _stories(findings: Sequence[Mapping[str, Any]]) -> list[Story]:
    stories = []
    for number, one in enumerate(findings[:MOST_STORIES], start=1):
        if one["scenario"]:
            text, picture = _told(one["scenario"], number)
            summary = f"{number} · {printed(one['stake_quote'], 'quote')} quote at stake · {one['words']}"
            stories.append(Story(summary=summary, text=f"{one['command']}\n\n{text}", picture=picture))
    return stories


def _told(scenario: str, number: int) -> tuple[str, Picture]:
    result = run_scenario(scenario)
    frames = story_frames(result, 0, tapes_of(result))
    picture = drawing(
        f"story-finding-{number}",
        frames.title,
        story_plot.SIZE,
        lambda figure: story_plot.story(frames, figure),
    )
    return story_text(result, 0), picture
