"""Folders: complete, the same bytes each time, and never half-written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from sim.errors import InputError
from sim.experiment import Comparison, Result, load_result
from sim.report import publish, publish_brief, publish_comparison, publishing, redraw


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_folder_holds_page_summary_plots_tables_and_manifest(published: Path, result: Result) -> None:
    """Everything promised is there, and the result can be loaded from it."""
    names = set(_files(published))
    assert {
        "index.html",
        "summary.md",
        "manifest.json",
        "tables/intents.parquet",
        "tables/intents.csv",
    } <= names
    assert {"plots/recovery-rates.png", "plots/timeline.png", "plots/latency-waiting.png"} <= names
    pd.testing.assert_frame_equal(load_result(published).frames["intents"], result.frames["intents"])


def test_run_is_drawn_again_byte_for_byte(published: Path, tmp_path: Path) -> None:
    """From its own tables every file of a run comes out with the bytes it had, and what is stale goes."""
    folder = tmp_path / "again"
    shutil.copytree(published, folder)
    (folder / "plots" / "stale.png").write_bytes(b"")
    (folder / "index.html").unlink()
    assert redraw(folder) == "run"
    assert _files(folder) == _files(published)


@pytest.mark.parametrize("write", [publish, publish_brief])
def test_failure_in_the_middle_leaves_nothing(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: object
) -> None:
    """An error after the page was written leaves no folder, and an earlier result as it was."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(publishing, "result_sections", lambda result: [])
    monkeypatch.setattr(publishing, "summary_md", fail)
    assert callable(write)
    with pytest.raises(OSError, match="disk full"):
        write(result, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []

    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "manifest.json").write_text("{}")
    with pytest.raises(OSError, match="disk full"):
        write(result, earlier)
    assert _files(tmp_path) == {"earlier/manifest.json": b"{}"}


def test_foreign_folder_is_refused(result: Result, tmp_path: Path) -> None:
    """A folder with something else in it is not overwritten."""
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="an earlier result"):
        publish(result, tmp_path)
    assert _files(tmp_path) == {"mine.txt": b"keep"}


def test_comparison_folder_holds_its_tables(compared: Path, comparison: Comparison) -> None:
    """Headline numbers, differences and claims are kept as tables, and the manifest names every run."""
    table = pd.read_parquet(compared / "tables" / "table.parquet").set_index("metric")
    pd.testing.assert_frame_equal(table, comparison.table, check_names=False)
    differences = pd.read_parquet(compared / "tables" / "differences.parquet")
    pd.testing.assert_frame_equal(differences, comparison.differences)
    assert (compared / "tables" / "claims.parquet").exists()
    manifest = json.loads((compared / "manifest.json").read_text())
    assert list(manifest["runs"]) == ["d7/1", "legacy-sltp/1"]
    assert manifest["command"] == comparison.command


def test_claims_are_left_out_without_the_documents_policies(comparison: Comparison, tmp_path: Path) -> None:
    """Without a baseline of the document there is nothing to hold its claims against."""
    renamed = Comparison(
        scenario=comparison.scenario,
        title=comparison.title,
        policies=("d7", "other"),
        seeds=comparison.seeds,
        results={("d7", 1): comparison.results["d7", 1], ("other", 1): comparison.results["legacy-sltp", 1]},
        command=comparison.command,
        protect_s=comparison.protect_s,
    )
    publish_comparison(renamed, tmp_path / "it")
    assert "document's claims" not in (tmp_path / "it" / "index.html").read_text(encoding="utf-8")
    assert not (tmp_path / "it" / "tables" / "claims.parquet").exists()
