"""A process dies at any call; the next one recovers: protected or flat, and nothing opened twice."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution import EventDrivenExecutor
from sim.execution.journal import IntentJournal
from tests.execution.venue_fake import SAFE, MortalJournal, VenueError, VenueFake, close, enter, policy

SYMBOLS = ["BTCUSDT", "ETHUSDT"]


def die_and_recover(
    books: VenueFake, dies_at: int, *, applied: bool, closes: bool = False, **changes: Any
) -> tuple[dict[str, float], dict[str, str]]:
    """Let a process die at a call, and another one recover from what it wrote down; return what that one holds."""
    client = books.client(dies_at=dies_at, applied=applied)
    journal = MortalJournal(client)

    async def live(executor: EventDrivenExecutor) -> None:
        result = await enter(executor)
        await asyncio.sleep(10.0)
        if closes:
            await close(executor, result)

    async def main() -> tuple[dict[str, float], dict[str, str]]:
        dying = EventDrivenExecutor(client, policy(), journal=journal)
        task = asyncio.create_task(live(dying))
        await asyncio.sleep(60.0)
        written = dict(journal)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        next_one = EventDrivenExecutor(books.client(), policy(**changes), journal=written)
        held = await next_one.recover(SYMBOLS)
        await asyncio.sleep(30.0)
        return held, written

    return run_virtual(main())


@pytest.mark.parametrize("algo", [False, True], ids=["one endpoint", "algo endpoint"])
@pytest.mark.parametrize("applied", [False, True], ids=["before it was applied", "after"])
@pytest.mark.parametrize("dies_at", range(1, 19))
def test_a_crash_at_any_call_ends_protected_or_flat(dies_at: int, applied: bool, algo: bool) -> None:
    """Entry, stop, target, looks, exit, sweep: wherever the process dies, the next one sets it right."""
    books = VenueFake(algo=algo)
    held, journal = die_and_recover(books, dies_at, applied=applied, closes=True)
    assert books.opened <= 1
    if books.position:
        assert books.position == 0.5
        assert len(books.resting("sl")) == 1
        assert held == {"BTCUSDT": 0.5}
        assert list(journal) == ["intent:i1"]
    else:
        assert held == {}
        assert books.resting() == []
        assert journal == {}


def test_a_recovered_position_can_be_closed_by_its_symbol() -> None:
    """The next process closes what it took up, by side and symbol, and sweeps its orders."""
    books = VenueFake()
    journal: dict[str, str] = {}

    async def main() -> Any:
        first = EventDrivenExecutor(books.client(), policy(), journal=journal)
        await enter(first)
        copy = dict(journal)
        await first.position_closed("nothing of the kind")
        second = EventDrivenExecutor(books.client(), policy(), journal=copy)
        await second.recover(SYMBOLS)
        other = await second.close_position(
            symbol="BTCUSDT", side="buy", quantity=0.5, intent_id="of somebody else"
        )
        assert not other.success or books.position == 0.0
        return await second.close_position(symbol="BTCUSDT", side="buy", quantity=0.5), copy

    closed, copy = run_virtual(main())
    assert closed.success
    assert (books.position, books.resting(), copy) == (0.0, [], {})


def test_who_knows_no_names_tells_that_a_recovered_symbol_closed() -> None:
    """What an earlier process left resting is cancelled; what this one opened itself, and other symbols, are not."""
    books = VenueFake()
    journal: dict[str, str] = {}

    async def main() -> list[list[str]]:
        await enter(EventDrivenExecutor(books.client(), policy(), journal=journal))
        second = EventDrivenExecutor(books.client(), policy(), journal=dict(journal))
        await second.recover(SYMBOLS)
        await enter(second, intent_id="i2")
        resting = [books.resting("sl")]
        for symbol in ("ETHUSDT", "BTCUSDT"):
            await second.symbol_closed(symbol)
            resting.append(books.resting("sl"))
        return resting

    assert run_virtual(main()) == [["i1-s", "i2-s1"], ["i1-s", "i2-s1"], ["i2-s1"]]


def test_entries_of_other_symbols_stay_in_the_journal() -> None:
    """A process that trades one symbol leaves another's intents alone."""
    books = VenueFake()
    journal: dict[str, str] = {}

    async def main() -> dict[str, float]:
        await enter(EventDrivenExecutor(books.client(), policy(), journal=journal))
        return await EventDrivenExecutor(books.client(), policy(), journal=journal).recover(["ETHUSDT"])

    assert run_virtual(main()) == {}
    assert list(journal) == ["intent:i1"]


