"""Broken connections raise what aiohttp raises, with it or without it."""

from __future__ import annotations

import sys
from typing import Any, get_args

import aiohttp
import pytest

from sim.exchange.breakages import Breakages, transport_classes
from sim.exchange.effects import Breakage
from sim.execution.outcomes import is_silence

KINDS = [breakage for breakage in get_args(Breakage) if breakage not in ("", "empty")]
EXPECTED = {
    "refused": aiohttp.ClientConnectorError,
    "dns": aiohttp.ClientConnectorDNSError,
    "tls": aiohttp.ClientConnectorSSLError,
    "pool": aiohttp.ConnectionTimeoutError,
    "timeout": aiohttp.ConnectionTimeoutError,
    "reset": aiohttp.ClientOSError,
    "disconnected": aiohttp.ServerDisconnectedError,
    "truncated": aiohttp.ClientPayloadError,
}


@pytest.fixture
def without_aiohttp(monkeypatch: pytest.MonkeyPatch) -> Breakages:
    """Give the breakages of a place where aiohttp is not installed."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    return Breakages()


@pytest.mark.parametrize("breakage", KINDS)
def test_the_real_classes_are_raised_where_installed(breakage: str) -> None:
    """Each breakage is aiohttp's own exception."""
    assert type(Breakages().error(breakage)) is EXPECTED[breakage]


@pytest.mark.parametrize("breakage", KINDS)
def test_a_namesake_has_name_descent_and_text_of_the_real_one(
    breakage: str, without_aiohttp: Breakages
) -> None:
    """Who catches by name, by a built-in ancestor, or reads the text, sees no difference."""
    namesake, real = without_aiohttp.error(breakage), EXPECTED[breakage]
    assert type(namesake) is not real
    assert [kind.__name__ for kind in type(namesake).__mro__] == [kind.__name__ for kind in real.__mro__]
    with_it: Any = real(*namesake.args)
    assert str(namesake) == str(with_it) != ""


def test_a_page_where_json_was_promised(without_aiohttp: Breakages) -> None:
    """HTML under a 200 is aiohttp's ContentTypeError, the same text with and without."""
    errors = [b.wrong_content_type("POST", "/fapi/v1/order") for b in (Breakages(), without_aiohttp)]
    assert [type(error).__name__ for error in errors] == ["ContentTypeError"] * 2
    assert "unexpected mimetype: text/html" in str(errors[0])
    assert str(errors[0]) == str(errors[1])


def test_old_aiohttp_gets_namesakes_throughout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version without one of the classes is as good as none: a mixed family would descend from strangers."""
    monkeypatch.delattr(aiohttp, "ClientConnectorDNSError")
    assert transport_classes()["ClientError"] is not aiohttp.ClientError


def test_a_breakage_nobody_knows_is_an_error() -> None:
    """No silent default for an unknown name."""
    with pytest.raises(KeyError):
        Breakages().error("earthquake")


@pytest.mark.parametrize(("breakage", "silent"), [("refused", True), ("reset", True), ("truncated", False)])
def test_the_code_under_test_tells_lost_connections_by_their_names(breakage: str, silent: bool) -> None:
    """A cut body is no connection error in aiohttp's family, so a classifier by family sees an ordinary error."""
    assert is_silence(Breakages().error(breakage)) is silent
