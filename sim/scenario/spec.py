"""Compose the packages' own specs into one scenario: what happens, and how it is judged."""

from __future__ import annotations

from itertools import chain
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.exchange.filters import RulesVersion
from sim.exchange.latency import LatencySpec
from sim.exchange.limits_spec import VenueLimits
from sim.exchange.matching import FillSpec
from sim.exchange.venue_spec import VenueSpec
from sim.faults import Fault
from sim.faults.regimes import PREFIX, RegimeSpec
from sim.faults.venue_halt import VenueHalt
from sim.market.shocks import Shock
from sim.scenario.account_spec import AccountSpec
from sim.scenario.code_spec import CodeSpec
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
    """Set the checks' bounds, times in seconds: time to protect a fill (I03), for belief to reach truth (I02).

    ``clean_s`` (I16): exits may outlive their position so long.  ``replace_gap_s`` (I17): a stop that is moved may be
    missing so long.  ``panic_s`` (I18): so long after a missed protection deadline a close must have left.
    ``live_s`` (L01): so long after faults stop an intent must be at rest.  ``block_s`` (L03): the event loop may
    stand so long.  ``least_trading`` (L04): the share of intents that must trade; by default 0.95 where the scenario
    has neither faults nor shocks, else nothing is asked.  ``reference_age_s`` (I04): so old may the price be that an
    entry is sent on, at each attempt.  ``flight_s`` (I05): so long may an entry travel; ``fill_tolerance_pct`` (I05):
    so much of the price may its fill cost beyond the policy's slippage limit.  ``min_stop_pct`` (I06): so near, as a
    share of it, may a stop stand to the price it was made from.  ``widen_budget`` (I07): by this share of its planned
    distance may a stop be widened in all.  ``cap_share`` (I10): this share of the venue's caps may be used.
    """

    protect_s: float = Field(default=5.0, gt=0, le=86_400)
    settle_belief_s: float = Field(default=30.0, gt=0, le=86_400)
    clean_s: float = Field(default=30.0, gt=0, le=86_400)
    replace_gap_s: float = Field(default=2.0, gt=0, le=86_400)
    panic_s: float = Field(default=10.0, gt=0, le=86_400)
    live_s: float = Field(default=60.0, gt=0, le=86_400)
    block_s: float = Field(default=1.0, gt=0, le=86_400)
    least_trading: float | None = Field(default=None, ge=0, le=1)
    reference_age_s: float = Field(default=2.0, gt=0, le=86_400)
    flight_s: float = Field(default=2.0, gt=0, le=86_400)
    fill_tolerance_pct: float = Field(default=0.001, ge=0, le=1)
    min_stop_pct: float = Field(default=0.0005, ge=0, le=1)
    widen_budget: float = Field(default=0.5, ge=0, le=100)
    cap_share: float = Field(default=1.0, gt=0, le=1)


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
    code: CodeSpec | None = None
    faults: list[Fault] = Field(default=[])
    regime: RegimeSpec | None = None
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
            if self.regime is not None and fault.name.startswith(PREFIX):
                taken = f"a name that does not begin with {PREFIX}: the regime's own faults do"
                raise Mismatch(("faults", index, "name"), fault.name, taken)
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

    def shocks_in_force(self) -> tuple[Shock, ...]:
        """Return what is laid over the tape: the market's shocks, and the halts that faults of kind venue_halt bring.

        A straight line (``path = "line"``) has no halts; there such a fault stops the wire alone.
        """
        if self.market.line is not None:
            return ()
        halts = [fault.shocks() for fault in self.faults if isinstance(fault, VenueHalt)]
        return (*self.market.shock, *chain.from_iterable(halts))

    def decides_until_us(self, end_us: int) -> int:
        """Return until when intents may be decided on a tape that ends at ``end_us`` (µs); below 1 for never.

        The last flow may run into its settle phase, and its books are closed one settle time after that.
        """
        return end_us - round((self.workload.hold_s + 2 * self.settle.settle_s) * 1e6)
