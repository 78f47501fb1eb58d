"""``sim fidelity``: how near each path source is to the real seconds."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.api.folders import REPORTS, WRITABLE, as_input_error, new_folder
from sim.api.progress import PAGES, notice, progress_bar
from sim.api.values import comma_list, seed_list, whole_number
from sim.cli.options import Json, Out, Quiet
from sim.cli.output import after_writing


def fidelity(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="One-second bars, trades or one-minute bars of your own (also embedded:NAME), instead of --data.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="The folder of recordings (default: ../shared/klines, without PATHs).",
        ),
    ] = None,
    seeds: Annotated[str, typer.Option(metavar="1,2", help="The seeds of the paths.")] = "1,2",
    sources: Annotated[
        str | None, typer.Option(metavar="A,B", help="The path sources to compare (default: all).")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            parser=whole_number("--jobs", least=1),
            help="Processes (default: one per core).",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Look at the beginning of a few tapes only.")
    ] = False,
    out: Out = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Hold every path source against real seconds: moves, extremes, crossings, runs; as ratios with counts.

    Fills the minutes made from recorded seconds and compares with what the seconds did; one level up the same with
    five minutes and their minutes.  Shapes are built on one part of the recordings and judged on another.  Writes
    page, text, tables and plots to reports/fidelity (or --out), replacing an earlier result.

    \b
    Examples:
      sim fidelity                                   the recordings in ../shared/klines
      sim fidelity BTCUSDT-1s-2024-01-01.zip         seconds of your own
      sim fidelity embedded:BTCUSDT-1m-2024-01-15 --out /tmp/fidelity
    """
    from sim.fidelity.catalogue import DATA
    from sim.fidelity.measure import Question, measure
    from sim.fidelity.publishing import fill_folder
    from sim.fidelity.sources import SOURCES

    own = tuple(paths or ())
    question = Question(
        data=data if data is not None else None if own else DATA,
        paths=own,
        seeds=tuple(seed_list("--seeds", comma_list("--seeds", seeds, "whole numbers"))),
        sources=tuple(comma_list("--sources", sources, "names")) if sources is not None else tuple(SOURCES),
        quick=quick,
    )
    target = out or REPORTS / "fidelity"
    with new_folder(target) as folder:
        with progress_bar(not quiet) as advance:
            result = measure(question, jobs=jobs or os.cpu_count() or 1, progress=advance)
        with notice(not quiet, PAGES), as_input_error("--out", target, WRITABLE):
            fill_folder(result, folder, _command(own, data, seeds, sources, quick=quick))
    with after_writing(str(target)):
        _tell(result, target, as_json=as_json, quiet=quiet)


def _command(own: tuple[str, ...], data: Path | None, seeds: str, sources: str | None, *, quick: bool) -> str:
    words = ["sim", "fidelity", *own, "--seeds", seeds]
    words += ["--data", str(data)] if data is not None else []
    words += ["--sources", sources] if sources is not None else []
    return shlex.join(words + (["--quick"] if quick else []))


def _tell(result: Any, target: Path, *, as_json: bool, quiet: bool) -> None:
    from sim.fidelity.page import doubts_of, verdict_of
    from sim.report.printing import wrapped

    if as_json:
        facts = {
            "folder": str(target),
            "seeds": list(result.seeds),
            "quick": result.quick,
            "missing": list(result.missing),
            "verdict": verdict_of(result),
            "rows": json.loads(result.table.to_json(orient="records")),
        }
        print(json.dumps(facts, ensure_ascii=False, allow_nan=False))
    elif quiet:
        print(target)
    else:
        for sentence in verdict_of(result):
            print("\n".join(wrapped(sentence)))
        for doubt in doubts_of(result):
            print("\n".join(("", *wrapped(f"Doubt. {doubt}"))))
        if result.missing:
            print("\n".join(("", *wrapped(f"Recordings that were not there: {', '.join(result.missing)}"))))
        print(f"\nfolder  {target}\npage    {target / 'fidelity.html'}")
