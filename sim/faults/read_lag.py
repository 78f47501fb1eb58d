"""Let reads show what was written only after a while (failures F18, F19; binance-facts 6: read replicas lag).

A write — a new order, a change of its state, a fill — shows in a read once its lag is over: look-ups by id answer
-2013 until then, lists omit it, positions and balances stand as they were.  Look-ups that change something (cancels,
re-sent client ids) meet the matching engine, which knows the truth.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final, Literal

from pydantic import Field, model_validator

from sim.exchange.effects import Stage
from sim.faults.base import Probability
from sim.faults.condition import Seconds, StateFault, check_span, windows_of
from sim.faults.match import Match

Group = Literal["order", "algo", "open_orders", "position", "account"]
GROUPS: Final[tuple[Group, ...]] = ("order", "algo", "open_orders", "position", "account")

_OF_CALL: Final[dict[str, Group]] = {
    "GET /fapi/v1/order": "order",
    "GET /fapi/v1/openOrder": "order",
    "GET /fapi/v1/allOrders": "order",
    "GET /fapi/v1/algoOrder": "algo",
    "GET /fapi/v1/allAlgoOrders": "algo",
    "GET /fapi/v1/openOrders": "open_orders",
    "GET /fapi/v1/openAlgoOrders": "open_orders",
    "GET /fapi/v2/positionRisk": "position",
    "GET /fapi/v3/positionRisk": "position",
}


def group_of(call: str) -> Group:
    """Return the group of reads that a call belongs to; balances, executions and income are the account's."""
    return _OF_CALL.get(call, "account")


class ReadLag(StateFault):
    """Hide a write from reads for a while: -2013 for a live order, the position as it was.

    ``how`` and ``match`` choose the writes: each matching new order and each later change of it lags with the
    ``rate`` (F18: about 1 in 800).  The lag is uniform in its logarithm between ``min_s`` and ``max_s`` (``law``
    "uniform": in itself); ``rare_share`` of the lags last ``rare_s`` instead.  ``reads``: which groups of reads lag.
    Drawn for the order, so two policies meet the same lag.
    """

    stage: ClassVar[Stage] = "read"
    example: ClassVar[str] = """\
[[faults]]
name = "read_fog"
kind = "read_lag"
how = { rate = 0.05 }
min_s = 1
max_s = 10
rare_share = 0.01
rare_s = 1800
"""

    kind: Literal["read_lag"]
    min_s: Seconds = 1.0
    max_s: Seconds = 10.0
    law: Literal["log_uniform", "uniform"] = "log_uniform"
    rare_share: Probability = 0.0
    rare_s: Seconds = 1800.0
    reads: list[Group] = Field(default=list(GROUPS), min_length=1)

    @model_validator(mode="after")
    def _span(self) -> ReadLag:
        check_span("read_lag", self.min_s, self.max_s)
        if self.law == "log_uniform" and self.min_s == 0:
            raise ValueError('min_s=0 has no logarithm: use law = "uniform", or min_s above 0')
        return self

    @property
    def hides_everything(self) -> bool:
        """Tell whether while it holds nothing that is written can be read."""
        stretches = [self.how.burst] if self.how.burst is not None else windows_of(self.how)
        return (
            bool(stretches)
            and stretches[0].rate == 1.0
            and self.match == Match()
            and set(self.reads) == set(GROUPS)
        )

    def lag_us(self, share: float, rare: float) -> int:
        """Return the lag (µs) for two draws from [0, 1): where in the span, and whether it is a rare one."""
        if rare < self.rare_share:
            return round(self.rare_s * 1e6)
        if self.law == "uniform":
            return round((self.min_s + share * (self.max_s - self.min_s)) * 1e6)
        return round(self.min_s * math.exp(share * math.log(self.max_s / self.min_s)) * 1e6)
