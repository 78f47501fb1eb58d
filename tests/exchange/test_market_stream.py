"""Market streams: what prints, what mark says, what the touch shows, each a little later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.latency import Constant, Leg
from sim.exchange.market_stream import MarketStreams

EPOCH_US = 1_705_276_800_000_000
FIVE_MS = Leg(Constant(law="constant", ms=5.0), 1, "latency.stream", 0.3)


def _hear(desk: Any, name: str, for_s: float) -> list[tuple[int, dict[str, Any]]]:
    heard: list[tuple[int, dict[str, Any]]] = []
    streams = MarketStreams(desk.loop, EPOCH_US, desk.venue.books, FIVE_MS)
    end = streams.attach(name, lambda event: heard.append((desk.loop.now_us, event)))
    assert end is not None
    desk.run_to(for_s)
    end()
    desk.run_to(for_s + 1)
    return heard


def test_trades_are_the_prints(make_desk: Callable[..., Any]) -> None:
    """Every print comes once, 5 ms later, with a number that rises and a maker told by the move."""
    desk = make_desk(pct_per_s=0.01)
    heard = _hear(desk, "btcusdt@aggTrade", 0.5)
    times, prices = desk.path.prints(1, 495_001)
    assert [at_us for at_us, _ in heard] == (times + 5000).tolist()
    assert [float(event["p"]) for _, event in heard] == prices.tolist()
    numbers = [event["a"] for _, event in heard]
    assert numbers == sorted(set(numbers))
    assert not any(event["m"] for _, event in heard)
    assert all(event["m"] for _, event in _hear(make_desk(pct_per_s=-0.01), "btcusdt@trade", 0.5)[3:])


def test_a_trades_number_does_not_depend_on_when_one_listens(make_desk: Callable[..., Any]) -> None:
    """Who comes later hears the same trades with the same numbers."""
    early, late = make_desk(pct_per_s=0.01), make_desk(pct_per_s=0.01)
    late.run_to(0.2)
    assert _hear(early, "btcusdt@aggTrade", 0.5)[-10:] == _hear(late, "btcusdt@aggTrade", 0.5)[-10:]


@pytest.mark.parametrize(("name", "every_s"), [("btcusdt@markPrice@1s", 1), ("btcusdt@markPrice", 3)])
def test_mark_comes_on_whole_seconds(make_desk: Callable[..., Any], name: str, every_s: int) -> None:
    """Every second, or every third one, of Unix time."""
    desk = make_desk(pct_per_s=0.01)
    desk.run_to(0.4)
    heard = _hear(desk, name, 9.5)
    assert [at_us for at_us, _ in heard] == [s * 1_000_000 + 5000 for s in range(every_s, 10, every_s)]
    assert all(float(event["p"]) == desk.path.mark(at_us - 5000) for at_us, event in heard)


def test_the_best_prices_come_when_they_change(make_desk: Callable[..., Any]) -> None:
    """The touch is the book's, and a price that stands is told once."""
    moving, standing = make_desk(pct_per_s=0.01), make_desk()
    heard = _hear(moving, "btcusdt@bookTicker", 0.5)
    book = moving.venue.books["BTCUSDT"]
    assert len(heard) > 5
    for at_us, event in heard:
        assert float(event["a"]) == book.touch(1, at_us - 5000)
        assert float(event["b"]) == book.touch(-1, at_us - 5000)
    assert len(_hear(standing, "btcusdt@bookTicker", 0.5)) == 1


@pytest.mark.parametrize("name", ["btcusdt@dance", "nopeusdt@trade", "btcusdt", ""])
def test_a_name_that_means_nothing(make_desk: Callable[..., Any], name: str) -> None:
    """It is told from one that does."""
    desk = make_desk()
    assert MarketStreams(desk.loop, EPOCH_US, desk.venue.books, FIVE_MS).attach(name, print) is None