def test_a_position_closed_while_nobody_ran_is_swept() -> None:
    """The stop fired during the outage: its target goes, and the intent is over."""
    books = VenueFake()
    journal: dict[str, str] = {}

    async def main() -> dict[str, float]:
        await enter(EventDrivenExecutor(books.client(), policy(), journal=journal))
        copy = dict(journal)
        books.trigger("i1-s")
        held = await EventDrivenExecutor(books.client(), policy(), journal=copy).recover(SYMBOLS)
        assert copy == {}
        return held

    assert run_virtual(main()) == {}
    assert books.resting() == []


@pytest.mark.parametrize(("refused", "position"), [(False, 0.5), (True, 0.0)], ids=["placed again", "closed"])
def test_a_stop_gone_while_nobody_ran_is_placed_again_or_the_position_closed(
    refused: bool, position: float
) -> None:
    """Bare after the outage: a stop within the deadline, or out."""
    books = VenueFake()
    journal: dict[str, str] = {}

    async def main() -> None:
        await enter(EventDrivenExecutor(books.client(), policy(), journal=journal))
        copy = dict(journal)
        books.orders["i1-s"]["status"] = "EXPIRED"
        if refused:
            books.on("sl", VenueError(-4045, "Reach max stop order limit."))
        await EventDrivenExecutor(books.client(), policy(), journal=copy).recover(SYMBOLS)
        await asyncio.sleep(1.0)

    run_virtual(main())
    assert books.position == position
    assert books.resting("sl") == (["i1-s1"] if position else [])


def test_an_entry_that_cannot_be_read_after_a_crash_stays_in_the_journal() -> None:
    """Unreadable is not absent: the intent is not forgotten, and nothing is reported as held."""
    books = VenueFake()
    journal: dict[str, str] = {}

    async def main() -> dict[str, float]:
        dying = EventDrivenExecutor(books.client(dies_at=2, applied=True), policy(), journal=journal)
        task = asyncio.create_task(enter(dying))
        await asyncio.sleep(1.0)
        written = dict(journal)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        books.on("look entry", *[LookupError("down")] * 200)
        held = await EventDrivenExecutor(books.client(), policy(), journal=written).recover(SYMBOLS)
        assert list(written) == ["intent:i1"]
        return held

    assert run_virtual(main()) == {}


@pytest.mark.usefixtures("wall_clock")
@pytest.mark.parametrize(("down_s", "left_s"), [(60.0, 1.05), (1.0, 2.5)])
def test_what_may_have_been_bare_all_the_time_is_out_soon(down_s: float, left_s: float) -> None:
    """Of 3.5 s to protection three tenths are left at least: no stop gets through, before the crash or after it."""
    books = VenueFake()
    journal: dict[str, str] = {}

    async def main() -> float:
        loop = asyncio.get_running_loop()
        await enter(EventDrivenExecutor(books.client(), policy(), journal=journal))
        copy = dict(journal)
        books.orders["i1-s"]["status"] = "EXPIRED"
        books.on("sl", *["hang"] * 20)
        await asyncio.sleep(down_s)
        began_s = loop.time()
        await EventDrivenExecutor(books.client(), policy(), journal=copy).recover(SYMBOLS)
        return loop.time() - began_s

    took_s = run_virtual(main())
    assert books.position == 0.0
    assert took_s == pytest.approx(left_s + 0.15, abs=0.2)  # with the way out and the sweep


def _begun_entry(books: VenueFake, dies_at: int = 2) -> dict[str, str]:
    """Return what a process wrote down that died before the venue had its entry."""
    journal: dict[str, str] = {}

    async def main() -> None:
        dying = EventDrivenExecutor(books.client(dies_at=dies_at, applied=False), policy(), journal=journal)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(enter(dying), 0.5)

    run_virtual(main())
    return journal


def _arrive_late(books: VenueFake) -> None:
    sent = {"newClientOrderId": "i1-e", "side": "BUY", "type": "LIMIT", "quantity": "0.5"}
    books.create(sent, None, algo=False)


