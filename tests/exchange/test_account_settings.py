"""Leverage, margin type and position mode: what an account may change, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.account_settings import change_leverage, change_margin_type, change_position_mode
from sim.exchange.replies import Refusal

Make = Callable[..., Any]


def refused(action: Callable[[], Any]) -> int:
    """Return the code an action is refused with; 0 when it goes through."""
    try:
        action()
    except Refusal as refusal:
        return refusal.code
    return 0


def flat(desk: Any) -> None:
    """Leave the account as it is."""


def long(desk: Any) -> None:
    """Hold 0.02."""
    assert desk.buy("0.020")[0] == 200


def resting(desk: Any) -> None:
    """Let a buy of 1.5 at 40 000 rest."""
    order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1.5", "price": "40000"}
    assert desk.order(**order)[0] == 200


@pytest.mark.parametrize(
    ("before", "wanted", "code"),
    [
        (flat, 0, -4028), (flat, 126, -4028), (flat, 1, 0), (flat, 125, 0), (flat, 20, 0),
        (long, 20, 0), (long, 19, -4161), (long, 21, 0), (long, 125, 0),
        (resting, 21, 0), (resting, 19, 0), (resting, 5, -2028), (resting, 100, 0), (resting, 125, -2027),
    ],
)  # fmt: skip
def test_leverage(before: Callable[[Any], None], wanted: int, code: int, make_desk: Make) -> None:
    """binance-facts 1.2b, 1.2c: out of range, below an isolated position's, beyond its cap, short of margin."""
    desk = make_desk()
    before(desk)
    change = lambda: change_leverage(desk.venue.margin, desk.account, "BTCUSDT", wanted)  # noqa: E731
    assert refused(change) == code
    assert desk.account.leverage_of("BTCUSDT") == (20 if code else wanted)


def test_a_rise_gives_back_no_more_than_a_loss_leaves(make_desk: Make) -> None:
    """Rule 2: from 5 to 50 times with 2 % lost, the initial margin of the mark stays and nothing is liquidated."""
    desk = make_desk(pct_per_s=-0.1)
    desk.ask("POST", "/fapi/v1/leverage", leverage=5)
    desk.buy("0.020")
    desk.run_to(20)
    before = desk.account.wallet
    assert desk.ask("POST", "/fapi/v1/leverage", leverage=50)[0] == 200
    position = desk.account.position("BTCUSDT")
    assert position.isolated == pytest.approx(20.0 + 0.02 * 49_000 / 50)
    assert desk.account.isolated == pytest.approx(position.isolated)
    assert desk.account.wallet == before
    assert position.liquidation < 49_000


@pytest.mark.parametrize(
    ("before", "wanted", "code"),
    [
        (flat, "ISOLATED", -4046), (long, "ISOLATED", -4046), (resting, "CROSSED", -4047), (long, "CROSSED", -4048),
        (flat, "CROSSED", -1020), (flat, "PORTFOLIO", -1130),
    ],
)  # fmt: skip
def test_margin_type(before: Callable[[Any], None], wanted: str, code: int, make_desk: Make) -> None:
    """binance-facts 1.2c; cross margin is refused by name where the venue would grant it."""
    desk = make_desk()
    before(desk)
    orders = desk.venue.open_orders(desk.account)
    assert refused(lambda: change_margin_type(desk.account, "BTCUSDT", wanted, orders)) == code


@pytest.mark.parametrize(
    ("before", "wanted", "code"),
    [
        (flat, False, -4059),
        (flat, True, 0),
        (long, True, -4068),
        (resting, True, -4067),
        (long, False, -4059),
    ],
)
def test_position_mode(before: Callable[[Any], None], wanted: bool, code: int, make_desk: Make) -> None:
    """binance-facts 1.2c: already so, open orders, a position."""
    desk = make_desk()
    before(desk)
    orders = desk.venue.open_orders(desk.account)
    assert refused(lambda: change_position_mode(desk.account, wanted, orders)) == code
    assert desk.account.hedge is (wanted and not code)


def test_the_mode_may_change_once_all_is_over(make_desk: Make) -> None:
    """A closed position stands in nobody's way."""
    desk = make_desk()
    long(desk)
    desk.sell("0.020")
    assert (
        refused(lambda: change_position_mode(desk.account, True, desk.venue.open_orders(desk.account))) == 0
    )
