"""A sweep gives the same bytes whoever makes it, and goes on where it was stopped."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

import sim.sweep.batch
import sim.sweep.coordinate
from sim.errors import InputError, SimError
from sim.sweep import SweepSummary, plan_sweep, read_sorted, sweep
from sim.sweep.batch import Batch, run_batches
from sim.sweep.parts import TABLES, PartBytes
from tests.sweep.tiny import ASKED, files_of

RUNS = 16


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SweepSummary]:
    """Return the folder and the summary of the tiny sweep, made by one worker without a stop."""
    folder = tmp_path_factory.mktemp("sweep") / "whole"
    return folder, sweep(ASKED, folder, jobs=1)


@pytest.fixture
def handed_out(whole: tuple[Path, SweepSummary], monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """Let batches take their bytes from the whole sweep, and return those that were asked for."""
    folder, asked = whole[0], list[Batch]()

    def look_up(batches: tuple[Batch, ...]) -> list[PartBytes]:
        asked.extend(batches)
        names = [batch.name for batch in batches]
        return [PartBytes(*(name.path(folder, table).read_bytes() for table in TABLES)) for name in names]

    monkeypatch.setattr(sim.sweep.coordinate, "run_batches", look_up)
    return asked


def test_eight_workers_write_the_bytes_of_one(whole: tuple[Path, SweepSummary], tmp_path: Path) -> None:
    """Parts, tables, manifest and summary are the same bytes with one worker and with eight."""
    summary = sweep(ASKED, tmp_path / "eight", jobs=8)
    assert files_of(tmp_path / "eight") == files_of(whole[0])
    assert len(summary.cells) == 4


def test_all_cells_meet_the_same_seeds_and_intents(whole: tuple[Path, SweepSummary]) -> None:
    """Every cell has a row for each intent of each seed, decided at the same moments."""
    intents = read_sorted(whole[0], "intents").to_pandas()
    runs = read_sorted(whole[0], "runs").to_pandas()
    assert len(intents) == RUNS * 3
    assert len(runs) == RUNS
    for _, cells in intents.groupby("scenario"):
        sides = [cell[["seed", "intent", "decided_us"]].to_numpy() for _, cell in cells.groupby("policy")]
        assert (sides[0] == sides[1]).all()
    assert (runs.groupby(["scenario", "policy"])["seed"].apply(list).map(tuple) == (1, 2, 3, 4)).all()


def test_a_killed_worker_loses_running_batches_only(whole: tuple[Path, SweepSummary], tmp_path: Path) -> None:
    """A worker killed in the middle ends the sweep with what has ended kept; the next one equals a whole one."""
    folder = tmp_path / "killed"

    def kill(done: int, total: int) -> None:
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    with pytest.raises(SimError, match=r"worker was killed.*\n.* of 16 runs ended"):
        sweep(ASKED, folder, jobs=2, progress=kill)
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("part-*.parquet")}
    assert 2 <= len(kept) < 16
    left: list[int] = []
    sweep(ASKED, folder, jobs=2, progress=lambda done, total: left.append(total))
    assert left[0] == RUNS - len(kept)
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    assert files_of(folder) == files_of(whole[0])


@pytest.mark.usefixtures("handed_out")
@pytest.mark.parametrize("ended", [1, 2, 3])
def test_a_stop_after_any_task(whole: tuple[Path, SweepSummary], tmp_path: Path, ended: int) -> None:
    """Interrupted after any task, the same command runs the rest and nothing twice."""

    def stop(done: int, total: int) -> None:
        if done == 4 * ended:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(ASKED, tmp_path, jobs=1, progress=stop)
    left: list[int] = []
    sweep(ASKED, tmp_path, jobs=1, progress=lambda done, total: left.append(total))
    assert left[0] == RUNS - 4 * ended
    assert files_of(tmp_path) == files_of(whole[0])


def test_half_a_batch_and_half_a_file_are_no_batch(
    whole: tuple[Path, SweepSummary], handed_out: list[Batch], tmp_path: Path
) -> None:
    """A part of one table alone, or a file half written, is made again."""
    sweep(ASKED, tmp_path, jobs=1)
    handed_out.clear()
    victim = sorted((tmp_path / "runs").rglob("part-*.parquet"))[0]
    victim.rename(victim.with_name(f".{victim.name}.partial"))
    sweep(ASKED, tmp_path, jobs=1)
    assert len(handed_out) == 1
    assert files_of(tmp_path) == files_of(whole[0])


@pytest.mark.usefixtures("handed_out")
def test_parts_of_other_code_never_mix_in(
    whole: tuple[Path, SweepSummary], handed_out: list[Batch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What other code has made is set aside, and comes back with that code without being run again."""
    sweep(ASKED, tmp_path, jobs=1)
    mine = files_of(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(sim.sweep.batch, "code_sha256", lambda: "f" * 64)
        patch.setattr(sim.sweep.coordinate, "run_batches", run_batches)
        sweep(replace(ASKED, scenarios=("calm_baseline",), seeds=1, intents=1), tmp_path, jobs=1)
        assert len(read_sorted(tmp_path, "runs")) == 2
        assert len(list((tmp_path / "superseded").rglob("part-*.parquet"))) == 16
    handed_out.clear()
    sweep(ASKED, tmp_path, jobs=1)
    assert handed_out == []
    assert {name: text for name, text in files_of(tmp_path).items() if "superseded" not in name} == mine


def test_the_first_error_ends_it_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that raises ends the sweep; the message has the command that shows it, what has ended is kept."""
    real = sim.sweep.batch.run_unjudged

    def fail(*args: object, seed: int, **words: object) -> object:
        if seed == 3:
            raise ZeroDivisionError("no more")
        return real(*args, seed=seed, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(sim.sweep.batch, "run_unjudged", fail)
    asked = replace(ASKED, scenarios=("calm_baseline",), policies=("d7",), intents=1, batch_intents=1)
    again = r"ZeroDivisionError: no more\n  again: sim run calm_baseline --policy d7 --seed 3 --intents 1\n  2 of 4"
    with pytest.raises(SimError, match=again):
        sweep(asked, tmp_path, jobs=1)
    assert len(list(tmp_path.rglob("part-*.parquet"))) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"policies": ("d7", "never-resent")}, "did you mean 'never-resend'"),
        ({"policies": ("d7", "d7")}, "each policy once"),
        ({"scenarios": ("quickstart", "quickstart")}, "each scenario once"),
        (
            {"grid": ("execution.max_slipage_pct=0.1,0.2",)},
            r"--grid .*did you mean 'execution.max_slippage_pct'",
        ),
        ({"grid": ("workload.evry_s=1,2",)}, r"--grid .*did you mean '.*every_s'"),
        ({"grid": ("execution.max_order_retries=1,x",)}, "--grid execution.max_order_retries"),
        ({"grid": ("workload.notional=0.001,100",)}, "at least one step"),
        ({"until_width": "result_qote=1"}, "did you mean 'result_quote'"),
        ({"until_width": "result_quote=0"}, "width above 0"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_runs(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    """A cell that cannot be loaded ends the command before the folder is made."""
    with pytest.raises(InputError, match=message):
        sweep(replace(ASKED, **changes), tmp_path / "none", jobs=1)
    assert not (tmp_path / "none").exists()


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    """A folder that holds anything but a sweep is refused and not touched."""
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="one that sim sweep has written"):
        sweep(ASKED, tmp_path, jobs=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_key_covers_all_that_decides_a_part() -> None:
    """Another seed, length, value, scenario, policy or tape gives another name; the number of seeds does not."""
    first = plan_sweep(ASKED).batches[0]
    others = [
        replace(ASKED, first_seed=2),
        replace(ASKED, intents=2, batch_intents=4),
        replace(ASKED, overrides=("workload.every_s=7",)),
        replace(ASKED, overrides=("execution.max_order_retries=1",)),
        replace(ASKED, scenarios=("calm_baseline",)),
        replace(ASKED, policies=("never-resend",)),
    ]
    names = {plan_sweep(asked).batches[0].name for asked in others} | {first.name}
    assert len(names) == 1 + len(others)
    assert plan_sweep(replace(ASKED, seeds=40)).batches[0].name == first.name
    assert replace(first, origin=first.origin._replace(data="other")).name != first.name
