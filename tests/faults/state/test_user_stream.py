"""User stream events that come late, twice, out of order, or not at all; and what the strategy then knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sim.faults import Fault
from sim.world import RunRecord

DEAD = {"kind": "user_stream", "mode": "dead", "how": {"window": {"at": 5.0, "for_s": 20.0}}}


def _events(exchange: Any, at_s: float) -> list[tuple[float, dict[str, Any]]]:
    heard: list[tuple[float, dict[str, Any]]] = exchange.listen()
    exchange.run_to(at_s)
    exchange.buy()
    exchange.run_to(60)
    return heard


def test_a_delayed_stream_keeps_its_order(make: Callable[..., Any]) -> None:
    """Each event arrives two to six seconds late and holds up those behind it."""
    heard = _events(make({"kind": "user_stream", "mode": "delay", "min_s": 2.0, "max_s": 6.0}), 10)
    truth = _events(make(), 10)
    assert [body for _, body in heard] == [body for _, body in truth]
    assert all(2.0 <= late_s - at_s <= 6.1 for (late_s, _), (at_s, _) in zip(heard, truth, strict=True))


def test_dropped_events_never_arrive(make: Callable[..., Any]) -> None:
    """The venue's truth is untouched, and each drop leaves a row that concerns no request."""
    exchange = make({"kind": "user_stream", "mode": "drop"})
    assert _events(exchange, 10) == []
    assert exchange.position == 0.010
    assert set(exchange.fired) == {("f0", "stream drop", "")}
    assert len(exchange.fired) == 3
    assert set(exchange.frame("fault").request) == {-1}


def test_duplicates_come_once_more(make: Callable[..., Any]) -> None:
    """Every event arrives twice, the second time a second later."""
    heard = _events(make({"kind": "user_stream", "mode": "duplicate", "min_s": 1.0, "max_s": 1.0}), 10)
    assert [at_s for at_s, _ in heard] == [10.0] * 3 + [11.0] * 3
    assert [body for _, body in heard[:3]] == [body for _, body in heard[3:]]


def test_reordered_events_are_overtaken(make: Callable[..., Any]) -> None:
    """Events with delays of their own arrive in another order than they left."""
    heard = _events(make({"kind": "user_stream", "mode": "reorder", "min_s": 0.0, "max_s": 9.0}), 10)
    truth = _events(make(), 10)
    assert sorted(map(repr, (body for _, body in heard))) == sorted(map(repr, (body for _, body in truth)))
    assert [body for _, body in heard] != [body for _, body in truth]


def test_a_dead_stream_says_nothing(make: Callable[..., Any]) -> None:
    """In the window nothing arrives, no error either; before and after it the stream lives."""
    assert _events(make(DEAD), 10) == []
    assert len(_events(make(DEAD), 1)) == 3
    assert len(_events(make(DEAD), 30)) == 3


def test_a_replay_follows_the_dead_stretch(make: Callable[..., Any]) -> None:
    """All of it comes within five seconds after the window's end."""
    heard = _events(make(DEAD | {"replay": True}), 10)
    assert len(heard) >= 3
    assert all(25.0 <= at_s <= 30.0 for at_s, _ in heard)


def test_the_strategy_learns_late_that_its_position_closed(run: Callable[..., RunRecord], frame: Any) -> None:
    """Ordinary runs hear it from the stream too: a dead one lets flows wait for their deadline."""
    fall: dict[str, Any] = {"pct_per_s": -0.02, "intents": 6, "hold_s": 60.0}
    fault = TypeAdapter(Fault).validate_python(
        {"name": "deaf", "kind": "user_stream", "mode": "drop", "how": {"rate": 1.0}}
    )
    honest, deaf = run(**fall), run([fault], **fall)
    told = frame(honest, "intent_end").set_index("intent")
    untold = frame(deaf, "intent_end").set_index("intent")
    stopped = told.index[told.outcome == "closed by the venue"]
    assert len(stopped) > 0
    assert set(untold.outcome[stopped]) == {"closed"}
    assert (untold.ended_us[stopped] > told.ended_us[stopped]).all()
    assert (frame(deaf, "fault").kind == "stream drop").all()


def test_a_delayed_stream_lets_it_learn_later(run: Callable[..., RunRecord], frame: Any) -> None:
    """The news that the position closed takes its three seconds."""
    fall: dict[str, Any] = {"pct_per_s": -0.02, "intents": 6, "hold_s": 60.0}
    fault = TypeAdapter(Fault).validate_python(
        {
            "name": "slow",
            "kind": "user_stream",
            "mode": "delay",
            "min_s": 3.0,
            "max_s": 3.0,
            "how": {"rate": 1.0},
        }
    )
    told = frame(run(**fall), "intent_end").set_index("intent")
    later = frame(run([fault], **fall), "intent_end").set_index("intent")
    stopped = told.index[told.outcome == "closed by the venue"]
    assert set(later.ended_us[stopped] - told.ended_us[stopped]) == {3_000_000}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"mode": "delay"}, "needs min_s and max_s"),
        ({"mode": "drop", "min_s": 1.0}, "belong to mode"),
        ({"mode": "dead"}, "needs window or burst"),
        ({"mode": "drop", "replay": True}, "replay belongs to mode"),
        ({"mode": "drop", "how": {"script": [1]}}, "counts requests"),
        ({"mode": "drop", "match": {"role": "sl"}}, "match chooses requests"),
    ],
)
def test_keys_belong_to_modes(table: dict[str, Any], said: str) -> None:
    """What a mode does not read is refused."""
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(Fault).validate_python(
            {"name": "f", "kind": "user_stream", "how": {"rate": 0.1}, **table}
        )


def test_the_settle_phase_is_told_everything(make: Callable[..., Any]) -> None:
    """No fault touches an intent that settles."""
    exchange = make({"kind": "user_stream", "mode": "drop"})
    heard = exchange.listen()
    exchange.slot.settling = True
    exchange.buy()
    exchange.run_to(1)
    assert len(heard) == 3
    assert exchange.fired == []
