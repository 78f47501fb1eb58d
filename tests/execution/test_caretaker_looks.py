"""When a stop is looked at, and what each sighting leads to, seen from the caretaker alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.caretaker import Caretaker
from sim.execution.events import StopLooked
from sim.execution.hybrid_levels import ProtectiveOrder
from sim.execution.intent_orders import Bracket
from sim.execution.lookup import Sighting
from sim.execution.order_news import OrderNews
from sim.execution.policy_keys import Settings
from sim.execution.volatility import Volatility

THERE = Sighting("there", "2", "NEW")
ABSENT = Sighting("absent")
ENDED = Sighting("ended", "2", "EXPIRED")


class Steady(Volatility):
    """Be a volatility of one per mille a root second, which notes what it is told."""

    def __init__(self, noted: list[tuple[str, float]]) -> None:
        super().__init__()
        self.noted = noted

    def note(self, symbol: str, price: float) -> None:
        self.noted.append((symbol, price))

    def sd(self, symbol: str) -> float:
        return 0.001


class World:
    """Stand for a position with a stop at 99, its orders, its protection, its way out and its client."""

    def __init__(self, price: Any = 110.0, *, side: str = "buy", stop: str = "99", **keys: Any) -> None:
        self.price = price
        self.settings = Settings(**{"verify_every_sec": 60.0, **keys})
        self.bracket = Bracket("i1", "BTCUSDT", side, Decimal("0.5"))
        self.stop: ProtectiveOrder | None = ProtectiveOrder("SL", "sl", {"stopPrice": stop}, True)
        self.stop_id = "i1-s"
        self.over = False
        self.client = self
        self.noted: list[tuple[str, float]] = []
        self.told: list[Any] = []
        news = OrderNews()
        news.expect("i1-s", "i1-s1")
        self.executor = SimpleNamespace(news=news, emit=self.told.append, volatility=Steady(self.noted))
        self.sightings: list[Any] = []
        self.flat = self.left = False
        self.placed: Any = "placed"
        self.on_way_out: Callable[[], None] = lambda: None
        self.log: list[tuple[float, str]] = []
        self.caretaker = Caretaker(self, self, self)  # type: ignore[arg-type]

    def note(self, what: str) -> None:
        self.log.append((round(asyncio.get_running_loop().time(), 2), what))

    def at(self, what: str) -> list[float]:
        return [at_s for at_s, name in self.log if name == what]

    def hear(self, status: str, executed: str = "0") -> None:
        body = {"caid": "i1-s", "X": status, "aid": 9, "aq": executed, "ap": "99"}
        self.executor.news.handle({"e": "ALGO_UPDATE", "o": body})

    async def futures_mark_price(self, *, symbol: str) -> Any:
        self.note("mark")
        price = self.price() if callable(self.price) else self.price
        if price == "hangs":
            await asyncio.sleep(1e6)
        if isinstance(price, Exception):
            raise price
        return {"symbol": symbol, "markPrice": price}

    async def look(self, stop_id: str, *, conditional: bool) -> Sighting:
        assert conditional
        self.note("look" if stop_id == self.stop_id else f"look {stop_id}")
        seen: Any = self.sightings.pop(0) if self.sightings else THERE
        return seen() if callable(seen) else seen

    def start_deadline(self) -> None:
        self.note("deadline")

    async def is_flat(self) -> bool:
        self.note("flat?")
        return self.flat

    async def has_left(self) -> bool:
        return self.left

    async def is_surely_flat(self) -> bool:
        self.note("surely?")
        return self.flat and self.left

    async def place_stop(self, order: Any, *, again: bool) -> Any:
        assert order is self.stop
        assert again
        self.note("place")
        return self.placed

    async def sweep(self) -> None:
        self.note("sweep")
        self.over = True

    async def flatten(self) -> None:
        self.on_way_out()
        await asyncio.sleep(0.0)
        self.note("flatten")
        self.over = True


def watch(world: World, *steps: tuple[float, Callable[[], Any]], until_s: float = 80.0) -> World:
    """Let the caretaker begin at 0 s, take each step at its second, and end."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for at_s, step in steps:
            loop.call_at(at_s, step)
        world.caretaker.start()
        await asyncio.sleep(until_s)
        world.caretaker.stop()

    run_virtual(main())
    return world


