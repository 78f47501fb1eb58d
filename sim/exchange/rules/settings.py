"""Read the parameters of account settings (pure).

Whether the account may change so is :mod:`sim.exchange.account_settings`' to say.
"""

from __future__ import annotations

from typing import Any

from sim.exchange.filters import SymbolFilters
from sim.exchange.replies import Refusal
from sim.exchange.rules.numbers import is_whole
from sim.exchange.rules.texts import invalid, missing


def read_leverage(params: dict[str, Any], filters: SymbolFilters) -> int:
    """Return the leverage to set: a whole number from 1 to the symbol's greatest (-1102 absent, else -4028)."""
    given = params.get("leverage")
    if given is None or given == "":
        raise missing("leverage")
    text = str(given)
    if not (is_whole(text) and 1 <= int(text) <= filters.max_leverage):
        raise Refusal(-4028, f"Leverage {text} is not valid")
    return int(text)


def read_margin_type(params: dict[str, Any]) -> str:
    """Return "ISOLATED" or "CROSSED"; -1102 absent, -1130 for anything else."""
    given = params.get("marginType")
    if given is None or given == "":
        raise missing("marginType")
    if given not in ("ISOLATED", "CROSSED"):
        raise invalid("marginType")
    return str(given)


def read_position_mode(params: dict[str, Any]) -> bool:
    """Return whether hedge mode is asked for: dualSidePosition "true" or "false" (-1102 otherwise)."""
    text = str(params.get("dualSidePosition", "")).lower()
    if text not in ("true", "false"):
        raise missing("dualSidePosition")
    return text == "true"
