"""A 200 that does not say what happened: python-binance over the wire reads it as the simulated client does."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")
pytest.importorskip("binance", reason="python-binance is not installed (dependency group test)")

from binance.exceptions import BinanceRequestException

from sim.exchange.attribution import CURRENT_INTENT
from sim.exchange.client import SimulatedClient
from sim.faults import KINDS, FaultSpec, How
from sim.web.clients import python_binance

ORDER = "/fapi/v1/order"
MARKET = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "MARKET",
    "quantity": "0.010",
    "newOrderRespType": "RESULT",
    "newClientOrderId": "entry-1",
}


def _spec(kind: str) -> Any:
    spec: type[FaultSpec] = KINDS[kind]
    return spec.model_validate({"name": "f", "kind": kind, "how": How(rate=1.0)})


async def _heard(call: Any) -> Any:
    try:
        return await call
    except Exception as error:  # noqa: BLE001 - whatever is raised is compared
        return error


def _told(booth: Any, key: tuple[str, str], rewrite: Any, *, in_process: bool) -> Any:
    booth.fault(ORDER, stage="reply_leg", truth="applied", rewrite=rewrite)

    async def program(_: Any) -> Any:
        if in_process:
            CURRENT_INTENT.set(booth.world.slots[key[0]])
            return await _heard(
                SimulatedClient(booth.world.gateway, "2025-12-09", 10.0).futures_create_order(**MARKET)
            )
        async with python_binance(*key) as client:
            return await _heard(client.futures_create_order(**MARKET))

    return booth.run(program)


def _page(body: Any) -> str:
    return "<html><body>please wait</body></html>"


REWRITES = {
    **{
        kind: _spec(kind).rewritten
        for kind in ("empty_body", "null_reply", "garbled", "missing_id", "ack_only")
    },
    "page": _page,
}


@pytest.mark.parametrize("kind", list(REWRITES))
def test_both_doors_tell_the_same(make_booth: Any, key: tuple[str, str], kind: str) -> None:
    """The same value, or an exception of the same name; the order lives in each case."""
    answers = []
    for in_process in (True, False):
        booth = make_booth()
        answers.append(_told(booth, key, REWRITES[kind], in_process=in_process))
        assert float(booth.account.position("BTCUSDT").quantity) == 0.01
    one, other = answers
    if isinstance(one, Exception):
        assert type(one) is type(other)
        assert str(one).partition("url=")[0] == str(other).partition("url=")[0]
        assert kind != "garbled" or isinstance(one, BinanceRequestException)
    else:
        for answer in answers:
            for stamp in ("updateTime", "orderId"):
                if isinstance(answer, dict):
                    answer.pop(stamp, None)
        assert one == other
