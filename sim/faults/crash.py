"""Kill the process of the code under test where it waits, and start it anew (failures F30).

A crash runs no ``finally`` and no ``except CancelledError``: what the process had in memory is gone, what it had sent
is on its way.  ``how`` counts awaits instead of requests: ``rate`` is per await, ``script`` (or ``at_await``) names
awaits by number, counted from 1 over all tasks of an intent's flow.  A window or burst strikes once, at its opening,
every process alive then, each with the stretch's ``rate``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from sim.exchange.effects import Stage
from sim.faults.base import FaultSpec


class Crash(FaultSpec):
    """Kill the process at an await and start it anew after ``restart_s`` seconds.

    ``at_await = k`` is short for ``how = { script = [k] }``.  ``match`` may narrow by symbol.  Under
    ``isolation = "intent"`` each intent has a process of its own; under ``"account"`` one crash kills all flows.
    """

    stage: ClassVar[Stage] = "connect"
    on_wire: ClassVar[bool] = False
    example: ClassVar[str] = """\
[[faults]]
name = "killed_after_entry"
kind = "crash"
at_await = 3
restart_s = 60
"""

    kind: Literal["crash"]
    restart_s: float = Field(gt=0, le=86_400)
    at_await: int | None = Field(default=None, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _short_for_a_script(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("at_await") is not None and "how" not in data:
            return {**data, "how": {"script": [data["at_await"]]}}
        return data

    @model_validator(mode="after")
    def _concerns_processes(self) -> Crash:
        if self.at_await is not None and self.how.script != [self.at_await]:
            raise ValueError(
                "give at_await or how, not both: at_await = k is short for how = { script = [k] }"
            )
        if self.how.coupled is not None:
            raise ValueError("a crash happens by rate, burst, window or script, not coupled")
        if self.match.role is not None or self.match.call is not None or self.match.side is not None:
            raise ValueError("a crash strikes a process, not a request: match may only name a symbol")
        return self
