"""Write the maps as files: page, text, table and manifest beside the runs they are made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pandas as pd

from sim.claims.figures import figures_of
from sim.claims.page import STORY, TITLE, sections_of
from sim.claims.words import doubts_of, verdict_of
from sim.experiment.fingerprint import versions
from sim.experiment.store import MANIFEST
from sim.report.page import render_page
from sim.report.printing import markdown_table
from sim.report.sections import Section
from sim.sweep.parts import write_whole

PAGE: Final = "index.html"
TEXT: Final = "claims.md"
TABLE: Final = "claims.csv"


def publish_claims(rows: pd.DataFrame, folder: Path, command: str) -> pd.DataFrame:
    """Write ``index.html``, ``claims.md``, ``claims.csv`` and the manifest; return the table.

    Each file is replaced whole; equal rows give equal bytes.
    """
    figures = figures_of(rows)
    sections = sections_of(figures)
    verdict, doubts = verdict_of(figures), doubts_of(rows)
    page = render_page(
        title=TITLE, name="claims", story=STORY, verdict=verdict, doubts=doubts, tiles=[], sections=sections
    )
    manifest = {
        "name": "claims",
        "command": command,
        "runs": len(rows),
        "seeds": sorted({int(seed) for seed in rows["seed"]}),
        "code": sorted(set(rows["code"])),
        "versions": versions(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / PAGE, page.encode())
    write_whole(folder / TEXT, claims_md(verdict, doubts, sections).encode())
    table = figures.drop(columns="claim").to_csv(index=False, float_format="%.4g", lineterminator="\n")
    write_whole(folder / TABLE, table.encode())
    write_whole(folder / MANIFEST, f"{json.dumps(manifest, indent=2)}\n".encode())
    return figures


def claims_md(verdict: list[str], doubts: list[str], sections: list[Section]) -> str:
    """Return the page as Markdown, without its pictures."""
    lines = [f"# {TITLE}", "", STORY, "", *(f"- {sentence}" for sentence in verdict)]
    lines += [line for doubt in doubts for line in ("", f"> **Doubt.** {doubt}")]
    for section in sections:
        lines += ["", f"## {section.title}", ""]
        lines += [section.lead, ""] if section.lead else []
        for table in section.tables:
            lines += [f"**{table.title}**", "", *markdown_table(table), ""]
        lines += [f"- {fact}" for fact in section.facts]
    return "\n".join(lines) + "\n"
