"""State what the venue allows one address and one account, and how it behaves when it is asked for more."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.market import At, at_us


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LimitedStretch(_Strict):
    """State a stretch of the replayed day: it begins at ``at`` and lasts ``for_s`` seconds."""

    at: At
    for_s: float = Field(gt=0, le=86_400)

    def span_us(self, epoch_us: int) -> tuple[int, int]:
        """Return (first µs, first µs after it) in the run's time."""
        begins_us = at_us(self.at, epoch_us)
        return begins_us, begins_us + round(self.for_s * 1e6)


class VenueLimits(_Strict):
    """State limits by address and account (binance-facts 4), bans, overload and the gateway's own speed.

    ``enforce`` false: everything is counted and nothing refused.  ``weight_per_min`` holds for an address,
    ``orders_per_10s`` and ``orders_per_min`` for an account.  ``shared_ip``: all intents ask from one address, also
    when each has an account of its own; false gives each intent its own address.  ``refused_orders_count``: orders
    the venue refuses count as well.  ``algo_orders_count``: conditional orders count, as since 2026-06-20.
    ``ban_after`` answers with 429, the next call is banned; a whole calm minute forgives them.  ``ban_first_s`` is
    the first ban, each later one ``ban_growth`` times as long up to ``ban_longest_s``.  ``retry_after``: name the
    wait in a header, which the futures venue does not document.  ``overload``: stretches in which new orders get -1008,
    ``exempt_exits`` whether exits pass, ``throttle_algo`` whether conditional orders are throttled too (the documents
    do not list them).  ``blocked``: stretches in which the firewall answers 403.  ``service_ms``: the one gateway
    serves a request in exactly this time, first come first served (0: at once); ``queue_most``: with that many
    requests in it new orders get -1008.
    """

    enforce: bool = True
    weight_per_min: int = Field(default=2400, ge=1, le=1_000_000_000)
    orders_per_10s: int = Field(default=300, ge=1, le=1_000_000_000)
    orders_per_min: int = Field(default=1200, ge=1, le=1_000_000_000)
    shared_ip: bool = True
    refused_orders_count: bool = True
    algo_orders_count: bool = True
    ban_after: int = Field(default=10, ge=0, le=1_000_000)
    ban_first_s: float = Field(default=120.0, gt=0, le=259_200)
    ban_growth: float = Field(default=2.0, ge=1, le=1000)
    ban_longest_s: float = Field(default=259_200.0, gt=0, le=31_622_400)
    retry_after: bool = False
    overload: list[LimitedStretch] = Field(default=[])
    exempt_exits: bool = True
    throttle_algo: bool = False
    blocked: list[LimitedStretch] = Field(default=[])
    service_ms: float = Field(default=0.0, ge=0, le=60_000)
    queue_most: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _consistent(self) -> VenueLimits:
        if self.ban_longest_s < self.ban_first_s:
            raise ValueError(
                f"ban_longest_s={self.ban_longest_s:g} must be at least ban_first_s={self.ban_first_s:g}"
            )
        if 0 < self.service_ms < 0.001:
            raise ValueError(f"service_ms={self.service_ms:g} must be 0 or at least 0.001, a microsecond")
        if self.queue_most is not None and not self.service_ms:
            raise ValueError(f"queue_most={self.queue_most} needs service_ms above 0")
        return self

    def bans_us(self, earlier: int) -> int:
        """Return how long a ban lasts after ``earlier`` ones, µs: 2 minutes to 3 days by default (facts 4)."""
        # Beyond this power the longest is reached or growth is 1; a float's range is not.
        grown_s = self.ban_first_s * self.ban_growth ** min(earlier, 80)
        return round(min(grown_s, self.ban_longest_s) * 1e6)
