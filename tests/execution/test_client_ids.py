"""Ids of intents and orders: never twice, readable, and the same in every replay."""

from __future__ import annotations

import asyncio
import time

import pytest

from sim.clock import run_virtual
from sim.execution.client_ids import client_id_in, client_order_id, id_field, new_intent_id


def test_each_loop_counts_its_intents_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two worlds that run one after another in a process give the same ids; two intents of one never do."""
    monkeypatch.setattr(time, "time_ns", lambda: 36_000_000)

    async def main() -> list[str]:
        await asyncio.sleep(0.0)
        return [new_intent_id() for _ in range(37)]

    first, second = run_virtual(main()), run_virtual(main())
    assert first == second
    assert (first[0], first[1], first[35]) == ("irs0001", "irs0002", "irs0010")
    assert len(set(first)) == 37


@pytest.mark.parametrize(
    ("order_type", "number", "made"),
    [
        ("entry", 0, "i1-e"),
        ("sl", 0, "i1-s"),
        ("sl", 1, "i1-s1"),
        ("tp", 2, "i1-t2"),
        ("trailing", 0, "i1-r"),
        ("exit", 12, "i1-x12"),
        ("Funding", 0, "i1-f"),
        ("", 0, "i1-o"),
    ],
)
def test_an_orders_id_names_its_intent_its_role_and_its_number(
    order_type: str, number: int, made: str
) -> None:
    """The first of a kind has no number; a kind nobody knows is its first letter."""
    assert client_order_id("i1", order_type, number) == made


def test_an_id_fits_the_venue_or_is_refused() -> None:
    """36 characters pass, 37 do not."""
    assert len(client_order_id("i" * 34, "sl")) == 36
    with pytest.raises(ValueError, match="more than 36 characters"):
        client_order_id("i" * 35, "sl")


def test_an_id_is_read_from_and_written_to_the_field_of_its_endpoint() -> None:
    """An algo order has a field of its own; an empty id is none."""
    assert [id_field(params) for params in ({}, {"algoType": "CONDITIONAL"}, {"clientAlgoId": ""})] == [
        "newClientOrderId",
        "clientAlgoId",
        "clientAlgoId",
    ]
    assert client_id_in({"newClientOrderId": "a"}) == client_id_in({"clientAlgoId": "a"}) == "a"
    assert client_id_in({"newClientOrderId": ""}) is None
