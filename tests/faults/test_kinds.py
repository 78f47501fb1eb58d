"""Each kind of fault: what the client hears, at which stage, and what becomes of the order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from sim.chance import Stream
from sim.exchange.replies import STATUS_AND_TEXT, UNAVAILABLE_503, UNKNOWN_503
from sim.exchange.request import Request
from sim.faults import KINDS, CodedError, Fault, How, Timeout, Unavailable503, Unknown503

ALWAYS = How(rate=1.0)
CHANCE = Stream(1, "f.applied")
READ: TypeAdapter[Any] = TypeAdapter(Fault)


@pytest.mark.parametrize(
    ("codes", "stage"),
    [
        ((-1003, -1008, -1015, -1021), "gateway"),
        ((-1000, -1001, -1006, -1007), "core"),
        ((-2021, -1111, -4164, -2019, -2022, -4120, -4130, -2010, -4131), "rules"),
    ],
)
def test_the_stage_follows_from_the_code(
    codes: tuple[int, ...], stage: str, ask: Callable[..., Request]
) -> None:
    """binance-facts 1.1-1.3: gateway and rules never apply; only core failures may hide an order."""
    for code in codes:
        spec = CodedError(name="f", code=code, how=ALWAYS, applied=0.0 if stage == "core" else None)
        effect = spec.effect(ask(), CHANCE)
        status, text = STATUS_AND_TEXT[code]
        assert (effect.stage, effect.truth) == (stage, "not_applied")
        assert effect.reply == (status, {"code": code, "msg": text})


@pytest.mark.parametrize("code", [-1008, -1015, -2021, -4061])
def test_any_code_may_hide_an_applied_order(code: int, ask: Callable[..., Request]) -> None:
    """Documents say refused, bots have seen orders live (binance-facts 1.3): with ``applied`` it acts at the core."""
    spec = CodedError(name="f", code=code, applied=1.0, how=ALWAYS)
    assert (spec.acts_at, spec.effect(ask(), CHANCE).truth) == ("core", "applied")
    assert CodedError(name="f", code=code, applied=0.0, how=ALWAYS).acts_at != "core"


def test_status_and_text_may_be_overridden(ask: Callable[..., Request]) -> None:
    """One code is seen under several statuses (failures §0.2)."""
    spec = CodedError(name="f", code=-1001, applied=0.0, status=400, message="odd", how=ALWAYS)
    assert spec.effect(ask(), CHANCE).reply == (400, {"code": -1001, "msg": "odd"})


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_a_core_failure_hides_an_applied_order_that_often(
    probability: float, ask: Callable[..., Request]
) -> None:
    """The truth behind an ambiguous answer is drawn for the request's key, and drawn again the same."""
    for spec in (
        CodedError(name="f", code=-1001, applied=probability, how=ALWAYS),
        Unknown503(name="f", kind="unknown_503", applied=probability, how=ALWAYS),
    ):
        requests = [ask(intent) for intent in range(2000)]
        truths = [spec.effect(request, CHANCE).truth for request in requests]
        assert truths == [spec.effect(request, CHANCE).truth for request in requests]
        assert np.mean([truth == "applied" for truth in truths]) == pytest.approx(probability, abs=0.04)


def test_raising_applied_only_adds_applied_orders(ask: Callable[..., Request]) -> None:
    """A request that was applied at 0.2 is applied at 0.6 too."""
    requests = [ask(intent) for intent in range(1000)]

    def applied(probability: float) -> set[int]:
        spec = Unknown503(name="f", kind="unknown_503", applied=probability, how=ALWAYS)
        return {r.number for r in requests if spec.effect(r, CHANCE).truth == "applied"}

    assert applied(0.2) < applied(0.6)


@pytest.mark.parametrize(
    ("truth", "late_s", "stage", "late_us"),
    [
        ("not_applied", None, "request_leg", 0),
        ("applied", None, "reply_leg", 0),
        ("applied_late", 2.5, "request_leg", 2_500_000),
    ],
)
def test_a_timeout_says_which_leg_was_lost(
    truth: Any, late_s: float | None, stage: str, late_us: int, ask: Callable[..., Request]
) -> None:
    """Silence in every case; only the truth differs."""
    effect = Timeout(name="f", kind="timeout", truth=truth, late_s=late_s, how=ALWAYS).effect(ask(), CHANCE)
    assert (effect.stage, effect.truth, effect.reply, effect.late_us) == (stage, truth, None, late_us)


def test_the_two_503_without_a_code(ask: Callable[..., Request]) -> None:
    """Only the text tells them apart (binance-facts 1.3): one is unknown, the other failed."""
    unknown = Unknown503(name="f", kind="unknown_503", applied=1.0, how=ALWAYS).effect(ask(), CHANCE)
    failed = Unavailable503(name="f", kind="unavailable_503", how=ALWAYS).effect(ask(), CHANCE)
    assert (unknown.reply, unknown.stage, unknown.truth) == ((503, {"msg": UNKNOWN_503}), "core", "applied")
    assert (failed.reply, failed.stage, failed.truth) == (
        (503, {"msg": UNAVAILABLE_503}),
        "gateway",
        "not_applied",
    )


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ({"name": "f", "code": -2021, "how": {"rate": 0.1}}, CodedError),
        ({"name": "f", "kind": "code", "code": -2021, "how": {"rate": 0.1}}, CodedError),
        ({"name": "f", "kind": "timeout", "truth": "applied", "how": {"rate": 0.1}}, Timeout),
        ({"name": "f", "kind": "unknown_503", "applied": 0.5, "how": {"rate": 0.1}}, Unknown503),
        ({"name": "f", "kind": "unavailable_503", "how": {"rate": 0.1}}, Unavailable503),
    ],
)
def test_a_table_of_a_scenario_becomes_its_kind(table: dict[str, Any], kind: type) -> None:
    """``code`` alone says that it is a coded error; every other kind is named."""
    assert type(READ.validate_python(table)) is kind


def test_every_kind_is_registered() -> None:
    """The table of kinds and the type that scenarios are read with hold the same names."""
    for name, kind in KINDS.items():
        assert name in repr(Fault)
        assert kind.__name__ in repr(Fault)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"name": "f", "code": -1001, "how": {"rate": 0.1}}, "state applied"),
        ({"name": "f", "code": -9999, "how": {"rate": 0.1}}, "must be one of"),
        ({"name": "f", "kind": "timeout", "truth": "applied_late", "how": {"rate": 0.1}}, "needs late_s"),
        (
            {"name": "f", "kind": "timeout", "truth": "applied", "late_s": 1.0, "how": {"rate": 0.1}},
            "belongs to",
        ),
        ({"name": "f", "kind": "timeout", "how": {"rate": 0.1}}, "truth"),
        ({"name": "f", "kind": "unknown_503", "how": {"rate": 0.1}}, "applied"),
        ({"name": "F!", "code": -2021, "how": {"rate": 0.1}}, "name"),
        ({"name": "f", "code": -2021, "how": {"rate": 0.1}, "aplied": 0.0}, "aplied"),
        ({"name": "f", "kind": "earthquake", "how": {"rate": 0.1}}, "earthquake"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(table: dict[str, Any], says: str) -> None:
    """``applied`` has no default where it matters; unknown keys do not pass."""
    with pytest.raises(ValidationError, match=says):
        READ.validate_python(table)
