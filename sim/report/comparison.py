"""Compose the page and the texts of a comparison: policies side by side on the same weather."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from sim.experiment import Comparison
from sim.report.facts import data_facts, limit_facts
from sim.report.pictures import difference_pictures
from sim.report.printing import (
    Heading,
    PrintedTable,
    markdown_table,
    printed,
    text_table,
    unit_name,
    wrapped,
)
from sim.report.scales import better_of, is_share, name_and_unit
from sim.report.sections import Section, manifest_table
from sim.report.tables import brief_table, notes_of, whole_table
from sim.report.verdict import comparison_verdict, doubts, rules_of, violations_side_by_side

_MEASURED: Final = "d7"
_BASELINES: Final = ("legacy-entry", "legacy-sltp", "legacy-immediate-sl")
_NO_PROOF: Final = "the best value of a row, which is no proof of a difference"
_MARK: Final = f"Marked: {_NO_PROOF}; see the intervals below. A dash: not defined under that policy."


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Hold a comparison's tables, each computed once; ``claims`` is empty unless the document's policies met."""

    table: pd.DataFrame
    differences: pd.DataFrame
    claims: pd.DataFrame


def measured(comparison: Comparison) -> Measured:
    """Compute the tables of a comparison."""
    judged = _MEASURED in comparison.policies and any(name in comparison.policies for name in _BASELINES)
    return Measured(
        table=comparison.table,
        differences=comparison.differences,
        claims=comparison.claims if judged else pd.DataFrame(),
    )


def comparison_sections(comparison: Comparison, numbers: Measured) -> list[Section]:
    """Return all sections of a comparison's page."""
    first = comparison.policies[0]
    manifest = next(iter(comparison.results.values())).manifest
    conditional = bool(notes_of(numbers.differences))
    seeds = f"{len(comparison.seeds)} seed" + ("s" if len(comparison.seeds) > 1 else "")
    sections = [
        Section(
            id="headline",
            title="Side by side",
            lead=f"All intents of {seeds} ({', '.join(map(str, comparison.seeds))}) under each policy; same prices, "
            f"latencies and fault draws. {_MARK}",
            tables=(headline_table(numbers.table),),
            command=comparison.command,
        ),
        Section(
            id="differences",
            title=f"Paired differences against {first}",
            lead=f"Policy minus {first}, intent by intent. No more than the discordant clusters carry a difference.",
            pictures=tuple(difference_pictures(numbers.differences, f"Seeds {_seed_range(comparison)}.")),
            tables=(whole_table(f"Paired differences against {first}", numbers.differences),),
        ),
    ]
    if not numbers.claims.empty:
        sections.append(
            Section(
                id="claims",
                title="The document's claims beside what was measured",
                lead="As returned: what the executor said. True: what the venue did. Reductions compare failures per "
                "placement with the baseline's.",
                tables=(whole_table("Claims and figures", numbers.claims),),
            )
        )
    found = violations_side_by_side(comparison)
    sections += [
        Section(
            id="violations",
            title="Violations",
            lead="Over all seeds; the intents they concern in brackets."
            if found.rows
            else "No check found anything.",
            tables=(found,) if found.rows else (),
        ),
        Section(
            id="basis",
            title="What this rests on",
            facts=(*data_facts(manifest), *limit_facts(manifest, conditional=conditional)),
        ),
        Section(id="manifest", title="Manifest", tables=(manifest_table(_flat(comparison)),)),
    ]
    return sections


def headline_table(table: pd.DataFrame) -> PrintedTable:
    """Return the headline numbers, policies side by side, with the best value of each row marked."""
    rows, best = [], set()
    for place, (metric, values) in enumerate(table.iterrows()):
        name, unit = name_and_unit(str(metric))
        kind = "share" if is_share(unit) else unit
        shown = unit.replace("share", "%", 1) if is_share(unit) else unit_name(unit)
        rows.append((name, shown, *(printed(value, kind) for value in values)))
        best |= {(place, column + 2) for column in _winners(str(metric), values)}
    headings = (
        Heading(name="metric", numeric=False),
        Heading(name="unit", numeric=False),
        *(Heading(name=str(policy), unit="in unit") for policy in table.columns),
    )
    return PrintedTable(title="Headline numbers", headings=headings, rows=tuple(rows), best=frozenset(best))


