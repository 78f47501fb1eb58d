"""Build the refusals whose text names a parameter.

The venue prints names in small letters there (``reduceonly``: binance-facts 1.2, as seen on the wire).
"""

from __future__ import annotations

from sim.exchange.replies import Refusal


def missing(name: str) -> Refusal:
    """Return -1102: mandatory and not there, empty, or not readable."""
    return Refusal(-1102, f"Mandatory parameter '{name.lower()}' was not sent, was empty/null, or malformed.")


def empty(name: str) -> Refusal:
    """Return -1105: optional, sent, and empty."""
    return Refusal(-1105, f"Parameter '{name.lower()}' was empty.")


def unwanted(name: str) -> Refusal:
    """Return -1106: sent though not required; -1114 for timeInForce, which has a code of its own."""
    if name == "timeInForce":
        return Refusal(-1114)
    return Refusal(-1106, f"Parameter '{name.lower()}' sent when not required.")


def invalid(name: str) -> Refusal:
    """Return -1130: the value is not one of those the parameter takes."""
    return Refusal(-1130, f"Data sent for parameter '{name}' is not valid.")


def outside(what: str) -> Refusal:
    """Return -1020 for what the venue can do and this model cannot: by name, never in silence."""
    return Refusal(-1020, f"This operation is not supported: {what} outside this exchange model.")
