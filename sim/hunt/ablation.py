"""Remove each safeguard of our own policy, one at a time, and hunt what is left: what does each of them buy?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sim.hunt.bracket import Bracket
from sim.hunt.budget import Budget
from sim.hunt.findings import Finding
from sim.hunt.hunting import Hunt, hunt
from sim.scenario import LoadedPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguard:
    """Name a safeguard and the policy keys that switch it off; ``guards`` says against what."""

    name: str
    less: tuple[str, ...]
    guards: str


SAFEGUARDS: Final = (
    Safeguard(name="client id", less=("client_ids=false",), guards="a second entry after an unknown outcome"),
    Safeguard(
        name="look-up", less=("look_up_unknown=false",), guards="taking an unknown outcome for a failure"
    ),
    Safeguard(name="re-check", less=("recheck_each_attempt=false",), guards="entries sent on an old price"),
    Safeguard(
        name="deadline", less=("protect_deadline_sec=600.0",), guards="a position that waits for its stop"
    ),
    Safeguard(
        name="flatten", less=("flatten_when_unprotected=false",), guards="a position that gets no stop at all"
    ),
    Safeguard(
        name="read-back",
        less=("read_back=false", "verify_every_sec=0.0"),
        guards="a stop that was accepted and is gone",
    ),
    Safeguard(name="jitter", less=('jitter="none"',), guards="many bots that try again together"),
    Safeguard(name="limiter", less=("use_limiter=false",), guards="a ban for asking too much"),
    Safeguard(name="journal", less=("keep_journal=false",), guards="a process that forgets when it dies"),
    Safeguard(
        name="answer limit",
        less=("attempt_timeout_sec=0.0",),
        guards="waiting for an answer that never comes",
    ),
    Safeguard(name="caretaker", less=("verify_every_sec=0.0",), guards="a stop that vanishes later"),
    Safeguard(name="watch", less=("watch_unknown_sec=0.0",), guards="an order that comes to life late"),
    Safeguard(name="sweep", less=("sweep_when_flat=false",), guards="exits that outlive their position"),
    Safeguard(name="Retry-After", less=("honour_retry_after=false",), guards="asking while told to wait"),
)
"""The safeguards that a policy switches; ids, ticks and the way out are code and have no key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """State what a hunt finds without one safeguard, beyond what it finds with all of them."""

    safeguard: Safeguard
    found: Hunt
    new: tuple[Finding, ...]


def ablate(
    bracket: Bracket,
    without: Callable[[Sequence[str]], LoadedPolicy],
    *,
    depth: int,
    budget: Budget,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Hunt, list[Loss]]:
    """Return the hunt of the whole policy, and for each safeguard what is found without it.

    Every script of up to ``depth`` outcomes and every crash, then random ones; the hunts share ``budget`` alike.
    ``without`` returns the bracket's policy with ``execution.KEY=VALUE`` changes.
    """
    share = budget.share(1 + len(SAFEGUARDS))
    whole = hunt(bracket, depth=depth, budget=share, jobs=jobs, random=True, elsewhere=False)
    known = {finding.cause for finding in whole.findings}
    losses = []
    for number, guard in enumerate(SAFEGUARDS, start=1):
        policy = without([f"execution.{change}" for change in guard.less])
        less = Bracket(
            bracket.loaded,
            policy,
            seed=bracket.seed,
            intent=bracket.plan.number,
            market=bracket.market,
            executor_factory=bracket.executor_factory,
        )
        found = hunt(less, depth=depth, budget=share, jobs=jobs, random=True, elsewhere=False)
        new = tuple(finding for finding in found.findings if finding.cause not in known)
        losses.append(Loss(safeguard=guard, found=found, new=new))
        if progress is not None:
            progress(guard.name, number, len(SAFEGUARDS))
    return whole, losses