def test_a_far_price_is_read_when_it_could_be_near_and_the_stop_as_the_policy_says() -> None:
    """10 % away it is 625 s; at 1 % four sd need 6.4 s; the stop itself waits for its minute."""
    far = watch(World(110.0))
    assert far.at("mark") == far.at("look") == [1.0, 2.2, 3.8, 63.8]
    some = watch(World(100.0), until_s=69.0)
    assert some.at("mark") == pytest.approx(
        [1.0, 2.2, 3.8, *(3.8 + 6.25 * number for number in range(1, 11))]
    )
    assert some.at("look") == pytest.approx([1.0, 2.2, 3.8, 66.3])
    assert some.noted[0] == ("BTCUSDT", 100.0)
    assert isinstance(some.told[0], StopLooked)
    assert some.told[0] == StopLooked("BTCUSDT", "i1-s", "there", "NEW")


def test_a_near_price_and_its_stop_are_looked_at_every_second_and_a_half() -> None:
    """Four sd reach it within that: a touch between two looks shows in the stop alone.  Far again: no more."""
    near = World(99.3)
    watch(near, (7.5, lambda: setattr(near, "price", 110.0)), until_s=20.0)
    assert near.at("look") == pytest.approx([1.0, 2.2, 3.8, 5.3, 6.8])
    assert near.at("mark") == pytest.approx([1.0, 2.2, 3.8, 5.3, 6.8, 8.3])


def test_looks_come_as_often_as_the_policy_wants_where_that_is_more() -> None:
    """Every second, near or not, with a mark or without."""
    for price in (99.3, 110.0, LookupError("down")):
        world = watch(World(price, verify_every_sec=1.0), until_s=7.0)
        assert world.at("look") == pytest.approx([1.0, 2.2, 3.8, 4.8, 5.8, 6.8])


def test_a_mark_that_cannot_be_read_is_asked_for_again_soon() -> None:
    """Every second and a half; the stop itself comes when its time is up, and one that hangs costs its limit."""
    world = watch(World(LookupError("down"), verify_every_sec=4.0), until_s=9.0)
    assert world.at("mark") == pytest.approx([1.0, 2.2, 3.8, 5.3, 6.8, 8.3])
    assert world.at("look") == pytest.approx([1.0, 2.2, 3.8, 8.3])
    hanging = watch(World("hangs", attempt_timeout_sec=0.5), until_s=3.0)
    assert hanging.at("look") == pytest.approx([1.5, 2.7])


def test_a_look_without_an_answer_is_made_again_soon() -> None:
    """A second and a half later, beside the planned ones: the next minute's look is for a stop that was seen."""
    world = World()
    world.sightings = [THERE, THERE, Sighting("unreadable"), Sighting("unreadable"), THERE]
    assert watch(world).at("look") == pytest.approx([1.0, 2.2, 3.8, 5.3, 6.8, 66.8])
    missed = World()
    missed.sightings = [THERE, ABSENT, Sighting("unreadable"), ABSENT]
    assert watch(missed, until_s=3.6).at("place") == pytest.approx([3.2])
    first = World()
    first.sightings = [Sighting("unreadable")]
    assert watch(first, until_s=9.0).at("look") == pytest.approx([1.0, 2.2, 2.5, 3.8])


def test_nothing_is_looked_at_without_a_wish_for_it_or_after_the_end() -> None:
    """``verify_every_sec`` 0; stopped before the first look; stopped between two."""
    assert watch(World(verify_every_sec=0.0)).log == []
    early = World()
    watch(early, (0.5, early.caretaker.stop))
    assert early.log == []
    later = World()
    watch(later, (3.0, later.caretaker.stop))
    assert later.at("look") == [1.0, 2.2]
    over = World()
    watch(over, (3.0, lambda: setattr(over, "over", True)))
    assert over.at("mark") == [1.0, 2.2]
    never = World()
    watch(never, (0.5, lambda: setattr(never, "over", True)))
    assert never.log == []


