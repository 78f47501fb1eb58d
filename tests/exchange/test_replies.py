"""The venue's codes: each has a status and a text, and a refusal says both."""

from __future__ import annotations

import pytest

from sim.exchange.replies import STATUS_AND_TEXT, Refusal, code_of, error_reply, message_of


@pytest.mark.parametrize("code", sorted(STATUS_AND_TEXT))
def test_every_code_has_a_status_and_a_text(code: int) -> None:
    """A row is an HTTP error with a sentence."""
    status, text = STATUS_AND_TEXT[code]
    assert code < 0
    assert 400 <= status < 600
    assert text.endswith((".", ")"))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (-1001, 503),
        (-1003, 429),
        (-1007, 408),
        (-1008, 503),
        (-1015, 429),
        (-2014, 401),
        (-5000, 404),
        (-5028, 400),
    ],
)
def test_statuses_that_are_no_plain_refusal(code: int, status: int) -> None:
    """binance-facts 1.1 to 1.3 name the codes that do not come as 400."""
    assert Refusal(code).reply()[0] == error_reply(code)[0] == status


def test_a_refusal_carries_its_own_text() -> None:
    """A bound or a name in the text goes over the wire; code and text can be read back."""
    status, body = Refusal(-4016, "Limit price can't be higher than 52500.00.").reply()
    assert (status, code_of(body), message_of(body)) == (
        400,
        -4016,
        "Limit price can't be higher than 52500.00.",
    )
    assert error_reply(-1003, 418, "banned")[0] == 418


def test_a_body_without_a_code_has_none() -> None:
    """Lists, texts and orders are no errors; the code of a cancelled algo order is a text."""
    assert [code_of(body) for body in ([], "text", {"code": "200"}, {"code": 200}, None)] == [0] * 5
    assert [message_of(body) for body in ("text", {"msg": "x"}, None)] == ["text", "x", ""]
