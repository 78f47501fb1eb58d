"""``sim report``: draw again what an earlier command left, from its folder alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sim.api.folders import REPORTS, WRITABLE, as_input_error, run_names
from sim.api.progress import PAGES, notice
from sim.cli.options import Json, Quiet
from sim.errors import InputError, nearest


def report(
    folders: Annotated[
        list[str],
        typer.Argument(
            metavar="DIR…", help="Folders that were written before, or names of some under reports/."
        ),
    ],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw the pages of runs, comparisons, sweeps and tunings again, from their saved tables: nothing is run.

    Page, plots and summary are replaced by what this version would draw; tables and manifests stay as they are.

    \b
    Examples:
      sim report quickstart-d7-seed1
      sim report reports/quickstart-d7-vs-legacy-sltp reports/sweep-quickstart-d7-vs-safe
    """
    from sim.report import redraw

    found = [_folder_of(folder) for folder in folders]
    for folder in found:
        with notice(not quiet, PAGES), as_input_error("DIR", folder, WRITABLE):
            kind = redraw(folder)
        page = folder / "index.html"
        if as_json:
            print(json.dumps({"kind": kind, "folder": str(folder), "page": str(page)}, ensure_ascii=False))
        else:
            print(folder if quiet else f"{kind:<10}  {page}")


def _folder_of(word: str) -> Path:
    for place in (Path(word), REPORTS / word):
        if place.is_dir():
            return place
    raise InputError(
        "DIR", word, f"a folder, or the name of one under {REPORTS}/", nearest(word, run_names())
    )
