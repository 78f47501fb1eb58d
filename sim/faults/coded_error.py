"""Answer with one of the venue's error codes.

The stage follows from the code (binance-facts 1.1-1.2): gateway refusals and rule refusals are never applied;
core failures may have been, so ``applied`` must be stated for them and has no default.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, model_validator

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.replies import STATUS_AND_TEXT, error_reply
from sim.exchange.request import Request
from sim.faults.base import FaultSpec, Probability, drawn_truth

_GATEWAY: Final = frozenset({-1003, -1008, -1015, -1021})
_CORE: Final = frozenset({-1000, -1001, -1006, -1007})


class CodedError(FaultSpec):
    """Refuse with ``code``; ``status`` and ``message`` override the venue's usual ones."""

    kind: Literal["code"] = "code"
    code: int = Field(lt=0)
    applied: Probability | None = None
    status: int | None = Field(default=None, ge=400, le=599)
    message: str | None = None

    @model_validator(mode="after")
    def _truth_is_stated(self) -> CodedError:
        if self.code not in STATUS_AND_TEXT:
            known = ", ".join(str(code) for code in sorted(STATUS_AND_TEXT, reverse=True))
            raise ValueError(f"code={self.code} must be one of {known}")
        if self.code in _CORE and self.applied is None:
            raise ValueError(f"code={self.code} may hide an applied order: state applied (0 to 1)")
        if self.code not in _CORE and self.applied:
            raise ValueError(f"code={self.code} is a refusal: applied={self.applied} must be absent or 0")
        return self

    @property
    def acts_at(self) -> Stage:
        """Return gateway, core or rules, by the code."""
        if self.code in _GATEWAY:
            return "gateway"
        return "core" if self.code in _CORE else "rules"

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
