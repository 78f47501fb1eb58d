"""Write a tuning down: the policy file with its evidence in comments, the same for machines, trials, a picture."""

from __future__ import annotations

import csv
import json
import math
import re
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.execution.policy_file import FilePolicyStore
from sim.execution.policy_keys import PREFIX
from sim.experiment.store import MANIFEST, write_json
from sim.scenario import load_policy_named
from sim.statistics import Interval
from sim.tune.evidence import Verdict
from sim.tune.question import text_of
from sim.tune.score import GOALS
from sim.tune.search import STATES
from sim.tune.space import Value
from sim.tune.tuning import Recommendation, Tuning

RECOMMENDED = "recommended.toml"
EVIDENCE = "evidence.json"
TRIALS = "trials.csv"
_BARE = re.compile(r"^[A-Za-z0-9_-]+$")
_WIDTH = 110


def publish(tuning: Tuning, folder: Path) -> None:
    """Write everything into ``folder``; the policy file only when a point is recommended."""
    facts = evidence(tuning)
    write_json(folder / EVIDENCE, facts)
    write_json(
        folder / MANIFEST,
        {
            "command": tuning.command,
            "study": tuning.study,
            "storage": tuning.storage,
            "code_sha256": tuning.code_sha256,
            "space_sha256": tuning.space.sha256,
            "looks_at_held_out_data": tuning.looks,
        },
    )
    _write_trials(tuning, folder / TRIALS)
    if tuning.recommendation is not None:
        file = folder / RECOMMENDED
        file.write_text(policy_text(tuning, tuning.recommendation), encoding="utf-8")
        # What production could not load must not leave here.
        FilePolicyStore(file)


def policy_text(tuning: Tuning, found: Recommendation) -> str:
    """Return the recommended policy as a file: what was found, and every value in force."""
    base = load_policy_named(tuning.space.space.base)
    values: dict[str, Value] = {**base.store.values, **found.choice.point}
    lines = [f"# {line}".rstrip() for line in _wrapped(_comments(tuning, found))]
    lines += ["", f"[{PREFIX.rstrip('.')}]"]
    for key, value in values.items():
        name = key.removeprefix(PREFIX)
        shown = name if _BARE.match(name) else json.dumps(name)
        line = f"{shown} = {text_of(value)}"
        if key in found.choice.point:
            before = getattr(base.store.settings, name)
            line += "   # tuned" + (f", was {text_of(before)}" if before != value else ", unchanged")
        lines.append(line)
    return "\n".join(lines) + "\n"


def _comments(tuning: Tuning, found: Recommendation) -> Iterator[str]:
    space = tuning.space.space
    yield f"Found by: {tuning.command}"
    yield (
        f"Base {space.base}; trial {found.choice.number} of {len(tuning.trials)}; study {tuning.study}; code "
        f"{tuning.code_sha256[:12]}."
    )
    yield ""
    yield (
        "Loss against the ideal executor, bps of planned notional per intent; difference = this policy - "
        + (f"{tuning.baseline}:")
    )
    for name, one in (("search", found.search), ("held out", found.hold_out)):
        yield f"  {name}: {verdict_text(one, tuning.baseline)}"
    yield f"  held out, the base untuned: {verdict_text(found.untuned, Path(space.base).stem)}"
    yield f"  held-out data looked at {tuning.looks} time{'s' if tuning.looks != 1 else ''} under this study"
    for note in tuning.split.notes:
        yield f"  {note}"
    yield ""
    yield from evidence_lines(tuning, found)


def evidence_lines(tuning: Tuning, found: Recommendation) -> Iterator[str]:
    """Yield one line for each thing the recommendation rests on."""
    worst = found.choice.worst_bps
    shown = "is not safe" if math.isinf(worst) else f"loses {worst:.3f} bps"
    own = found.choice.score.loss_bps
    yield f"Plateau: the worst neighbour {shown}, the point itself {own:.3f} bps."
    for one in found.after:
        yield f"Sensitivity: {one.knob} alone moves the loss by {one.reach_bps:.3f} bps over its range."
    for flip in found.flips:
        yield f"Assumption {flip.name} (taken as {flip.base:g}): {flip.text}."
    if not found.flips:
        yield "Assumptions: none declared in the space, so none was varied."
    if found.regret is not None:
        where = ", ".join(f"{name} = {value:.4g}" for name, value in found.regret.at.items())
        yield (
            f"Regret over the declared box ({found.regret.points} points): at most {found.regret.regret_bps:.3f} bps, "
            f"at {where} (best there: {found.regret.best})."
        )
    split = found.shares
    yield (
        f"Gain on the search runs {split.gain_bps:+.3f} bps = tape {split.tape_bps:+.3f}, declared shocks "
        f"{split.shock_bps:+.3f}, assumed faults {split.assumption_bps:+.3f}."
    )