def test_an_entry_that_is_carried_out_long_after_the_crash_is_closed() -> None:
    """It is watched as the process that sent it would have watched it, and nothing is reported before."""
    books = VenueFake()
    journal = _begun_entry(books)

    async def main() -> tuple[dict[str, float], float]:
        loop = asyncio.get_running_loop()
        loop.call_later(40.0, _arrive_late, books)
        held = await EventDrivenExecutor(books.client(), policy(), journal=journal).recover(SYMBOLS)
        return held, loop.time()

    held, until_s = run_virtual(main())
    assert (books.opened, books.position, held, journal) == (1, 0.0, {}, {})
    assert 40.0 < until_s < 45.0


@pytest.mark.parametrize(("down_s", "watches_s"), [(0.0, 90.0), (60.0, 30.0), (300.0, 7.0)])
def test_an_entry_is_watched_for_as_long_after_it_was_begun(
    monkeypatch: pytest.MonkeyPatch, down_s: float, watches_s: float
) -> None:
    """The time nobody ran counts; the venue's own deadline is waited for all the same."""
    monkeypatch.setattr(time, "time", lambda: asyncio.get_running_loop().time() + 60.0)
    books = VenueFake()
    journal: dict[str, str] = {}

    async def main() -> float:
        loop = asyncio.get_running_loop()
        dying = EventDrivenExecutor(books.client(dies_at=2, applied=False), policy(), journal=journal)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(enter(dying), 0.5)
        await asyncio.sleep(down_s)
        began_s = loop.time()
        await EventDrivenExecutor(books.client(), policy(), journal=journal).recover(SYMBOLS)
        return loop.time() - began_s

    assert run_virtual(main()) == pytest.approx(watches_s, abs=2.5)
    assert journal == {}


def test_a_lost_first_look_after_a_crash_is_soon_asked_again() -> None:
    """The entry may be a bare position by now: a second of silence is enough, not three as of an empty account."""
    books = VenueFake()
    journal = _begun_entry(books)
    books.on("look entry", "hang")

    async def main() -> float:
        _arrive_late(books)
        loop = asyncio.get_running_loop()
        held = await EventDrivenExecutor(books.client(), policy(), journal=journal).recover(SYMBOLS)
        assert held == {}
        return loop.time()

    assert run_virtual(main()) == pytest.approx(1.25, abs=0.2)
    assert (books.opened, books.position) == (1, 0.0)


def test_an_entry_of_unknown_fate_keeps_no_other_position_waiting() -> None:
    """What is held is told once the venue's own deadline is over; the entry is watched on beside."""
    books = VenueFake()
    journal = _begun_entry(books)

    async def main() -> tuple[dict[str, float], float, float]:
        loop = asyncio.get_running_loop()
        first = EventDrivenExecutor(books.client(), policy(), journal=journal)
        await enter(first, intent_id="i2")
        copy = dict(journal)
        began_s = loop.time()
        held = await EventDrivenExecutor(books.client(), policy(), journal=copy).recover(SYMBOLS)
        took_s = loop.time() - began_s
        loop.call_later(20.0, _arrive_late, books)
        await asyncio.sleep(25.0)
        assert list(copy) == ["intent:i2"]
        return held, took_s, books.position

    held, took_s, position = run_virtual(main())
    assert (held, position) == ({"BTCUSDT": 0.5}, 0.5)
    assert took_s == pytest.approx(7.0, abs=0.1)


def test_a_journal_entry_that_cannot_be_read_stops_the_start() -> None:
    """A position nobody knows of is worse than a process that does not start."""
    executor = EventDrivenExecutor(VenueFake().client(), policy(), journal={"intent:x": "{"})
    with pytest.raises(ValueError, match="intent:x"):
        run_virtual(executor.recover(SYMBOLS))


def test_without_a_journal_there_is_nothing_to_recover() -> None:
    """No store, no entries; a policy that keeps none writes none."""
    journal: dict[str, str] = {}

    async def main() -> dict[str, float]:
        await enter(EventDrivenExecutor(VenueFake().client(), policy(keep_journal=False), journal=journal))
        return await EventDrivenExecutor(VenueFake().client(), policy()).recover(SYMBOLS)

    assert run_virtual(main()) == {}
    assert journal == {}
    assert SAFE["execution.keep_journal"] is True
    assert IntentJournal(None).entries() == []
