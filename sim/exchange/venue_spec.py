"""State the venue's rare ways with conditional orders that a scenario may ask for."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class VenueSpec(BaseModel):
    """Set what no document of the venue states and users report.

    ``stuck_trigger_share``: share of triggered orders that stay TRIGGERING for good; they can neither be cancelled
    (-4117) nor cover anything.  ``gte_expiry_lag_s``: how long a closePosition order outlives its position.  In that
    time it still blocks a new one of its kind (-4130) and acts on a position opened meanwhile; then it expires,
    whatever there is by then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    stuck_trigger_share: float = Field(default=0.0, ge=0, le=1)
    gte_expiry_lag_s: float = Field(default=0.0, ge=0, le=3600)
