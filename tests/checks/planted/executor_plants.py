"""Say in which weather each bug of the code under test is planted, and which check must see it."""

from __future__ import annotations

from typing import Any

from planted.executor_bugs import (
    SHORT_OF_MARGIN,
    BlindResend,
    CancelsFirst,
    ChangesTheOrder,
    ChasesStops,
    ClosesTwice,
    Dawdles,
    DiesInTheBackground,
    DropsId,
    ExitsUnbound,
    ForgetsThePosition,
    GivesUpAndResends,
    IgnoresRetryAfter,
    JudgesOnce,
    KeepsUnprotected,
    LeavesTargets,
    LeavesTargetsBehind,
    MovesAway,
    MovesStops,
    NeverAsks,
    NeverLooks,
    NeverReturns,
    NeverStops,
    NoneIsSuccess,
    OneTooMany,
    Patient,
    RefusesAll,
    ResendsRefusals,
    SkipsRounding,
    SleepsAfterTheLast,
    SleepsForReal,
    SleepsTooShort,
    SwapsSides,
    UnknownIsFailure,
    Widens,
)
from planted.plant import Plant

from sim.checks import Bounds
from sim.faults import CodedError, FaultSpec, How, Match, NullReply, RateLimited, Timeout, Unknown503

THREE = {"execution.max_order_retries": 3}


def refuses(role: Any, *numbers: int, code: int = -1008) -> FaultSpec:
    """Refuse the n-th orders of a role, by default with the throttle that asks to come again."""
    how = How(script=list(numbers)) if numbers else How(rate=1.0)
    return CodedError(name=f"refuses_{role}", code=code, how=how, match=Match(role=role))


def unknown(role: Any, applied: float) -> FaultSpec:
    """Answer the first order of a role with 503 "Unknown error"."""
    return Unknown503(
        name=f"unknown_{role}",
        kind="unknown_503",
        applied=applied,
        how=How(script=[1]),
        match=Match(role=role),
    )


def unheard(role: Any) -> FaultSpec:
    """Lose the reply to the first order of a role."""
    return Timeout(
        name=f"unheard_{role}", kind="timeout", truth="applied", how=How(script=[1]), match=Match(role=role)
    )


def rarely(kind: str, role: Any, rate: float) -> FaultSpec:
    """Leave an order's outcome open now and then: a lost reply, or 503 "Unknown error" after it was applied."""
    how, match = How(rate=rate), Match(role=role)
    if kind == "unheard":
        return Timeout(name="rarely", kind="timeout", truth="applied", how=how, match=match)
    return Unknown503(name="rarely", kind="unknown_503", applied=1.0, how=how, match=match)


HONEST = (refuses("entry", 1, 2, 3, code=-1008), refuses("tp"))
EXECUTOR_BUGS = (
    Plant(name="drop client id on retry", check="I12", faults=[refuses("entry", 1)], bug=DropsId),
    Plant(name="blind resend under a new id", check="I01", faults=[unheard("entry")], bug=BlindResend),
    Plant(name="resend without a look-up", check="I11", faults=[unheard("entry")], base=Patient,
          bug=NeverLooks),
    Plant(
        name="give up early and resend", check="I11", faults=[unheard("entry")], bug=GivesUpAndResends
    ),
    Plant(
        name="reuse first guard verdict on retries", check="I04", faults=[refuses("entry", 1, 2, 3)],
        bug=JudgesOnce, world={"pct_per_s": 0.01},
    ),
    Plant(name="fill long after the check", check="I05", bug=Dawdles, world={"pct_per_s": 0.05}),
    Plant(name="swap sides in stop adjustment", check="I06", bug=SwapsSides),
    Plant(
        name="widen the stop beyond the budget", check="I07", faults=[refuses("sl", 1, code=-2021)],
        base=ChasesStops, bug=Widens,
    ),
    Plant(name="off-by-one attempts", check="I08", faults=HONEST, policy=THREE, bug=OneTooMany),
    Plant(name="sleep after the last attempt", check="I09", faults=HONEST, policy=THREE, bug=SleepsAfterTheLast),
    Plant(name="sleep shorter than announced", check="I09", faults=HONEST, policy=THREE, bug=SleepsTooShort),
    Plant(
        name="ignore Retry-After", check="I10", bug=IgnoresRetryAfter, world={"holds_s": (12.0,)},
        policy={"execution.honour_retry_after": True},
        faults=[
            RateLimited(
                name="too_many", kind="rate_limited", retry_after_s=5, how=How(script=[1]), match=Match(role="tp")
            )
        ],
    ),
    Plant(name="treat 503-unknown as failure", check="I14", faults=[unknown("entry", 1.0)], bug=UnknownIsFailure),
    Plant(name="believe 503-unknown failed", check="I02", faults=[unknown("entry", 1.0)], bug=UnknownIsFailure),
    Plant(name="skip tick rounding after adjust", check="I19", bug=SkipsRounding),
    Plant(
        name="success when reply is None", check="I14", bug=NoneIsSuccess,
        faults=[NullReply(name="null", kind="null_reply", how=How(script=[1]), match=Match(role="entry"))],
    ),
    Plant(
        name="cancel old stop before new", check="I17", faults=[refuses("sl", 2, 3, 4)], base=MovesStops,
        bug=CancelsFirst,
    ),
    Plant(
        name="cancel old stop, new one refused", check="I03", faults=[refuses("sl", 2, code=SHORT_OF_MARGIN)],
        base=MovesStops, bug=CancelsFirst,
    ),
    Plant(name="move the stop away", check="I17", base=MovesStops, bug=MovesAway),
    Plant(name="exits without reduce-only", check="I15", bug=ExitsUnbound),
    Plant(name="close twice", check="I15", bug=ClosesTwice),
    Plant(name="leave the target behind", check="I16", base=LeavesTargets, bug=LeavesTargetsBehind),
    Plant(
        name="go on without a stop", check="I18", faults=[refuses("sl", code=SHORT_OF_MARGIN)],
        bug=KeepsUnprotected,
    ),
    Plant(
        name="forget the position", check="I02", faults=[refuses("sl", code=SHORT_OF_MARGIN)],
        bug=ForgetsThePosition,
    ),
    Plant(name="resend what was refused for good", check="I13", bug=ResendsRefusals,
          faults=[refuses("tp", 1, 2, code=SHORT_OF_MARGIN)]),
    Plant(name="change the order on a retry", check="I20", faults=[refuses("entry", 1)], bug=ChangesTheOrder),
    Plant(name="never ask what became of a target", check="L01", faults=[unknown("tp", 0.0)], bug=NeverAsks),
    Plant(name="wait for ever", check="L02", bug=NeverReturns, world={"intents": 3}),
    Plant(name="lose a task", check="L03", bug=DiesInTheBackground),
    Plant(name="trade nothing", check="L04", bug=RefusesAll, bounds=Bounds(least_trading=0.95)),
    Plant(name="sleep for real and swallow the refusal", check="S08", bug=SleepsForReal),
    Plant(
        name="blind resend, rarely provoked", check="I01", faults=[rarely("unheard", "entry", 0.01)],
        bug=BlindResend,
    ),
    Plant(
        name="503-unknown as failure, rarely provoked", check="I14", faults=[rarely("unknown", "sl", 0.005)],
        bug=UnknownIsFailure,
    ),
    Plant(
        name="no look-up of a close, rarely provoked", check="I11", faults=[rarely("unheard", "flatten", 0.006)],
        base=Patient, bug=NeverLooks,
    ),
    Plant(name="canary: never send stops", check="I03", bug=NeverStops),
)  # fmt: skip
