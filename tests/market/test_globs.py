"""A glob is offered only where it matches exactly the files meant."""

from __future__ import annotations

import glob
from pathlib import Path

import pytest

from sim.market.globs import glob_of


@pytest.mark.parametrize(
    ("wanted", "others", "expected"),
    [
        (["A-1m-2024-01.zip"], ["A-1m-2024-02.zip"], "A-1m-2024-01.zip"),
        (["A-1m-2024-01.zip", "A-1m-2023-12.zip"], ["A-5m-2024-01.zip", "B-1m-2024-01.zip"], "A-1m-*.zip"),
        (["A-1m-2024-01.zip", "A-1m-2024-02.zip"], ["A-1m-2023-12.zip"], "A-1m-2024-*.zip"),
        (["A-1m-2024-01.zip", "A-1m-2024-03.zip"], ["A-1m-2024-02.zip"], "A-1m-2024-0[13]*.zip"),
        (["A-1m-2024-01.zip", "A-1m-2024-03.zip"], ["A-1m-2024-01-02.zip"], None),
        (["A-1m-1.csv.gz", "A-1m-2.csv.gz"], ["A-1m-1.zip", "A-1m-1.zip.CHECKSUM"], "A-1m-*.csv.gz"),
        (["one.csv", "two.csv"], [], "*.csv"),
    ],
)
def test_globs(tmp_path: Path, wanted: list[str], others: list[str], expected: str | None) -> None:
    """The shortest sound glob is found; None where a file stands in its way."""
    for name in wanted + others:
        (tmp_path / name).touch()
    found = glob_of(tmp_path, wanted)
    assert found == (None if expected is None else str(tmp_path / expected))


def test_signs_of_a_folder_are_no_pattern(tmp_path: Path) -> None:
    """A folder whose name has brackets is still matched."""
    folder = tmp_path / "a[1]"
    folder.mkdir()
    for name in ("A-1m-1.zip", "A-1m-2.zip"):
        (folder / name).touch()
    found = glob_of(folder, ["A-1m-1.zip", "A-1m-2.zip"])
    assert found is not None
    assert len(glob.glob(found)) == 2
