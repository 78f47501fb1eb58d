"""Notebooks run from top to bottom, as a newcomer would run them."""

from __future__ import annotations

import os
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

_ROOT = Path(__file__).parent.parent
_NOTEBOOKS = sorted((_ROOT / "notebooks").glob("*.py"))


def test_there_is_a_notebook() -> None:
    """An empty folder would pass every other test of this file."""
    assert _NOTEBOOKS


@pytest.mark.parametrize("path", _NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell runs in a fresh kernel and an empty folder, shows something, and writes no file."""
    python_path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", python_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    work = tmp_path / "work"
    work.mkdir()
    notebook = jupytext.read(path)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(work)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert not [
        output for cell in cells for output in cell.outputs if output.output_type in ("error", "stream")
    ]
    assert sum(len(cell.outputs) for cell in cells) >= len(cells) / 2
    assert list(work.iterdir()) == []
    nbformat.validate(notebook)
