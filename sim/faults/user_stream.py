"""Delay, drop, repeat or reorder events of the user data stream, or let it die in silence (failures F20, F21)."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import model_validator

from sim.exchange.effects import Stage
from sim.faults.condition import Seconds, StateFault, check_span, lasts
from sim.faults.match import Match

_TAKES_TIME: Final = frozenset({"delay", "duplicate", "reorder"})


class UserStreamFault(StateFault):
    """Let events of the user data stream come late, twice, out of order, or not at all.

    ``mode``: "delay", each event of the fault arrives ``min_s`` to ``max_s`` later and holds up those behind it;
    "drop"; "duplicate", it comes once more that much later; "reorder", it comes that much later and is overtaken;
    "dead", nothing arrives in the window or burst, without a close or an error, and with ``replay`` all of it comes
    after its end, out of order, some of it twice.  The strategy's own knowledge that its position closed
    (ordinary runs have no other stream) is one event of this stream.
    """

    stage: ClassVar[Stage] = "read"
    example: ClassVar[str] = """\
[[faults]]
name = "silent_stream"
kind = "user_stream"
mode = "dead"
how = { window = { at = 600, for_s = 1200 } }
replay = true
"""

    kind: Literal["user_stream"]
    mode: Literal["delay", "drop", "duplicate", "reorder", "dead"]
    min_s: Seconds | None = None
    max_s: Seconds | None = None
    replay: bool = False

    @model_validator(mode="after")
    def _belongs(self) -> UserStreamFault:
        if self.mode in _TAKES_TIME:
            if self.min_s is None or self.max_s is None:
                raise ValueError(f"mode={self.mode!r} needs min_s and max_s")
            check_span("user_stream", self.min_s, self.max_s)
        elif self.min_s is not None or self.max_s is not None:
            raise ValueError(
                f"min_s and max_s belong to mode {', '.join(sorted(_TAKES_TIME))}, not {self.mode!r}"
            )
        if self.mode == "dead" and not lasts(self.how):
            raise ValueError("how: a stream is dead for a stretch of time and needs window or burst")
        if self.replay and self.mode != "dead":
            raise ValueError(f'replay belongs to mode "dead", not {self.mode!r}')
        if self.how.script is not None:
            raise ValueError("how.script counts requests, and events are none: give rate, burst or window")
        if self.match != Match():
            raise ValueError("match chooses requests, and events are none: leave it out")
        return self
