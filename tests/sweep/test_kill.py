"""Kill what a user's machine or cluster kills, at any moment, and compare the resumed sweep with a whole one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.sweep import sweep
from tests.sweep.tiny import ASKED, files_of

ROOT = Path(__file__).resolve().parents[2]
COORDINATOR = """
import sys
from pathlib import Path
from sim.sweep import sweep
from tests.sweep.tiny import ASKED
print(sweep(ASKED, Path(sys.argv[1]), jobs=2, progress=lambda done, total: print(done, flush=True)))
"""


def started(folder: Path) -> subprocess.Popen[str]:
    """Start the tiny sweep in a process of its own, the head of its own group."""
    words = [sys.executable, "-c", COORDINATOR, str(folder)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)


def is_running(process: int) -> bool:
    """Tell whether a process is there and is no zombie."""
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


def children_of(process: int) -> list[int]:
    """Return the processes a process has begun."""
    names = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8").split()
    return [int(name) for name in names]


@pytest.mark.campaign
def test_a_killed_coordinator(tmp_path: Path) -> None:
    """Killed again and again after each batch it keeps, the sweep ends with the bytes of a whole one.

    Its workers leave with it, and a sweep that still writes keeps a second one out of its folder.
    """
    sweep(ASKED, tmp_path / "whole", jobs=1)
    folder = tmp_path / "killed"
    for _ in range(20):
        process = started(folder)
        assert process.stdout is not None
        line = process.stdout.readline()
        workers = children_of(process.pid) if line.strip().isdecimal() else []
        process.send_signal(signal.SIGKILL)
        process.communicate()
        deadline_s = time.monotonic() + 10.0
        while any(is_running(worker) for worker in workers) and time.monotonic() < deadline_s:
            time.sleep(0.1)
        assert not [worker for worker in workers if is_running(worker)]
        if len(list((folder / "runs").rglob("part-*.parquet"))) == 8:
            break
    sweep(ASKED, folder, jobs=2)
    assert files_of(folder) == files_of(tmp_path / "whole")


@pytest.mark.campaign
def test_a_cluster_of_two_processes(tmp_path: Path) -> None:
    """A Dask cluster gives the bytes of one worker, also when one of its workers is killed in the middle."""
    import distributed

    sweep(ASKED, tmp_path / "whole", jobs=1)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        sweep(ASKED, tmp_path / "cluster", dask=address)
        assert files_of(tmp_path / "cluster") == files_of(tmp_path / "whole")
        killed: list[int] = []

        def kill(done: int, total: int) -> None:
            if not killed:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        sweep(ASKED, tmp_path / "killed", dask=address, progress=kill)
        assert killed
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "whole")
