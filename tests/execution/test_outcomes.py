"""What a reply or an exception means, and which failures each classifier resends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from sim.execution.classifiers import CLASSIFIERS
from sim.execution.outcomes import Failure, code_of, failure_of, order_id_or_failure

D7_CODES = {-2021, -1001, -1003, -1015, -1021, -2013}
OTHER_CODES = {-1000, -1006, -1007, -1008, -1111, -1121, -2010, -2011, -2019, -2022, -4120, -4130, -5028}


def with_attribute(name: str, value: object, text: str = "boom") -> Exception:
    """Make an exception that carries its code in an attribute."""
    error = Exception(text)
    setattr(error, name, value)
    return error


def named(name: str, *, base: type[Exception] = Exception, text: str = "") -> Exception:
    """Make an exception of a client library that is not installed here."""
    error: Exception = type(name, (base,), {})(text)
    return error


@pytest.mark.parametrize("code", sorted(D7_CODES | OTHER_CODES))
def test_d7_resends_exactly_the_documents_codes(code: int) -> None:
    """The d7 classifier resends the six codes of the document and no other."""
    failure = Failure("refused", code, "")
    assert CLASSIFIERS["d7"].resends(failure, retry_timeouts=True) is (code in D7_CODES)


@pytest.mark.parametrize("code", sorted(D7_CODES | OTHER_CODES))
def test_the_other_classifiers_by_code(code: int) -> None:
    """every-error resends all codes, only-2021 its one, none nothing."""
    failure = Failure("refused", code, "")
    assert CLASSIFIERS["every-error"].resends(failure, retry_timeouts=True)
    assert CLASSIFIERS["only-2021"].resends(failure, retry_timeouts=True) is (code == -2021)
    assert not CLASSIFIERS["none"].resends(failure, retry_timeouts=True)


@pytest.mark.parametrize(
    ("classifier", "silent", "silent_switched_off", "error", "no_id"),
    [
        ("d7", True, False, False, False),
        ("every-error", True, False, True, False),
        ("only-2021", False, False, False, False),
        ("none", False, False, False, False),
    ],
)
def test_failures_without_a_code(
    classifier: str, silent: bool, silent_switched_off: bool, error: bool, no_id: bool
) -> None:
    """Silence is resent where classifier and switch both say so; a reply without an id never is."""
    rule = CLASSIFIERS[classifier]
    assert rule.resends(Failure("silent", None, ""), retry_timeouts=True) is silent
    assert rule.resends(Failure("silent", None, ""), retry_timeouts=False) is silent_switched_off
    assert rule.resends(Failure("error", None, ""), retry_timeouts=True) is error
    assert rule.resends(Failure("no_id", None, ""), retry_timeouts=True) is no_id


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (with_attribute("code", -2021), -2021),
        (with_attribute("code", "-1001"), -1001),
        (with_attribute("code", 0, text="APIError(code=0): Invalid JSON"), None),
        (with_attribute("code", None, text="APIError(code=None): Unknown error"), None),
        (with_attribute("code", True), None),
        (with_attribute("code", MagicMock()), None),
        (with_attribute("error_code", -1121), -1121),
        (with_attribute("status_code", -4120), -4120),
        (with_attribute("status_code", 503), None),
        (with_attribute("status_code", 0), None),
        (Exception("APIError(code=-2021): Order would immediately trigger."), -2021),
        (Exception("request failed, code=-1015, too many orders"), -1015),
        (Exception('binance {"code":-2021,"msg":"Order would immediately trigger."}'), -2021),
        (Exception("binance {'code': -1003, 'msg': 'Too many requests'}"), -1003),
        (Exception("-1021: Timestamp outside of the recvWindow"), -1021),
        (Exception(-2013, "Order does not exist."), -2013),
        (Exception("the price fell by -2021 points"), None),
        (Exception("HTTP code=503"), None),
        (ValueError("no code at all"), None),
    ],
)
def test_the_code_of_an_exception(error: Exception, code: int | None) -> None:
    """A code comes from the exception's attributes, else from its text, else there is none."""
    assert code_of(error) == code


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionResetError("reset by peer"),
        named("ReadTimeout"),
        named("ConnectTimeout"),
        named("RequestTimeout"),
        named("ServerTimeoutError"),
        named("ServerDisconnectedError", base=type(named("ClientConnectionError"))),
        named("OurTimeout", base=type(named("ReadTimeout"))),
    ],
)
def test_silence_is_known_by_type_and_by_name(error: Exception) -> None:
    """Time-outs and lost connections are silence, also as subclasses and from libraries not imported."""
    failure = failure_of(error)
    assert failure.kind == "silent"
    assert failure.code is None
    assert failure.message


def test_a_code_outweighs_the_name_of_the_exception() -> None:
    """A time-out class that carries a code is an answer: -1007 is not resent by d7."""
    failure = failure_of(named("RequestTimeout", text='binance {"code":-1007,"msg":"Timeout"}'))
    assert (failure.kind, failure.code) == ("refused", -1007)
    assert not CLASSIFIERS["d7"].resends(failure, retry_timeouts=True)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (with_attribute("message", "Internal", text="APIError(code=-1001): Internal"), "Internal"),
        (with_attribute("message", 7, text="plain"), "plain"),
        (TimeoutError(), "TimeoutError"),
    ],
)  # fmt: skip
def test_the_message_of_an_exception(error: Exception, message: str) -> None:
    """The venue's own words come first, then the text, then the class name; never an empty line."""
    assert failure_of(error).message == message


@pytest.mark.parametrize(
    ("reply", "order_id"),
    [
        ({"orderId": 12345}, "12345"),
        ({"orderId": "abc"}, "abc"),
        ({"algoId": 77, "code": 200}, "77"),
        ({"order_id": 5}, "5"),
        (SimpleNamespace(orderId=9), "9"),
        (SimpleNamespace(order_id="x1"), "x1"),
    ],
)
def test_a_reply_with_an_id_is_a_success(reply: Any, order_id: str) -> None:
    """The id is found under each of its names, in mappings and on objects, and becomes text."""
    assert order_id_or_failure(reply) == order_id


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        [],
        "ok",
        {"orderId": None},
        {"orderId": ""},
        {"orderId": True},
        {"status": "NEW"},
        MagicMock(),
    ],
)
def test_a_reply_without_an_id_is_a_failure(reply: Any) -> None:
    """None, an empty body, a mock or a body without an id books no order."""
    failure = order_id_or_failure(reply)
    assert isinstance(failure, Failure)
    assert failure.kind == "no_id"


@pytest.mark.parametrize("code", [-2021, "-2021"])
def test_a_body_with_a_negative_code_is_a_failure(code: Any) -> None:
    """An error body is a failure even when it comes as a reply and names an id."""
    failure = order_id_or_failure({"code": code, "msg": "Order would immediately trigger.", "orderId": 1})
    assert failure == Failure("refused", -2021, "Order would immediately trigger.")


def test_a_long_reply_without_an_id_is_named_by_its_beginning() -> None:
    """120 characters at most, and an ellipsis tells that there was more."""
    said = [order_id_or_failure(["x" * size]) for size in (116, 117)]
    texts = [failure.message.removeprefix("reply carries no order id: ") for failure in said]  # type: ignore[union-attr]
    assert [len(text) for text in texts] == [120, 120]
    assert [text[-2:] for text in texts] == ["']", "x…"]
