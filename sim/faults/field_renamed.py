"""Read a parameter under another name (failures F06: an adjusted stopPrice that nobody reads)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from sim.exchange.effects import Stage
from sim.faults.condition import StretchFault


class FieldRenamed(StretchFault):
    """Read a parameter of new orders under another name; one sent under the old name is silently ignored.

    The venue ignores what it does not know, so an order without its price is refused (-1102), and one that carries
    both names keeps the value of the new one however often the old one is adjusted.
    """

    stage: ClassVar[Stage] = "rules"
    calls: ClassVar[frozenset[str] | None] = frozenset({"POST /fapi/v1/order", "POST /fapi/v1/algoOrder"})
    example: ClassVar[str] = """\
[[faults]]
name = "renamed"
kind = "field_renamed"
how = { window = { at = 1800, for_s = 3600 } }
field = "stopPrice"
to = "triggerPrice"
"""

    kind: Literal["field_renamed"]
    field: str = Field(min_length=1)
    to: str = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _differ(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("field") is not None and data.get("field") == data.get("to"):
            raise ValueError(f"to={data['to']!r} must differ from field")
        return data