def test_a_second_beginning_looks_soon_again() -> None:
    """After a close that failed: the last look is not old, and the stop is looked at all the same."""
    world = World()
    watch(world, (10.0, world.caretaker.stop), (20.0, world.caretaker.start), until_s=30.0)
    assert world.at("look") == [1.0, 2.2, 3.8, 21.0, 22.2, 23.8]


def test_a_stop_missing_once_is_looked_at_again_at_once_and_twice_is_placed_anew() -> None:
    """Half a second later; then the first looks come again after the new one."""
    world = World()
    world.sightings = [ABSENT, THERE, ABSENT, ABSENT]
    watch(world, until_s=8.0)
    assert world.at("look") == [1.0, 1.5, 2.2, 2.7, 3.7, 4.9, 6.5]
    assert (world.at("deadline"), world.at("place"), world.at("flatten")) == ([2.7], [2.7], [])


def test_news_that_comes_while_a_missing_stop_is_looked_for_takes_the_place_of_that_look() -> None:
    """The stop is there: the plan of looks goes on."""
    world = World()
    world.sightings = [ABSENT]
    watch(world, (1.2, lambda: world.hear("NEW")), until_s=5.0)
    assert world.at("look") == [1.0, 2.2, 3.8]


@pytest.mark.parametrize(
    ("flat", "left", "placed", "does"),
    [
        (False, False, "placed", ["deadline", "place"]),
        (False, False, "kept", ["deadline", "place"]),
        (False, False, "failed", ["deadline", "place", "flatten"]),
        (True, True, "placed", ["sweep"]),
        (True, False, "placed", ["flatten"]),
    ],
)
def test_an_ended_stop_is_placed_anew_or_its_position_closed(
    flat: bool, left: bool, placed: str, does: list[str]
) -> None:
    """Flat for certain: leftovers go; flat by reads that never showed it: an exit tells; refused anew: out."""
    world = World()
    world.flat, world.left, world.placed = flat, left, placed
    world.sightings = [ENDED]
    watch(world, until_s=1.1)
    assert [what for _, what in world.log] == ["mark", "look", "flat?", *does]


def test_a_missing_stop_of_a_position_no_read_has_shown_is_placed_anew() -> None:
    """What is only missing speaks for reads that lag, and the same stop decides."""
    world = World()
    world.flat = True
    world.sightings = [ABSENT, ABSENT]
    watch(world, until_s=2.0)
    assert [what for _, what in world.log[-3:]] == ["flat?", "deadline", "place"]


@pytest.mark.parametrize("which", ["over", "no stop", "over while it was placed"])
def test_who_else_ends_the_position_is_not_disturbed(which: str) -> None:
    """Nothing is placed or closed by two at once."""
    world = World()
    world.placed = "failed"

    def end() -> Sighting:
        if which == "over":
            world.over = True
        elif which == "no stop":
            world.stop = None
        else:
            world.start_deadline = lambda: setattr(world, "over", True)  # type: ignore[method-assign]
        return ENDED

    world.sightings = [end]
    watch(world, until_s=1.1)
    assert world.at("flatten") == []
    assert len(world.at("place")) == (which == "over while it was placed")


@pytest.mark.parametrize(
    ("status", "executed", "fired"),
    [
        ("TRIGGERING", "0", True),
        ("TRIGGERED", "0", True),
        ("FINISHED", "0", True),
        ("FILLED", "0", True),
        ("PARTIALLY_FILLED", "0.1", True),
        ("NEW", "0", False),
    ],
)
@pytest.mark.parametrize(("flat", "does"), [(True, "sweep"), (False, "flatten")])
def test_a_fired_stop_has_a_second_and_what_it_left_is_closed(
    status: str, executed: str, fired: bool, flat: bool, does: str
) -> None:
    """Heard of at once, however it is told; flat for certain: only the leftovers go."""
    world = World()
    world.flat = world.left = flat
    watch(world, (0.4, lambda: world.hear(status, executed)), until_s=1.9)
    assert world.at(does) == ([1.4] if fired else [])
    assert world.at("surely?") == ([1.4] if fired else [])
    assert world.at("look") == ([] if fired else [1.0])


