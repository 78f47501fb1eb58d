"""Write a comparison as a folder: page, text, tables, plots and a manifest, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sim.experiment.fingerprint import code_sha256, versions
from sim.experiment.store import MANIFEST, whole_folder, write_json
from sim.fidelity.measure import Fidelity
from sim.fidelity.page import STORY, TITLE, doubts_of, fidelity_sections, tiles_of, verdict_of
from sim.report.page import render_page
from sim.report.printing import markdown_table
from sim.report.sections import Section

PAGE: Final = "fidelity.html"
SUMMARY: Final = "fidelity.md"
TABLE: Final = "fidelity"
PLOTS: Final = "plots"


def publish_fidelity(result: Fidelity, folder: str | Path, command: str = "sim fidelity") -> None:
    """Write ``fidelity.html``, ``fidelity.md``, tables (CSV and parquet), plots (PNG) and a manifest to ``folder``.

    An earlier result there is replaced; anything else is refused with InputError.
    """
    with whole_folder(Path(folder)) as partial:
        fill_folder(result, partial, command)


def fill_folder(result: Fidelity, folder: Path, command: str) -> None:
    """Write all files of a result into a folder that is there."""
    sections = fidelity_sections(result)
    page = render_page(
        title=TITLE,
        name="fidelity",
        story=STORY,
        verdict=verdict_of(result),
        doubts=doubts_of(result),
        tiles=tiles_of(result),
        sections=sections,
    )
    (folder / PAGE).write_text(page, encoding="utf-8")
    (folder / SUMMARY).write_text(fidelity_md(result, sections), encoding="utf-8")
    for name, frame in tables_of(result).items():
        frame.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    plots = folder / PLOTS
    plots.mkdir()
    for section in sections:
        for picture in section.pictures:
            (plots / f"{picture.name}.png").write_bytes(picture.png)
    write_json(folder / MANIFEST, manifest_of(result, command))


def tables_of(result: Fidelity) -> dict[str, Any]:
    """Return the frames that are saved, by file name: ratios, signs by date, profiles, tapes, basis."""
    return {
        TABLE: result.table,
        "signs": result.signs,
        "profiles": result.profiles,
        "tapes": result.tapes,
        **result.extra,
    }


def manifest_of(result: Fidelity, command: str) -> dict[str, Any]:
    """Return what the result was made from."""
    return {
        "name": "fidelity",
        "command": command,
        "seeds": list(result.seeds),
        "quick": result.quick,
        "missing": list(result.missing),
        "code_sha256": code_sha256(),
        "versions": versions(),
    }


def fidelity_md(result: Fidelity, sections: list[Section]) -> str:
    """Return the page as Markdown, without its pictures."""
    lines = [f"# {TITLE}", "", STORY, ""]
    lines += [f"- {sentence}" for sentence in verdict_of(result)]
    lines += [line for doubt in doubts_of(result) for line in ("", f"> **Doubt.** {doubt}")]
    for section in sections:
        lines += ["", f"## {section.title}", ""]
        if section.lead:
            lines += [section.lead, ""]
        lines += [f"- {fact}" for fact in section.facts]
        for table in section.tables:
            lines += ["", f"**{table.title}**", "", *markdown_table(table)]
            lines += [line for note in table.notes for line in ("", note)]
    return "\n".join(lines) + "\n"
