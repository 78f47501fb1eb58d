"""Compose the page and the texts of a comparison: policies side by side on the same weather."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from sim.errors import InputError
from sim.experiment import Comparison
from sim.experiment.store import MANIFEST, TABLES, read_json, write_json
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
from sim.report.verdict import (
    Measured,
    comparison_verdict,
    doubts,
    rules_of,
    tally_of,
    violations_of,
    violations_side_by_side,
)

_MEASURED: Final = "d7"
_BASELINES: Final = ("legacy-entry", "legacy-sltp", "legacy-immediate-sl")
_NO_PROOF: Final = "the best value of a row, which is no proof of a difference"
_MARK: Final = f"Marked: {_NO_PROOF}; see the intervals below. A dash: not defined under that policy."


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Hold all that a comparison's page and texts say; made from a comparison, or from the folder it was kept in."""

    scenario: str
    title: str
    policies: tuple[str, ...]
    seeds: tuple[int, ...]
    command: str
    runs: dict[str, dict[str, Any]]
    doubts: tuple[str, ...]
    numbers: Measured

    @property
    def verdict(self) -> list[str]:
        """Return its sentences on safety and on money."""
        return comparison_verdict(self.policies, len(self.seeds), self.numbers)


def compared(comparison: Comparison) -> Compared:
    """Compute what a comparison says."""
    judged = _MEASURED in comparison.policies and any(name in comparison.policies for name in _BASELINES)
    return Compared(
        scenario=comparison.scenario,
        title=comparison.title,
        policies=comparison.policies,
        seeds=comparison.seeds,
        command=comparison.command,
        runs={f"{policy}/{seed}": result.manifest for (policy, seed), result in comparison.results.items()},
        doubts=tuple(
            f"{policy}, seed {seed}: {doubt}"
            for (policy, seed), result in comparison.results.items()
            for doubt in doubts(result)
        ),
        numbers=Measured(
            table=comparison.table,
            differences=comparison.differences,
            claims=comparison.claims if judged else pd.DataFrame(),
            violations=violations_of(comparison),
            tally=tally_of(comparison),
        ),
    )


def save_compared(found: Compared, folder: Path) -> None:
    """Write tables and manifest, from which :func:`load_compared` makes the same again."""
    tables = folder / TABLES
    tables.mkdir()
    numbers = found.numbers
    numbers.table.rename_axis("metric").reset_index().to_parquet(tables / "table.parquet", index=False)
    numbers.differences.to_parquet(tables / "differences.parquet", index=False)
    if not numbers.claims.empty:
        numbers.claims.to_parquet(tables / "claims.parquet", index=False)
    numbers.violations.to_parquet(tables / "violations.parquet", index=False)
    numbers.tally.to_parquet(tables / "tally.parquet", index=False)
    write_json(folder / MANIFEST, comparison_manifest(found))


def load_compared(folder: Path) -> Compared:
    """Read a comparison from its folder; raise InputError when a part of it is missing."""
    tables = folder / TABLES
    try:
        manifest = read_json(folder / MANIFEST)
        names = ("differences", "violations", "tally")
        table = pd.read_parquet(tables / "table.parquet").set_index("metric")
        frames = {name: pd.read_parquet(tables / f"{name}.parquet") for name in names}
        claims = tables / "claims.parquet"
        return Compared(
            scenario=str(manifest["scenario"]),
            title=str(manifest["title"]),
            policies=tuple(manifest["policies"]),
            seeds=tuple(manifest["seeds"]),
            command=str(manifest["command"]),
            runs=manifest["runs"],
            doubts=tuple(manifest["doubts"]),
            numbers=Measured(
                table=table, claims=pd.read_parquet(claims) if claims.exists() else pd.DataFrame(), **frames
            ),
        )
    except (OSError, KeyError, TypeError) as error:
        expected = "tables and manifest as sim compare writes them"
        raise InputError("DIR", str(folder), f"{expected} ({error})") from None


