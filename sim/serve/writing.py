"""Write a server's record down: one parquet file per table of the trace, and a manifest that says where it is from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.experiment.fingerprint import code_sha256, versions
from sim.experiment.store import MANIFEST, write_json
from sim.serve.state import counts_of, speed_word

if TYPE_CHECKING:
    from sim.serve.server import Server

TRACE: Final = "trace"
"""The folder of the tables within the one that is written."""


def manifest_of(server: Server, command: str) -> dict[str, Any]:
    """Return what is true of the whole: source, end, counts, and the hash of the record."""
    stand = server.stand
    return {
        "name": f"serve-{server.loaded.name}-seed{server.seed}",
        "scenario": server.loaded.name,
        "seed": server.seed,
        "rules": server.loaded.scenario.rules,
        "overrides": list(server.loaded.overrides),
        "speed": speed_word(server.pace.speed),
        "ended": server.ended,
        "ended_us": server.pace.now_us,
        "epoch_us": stand.epoch_us,
        "accounts": {key: slot.account.number for key, slot in stand.slots.items()},
        "counts": counts_of(server),
        "errors": list(server.errors),
        "trace_sha256": stand.trace.sha256(),
        "scenario_sha256": server.loaded.sha256,
        "code_sha256": code_sha256(),
        "versions": versions(),
        "command": command,
    }


def write_trace(server: Server, folder: Path, command: str) -> None:
    """Write ``trace/TABLE.parquet`` for every table and the manifest beside them."""
    import pandas as pd

    tables = folder / TRACE
    tables.mkdir()
    for name in server.stand.trace.tables:
        pd.DataFrame(server.stand.trace.arrays(name)).to_parquet(tables / f"{name}.parquet", index=False)
    write_json(folder / MANIFEST, manifest_of(server, command))
