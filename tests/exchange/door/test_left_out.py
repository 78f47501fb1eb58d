"""What is left out is refused by name; what nobody knows answers as the venue does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.door.left_out import LEFT_OUT
from sim.exchange.door.routes import ROUTES


@pytest.mark.parametrize("place", sorted(LEFT_OUT), ids=" ".join)
def test_left_out_endpoints_name_themselves(place: tuple[str, str], desk: Any) -> None:
    """-1020 with method, path and what it is: never a silence, never a 404."""
    status, body = desk.ask(*place)
    assert (status, body["code"]) == (400, -1020)
    assert " ".join(place) in body["msg"]
    assert LEFT_OUT[place] in body["msg"]
    assert "outside this exchange model" in body["msg"]


def test_nothing_is_both_answered_and_left_out() -> None:
    """The two tables do not meet."""
    assert not set(ROUTES) & set(LEFT_OUT)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/fapi/v1/nothing"), ("PATCH", "/fapi/v1/order"), ("POST", "/fapi/v1/time"),
        ("GET", "/fapi/v1/account"), ("get", "/fapi/v1/time"), ("GET", "/api/v3/order"), ("GET", ""),
    ],
)  # fmt: skip
def test_unknown_paths_and_methods_are_invalid(method: str, path: str, desk: Any) -> None:
    """404 and -5000 with both names."""
    status, body = desk.ask(method, path)
    assert (status, body) == (404, {"code": -5000, "msg": f"Path {path}, Method {method} is invalid"})


@pytest.mark.parametrize("place", [place for place in ROUTES if "lgo" in place[1]], ids=" ".join)
def test_there_was_no_algo_service_before_its_day(
    place: tuple[str, str], desk: Any, make_desk: Callable[..., Any]
) -> None:
    """Under the older rules the whole family is unknown (binance-facts 5)."""
    assert desk.ask(*place)[1]["code"] == -5000
    answer = make_desk(rules="2025-12-09").ask(*place)[1]
    assert not (isinstance(answer, dict) and answer.get("code") == -5000)
