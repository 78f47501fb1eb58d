"""Words that texts for people share (pure)."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a count with its noun, which takes an s unless there is one of it: ``1 intent``, ``1,200 intents``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def unit_beside(number: float, unit: str) -> str:
    """Return a unit as it stands beside a number: ``1 order``, ``2 orders``; symbols such as s have no plural."""
    return unit[:-1] if number == 1 and len(unit) > 1 and unit.endswith("s") else unit
