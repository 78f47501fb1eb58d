"""The same run in two processes leaves the same record, and a difference is named by its first row."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.errors import SimError
from sim.experiment import Question, first_difference, run_twice
from sim.trace import Trace

PLANTED = '''
"""Think as long as the names of things happen to hash to."""
from sim.exchange import client

true_send = client.SimulatedClient._send

async def hasty_send(self, method, path, params):
    import asyncio
    if params.get("type") == "STOP_MARKET":
        await asyncio.sleep((hash("stop") % 1000 + 1) / 1e6)
    return await true_send(self, method, path, params)

client.SimulatedClient._send = hasty_send
'''


@pytest.fixture
def two_traces() -> Callable[..., tuple[Trace, Trace]]:
    """Give the function that fills two traces with the same rows but for one."""

    def fill(table: str, **change: float) -> tuple[Trace, Trace]:
        traces = Trace(), Trace()
        for number, trace in enumerate(traces):
            for at_us in (10, 20, 30):
                trace.writer("process")(("crashed", 0, at_us))
                trace.writer("backoff")((0, 1, 1, at_us, 500_000))
            if number and table == "backoff":
                trace.tables["backoff"].pending[1] = (0, 1, 1, 20, 500_001)
            if number and table == "process":
                trace.writer("process")(("restarted", 0, 5))
        return traces

    return fill


def test_equal_traces_have_no_difference(two_traces: Callable[..., tuple[Trace, Trace]]) -> None:
    """Nothing differs where nothing was changed."""
    assert first_difference(*two_traces("")) is None


def test_the_first_row_that_differs_is_named(two_traces: Callable[..., tuple[Trace, Trace]]) -> None:
    """Table, row, the column and both its values, and what the two have in common."""
    found = first_difference(*two_traces("backoff"))
    assert found is not None
    assert (found.table, found.row) == ("backoff", 1)
    assert str(found).startswith("backoff[1]: delay_us: 500000 and 500001 (in both: intent=0")


def test_a_row_too_many_is_a_difference(two_traces: Callable[..., tuple[Trace, Trace]]) -> None:
    """A record that only one run has is shown with the side that lacks it."""
    found = first_difference(*two_traces("process"))
    assert found is not None
    assert (found.table, found.row, found.first) == ("process", 3, None)
    assert "the first run has no such record" in str(found)


def test_two_processes_with_different_hash_seeds_agree() -> None:
    """A swarm run with every family that its seed armed is the same bytes in another process."""
    assert run_twice(Question("quickstart", "d7", seed=4, intents=12, swarm=True)) is None


def test_planted_nondeterminism_is_found_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code under test that waits by a hash differs between processes, first where its stop is sent."""
    (tmp_path / "planted_hash.py").write_text(PLANTED, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = run_twice(Question("quickstart", "d7", seed=4, intents=3, imports=("planted_hash",)))
    assert found is not None
    assert found.first is not None
    assert found.second is not None
    assert found.first["intent"] == found.second["intent"]
    assert found.table in ("request", "sent", "order", "write")


def test_a_process_that_fails_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs that both fail are not the same run."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", os.environ.get("PYTHONDONTWRITEBYTECODE", "1"))
    with pytest.raises(SimError, match="failed"):
        run_twice(Question("quickstart", "d7", imports=("no_such_module",)))
