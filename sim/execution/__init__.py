"""Place orders safely: judge them before they are sent, resend what is worth it, protect what was opened.

Standard library and asyncio only.  The clock is the running loop's, the venue is the client that is given.
Names load on first use, so that reading the table of policy keys does not load the order path.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import ExecutionError, PolicyError, PriceUnavailable, UnknownSymbol
    from .event_driven_executor import EventDrivenExecutor, ExecutionResult
    from .events import (
        AttemptFailed,
        BackoffStarted,
        Event,
        Hook,
        PlacementEnded,
        PlacementStarted,
        SideCallFailed,
        StopAdjusted,
        VerdictGiven,
    )
    from .execution_safety import ExecutionSafetyGuard, ValidationResult
    from .hybrid_tpsl import calculate_hybrid_levels, place_hybrid_orders
    from .policy_keys import KEYS, PolicyKey, Settings
    from .policy_store import PolicyStore, load_policy, policy_from_mapping, settings_of
    from .safe_order_executor import OrderResult, SafeOrderExecutor

_HOMES = {
    "errors": ("ExecutionError", "PolicyError", "PriceUnavailable", "UnknownSymbol"),
    "event_driven_executor": ("EventDrivenExecutor", "ExecutionResult"),
    "events": (
        "AttemptFailed",
        "BackoffStarted",
        "Event",
        "Hook",
        "PlacementEnded",
        "PlacementStarted",
        "SideCallFailed",
        "StopAdjusted",
        "VerdictGiven",
    ),
    "execution_safety": ("ExecutionSafetyGuard", "ValidationResult"),
    "hybrid_tpsl": ("calculate_hybrid_levels", "place_hybrid_orders"),
    "policy_keys": ("KEYS", "PolicyKey", "Settings"),
    "policy_store": ("PolicyStore", "load_policy", "policy_from_mapping", "settings_of"),
    "safe_order_executor": ("OrderResult", "SafeOrderExecutor"),
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
    "Hook",
    "OrderResult",
    "PlacementEnded",
    "PlacementStarted",
    "PolicyError",
    "PolicyKey",
    "PolicyStore",
    "PriceUnavailable",
    "SafeOrderExecutor",
    "Settings",
    "SideCallFailed",
    "StopAdjusted",
    "UnknownSymbol",
    "ValidationResult",
    "VerdictGiven",
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
