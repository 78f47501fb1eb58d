"""Name the seed document's policy, for tests that are about it whatever the defaults are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sim.policies
from sim.execution import PolicyStore, load_policy

_D7 = dict(load_policy(Path(sim.policies.__file__).parent / "d7.toml").values)


def d7_policy(values: Mapping[str, Any] | None = None, **changes: Any) -> PolicyStore:
    """Return the policy d7 with ``values`` (whole keys) and ``changes`` (without ``execution.``) laid over it."""
    return PolicyStore(
        {**_D7, **(values or {}), **{f"execution.{name}": value for name, value in changes.items()}}
    )
