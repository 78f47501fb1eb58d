"""Results come back from their folder as they were, and a folder is whole or not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import sim
from sim.experiment import Result, load_result, save_tables
from sim.experiment.store import MANIFEST, whole_folder


def _save(result: Result, target: Path) -> None:
    with whole_folder(target) as folder:
        save_tables(result, folder)


def _begin_and_stop(target: Path, stops: type[BaseException]) -> None:
    with whole_folder(target) as folder:
        (folder / MANIFEST).write_text("half")
        raise stops


def _left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_result_comes_back_as_it_was(small: Result, tmp_path: Path) -> None:
    """All frames come back with equal values and types, the manifest equal, and the tables made from them too."""
    _save(small, tmp_path / "run")
    back = load_result(tmp_path / "run")
    assert back.manifest == small.manifest
    assert back.frames.keys() == small.frames.keys()
    for name, frame in small.frames.items():
        assert_frame_equal(back.frames[name], frame, check_exact=True)
    assert back.headline == small.headline
    assert_frame_equal(back.recovery, small.recovery)
    assert back.name == small.name


def test_empty_tables_keep_their_types(tmp_path: Path) -> None:
    """A run without faults and violations comes back with their empty tables, columns and types."""
    calm = sim.run("calm_baseline", seed=1, intents=3)
    assert not len(calm.frames["faults"])
    _save(calm, tmp_path / "run")
    back = load_result(tmp_path / "run")
    for name, frame in calm.frames.items():
        assert_frame_equal(back.frames[name], frame, check_exact=True)


def test_tables_are_also_written_as_csv_when_asked(small: Result, tmp_path: Path) -> None:
    """Each table has a CSV of as many rows beside it."""
    with whole_folder(tmp_path / "run") as folder:
        save_tables(small, folder, csv=True)
    for name, frame in small.frames.items():
        assert len(pd.read_csv(tmp_path / "run" / "tables" / f"{name}.csv")) == len(frame)


def test_a_folder_appears_only_when_it_is_whole(small: Result, tmp_path: Path) -> None:
    """While a result is written its folder is not there; afterwards nothing else is."""
    target = tmp_path / "deep" / "er" / "run"
    with whole_folder(target) as folder:
        save_tables(small, folder)
        assert not target.exists()
        assert folder.parent == target.parent
    assert _left_in(target.parent) == ["run"]


@pytest.mark.parametrize("stops", [KeyboardInterrupt, OSError, SystemExit])
def test_an_interrupted_write_leaves_nothing(tmp_path: Path, stops: type[BaseException]) -> None:
    """Interrupted in the middle, no folder and no half of one is left."""
    with pytest.raises(stops):
        _begin_and_stop(tmp_path / "run", stops)
    assert _left_in(tmp_path) == []


def test_an_interrupted_write_keeps_the_earlier_result(small: Result, tmp_path: Path) -> None:
    """A result that was there stays, whole, when its successor does not come."""
    _save(small, tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        _begin_and_stop(tmp_path / "run", KeyboardInterrupt)
    assert _left_in(tmp_path) == ["run"]
    assert load_result(tmp_path / "run").manifest == small.manifest


def test_a_failing_move_keeps_the_earlier_result(
    small: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the new folder cannot be moved into place, the earlier one is put back."""
    _save(small, tmp_path / "run")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if ".partial" in self.name:
            raise PermissionError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(PermissionError):
        _save(small, tmp_path / "run")
    assert _left_in(tmp_path) == ["run"]
    assert load_result(tmp_path / "run").manifest == small.manifest


