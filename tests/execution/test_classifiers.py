"""Which failures each named classifier resends: the columns of policies, "The zoo", and the classes of outcomes."""

from __future__ import annotations

from typing import get_args

import pytest

from sim.exchange.replies import UNAVAILABLE_503, UNKNOWN_503
from sim.execution.classifiers import CLASSIFIERS
from sim.execution.outcome_classes import CLASS_OF_CODE, OutcomeClass
from sim.execution.outcomes import Failure
from sim.execution.policy_keys import ClassifierName

SILENT = Failure("silent", None, "no answer", None, "sent")
UNSENT = Failure("silent", None, "refused", None, "connect")
CODES = sorted(CLASS_OF_CODE)

# policies, "The zoo": the columns of the table of codes.
RESENT: dict[str, set[int]] = {
    "d7": {-1001, -1003, -1015, -1021, -2013, -2021},
    "nautilus-python": {-1001, -1003, -1021, -1007, -1008, -5028, -2011},
    "nautilus-rust": set(),
    "only-2021": {-2021},
    "none": set(),
    "every-error": set(CODES),
}
CLASSES: dict[str, set[OutcomeClass]] = {
    "outcomes": {"wait", "market", "documented", "unknown"},
    "transient": {"wait", "documented", "unknown"},
    "unprocessed": {"wait", "documented"},
}


def resends(name: str, failure: Failure, retry_timeouts: bool = True) -> bool:
    """Ask a classifier."""
    return CLASSIFIERS[name].resends(failure, retry_timeouts=retry_timeouts)


def test_the_key_knows_every_classifier() -> None:
    """The policy key offers the classifiers there are, no more and no fewer."""
    assert set(get_args(ClassifierName)) == set(CLASSIFIERS)


@pytest.mark.parametrize("name", sorted(RESENT))
def test_a_classifier_by_codes_resends_its_column(name: str) -> None:
    """Of all known codes exactly those of the column are resent."""
    assert {code for code in CODES if resends(name, Failure("refused", code, ""))} == RESENT[name]


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_classifier_by_classes_resends_its_classes(name: str) -> None:
    """Of all known codes exactly those of its classes are resent; a new code is unknown."""
    wanted = {code for code in CODES if CLASS_OF_CODE[code] in CLASSES[name]}
    assert {code for code in CODES if resends(name, Failure("refused", code, ""))} == wanted
    assert resends(name, Failure("refused", -9999, "")) is ("unknown" in CLASSES[name])


@pytest.mark.parametrize(
    ("name", "silent", "unsent"),
    [
        ("d7", True, True),
        ("every-error", True, True),
        ("outcomes", True, True),
        ("transient", True, True),
        ("unprocessed", False, True),
        ("venue-advice", False, False),
        ("nautilus-python", False, False),
        ("nautilus-rust", False, False),
        ("only-2021", False, False),
        ("none", False, False),
    ],
)
def test_silence(name: str, silent: bool, unsent: bool) -> None:
    """Each says for itself whether silence is resent, and the switch takes it back for all."""
    assert (resends(name, SILENT), resends(name, UNSENT)) == (silent, unsent)
    assert not resends(name, SILENT, retry_timeouts=False)
    assert not resends(name, UNSENT, retry_timeouts=False)


@pytest.mark.parametrize(
    ("failure", "resent"),
    [
        (Failure("error", None, UNAVAILABLE_503, 503), True),
        (Failure("refused", 0, f"APIError(code=0): {UNAVAILABLE_503}", 503), True),
        (Failure("error", None, UNAVAILABLE_503), True),
        (Failure("error", None, UNAVAILABLE_503, 500), False),
        (Failure("error", None, "Service Unavailable", 503), False),
        (Failure("error", None, UNKNOWN_503, 503), False),
        (Failure("refused", -1001, "Internal error; unable to process your request.", 503), False),
        (Failure("refused", -1008, "Request throttled by system-level protection.", 503), False),
        (Failure("refused", -2021, "Order would immediately trigger.", 400), False),
    ],
)
def test_the_venues_advice_is_for_one_flavour_of_503(failure: Failure, resent: bool) -> None:
    """Only 503 "Service Unavailable." is resent on the exchange's advice (binance-facts 1.3, flavour B)."""
    assert resends("venue-advice", failure) is resent


@pytest.mark.parametrize(
    "name", ["d7", "every-error", "only-2021", "none", "nautilus-python", "venue-advice"]
)
def test_a_reply_without_an_id_is_resent_by_no_code(name: str) -> None:
    """A success without an order id may be an order: no classifier by codes or texts sends a second one."""
    assert not resends(name, Failure("no_id", None, "reply carries no order id: {}"))