def comparison_sections(comparison: Compared) -> list[Section]:
    """Return all sections of a comparison's page."""
    first, numbers = comparison.policies[0], comparison.numbers
    manifest = next(iter(comparison.runs.values()))
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
    found = violations_side_by_side(comparison.policies, numbers.violations)
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
    found = compared(comparison)
    numbers = found.numbers
    lines = wrapped(f"{comparison.title} · {' · '.join(comparison.policies)}")
    lines.append("")
    for sentence in found.verdict:
        lines += wrapped(sentence)
    for doubt in found.doubts:
        lines += wrapped(f"Doubt: {doubt}")
    notes: list[str] = []
    for table in _brief_tables(found):
        lines += ["", table.title.upper(), *text_table(table)]
        notes += table.notes
    lines += rules_of(numbers.violations["check"])
    lines += ["", "NOTES"]
    for note in dict.fromkeys([*notes, f"* marks {_NO_PROOF}"]):
        lines += wrapped(f"{note}.")
    lines += ["", f"again   {comparison.command}"]
    return "\n".join(lines)


def comparison_md(comparison: Compared) -> str:
    """Return a comparison as Markdown."""
    lines = [
        f"# {comparison.title}",
        "",
        f"{' · '.join(comparison.policies)}, seeds {_seed_range(comparison)}",
        "",
    ]
    lines += comparison.verdict
    lines += [f"**Doubt.** {doubt}" for doubt in comparison.doubts]
    notes: list[str] = []
    for table in _brief_tables(comparison):
        lines += ["", f"## {table.title}", "", *markdown_table(table)]
        notes += table.notes
    lines += [f"- {line}" for line in rules_of(comparison.numbers.violations["check"])]
    lines += ["", "## Notes", ""]
    said = dict.fromkeys([*notes, f"bold marks {_NO_PROOF}"])
    lines += [f"- {note}." for note in said]
    lines += ["", "```", comparison.command, "```", ""]
    return "\n".join(lines)


def comparison_manifest(comparison: Compared) -> dict[str, Any]:
    """Return what a comparison was made from: its own facts, and the manifest of every run."""
    return {
        "kind": "comparison",
        "scenario": comparison.scenario,
        "title": comparison.title,
        "policies": list(comparison.policies),
        "seeds": list(comparison.seeds),
        "command": comparison.command,
        "doubts": list(comparison.doubts),
        "runs": comparison.runs,
    }


def _brief_tables(comparison: Compared) -> list[PrintedTable]:
    first, numbers = comparison.policies[0], comparison.numbers
    tables = [
        headline_table(numbers.table),
        brief_table("differences", f"Paired differences: policy - {first}", numbers.differences),
    ]
    if not numbers.claims.empty:
        tables.append(brief_table("claims", "The document's claims beside what was measured", numbers.claims))
    return [*tables, violations_side_by_side(comparison.policies, numbers.violations, rules=False)]


def _winners(metric: str, values: pd.Series) -> list[int]:
    """Return the places of the best values; none when all are equal or neither way is better."""
    better, known = better_of(metric), values.dropna()
    if not better or known.nunique() < 2:
        return []
    wanted = known.min() if better == "lower" else known.max()
    return [place for place, value in enumerate(values) if value == wanted]


def _seed_range(comparison: Compared) -> str:
    return ", ".join(map(str, comparison.seeds))


def _flat(comparison: Compared) -> dict[str, Any]:
    manifest = comparison_manifest(comparison)
    runs, _ = manifest.pop("runs"), manifest.pop("doubts")
    traces = {f"trace_sha256 {key}": run["trace_sha256"] for key, run in runs.items()}
    shared = next(iter(runs.values()))
    names = ("scenario_sha256", "data_sha256", "code_sha256", "versions")
    return {**manifest, **{name: shared[name] for name in names}, **traces}
