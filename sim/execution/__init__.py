"""Place orders safely: judge them before they are sent, resend what is worth it, protect what was opened.

Standard library and asyncio only.  The clock is the running loop's, the venue is the client that is given.
Names load on first use, so that reading the table of policy keys does not load the order path.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .entry_checks import ExecutionResult
    from .errors import ExecutionError, HeldBack, PolicyError, PriceUnavailable, UnknownSymbol
    from .event_driven_executor import EventDrivenExecutor
    from .events import (
        AttemptFailed,
        BackoffStarted,
        Event,
        Hook,
        OrderLookedUp,
        PlacementEnded,
        PlacementStarted,
        SideCallFailed,
        SizeReduced,
        StopAdjusted,
        StopLooked,
        VerdictGiven,
    )
    from .execution_safety import ExecutionSafetyGuard, ValidationResult
    from .hybrid_tpsl import calculate_hybrid_levels, place_hybrid_orders
    from .order_result import OrderResult
    from .policy_file import FilePolicyStore
    from .policy_history import PolicyChange, PolicyHistory
    from .policy_key import PolicyKey
    from .policy_keys import KEYS, Settings
    from .policy_store import PolicyStore, load_policy, policy_from_mapping, settings_of
    from .rate_limiter import GlobalRateLimiter, LimitedClient
    from .safe_order_executor import SafeOrderExecutor
    from .slippage_model import SlippageModel
    from .trade_store import TradeStore
    from .volatility import Volatility

_HOMES = {
    "entry_checks": ("ExecutionResult",),
    "errors": (
        "ExecutionError",
        "HeldBack",
        "PolicyError",
        "PriceUnavailable",
        "UnknownSymbol",
    ),
    "event_driven_executor": ("EventDrivenExecutor",),
    "events": (
        "AttemptFailed",
        "BackoffStarted",
        "Event",
        "Hook",
        "OrderLookedUp",
        "PlacementEnded",
        "PlacementStarted",
        "SideCallFailed",
        "SizeReduced",
        "StopAdjusted",
        "StopLooked",
        "VerdictGiven",
    ),
    "execution_safety": (
        "ExecutionSafetyGuard",
        "ValidationResult",
    ),
    "hybrid_tpsl": (
        "calculate_hybrid_levels",
        "place_hybrid_orders",
    ),
    "order_result": ("OrderResult",),
    "policy_file": ("FilePolicyStore",),
    "policy_history": (
        "PolicyChange",
        "PolicyHistory",
    ),
    "policy_key": ("PolicyKey",),
    "policy_keys": (
        "KEYS",
        "Settings",
    ),
    "policy_store": (
        "PolicyStore",
        "load_policy",
        "policy_from_mapping",
        "settings_of",
    ),
    "rate_limiter": (
        "GlobalRateLimiter",
        "LimitedClient",
    ),
    "safe_order_executor": ("SafeOrderExecutor",),
    "slippage_model": ("SlippageModel",),
    "trade_store": ("TradeStore",),
    "volatility": ("Volatility",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "KEYS",
    "AttemptFailed",
    "BackoffStarted",
    "Event",
    "EventDrivenExecutor",
    "ExecutionError",
    "ExecutionResult",
    "ExecutionSafetyGuard",
    "FilePolicyStore",
    "GlobalRateLimiter",
    "HeldBack",
    "Hook",
    "LimitedClient",
    "OrderLookedUp",
    "OrderResult",
    "PlacementEnded",
    "PlacementStarted",
    "PolicyChange",
    "PolicyError",
    "PolicyHistory",
    "PolicyKey",
    "PolicyStore",
    "PriceUnavailable",
    "SafeOrderExecutor",
    "Settings",
    "SideCallFailed",
    "SizeReduced",
    "SlippageModel",
    "StopAdjusted",
    "StopLooked",
    "TradeStore",
    "UnknownSymbol",
    "ValidationResult",
    "VerdictGiven",
    "Volatility",
    "calculate_hybrid_levels",
    "load_policy",
    "place_hybrid_orders",
    "policy_from_mapping",
    "settings_of",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
