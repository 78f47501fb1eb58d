"""Compose the packages' own specs into one scenario: what happens, and how it is judged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.exchange.filters import RulesVersion
from sim.exchange.latency import LatencySpec
from sim.exchange.limits_spec import VenueLimits
from sim.exchange.matching import FillSpec
from sim.exchange.venue_spec import VenueSpec
from sim.faults import Fault
from sim.scenario.account_spec import AccountSpec
from sim.scenario.market_spec import MarketSpec, Strict
from sim.scenario.mismatch import Mismatch
from sim.scenario.workload_spec import WorkloadSpec

_LONGEST_S = 31_622_400


class ClientSpec(Strict):
    """State the client's patience with one request, and how far its clock is ahead of the venue's (ms).

    The offset moves all that the code under test reads from the wall clock, and so the timestamps of signed requests.
    """

    timeout_s: float = Field(default=10.0, gt=0, le=3600)
    clock_offset_ms: float = Field(default=0.0, ge=-86_400_000, le=86_400_000)


class SettleSpec(Strict):
    """State how long, without faults, belief has to reach truth."""

    settle_s: float = Field(default=60.0, gt=0, le=86_400)


class LimitsSpec(VenueLimits):
    """Bound a run — virtual time (None: the tape's end) and callbacks — and what the venue grants in it."""

    time_s: float | None = Field(default=None, gt=0, le=_LONGEST_S)
    events: int = Field(default=50_000_000, ge=1)


class CheckSpec(Strict):
    """Say which runs ``sim check`` compares with the expected results; ``intents`` shortens each."""

    policies: list[str] = Field(default=["d7"], min_length=1)
    seeds: list[Annotated[int, Field(ge=0)]] = Field(default=[1], min_length=1)
    intents: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _no_twins(self) -> CheckSpec:
        for name, values in (("policies", self.policies), ("seeds", self.seeds)):
            for index, value in enumerate(values):
                if value in values[:index]:
                    raise Mismatch((name, index), value, f"{name} without repetition")
        for index, seed in enumerate(self.seeds):
            if seed >= 2**63:
                # Every row of a result holds its seed, as a signed 64-bit integer.
                raise Mismatch(("seeds", index), seed, "a whole number below 2^63")
        return self


class InvariantSpec(Strict):
    """Set the checks' bounds: time to protect a fill, and time for belief to reach truth."""

    protect_s: float = Field(default=5.0, gt=0, le=86_400)
    settle_belief_s: float = Field(default=30.0, gt=0, le=86_400)


class Scenario(Strict):
    """State what happens; how we react is the policy's."""

    title: str = Field(min_length=1)
    story: str = ""
    rules: RulesVersion = "2025-01"
    isolation: Literal["intent", "account"] = "intent"
    market: MarketSpec
    workload: WorkloadSpec
    latency: LatencySpec = LatencySpec()
    client: ClientSpec = ClientSpec()
    fills: FillSpec = FillSpec()
    venue: VenueSpec = VenueSpec()
    account: AccountSpec = AccountSpec()
    faults: list[Fault] = Field(default=[])
    settle: SettleSpec = SettleSpec()
    limits: LimitsSpec = LimitsSpec()
    check: CheckSpec = CheckSpec()
    invariants: InvariantSpec = InvariantSpec()

    @model_validator(mode="after")
    def _unique_names(self) -> Scenario:
        first: dict[str, int] = {}
        for index, fault in enumerate(self.faults):
            if first.setdefault(fault.name, index) != index:
                # A name is a stream of chance: two faults of one name would always fire together.
                other = f"a name of its own (faults[{first[fault.name]}] has this one)"
                raise Mismatch(("faults", index, "name"), fault.name, other)
        return self

    @model_validator(mode="after")
    def _belief_is_judged_in_time(self) -> Scenario:
        bound_s, settle_s = self.invariants.settle_belief_s, self.settle.settle_s
        if bound_s > settle_s:
            # The books would be closed before the bound has passed, and the check could never fail.
            raise Mismatch(
                ("invariants", "settle_belief_s"), bound_s, f"at most settle.settle_s={settle_s:g}"
            )
        return self

    @model_validator(mode="after")
    def _one_fee(self) -> Scenario:
        for name in ("maker_fee", "taker_fee"):
            own = getattr(self.account, name)
            if own is not None and name in self.fills.model_fields_set:
                raise Mismatch(("account", name), own, f"no {name} here, as fills.{name} states it")
        return self

    def fills_in_force(self) -> FillSpec:
        """Return the fill rules with the account's own fees in them."""
        own = {name: getattr(self.account, name) for name in ("maker_fee", "taker_fee")}
        given = {name: fee for name, fee in own.items() if fee is not None}
        return self.fills.model_copy(update=given) if given else self.fills

    def decides_until_us(self, end_us: int) -> int:
        """Return until when intents may be decided on a tape that ends at ``end_us`` (µs); below 1 for never.

        The last flow may run into its settle phase, and its books are closed one settle time after that.
        """
        return end_us - round((self.workload.hold_s + 2 * self.settle.settle_s) * 1e6)
