"""Lay declared moves and standstills over a recorded tape; one file for each kind of shock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from sim.market.shocks.base import ShockModel
from sim.market.shocks.basis import Basis
from sim.market.shocks.crash import Crash
from sim.market.shocks.drift import Drift
from sim.market.shocks.freeze import Freeze
from sim.market.shocks.gap import Gap
from sim.market.shocks.halt import Halt
from sim.market.shocks.overlay import Moved, Overlay
from sim.market.shocks.whipsaw import Whipsaw
from sim.market.shocks.wick import Wick

Shock = Annotated[Drift | Crash | Gap | Whipsaw | Wick | Basis | Freeze | Halt, Field(discriminator="kind")]
"""Any kind of shock, as a scenario writes it."""

__all__ = [
    "Basis",
    "Crash",
    "Drift",
    "Freeze",
    "Gap",
    "Halt",
    "Moved",
    "Overlay",
    "Shock",
    "ShockModel",
    "Whipsaw",
    "Wick",
    "describe_shocks",
]


def describe_shocks(shocks: Iterable[ShockModel], overlay: Overlay | None) -> str:
    """Join the clauses of all shocks and what the tape cuts off; empty when there are none."""
    notes = [] if overlay is None else overlay.notes
    return "".join(f"; {clause}" for clause in (*(shock.describe() for shock in shocks), *notes))
