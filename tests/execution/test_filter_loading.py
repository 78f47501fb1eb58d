"""The careful way never trades without filters, asks again until it has them, and lets no position wait for them."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution import EventDrivenExecutor, SideCallFailed, UnknownSymbol
from tests.execution.venue_fake import VenueClient, VenueFake, enter, policy

LOST = "lost"
NEVER = 1000


class Deaf(VenueClient):
    """Lose the first so many questions for the exchange information: nothing comes back, or an exception."""

    def __init__(self, books: VenueFake, lost: int, how: str = LOST) -> None:
        super().__init__(books, None, True)
        self.lost, self.how = lost, how
        self.asked: list[float] = []

    async def futures_exchange_info(self) -> Any:
        self.asked.append(asyncio.get_running_loop().time())
        if len(self.asked) > self.lost:
            return await super().futures_exchange_info()
        if self.how == LOST:
            await asyncio.Event().wait()
        if self.how == "empty":
            return {}
        raise ConnectionError("reset")


@pytest.mark.parametrize("how", [LOST, "reset", "empty"])
def test_a_start_asks_again_for_filters_that_did_not_come(how: str) -> None:
    """Silence is given up after most of the time to protection, and nothing is no answer; the second one is enough."""
    client = Deaf(VenueFake(), 1, how)
    run_virtual(EventDrivenExecutor(client, policy()).prepare(["BTCUSDT"]))
    assert client.asked == pytest.approx([0.0, 0.25 + (2.975 if how == LOST else 0.0)])


def test_each_further_question_for_filters_waits_longer_up_to_a_cap() -> None:
    """A venue that is down is not asked four times a second: the waits double, to two seconds (policy ``safe``)."""
    client = Deaf(VenueFake(), 5, "reset")
    run_virtual(EventDrivenExecutor(client, policy()).prepare(["BTCUSDT"]))
    waits_s = [after - before for before, after in pairwise(client.asked)]
    assert waits_s == pytest.approx([0.25, 0.5, 1.0, 2.0, 2.0])


def test_a_start_without_any_answer_fails_in_the_end() -> None:
    """After a minute the client's own exception passes through."""
    client = Deaf(VenueFake(), NEVER, "reset")
    with pytest.raises(ConnectionError):
        run_virtual(EventDrivenExecutor(client, policy()).prepare(["BTCUSDT"]))
    assert 58.0 < client.asked[-1] <= 60.0


def test_a_symbol_the_venue_does_not_list_is_told_with_the_nearest() -> None:
    """Before anything is traded."""
    executor = EventDrivenExecutor(VenueFake().client(), policy())
    with pytest.raises(UnknownSymbol, match=r"BTCUSDC.*BTCUSDT"):
        run_virtual(executor.prepare(["BTCUSDT", "BTCUSDC"]))


def test_an_entry_waits_for_the_filters_and_is_on_step() -> None:
    """Nobody prepared, and the first answer is lost: the order goes out rounded, a little later."""
    books = VenueFake()
    client = Deaf(books, 1)
    result = run_virtual(enter(EventDrivenExecutor(client, policy()), quantity=0.50049))
    assert (result.status, result.quantity, books.position) == ("open", 0.5, 0.5)
    assert len(client.asked) == 2


def test_without_filters_nothing_is_entered() -> None:
    """Numbers off the grid are not sent: the intent is given up, and the log says so."""
    books = VenueFake()
    events: list[Any] = []
    executor = EventDrivenExecutor(Deaf(books, NEVER, "reset"), policy(), hooks=[events.append])
    result = run_virtual(enter(executor))
    assert result.status == "failed"
    assert "filters" in str(result.error_message)
    assert (books.opened, books.log) == (0, [])
    (said,) = [event for event in events if isinstance(event, SideCallFailed)]
    assert (said.call, said.consequence) == ("exchange information", "the intent is given up")


@pytest.mark.parametrize("gone", [False, True], ids=["the stop rests", "the stop is gone"])
def test_a_position_does_not_wait_for_the_filters(gone: bool) -> None:
    """The journal has the prices: what was begun is taken up at once, and the filters come beside."""
    books = VenueFake()
    journal: dict[str, str] = {}

    async def main() -> tuple[dict[str, float], float, Any]:
        await enter(EventDrivenExecutor(books.client(), policy(), journal=journal))
        if gone:
            books.orders["i1-s"]["status"] = "EXPIRED"
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        client = Deaf(books, 2)
        executor = EventDrivenExecutor(client, policy(), journal=dict(journal))
        await executor.prepare(["BTCUSDT"])
        held = await executor.recover(["BTCUSDT"])
        took_s = loop.time() - began_s
        await asyncio.sleep(30.0)
        return held, took_s, len(client.asked)

    held, took_s, asked = run_virtual(main())
    assert held == {"BTCUSDT": 0.5}
    assert len(books.resting("sl")) == 1
    assert took_s < 1.5, "nothing waits for the first answer"
    assert asked == 3
