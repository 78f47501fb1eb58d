"""Write results and comparisons as folders: a page, a summary, plots, tables and a manifest, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sim.experiment import Comparison, Result, save_tables
from sim.experiment.store import MANIFEST, TABLES, whole_folder, write_json
from sim.report.comparison import comparison_manifest, comparison_md_of, comparison_sections, measured
from sim.report.page import render_page
from sim.report.plots.style import Picture
from sim.report.sections import Section, result_sections
from sim.report.summary import summary_md
from sim.report.tiles import result_tiles
from sim.report.verdict import comparison_verdict, doubts, verdict

PAGE = "index.html"
SUMMARY = "summary.md"
PLOTS = "plots"


def publish(result: Result, folder: str | Path, *, csv: bool = False) -> None:
    """Write a result's page, ``summary.md``, plots, tables (with ``csv`` also as CSV) and manifest to ``folder``.

    An earlier result there is replaced; anything else is refused with InputError.  The same result gives the same
    bytes.  Interrupted or failing, nothing is left and an earlier result stays as it was.
    """
    with whole_folder(Path(folder)) as partial:
        sections = result_sections(result)
        _write(partial / PAGE, result_page(result, sections))
        _write(partial / SUMMARY, summary_md(result))
        _save_plots(partial, sections)
        save_tables(result, partial, csv=csv)


def publish_brief(result: Result, folder: str | Path) -> None:
    """Write page, ``summary.md`` and manifest only: a report to read, not a result to load."""
    with whole_folder(Path(folder)) as partial:
        _write(partial / PAGE, result_page(result, result_sections(result)))
        _write(partial / SUMMARY, summary_md(result))
        write_json(partial / MANIFEST, result.manifest)


def publish_comparison(comparison: Comparison, folder: str | Path) -> None:
    """Write a comparison's page, ``summary.md``, plots, tables and manifest to ``folder``, as :func:`publish` does.

    Tables: ``table`` (headline numbers, metric by policy), ``differences`` and, when the seed document's policies
    were compared, ``claims``.
    """
    with whole_folder(Path(folder)) as partial:
        numbers = measured(comparison)
        sections = comparison_sections(comparison, numbers)
        page = render_page(
            title=comparison.title,
            name=f"{comparison.scenario}: {' · '.join(comparison.policies)}",
            story="",
            verdict=comparison_verdict(comparison, numbers.differences),
            doubts=[
                f"{policy}, seed {seed}: {doubt}"
                for (policy, seed), result in comparison.results.items()
                for doubt in doubts(result)
            ],
            tiles=[],
            sections=sections,
        )
        _write(partial / PAGE, page)
        _write(partial / SUMMARY, comparison_md_of(comparison, numbers))
        _save_plots(partial, sections)
        tables = partial / TABLES
        tables.mkdir()
        numbers.table.rename_axis("metric").reset_index().to_parquet(tables / "table.parquet", index=False)
        numbers.differences.to_parquet(tables / "differences.parquet", index=False)
        if not numbers.claims.empty:
            numbers.claims.to_parquet(tables / "claims.parquet", index=False)
        write_json(partial / MANIFEST, comparison_manifest(comparison))


def result_page(result: Result, sections: list[Section]) -> str:
    """Return a result's page as HTML."""
    return render_page(
        title=str(result.manifest["title"]),
        name=result.name,
        story=str(result.manifest["story"]).strip(),
        verdict=[verdict(result)],
        doubts=doubts(result),
        tiles=result_tiles(result),
        sections=sections,
    )


def _save_plots(folder: Path, sections: Iterable[Section]) -> None:
    plots = folder / PLOTS
    plots.mkdir()
    drawn: list[Picture] = [picture for section in sections for picture in section.pictures]
    for picture in drawn:
        (plots / f"{picture.name}.png").write_bytes(picture.png)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
