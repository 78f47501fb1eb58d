"""Answer with one of the venue's error codes.

The stage follows from the code (binance-facts 1.1-1.2): gateway refusals and rule refusals are not applied, as
documented; core failures may have been, so ``applied`` must be stated for them and has no default.  Any code may be
given an ``applied``: orders behind documented failures have been seen to live (binance-facts 1.3).
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import Field, model_validator

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.replies import STATUS_AND_TEXT, error_reply
from sim.exchange.request import Request
from sim.faults.base import FaultSpec, Probability, drawn_truth, likeness
from sim.faults.how import Timing

_GATEWAY: Final = frozenset({-1003, -1008, -1015, -1021})
_CORE: Final = frozenset({-1000, -1001, -1006, -1007})
_INTERNAL: Final = -1001


class CodedError(FaultSpec):
    """Refuse with ``code``; ``status`` and ``message`` override the venue's usual ones.

    ``sticky``: an intent's requests that are the same but for ids and time meet the same luck, so a refusal stays
    whatever is resent (failures.md F43).
    """

    example: ClassVar[str] = """
[[faults]]
name = "disconnected"
code = -1001
applied = 0.5
how = { rate = 0.05 }
match = { call = "order" }
"""

    kind: Literal["code"] = "code"
    code: int = Field(lt=0)
    applied: Probability | None = None
    status: int | None = Field(default=None, ge=400, le=599)
    message: str | None = None
    sticky: bool = False

    @model_validator(mode="after")
    def _truth_is_stated(self) -> CodedError:
        if self.code not in STATUS_AND_TEXT:
            known = ", ".join(str(code) for code in sorted(STATUS_AND_TEXT, reverse=True))
            raise ValueError(f"code={self.code} must be one of {known}")
        if self.code in _CORE and self.applied is None:
            raise ValueError(f"code={self.code} may hide an applied order: state applied (0 to 1)")
        return self

    @property
    def keeps_out_as(self) -> str:
        """Call it an outage where the core takes no order at all, neither a stop nor a close (-1001, none applied)."""
        takes_none = self.code == _INTERNAL and self.applied == 0.0 and self.match.role is None
        return "orders refused" if takes_none and not self.sticky else ""

    @property
    def acts_at(self) -> Stage:
        """Return gateway, core or rules, by the code; core for all that may be applied."""
        if self.applied or self.code in _CORE:
            return "core"
        return "gateway" if self.code in _GATEWAY else "rules"

    @property
    def strikes_plainly(self) -> bool:
        """Tell that each request has its own luck."""
        return not self.sticky

    def strike(self, request: Request, arrives_us: int, timing: Timing, applied: Stream) -> Effect | None:
        """Return the refusal; a sticky one for all requests alike."""
        if not timing.fires(request, arrives_us, likeness(request) if self.sticky else None):
            return None
        return self.effect(request, applied)

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Answer with the error."""
        was_applied = drawn_truth(self.applied or 0.0, request, applied)
        return Effect(
            self.name,
            f"{self.code}",
            self.acts_at,
            "applied" if was_applied else "not_applied",
            error_reply(self.code, self.status, self.message),
        )