def verdict_text(one: Verdict, baseline: str) -> str:
    """Say a verdict in one line: both losses, the difference with its interval, and the days."""
    days = f"less on {one.better_dates} of {len(one.dates)} date{'s' if len(one.dates) != 1 else ''}"
    return (
        f"{one.recommended.loss_bps:.3f} against {one.baseline.loss_bps:.3f} of {baseline}: "
        f"{interval_text(one.difference)}; {days}; {one.recommended.intents} intents; doubled, unresolved "
        f"or naked too long: {one.recommended.unsafe} against {one.baseline.unsafe}"
    )


def interval_text(found: Interval) -> str:
    """Write a difference with its interval and what limits it."""
    note = f", {found.note}" if found.note else ""
    return f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f}; {found.clusters} clusters{note})"


def day_text(day: int) -> str:
    """Return a UTC day number as a date."""
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()


def evidence(tuning: Tuning) -> dict[str, Any]:
    """Return all that is known as JSON can hold it (no number: null)."""
    found = tuning.recommendation
    facts: dict[str, Any] = {
        "command": tuning.command,
        "scenarios": list(tuning.scenarios),
        "baseline": tuning.baseline,
        "goals": GOALS,
        "space": tuning.space.space.model_dump(mode="json"),
        "edge": None if tuning.edge is None else asdict(tuning.edge),
        "study": tuning.study,
        "code_sha256": tuning.code_sha256,
        "dates": {
            side: sorted({day_text(case.day) for case in getattr(tuning.split, side)})
            for side in ("search", "hold_out")
        }
        | {"embargo": [day_text(day) for day in tuning.split.dropped]},
        "runs": {"search": len(tuning.split.search), "hold_out": len(tuning.split.hold_out)},
        "notes": list(tuning.split.notes),
        "looks_at_held_out_data": tuning.looks,
        "trials": {state: sum(one.state == state for one in tuning.trials) for state in STATES},
        "baseline_search": tuning.baseline_score.as_dict(),
        "front": [{"trial": one.number, "point": one.point, **one.score.as_dict()} for one in tuning.front],
        "sensitivity_before": [_sensitivity(one) for one in tuning.before],
        "importance": tuning.importances,
        "recommendation": None if found is None else _found(found),
    }  # fmt: skip
    plain: dict[str, Any] = _plain(facts)
    return plain


def _found(found: Recommendation) -> dict[str, Any]:
    choice = found.choice
    return {
        "trial": choice.number,
        "point": choice.point,
        "search": _verdict(found.search),
        "hold_out": _verdict(found.hold_out),
        "hold_out_against_base": _verdict(found.untuned),
        "look": found.look,
        "plateau": {"worst_neighbour_bps": choice.worst_bps, "neighbours": [asdict(one) for one in choice.neighbours]},
        "sensitivity_after": [_sensitivity(one) for one in found.after],
        "flips": [{**asdict(one), "text": one.text} for one in found.flips],
        "regret": None if found.regret is None else asdict(found.regret),
        "shares": asdict(found.shares),
    }  # fmt: skip


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "recommended": one.recommended.as_dict(),
        "baseline": one.baseline.as_dict(),
        "difference_bps": asdict(one.difference),
        "per_date": [
            {"date": day_text(day), "intents": count, "difference_bps": value, "sign": sign}
            for day, count, value, sign in one.dates
        ],
    }


def _sensitivity(one: Any) -> dict[str, Any]:
    probes = [{"value": probe.value, "loss_bps": probe.score.loss_bps} for probe in one.probes]
    return {"knob": one.knob, "reach_bps": one.reach_bps, "values": probes}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_trials(tuning: Tuning, file: Path) -> None:
    knobs = list(tuning.space.space.knobs)
    try:
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            names = list(tuning.baseline_score.as_dict())
            writer.writerow(["trial", "state", "cases", *knobs, *names])
            for one in tuning.trials:
                scores = one.score.as_dict()
                points = [one.point[knob] for knob in knobs]
                writer.writerow(
                    [one.number, one.state, one.cases, *points, *(scores[name] for name in names)]
                )
    except OSError as error:
        raise InputError(str(file), error.strerror, "a file that can be written") from error


def _wrapped(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield from textwrap.wrap(line, _WIDTH, subsequent_indent="    ", break_on_hyphens=False) or [""]
