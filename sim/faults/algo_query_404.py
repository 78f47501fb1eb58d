"""Let the algo endpoint forget: look-ups of a live conditional order find nothing (failures F19).

The ordinary endpoint never knew algo orders under the newer rules; with this neither of the two does.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.exchange.effects import Stage
from sim.faults.condition import StateFault


class AlgoQuery404(StateFault):
    """Answer -2013 for live conditional orders on the algo endpoint; its lists come back without them.

    ``how`` and ``match`` choose the reads.  The orders live on: they trigger, and can be cancelled by their ids.
    """

    stage: ClassVar[Stage] = "read"
    calls: ClassVar[frozenset[str] | None] = frozenset(
        {"GET /fapi/v1/algoOrder", "GET /fapi/v1/openAlgoOrders", "GET /fapi/v1/allAlgoOrders"}
    )
    example: ClassVar[str] = """\
[[faults]]
name = "algo_forgets"
kind = "algo_query_404"
how = { rate = 0.1 }
"""

    kind: Literal["algo_query_404"]
