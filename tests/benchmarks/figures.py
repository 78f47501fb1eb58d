"""Absolute figures: loading a year, importing, helping, the memory of a large run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sim.market import KlinePath, load_bars, shipped_inside
from tests.benchmarks.measure import Row, figure

_YEAR = 525_600


def _year_file(folder: Path) -> Path:
    """Write a year of minutes in the public 12-column format, zipped, as an archive would be."""
    rng = np.random.Generator(np.random.Philox(key=7))
    close = np.round(40_000 + np.cumsum(rng.normal(0, 5, _YEAR)), 1)
    opened = np.concatenate([[40_000.0], close[:-1]])
    high = np.round(np.maximum(opened, close) + 3, 1)
    low = np.round(np.minimum(opened, close) - 3, 1)
    start = 1_672_531_200_000 + 60_000 * np.arange(_YEAR, dtype=np.int64)
    rows = (
        f"{t},{o:.1f},{h:.1f},{w:.1f},{c:.1f},12.345,{t + 59_999},493800.0,321,6.1,244000.0,0\n"
        for t, o, h, w, c in zip(start, opened, high, low, close, strict=True)
    )
    path = folder / "BTCUSDT-1m-2023.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BTCUSDT-1m-2023.csv", "".join(rows))
    return path


def _seconds(command: list[str], environment: dict[str, str] | None = None) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **(environment or {})})
    return time.perf_counter() - start


_LOAD = """
import sys, time
from sim.market import load_bars
start = time.perf_counter()
bars = load_bars(sys.argv[1])
assert len(bars) == 525_600 and bars.close.sum() > 0
print(time.perf_counter() - start)
"""


def load_year() -> list[Row]:
    """Time loading a year of minutes, cold and from the cache, in fresh processes."""
    with tempfile.TemporaryDirectory() as name:
        path = _year_file(Path(name))
        cold, warm = [], []
        for round_number in range(3):
            environment = {**os.environ, "SIM_CACHE_DIR": str(Path(name) / f"cache{round_number}")}
            for times in (cold, warm, warm):
                command = [sys.executable, "-c", _LOAD, str(path)]
                done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
                times.append(float(done.stdout))
    return [
        figure("a year of minutes loads, cold", cold, "s", 3.0),
        figure("a year of minutes loads, from its cache", warm, "s", 0.3),
    ]


def start_up() -> list[Row]:
    """Time ``import sim`` beyond a bare interpreter, and ``sim --help``."""
    bare = min(_seconds([sys.executable, "-c", "pass"]) for _ in range(5))
    imported = [_seconds([sys.executable, "-c", "import sim"]) - bare for _ in range(7)]
    helped = [_seconds([sys.executable, "-m", "sim", "--help"]) for _ in range(7)]
    return [figure("import sim", imported, "s", 0.15), figure("sim --help", helped, "s", 0.5)]


_LARGE_RUN = """
import resource
import sim
result = sim.run("quickstart", seed=7, set=["workload.poisson_per_hour=4400"])
assert len(result.frames["intents"]) >= 100_000, len(result.frames["intents"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024)
"""


def memory() -> list[Row]:
    """Measure the peak memory of one run of more than 100,000 intents, frames and numbers included."""
    done = subprocess.run([sys.executable, "-c", _LARGE_RUN], check=True, capture_output=True, text=True)
    return [figure("peak memory of a 100,000-intent run", [float(done.stdout)], "GiB", 1.0)]


def shape_prints() -> list[Row]:
    """Time filling every bar of a day with real shapes, in µs of CPU per print: a million a second is 1."""
    bars = load_bars("embedded:BTCUSDT-1m-2024-01-15")
    per_print = []
    for seed in range(6):
        path = KlinePath(bars, tick=0.1, seed=seed, price_decimals=1, inside=shipped_inside())
        start = time.process_time()
        times, _ = path.prints(0, path.end_us)
        per_print.append((time.process_time() - start) * 1e6 / times.size)
    # The first path reads the library and its shapes; a run does so once.
    return [figure("a print of a day filled with shapes, all looked at", per_print[1:], "µs", 1.0)]


BENCHMARKS: dict[str, Callable[[], list[Row]]] = {
    "load-year": load_year,
    "start-up": start_up,
    "shapes": shape_prints,
    "memory": memory,
}
