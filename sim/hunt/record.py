"""Put a hunt into plain records: one for each finding, and what was covered, and what was not."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.hunt.alphabet import OUTCOMES
from sim.hunt.cause import Cause
from sim.hunt.hunting import Hunt
from sim.hunt.script import as_plain, strikes_on
from sim.scenario.files import shown_path

STATES = ("no position", "naked", "covered")


def findings_of(hunt: Hunt, saved: Mapping[Cause, Path], policy: str, seed: int) -> list[dict[str, Any]]:
    """Return one record for each finding, most money first; ``saved`` says where its scenario was written."""
    records = []
    for found in hunt.findings:
        path = saved.get(found.cause)
        command = ""
        if path is not None:
            words = ["sim", "run", shown_path(path), "--policy", policy, "--seed", str(seed)]
            command = shlex.join(words)
        records.append(
            {
                "check": found.cause.check,
                "where": found.cause.where,
                "outcome": found.cause.outcome,
                "frame": found.cause.frame,
                "words": found.words,
                "stake_quote": found.stake,
                "events": as_plain(found.script),
                "told": [event.told for event in found.script],
                "also_broken": sorted({one.check for one in found.seen.broken} - {found.cause.check}),
                "shrinking_runs": found.runs,
                "alike": found.alike,
                "phase": found.phase,
                "on": found.on,
                "scenario": "" if path is None else shown_path(path),
                "command": command,
            }
        )
    return records


def covered(hunt: Hunt) -> list[dict[str, Any]]:
    """Return outcome × call of the clean run, with scripts by position; calls that other runs made come after."""
    met = hunt.coverage.met
    calls = dict.fromkeys(asked.call.name for asked in hunt.clean.calls)
    calls.update(dict.fromkeys(call for _, call, _ in met))
    return [
        {
            "call": call,
            "outcome": outcome.name,
            **{state: met[outcome.name, call, state] for state in STATES},
        }
        for call in calls
        for outcome in OUTCOMES
    ]


def not_reached(hunt: Hunt) -> list[str]:
    """Say in sentences what the hunt has not looked at."""
    lines = []
    for level in hunt.levels:
        if not level.is_whole:
            lines.append(
                f"Of {level.there:,} scripts of {level.title}, {level.there - level.run:,} were not run: "
                "the budget was used up."
            )
    left = hunt.coverage.left_out
    if left:
        names = ", ".join(f"{call} ({count:,})" for call, count in sorted(left.items(), key=_most)[:8])
        lines.append(
            "Calls beyond the reach of a script or repeated reads were not struck, by how often: "
            + names
            + "."
        )
    able = {
        (strike.outcome, asked.call.name) for asked in hunt.clean.calls for strike in strikes_on(asked.call)
    }
    reached = {(outcome, call) for outcome, call, _ in hunt.coverage.met}
    never = sorted(f"{outcome} on {call}" for outcome, call in able - reached if call not in left)
    if never:
        lines.append("Never struck, though the run without events makes the call: " + "; ".join(never) + ".")
    if hunt.known:
        lines.append(
            f"The run without any event breaks {', '.join(sorted(hunt.known))}; scripts were judged by the other rules."
        )
    return lines


def _most(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def record_of(hunt: Hunt, findings: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a hunt as one JSON object; ``facts`` say what was hunted."""
    return {
        **facts,
        "alphabet": [
            {"outcome": one.name, "stands_for": one.stands_for, "told": one.told} for one in OUTCOMES
        ],
        "levels": [
            {
                "scripts_of": level.title,
                "events": level.events,
                "there": level.there,
                "run": level.run,
                "struck_nothing": level.idle,
                "broke": level.broke,
                "known_from_another": level.known,
            }
            for level in hunt.levels
        ],
        "scripts": hunt.scripts,
        "median_shrinking_runs": hunt.median_runs if hunt.findings else None,
        "rules_of_conduct_broken_without_events": list(hunt.practice),
        "findings": list(findings),
        "covered": covered(hunt),
        "not_reached": not_reached(hunt),
    }