def comparison_text(comparison: Comparison) -> str:
    """Return a comparison as plain text for a terminal: at most 100 columns, no control codes."""
    numbers = measured(comparison)
    lines = wrapped(f"{comparison.title} · {' · '.join(comparison.policies)}")
    lines.append("")
    for sentence in comparison_verdict(comparison, numbers.differences):
        lines += wrapped(sentence)
    for doubt in _doubts(comparison):
        lines += wrapped(f"Doubt: {doubt}")
    notes: list[str] = []
    for table in _brief_tables(comparison, numbers):
        lines += ["", table.title.upper(), *text_table(table)]
        notes += table.notes
    found = violations_side_by_side(comparison, rules=False)
    lines += rules_of(row[0] for row in found.rows)
    lines += ["", "NOTES"]
    for note in dict.fromkeys([*notes, f"* marks {_NO_PROOF}"]):
        lines += wrapped(f"{note}.")
    lines += ["", f"again   {comparison.command}"]
    return "\n".join(lines)


def comparison_md_of(comparison: Comparison, numbers: Measured) -> str:
    """Return a comparison as Markdown."""
    lines = [
        f"# {comparison.title}",
        "",
        f"{' · '.join(comparison.policies)}, seeds {_seed_range(comparison)}",
        "",
    ]
    lines += comparison_verdict(comparison, numbers.differences)
    lines += [f"**Doubt.** {doubt}" for doubt in _doubts(comparison)]
    notes: list[str] = []
    for table in _brief_tables(comparison, numbers):
        lines += ["", f"## {table.title}", "", *markdown_table(table)]
        notes += table.notes
    found = violations_side_by_side(comparison, rules=False)
    lines += [f"- {line}" for line in rules_of(row[0] for row in found.rows)]
    lines += ["", "## Notes", ""]
    said = dict.fromkeys([*notes, f"bold marks {_NO_PROOF}"])
    lines += [f"- {note}." for note in said]
    lines += ["", "```", comparison.command, "```", ""]
    return "\n".join(lines)


def comparison_manifest(comparison: Comparison) -> dict[str, Any]:
    """Return what a comparison was made from: its own facts, and the manifest of every run."""
    return {
        "kind": "comparison",
        "scenario": comparison.scenario,
        "title": comparison.title,
        "policies": list(comparison.policies),
        "seeds": list(comparison.seeds),
        "command": comparison.command,
        "runs": {
            f"{policy}/{seed}": result.manifest for (policy, seed), result in comparison.results.items()
        },
    }


def _brief_tables(comparison: Comparison, numbers: Measured) -> list[PrintedTable]:
    first = comparison.policies[0]
    tables = [
        headline_table(numbers.table),
        brief_table("differences", f"Paired differences: policy - {first}", numbers.differences),
    ]
    if not numbers.claims.empty:
        tables.append(brief_table("claims", "The document's claims beside what was measured", numbers.claims))
    return [*tables, violations_side_by_side(comparison, rules=False)]


def _winners(metric: str, values: pd.Series) -> list[int]:
    """Return the places of the best values; none when all are equal or neither way is better."""
    better, known = better_of(metric), values.dropna()
    if not better or known.nunique() < 2:
        return []
    wanted = known.min() if better == "lower" else known.max()
    return [place for place, value in enumerate(values) if value == wanted]


def _doubts(comparison: Comparison) -> list[str]:
    return [
        f"{policy}, seed {seed}: {doubt}"
        for (policy, seed), result in comparison.results.items()
        for doubt in doubts(result)
    ]


def _seed_range(comparison: Comparison) -> str:
    return ", ".join(map(str, comparison.seeds))


def _flat(comparison: Comparison) -> dict[str, Any]:
    manifest = comparison_manifest(comparison)
    runs = manifest.pop("runs")
    traces = {f"trace_sha256 {key}": run["trace_sha256"] for key, run in runs.items()}
    shared = next(iter(runs.values()))
    names = ("scenario_sha256", "data_sha256", "code_sha256", "versions")
    return {**manifest, **{name: shared[name] for name in names}, **traces}
