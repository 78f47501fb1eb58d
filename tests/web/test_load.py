"""Many connections at once on a venue that loses things: every order is where the truth says it is."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")

from sim.serve import serve_scenario


@pytest.fixture(scope="module")
def load() -> Any:
    """Give the benchmark's module: what calls and what balances the books."""
    file = Path(__file__).parent.parent / "benchmarks" / "load.py"
    spec = importlib.util.spec_from_file_location("load_of_benchmarks", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its data classes look for their module there
    spec.loader.exec_module(module)
    return module


def _loaded(load: Any, folder: Path, scenario: str) -> tuple[Any, Any]:
    async def program() -> tuple[Any, Any]:
        file = folder / "venue.toml"
        file.write_text(scenario)
        async with serve_scenario(str(file), keys={"key": "secret"}) as server:
            heard = await load.call(server.url, "key", "secret", 10, 500, patience_s=0.3)
            await server.pace.advance(60_000_000)
            return heard, load.balance(server.stand, heard)

    return asyncio.run(program())


def test_no_order_is_lost_or_doubled_under_load(load: Any, tmp_path: Path) -> None:
    """500 mixed requests from 10 connections, with lost, late and broken ones: the books balance."""
    heard, books = _loaded(load, tmp_path, load.VENUE)
    assert sum(heard["statuses"].values()) == 500
    assert books.wrong == 0, books
    assert books.applied > 150
    assert books.unknown > 5


def test_the_balance_sees_what_goes_astray(load: Any) -> None:
    """An order that is missing, one that is there twice and one that was told wrongly are each counted."""
    heard: dict[str, Any] = {"orders": [("a", 200), ("b", 200), ("c", 400), ("d", 200), ("e", -1)]}
    rows = {"a": "applied", "b": "applied", "c": "applied", "d": "not_applied", "e": "not_applied"}

    class Trace:
        def arrays(self, table: str) -> dict[str, list[Any]]:
            if table == "sent":
                return {"request": list(range(5)), "client_id": [load.id_number(name) for name in rows]}
            return {"request": list(range(5)), "truth": list(rows.values())}

    class Order:
        def __init__(self, client_id: str) -> None:
            self.client_id = client_id

    orders = dict(enumerate(map(Order, "bbce")))
    books = load.balance(SimpleNamespace(trace=Trace(), venue=SimpleNamespace(orders=orders)), heard)
    assert (books.lost, books.doubled, books.invented, books.false_yes, books.false_no) == (1, 1, 1, 1, 1)
    assert books.wrong == 5
