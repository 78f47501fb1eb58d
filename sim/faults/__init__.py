"""What the venue and the network do to a bot: one file per kind of fault, and one table of kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Discriminator, Tag

from sim.faults.algo_query_404 import AlgoQuery404
from sim.faults.base import FaultSpec
from sim.faults.batch_partial import BatchPartial
from sim.faults.blocked_loop import BlockedLoop
from sim.faults.clock import ClockFault
from sim.faults.coded_error import CodedError
from sim.faults.compute_delay import ComputeDelay
from sim.faults.connect import Connect
from sim.faults.crash import Crash
from sim.faults.delay import Delay
from sim.faults.endpoint_removed import EndpointRemoved
from sim.faults.error_in_200 import ErrorIn200
from sim.faults.field_renamed import FieldRenamed
from sim.faults.gateway_timeout import GatewayTimeout
from sim.faults.how import Burst, Coupled, How, Match, Window
from sim.faults.html_403 import Html403
from sim.faults.injector import FaultInjector
from sim.faults.internal_503 import Internal503
from sim.faults.ip_ban import IpBan
from sim.faults.network_down import NetworkDown
from sim.faults.partial_fill import PartialFill
from sim.faults.price import Price
from sim.faults.rate_limited import RateLimited
from sim.faults.read_lag import ReadLag
from sim.faults.refused_at_trigger import RefusedAtTrigger
from sim.faults.reset import Reset
from sim.faults.rewritten import AckOnly, EmptyBody, Garbled, MissingId, NullReply
from sim.faults.slow_match import SlowMatch
from sim.faults.stop_fired_unfilled import StopFiredUnfilled
from sim.faults.stop_vanishes import StopVanishes
from sim.faults.stuck_trigger import StuckTrigger
from sim.faults.thin_book import ThinBook
from sim.faults.throttled import Throttled
from sim.faults.timeout import Timeout
from sim.faults.truncated import Truncated
from sim.faults.unavailable_503 import Unavailable503
from sim.faults.unknown_503 import Unknown503
from sim.faults.user_stream import UserStreamFault
from sim.faults.venue_halt import VenueHalt

KINDS: dict[str, type[FaultSpec]] = {
    "connect": Connect,
    "network_down": NetworkDown,
    "timeout": Timeout,
    "delay": Delay,
    "rate_limited": RateLimited,
    "ip_ban": IpBan,
    "html_403": Html403,
    "throttled": Throttled,
    "unavailable_503": Unavailable503,
    "internal_503": Internal503,
    "unknown_503": Unknown503,
    "gateway_timeout": GatewayTimeout,
    "code": CodedError,
    "error_in_200": ErrorIn200,
    "batch_partial": BatchPartial,
    "reset": Reset,
    "truncated": Truncated,
    "empty_body": EmptyBody,
    "null_reply": NullReply,
    "garbled": Garbled,
    "missing_id": MissingId,
    "ack_only": AckOnly,
    "crash": Crash,
    "blocked_loop": BlockedLoop,
    "compute_delay": ComputeDelay,
    "read_lag": ReadLag,
    "algo_query_404": AlgoQuery404,
    "price": Price,
    "user_stream": UserStreamFault,
    "stop_vanishes": StopVanishes,
    "refused_at_trigger": RefusedAtTrigger,
    "stuck_trigger": StuckTrigger,
    "stop_fired_unfilled": StopFiredUnfilled,
    "slow_match": SlowMatch,
    "partial_fill": PartialFill,
    "thin_book": ThinBook,
    "clock": ClockFault,
    "venue_halt": VenueHalt,
    "endpoint_removed": EndpointRemoved,
    "field_renamed": FieldRenamed,
}
"""Every kind by the word files use; the union below follows from it."""


def _kind(data: Any) -> str | None:
    # A fault with a code needs no kind: `code = -1001` says it all.
    if isinstance(data, dict):
        return data.get("kind", "code" if "code" in data else None)
    return getattr(data, "kind", None)


if TYPE_CHECKING:
    Fault = FaultSpec
else:
    # Built from the table, so that a new kind is one row of it.
    Fault = Annotated[
        Union[tuple(Annotated[spec, Tag(kind)] for kind, spec in KINDS.items())],  # noqa: UP007
        Discriminator(_kind),
    ]

__all__ = [
    "KINDS",
    "AckOnly",
    "BatchPartial",
    "BlockedLoop",
    "Burst",
    "CodedError",
    "ComputeDelay",
    "Connect",
    "Coupled",
    "Crash",
    "Delay",
    "EmptyBody",
    "ErrorIn200",
    "Fault",
    "FaultInjector",
    "FaultSpec",
    "Garbled",
    "GatewayTimeout",
    "How",
    "Html403",
    "Internal503",
    "IpBan",
    "Match",
    "MissingId",
    "NetworkDown",
    "NullReply",
    "RateLimited",
    "Reset",
    "Throttled",
    "Timeout",
    "Truncated",
    "Unavailable503",
    "Unknown503",
    "Window",
]
