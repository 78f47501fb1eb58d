"""Serve a small exchange on a straight line at a real port of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

_T = TypeVar("_T")

VENUE = """
title = "a straight line"
rules = "{rules}"
[market]
path = "line"
line = {{ start_price = 50000.0, pct_per_s = {pct_per_s}, for_s = {for_s} }}
[latency]
request = {{ law = "constant", ms = 30 }}
reply = {{ law = "constant", ms = 10 }}
stream = {{ law = "constant", ms = 5 }}
[fills]
half_spread_bps = 0.0
spread_range_share = 0.0
impact_bps = 0.0
taker_fee = 0.0004
trigger_delay_ms = 20.0
[account]
wallet = {wallet}
{account}
[workload]
poisson_per_hour = 1
sl_pct = 0.004
tp_pct = 0.008
{more}
"""


@pytest.fixture
def venue(tmp_path: Path) -> Callable[..., str]:
    """Give what writes a scenario's file and returns its path."""

    def write(
        *, pct_per_s: float = 0.0, rules: str = "2025-12-09", wallet: float = 1e6, for_s: float = 7200.0,
        account: str = "", more: str = "",
    ) -> str:  # fmt: skip
        file = tmp_path / "venue.toml"
        given = {"pct_per_s": pct_per_s, "rules": rules, "wallet": wallet, "for_s": for_s, "account": account}
        file.write_text(VENUE.format(**given, more=more))
        return str(file)

    return write


@pytest.fixture
def serve(venue: Callable[..., str]) -> Callable[..., Any]:
    """Give what serves such a scenario in a loop of its own and runs a program on its server."""

    def run(
        program: Callable[[Any], Awaitable[_T]], *, options: dict[str, Any] | None = None, **given: Any
    ) -> _T:
        # Here, so that without the http extra each test module can be skipped by itself.
        from sim.serve import serve_scenario
        from tests.serve.at_port import KEY, SECRET

        async def main() -> _T:
            asked = {"keys": {KEY: SECRET}, **(options or {})}
            async with serve_scenario(venue(**given), **asked) as server:
                return await program(server)

        return asyncio.run(main())

    return run


@pytest.fixture
def plainly(serve: Callable[..., Any]) -> Callable[..., Any]:
    """Give what serves a scenario and runs a program on a :class:`~tests.serve.at_port.Plain` client of it."""

    def run(program: Callable[[Any, Any], Awaitable[_T]], **keywords: Any) -> Any:
        import aiohttp

        from tests.serve.at_port import Plain

        async def with_client(server: Any) -> _T:
            async with aiohttp.ClientSession() as session:
                return await program(server, Plain(session, server.url))

        return serve(with_client, **keywords)

    return run
