"""Say which failures get another attempt, as named tables (policies, "The zoo").

Nobody agrees on these and nobody publishes the cost of being wrong, so each is a choice of its own beside the schedule.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from .outcome_classes import OutcomeClass, outcome_class
from .outcomes import WOULD_TRIGGER, Failure


class Classifier(NamedTuple):
    """Say which failures are resent.

    ``codes`` None means every failure that was raised or names a code.  ``classes`` decides alone where it is given,
    and so do ``texts``: parts of the body of a 503, in small letters.
    """

    codes: frozenset[int] | None
    silence: bool
    classes: frozenset[OutcomeClass] | None = None
    texts: tuple[str, ...] = ()

    def resends(self, failure: Failure, *, retry_timeouts: bool) -> bool:
        """Tell whether another attempt follows ``failure``; a reply without an id is never resent by codes."""
        if failure.kind == "silent" and not retry_timeouts:
            return False
        if self.classes is not None:
            return outcome_class(failure) in self.classes
        if self.texts:
            said = failure.message.lower()
            return failure.status in (None, 503) and any(text in said for text in self.texts)
        if failure.kind == "silent":
            return self.silence
        if self.codes is None:
            return failure.kind != "no_id"
        return failure.code in self.codes


def _codes(*codes: int, silence: bool) -> Classifier:
    return Classifier(frozenset(codes), silence)


def _classes(*classes: OutcomeClass) -> Classifier:
    return Classifier(frozenset(), False, frozenset(classes))


CLASSIFIERS: Mapping[str, Classifier] = MappingProxyType(
    {
        "d7": _codes(-2021, -1001, -1003, -1015, -1021, -2013, silence=True),
        "every-error": Classifier(None, silence=True),
        "only-2021": _codes(WOULD_TRIGGER, silence=False),
        "none": _codes(silence=False),
        # By what a failure means; an unknown is resent only once a look-up has settled it.
        "outcomes": _classes("wait", "market", "documented", "unknown"),
        # What general retry libraries are set up with: whatever may pass by itself.
        "transient": _classes("wait", "documented", "unknown"),
        # What was surely not processed (gRFC A6, transparent retries).
        "unprocessed": _classes("wait", "documented"),
        # The exchange's own advice: 503 "Service Unavailable." and nothing else.
        "venue-advice": Classifier(frozenset(), False, texts=("service unavailable.",)),
        "nautilus-python": _codes(-1001, -1003, -1021, -1007, -1008, -5028, -2011, silence=False),
        "nautilus-rust": _codes(silence=False),
    }
)
