"""Write what was run as folders: page, summary, plots, tables, manifest, whole or not at all; and draw them again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sim.errors import InputError
from sim.experiment import Comparison, Result, load_result, save_tables
from sim.experiment.store import MANIFEST, TABLES, whole_folder, write_json, write_text
from sim.report.comparison import (
    Compared,
    compared,
    comparison_md,
    comparison_sections,
    load_compared,
    save_compared,
)
from sim.report.first_screen import first_facts, met_table, money_table
from sim.report.page import render_page
from sim.report.sections import Section, result_sections
from sim.report.summary import summary_md
from sim.report.sweep_page import SUMMARY as SWEEP_SUMMARY
from sim.report.sweep_page import sweep_page
from sim.report.tiles import result_tiles
from sim.report.tune_page import EVIDENCE, overview, tune_page
from sim.report.verdict import doubts, verdict, verdict_line

PAGE = "index.html"
SUMMARY = "summary.md"
PLOTS = "plots"


def publish(result: Result, folder: str | Path, *, csv: bool = False) -> None:
    """Write a result's page, ``summary.md``, plots, tables (with ``csv`` also as CSV) and manifest to ``folder``.

    An earlier result there is replaced; anything else is refused with InputError.  The same result gives the same
    bytes.  Interrupted or failing, nothing is left and an earlier result stays as it was.
    """
    with whole_folder(Path(folder)) as partial:
        _draw(partial, result_page(result), summary_md(result))
        save_tables(result, partial, csv=csv)


def publish_brief(result: Result, folder: str | Path) -> None:
    """Write page, ``summary.md`` and manifest only: a report to read, not a result to load."""
    with whole_folder(Path(folder)) as partial:
        page, _ = result_page(result)
        write_text(partial / PAGE, page)
        write_text(partial / SUMMARY, summary_md(result))
        write_json(partial / MANIFEST, result.manifest)


def publish_comparison(comparison: Comparison, folder: str | Path) -> None:
    """Write a comparison's page, ``summary.md``, plots, tables and manifest to ``folder``, as :func:`publish` does.

    Tables: ``table`` (headline numbers, metric by policy), ``differences`` and, when the seed document's policies
    were compared, ``claims``.
    """
    found = compared(comparison)
    with whole_folder(Path(folder)) as partial:
        _draw(partial, comparison_page(found), comparison_md(found))
        save_compared(found, partial)


def publish_sweep(folder: str | Path) -> None:
    """Draw the page and plots of a finished sweep into its folder, from the summary that stands there."""
    _draw(Path(folder), sweep_page(Path(folder)))


def publish_tuning(folder: str | Path, *, name: str = "") -> None:
    """Draw page, plots and ``tuning.png`` of a tuning into its folder, from the evidence and trials there.

    ``name``: what the page calls it where the folder has not got its own name yet.
    """
    _draw(Path(folder), tune_page(Path(folder), name or Path(folder).name))
    (Path(folder) / "tuning.png").write_bytes(overview(Path(folder)))


def redraw(folder: str | Path) -> str:
    """Draw again what stands in a folder, from its tables alone, and return what it is.

    That is a run, a comparison, a sweep or a tuning.  Page, plots and summary are replaced, nothing else is touched.
    Raises InputError for any other folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError("DIR", str(folder), "a folder that sim run, compare, sweep or tune wrote")
    if (root / SWEEP_SUMMARY).exists() or (root / "sweep.json").exists():
        publish_sweep(root)
        return "sweep"
    if (root / EVIDENCE).exists():
        publish_tuning(root)
        return "tuning"
    if (root / TABLES / "differences.parquet").exists():
        found = load_compared(root)
        _draw(root, comparison_page(found), comparison_md(found))
        return "comparison"
    if not (root / MANIFEST).exists():
        raise InputError("DIR", str(folder), "a folder that sim run, compare, sweep or tune wrote")
    result = load_result(root)
    _draw(root, result_page(result), summary_md(result))
    return "run"


Page = tuple[str, list[Section]]


def comparison_page(found: Compared) -> Page:
    """Return a comparison's page as HTML, and its sections."""
    sections = comparison_sections(found)
    page = render_page(
        title=found.title,
        name=f"{found.scenario}: {' · '.join(found.policies)}",
        story="",
        verdict=found.verdict,
        doubts=found.doubts,
        tiles=[],
        sections=sections,
    )
    return page, sections


def result_page(result: Result) -> Page:
    """Return a result's page as HTML, and its sections."""
    sections = result_sections(result)
    page = render_page(
        title=str(result.manifest["title"]),
        name=result.name,
        story=str(result.manifest["story"]).strip(),
        verdict=[verdict_line(result)],
        verdict_in_full=verdict(result),
        doubts=doubts(result),
        tiles=result_tiles(result),
        sections=sections,
        first_tables=[money_table(result), met_table(result)],
        first_facts=first_facts(result),
    )
    return page, sections


def _draw(folder: Path, page: Page, summary: str = "") -> None:
    """Write page, summary and plots; an earlier page stays until the new one is whole."""
    text, sections = page
    _save_plots(folder, sections)
    if summary:
        write_text(folder / SUMMARY, summary)
    write_text(folder / PAGE, text)


def _save_plots(folder: Path, sections: Iterable[Section]) -> None:
    plots = folder / PLOTS
    plots.mkdir(exist_ok=True)
    for old in plots.glob("*.png"):
        old.unlink()
    for section in sections:
        for picture in section.pictures:
            (plots / f"{picture.name}.png").write_bytes(picture.png)
