"""Serve a venue that loses things to fifty connections at once: how fast it answers, and that no order goes astray."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np

from sim.serve import serve_scenario
from tests.benchmarks.load import VENUE, Books, Heard, balance
from tests.benchmarks.measure import Row

_KEY, _SECRET = "load", "load-secret"
_CONNECTIONS: Final = 50
_REQUESTS: Final = 20_000


async def _load(connections: int, requests: int) -> tuple[Heard, Books]:
    """Serve here, and call from a process of its own: both need a whole core."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "venue.toml"
        file.write_text(VENUE)
        async with serve_scenario(str(file), keys={_KEY: _SECRET}) as server:
            command = (server.url, _KEY, _SECRET, str(connections), str(requests), "0")
            clients = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.benchmarks.load", *command, stdout=asyncio.subprocess.PIPE
            )
            output, _ = await clients.communicate()
            if clients.returncode:
                raise RuntimeError(f"the clients' process ended with {clients.returncode}")
            # What was delayed still arrives.
            await server.pace.advance(60_000_000)
            heard: Heard = json.loads(output)
            return heard, balance(server.stand, heard)


def load() -> list[Row]:
    """Send 20,000 mixed requests from 50 connections and balance the books."""
    heard, books = asyncio.run(_load(_CONNECTIONS, _REQUESTS))
    for status, count in sorted(heard["statuses"].items()):
        print(f"  {status:<28} {count:>8}")
    for name, count in asdict(books).items():
        print(f"  orders {name:<21} {count:>8}")
    times = np.asarray(heard["times_ms"])
    p50, p99 = float(np.percentile(times, 50)), float(np.percentile(times, 99))
    rate = sum(heard["statuses"].values()) / heard["wall_s"]
    spread = float(times.min()), float(times.max())
    return [
        Row(f"{_CONNECTIONS} connections on a port: requests", rate, "/s", None, rate, rate),
        Row("… answered within, half of them", p50, "ms", None, *spread),
        Row("… answered within, 99 of 100", p99, "ms", None, *spread),
        Row("… orders lost, doubled or told wrongly", float(books.wrong), "", 0.0, books.wrong, books.wrong),
    ]


BENCHMARKS: dict[str, Callable[[], list[Row]]] = {"serve": load}
