"""Answer 200 with the body of an error (failures.md F16)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.replies import error_reply
from sim.exchange.request import Request
from sim.faults.base import FaultSpec, Probability, drawn_truth


class ErrorIn200(FaultSpec):
    """Answer 200 with ``{"code", "msg"}``; the write was applied with probability ``applied``.

    No client raises for it: who looks at the status alone books a success.
    """

    example: ClassVar[str] = """
[[faults]]
name = "polite_error"
kind = "error_in_200"
code = -1001
applied = 0.0
how = { rate = 0.03 }
match = { call = "order" }
"""

    stage: ClassVar[Stage] = "core"
    kind: Literal["error_in_200"]
    code: int = Field(lt=0)
    message: str | None = None
    applied: Probability

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Answer with the error under a 200."""
        was_applied = drawn_truth(self.applied, request, applied)
        return Effect(
            self.name,
            f"200 with {self.code}",
            self.stage,
            "applied" if was_applied else "not_applied",
            error_reply(self.code, 200, self.message),
        )
