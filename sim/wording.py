"""Words that texts for people share (pure)."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a count with its noun, which takes an s unless there is one of it: ``1 intent``, ``1,200 intents``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
