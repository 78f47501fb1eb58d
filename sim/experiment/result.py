"""Hold what a run left behind, as frames, and the numbers made from them on demand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from sim import metrics


@dataclass(frozen=True, kw_only=True)
class Result:
    """Offer one run's frames and reports.

    ``frames``: ``intents``, ``placements``, ``requests``, ``orders``, ``fills``, ``protection``, ``faults``,
    ``violations`` and more; columns and units in :data:`sim.metrics.COLUMNS`.  ``manifest``: what the run was
    made from, ``trace_sha256`` and the reproducing command.
    """

    frames: dict[str, pd.DataFrame]
    manifest: dict[str, Any]

    @cached_property
    def recovery(self) -> pd.DataFrame:
        """Recovery per fault and role."""
        return metrics.recovery(self.frames)

    @cached_property
    def slippage(self) -> pd.DataFrame:
        """Slippage rejection, adverse slippage at check and fill, what refusals saved and missed."""
        return metrics.slippage(self.frames)

    @cached_property
    def latency(self) -> pd.DataFrame:
        """Time from decision to verdict, acknowledged, filled, protected, and its split."""
        return metrics.latency(self.frames)

    @cached_property
    def protection(self) -> pd.DataFrame:
        """Naked time and money."""
        return metrics.protection(self.frames, protect_s=float(self.manifest["protect_s"]))

    @cached_property
    def money(self) -> pd.DataFrame:
        """Result and loss against ideal per 1,000 intents."""
        return metrics.money(self.frames)

    @cached_property
    def load(self) -> pd.DataFrame:
        """Requests, orders and refusals."""
        return metrics.load(self.frames)

    @cached_property
    def seed_metrics(self) -> pd.DataFrame:
        """The seed document's four metrics, claimed and true."""
        return metrics.seed_metrics(self.frames)

    @cached_property
    def headline(self) -> dict[str, float]:
        """Flat numbers for gates and comparisons."""
        return metrics.headline(self.frames, protect_s=float(self.manifest["protect_s"]))

    @property
    def violations(self) -> pd.DataFrame:
        """What the checks found."""
        return self.frames["violations"]

    @property
    def name(self) -> str:
        """Name the run by what it was asked for; different questions have different names."""
        return str(self.manifest["name"])

    def __repr__(self) -> str:
        # A rule of conduct by itself loses nothing; it is counted apart.
        found = int((self.violations["kind"] != "practice").sum())
        return (
            f"<Result {self.name}: {self.manifest['intents']} intents, {found} violations, "
            f"trace {self.manifest['trace_sha256'][:12]}>"
        )

    def _repr_html_(self) -> str:
        parts = [f"<h3>{self.manifest['title']} <small>{self.name}</small></h3>"]
        for title, frame in (
            ("Recovery", self.recovery),
            ("Slippage", self.slippage),
            ("Latency", self.latency),
            ("Protection", self.protection),
            ("Money", self.money),
        ):
            parts.append(
                f"<h4>{title}</h4>" + frame.to_html(index=False, float_format="{:.4g}".format, na_rep="–")
            )
        return "\n".join(parts)