def test_an_earlier_result_is_replaced_whole(small: Result, tmp_path: Path) -> None:
    """What the earlier result held and the new one does not is gone."""
    _save(small, tmp_path / "run")
    (tmp_path / "run" / "left.txt").write_text("left")
    _save(small, tmp_path / "run")
    assert _left_in(tmp_path / "run") == [MANIFEST, "tables"]
    assert _left_in(tmp_path) == ["run"]


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A folder with other things in it, or a file, is refused by name and not touched."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("file")
    for name in ("notes", "file"):
        with pytest.raises(sim.InputError, match=name), whole_folder(tmp_path / name):
            raise AssertionError("the block must not run")
    assert _left_in(tmp_path) == ["file", "notes"]
    assert (tmp_path / "notes" / "mine.txt").read_text() == "mine"


def test_a_manifest_of_another_program_is_no_earlier_result(tmp_path: Path) -> None:
    """Many projects hold a manifest.json: without a command of ours in it, the folder stays as it is."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / MANIFEST).write_text('{"name": "mine"}')
    (tmp_path / "web" / "app.js").write_text("mine")
    with pytest.raises(sim.InputError, match="an earlier result"), whole_folder(tmp_path / "web"):
        raise AssertionError("the block must not run")
    assert _left_in(tmp_path / "web") == ["app.js", MANIFEST]


def test_of_two_processes_the_later_result_stays(
    small: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that another process put in place at the last moment is replaced, not tripped over."""
    rename = Path.rename
    rivals = ["one"]

    def late(self: Path, target: Path) -> Path:
        if ".partial" in self.name and rivals:
            (target / rivals.pop()).mkdir(parents=True)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    _save(small, tmp_path / "run")
    assert _left_in(tmp_path) == ["run"]
    assert load_result(tmp_path / "run").manifest == small.manifest


def _without_table(folder: Path) -> None:
    (folder / "tables" / "faults.parquet").unlink()


def _without_column(folder: Path) -> None:
    pd.DataFrame({"run": ["a"]}).to_parquet(folder / "tables" / "intents.parquet")


def _words_for_numbers(folder: Path) -> None:
    path = folder / "tables" / "intents.parquet"
    pd.read_parquet(path).assign(decided_us="soon").to_parquet(path)


def _manifest_with(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_text())
        (folder / MANIFEST).write_text(json.dumps({**manifest, **values}))

    return change


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without_table, r"expected a folder whose tables hold faults\.parquet"),
        (_without_column, r"intents\.parquet: given \['run'\], expected the columns intent, seed"),
        (_words_for_numbers, r"intents\.parquet: decided_us: given .*, expected a column of numbers"),
        (
            _manifest_with(protect_s="x"),
            "manifest.json: protect_s: given 'x', expected a value of type float",
        ),
        (_manifest_with(epoch_us=None), "manifest.json: epoch_us: given None, expected a value of type int"),
        (_manifest_with(data_notes=3), "manifest.json: data_notes: given 3, expected a value of type list"),
    ],
)
def test_a_damaged_result_is_refused_where_it_is_damaged(
    small: Result, tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    """What a reader would trip over is refused when the folder is loaded, with file and column or key."""
    _save(small, tmp_path / "run")
    damage(tmp_path / "run")
    with pytest.raises(sim.InputError, match=message):
        load_result(tmp_path / "run")


def test_an_empty_folder_is_taken(small: Result, tmp_path: Path) -> None:
    """A folder made beforehand, with nothing in it, takes the result."""
    (tmp_path / "run").mkdir()
    _save(small, tmp_path / "run")
    assert load_result(tmp_path / "run").name == small.name


def test_what_is_no_result_is_refused_by_name(small: Result, tmp_path: Path) -> None:
    """A folder without manifest, with a broken one or without tables is refused with what is missing."""
    with pytest.raises(sim.InputError, match=MANIFEST):
        load_result(tmp_path / "nothing")
    (tmp_path / MANIFEST).write_text("{broken")
    with pytest.raises(sim.InputError, match="valid JSON"):
        load_result(tmp_path)
    (tmp_path / MANIFEST).write_text("{}")
    with pytest.raises(sim.InputError, match=r"intents\.parquet"):
        load_result(tmp_path)
