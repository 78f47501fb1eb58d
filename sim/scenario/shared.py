"""Tell which shipped scenarios stand on data that need not be there, and why one cannot run here.

A tape ``shared:PATH`` lies under the folder of recordings that no licence lets us ship: ``$SIM_KLINES``, else the
folder ``shared/klines`` beside the checkout.  Where there is no such folder a scenario on it is skipped with a message,
and never silently: a gate that lost half its scenarios must say so.
"""

from __future__ import annotations

from typing import Any

from sim.scenario.files import SHARED, parse_toml, read_text, scenario_dir, shared_dir, shown_path


def read_shipped(name: str) -> dict[str, Any]:
    """Read a shipped scenario as it is written, unchecked; raises :class:`sim.InputError` for no valid TOML."""
    file = scenario_dir() / f"{name}.toml"
    shown = shown_path(file)
    return parse_toml(read_text(file, shown), shown)


def why_skipped(name: str) -> str | None:
    """Return why the shipped scenario ``name`` cannot run here, or None when all it needs is there."""
    market = read_shipped(name).get("market", {})
    folder = shared_dir()
    if any(reference.startswith(SHARED) for reference in _references(market)) and not folder.is_dir():
        return f"folder {folder} not there; set SIM_KLINES to the folder of recordings"
    return None


def _references(market: Any) -> list[str]:
    found = []
    for table in (market, market.get("mark", {})):
        klines = table.get("klines", []) if isinstance(table, dict) else []
        found += [klines] if isinstance(klines, str) else [item for item in klines if isinstance(item, str)]
    return found