@pytest.mark.parametrize("when_s", [1.0, 1.4])
def test_a_fired_stop_somebody_else_takes_care_of_is_left_to_him(when_s: float) -> None:
    """The position is being closed before its second has passed, or while it is read."""
    world = World()

    async def is_surely_flat() -> bool:
        await asyncio.sleep(0.1)
        return False

    world.is_surely_flat = is_surely_flat  # type: ignore[method-assign]
    watch(
        world,
        (0.4, lambda: world.hear("TRIGGERED")),
        (when_s, lambda: setattr(world, "over", True)),
    )
    assert (world.at("flatten"), world.at("sweep")) == ([], [])


@pytest.mark.parametrize(
    ("side", "price", "through"),
    [("buy", 99.0, True), ("buy", 98.0, True), ("buy", 99.1, False), ("sell", 99.0, True), ("sell", 98.9, False)],
)  # fmt: skip
def test_a_mark_that_reached_the_stop_counts_as_fired(side: str, price: float, through: bool) -> None:
    """It has its second, and is not looked at before."""
    world = watch(World(price, side=side), until_s=2.05)
    assert world.at("flatten") == ([2.0] if through else [])
    assert world.at("look") == ([] if through else [1.0])


def test_without_a_stop_no_price_is_through_it() -> None:
    """The look alone tells."""
    world = World(0.5)
    world.stop = None
    assert watch(world, until_s=2.0).at("look") == [1.0]


def test_a_stop_that_was_moved_while_it_was_looked_at_is_another_one() -> None:
    """What was seen of the old one is not acted upon; the new one is looked at next."""
    world = World()

    def move() -> Sighting:
        world.stop_id = "i1-s1"
        return ENDED

    world.sightings = [move]
    watch(world, until_s=3.0)
    assert [what for _, what in world.log if what != "mark"] == ["look", "look"]
    assert [event.client_order_id for event in world.told] == ["i1-s1"]


def test_a_caretaker_that_closes_the_position_does_not_end_itself() -> None:
    """Whoever closes stops it, and that may be the caretaker's own task."""
    world = World(98.0)
    world.on_way_out = world.caretaker.stop
    assert watch(world, until_s=3.0).at("flatten") == [2.0]


def test_early_news_does_not_spare_the_look_that_is_due() -> None:
    """The stream says that it rests; the look comes when it was planned."""
    world = World()
    watch(world, (0.5, lambda: world.hear("NEW")), (3.0, lambda: world.hear("NEW")), until_s=5.0)
    assert world.at("look") == [1.0, 2.2, 3.8]
    assert len(world.told) == 5


def test_news_does_not_put_off_the_next_regular_look() -> None:
    """Heard of at 50 s: it is looked at after its minute all the same."""
    world = World()
    watch(world, (50.0, lambda: world.hear("NEW")), until_s=125.0)
    assert world.at("look") == [1.0, 2.2, 3.8, 63.8, 123.8]


def test_a_close_that_is_given_up_leaves_the_caretaker_at_work() -> None:
    """The price was through the stop at all of its first looks, and comes back: the stop itself is looked at again."""
    world = World(98.0)

    async def give_up() -> None:
        world.note("flatten")

    world.flatten = give_up  # type: ignore[method-assign]
    watch(world, (5.0, lambda: setattr(world, "price", 110.0)), until_s=9.0)
    assert world.at("flatten") == pytest.approx([2.0, 3.2, 4.8])
    assert world.at("look") == pytest.approx([6.3])
