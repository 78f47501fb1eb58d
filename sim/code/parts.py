"""Build what a scenario's ``[code]`` names, for one process of one run: the user's parts, ours for the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sim.code.adapters import (
    ExecutorWithBracket,
    GuardOfTheirs,
    LimiterOfTheirs,
    PlacerOfTheirs,
    bracket_call,
    settled,
)
from sim.code.arguments import ALIASES, CLASSES, fit, signature_of
from sim.code.clients import make_client, submit_of
from sim.code.named import Found, find
from sim.code.tree import Tree
from sim.execution import EventDrivenExecutor, ExecutionSafetyGuard, GlobalRateLimiter
from sim.execution.events import Hook
from sim.execution.policy_store import settings_of
from sim.execution.rate_limiter import LimitedClient
from sim.scenario.code_spec import CLIENTS, CodeSpec
from sim.world.watched import WatchedPlacer

LOGGER: Final = "code"
"""The logger that parameters called logger are given."""


class Offers(Mapping[str, Any]):
    """Hold what is on offer; each is made when it is first taken."""

    def __init__(self, makers: Mapping[str, Callable[[], Any]]) -> None:
        self._makers = dict(makers)
        self._made: dict[str, Any] = {}

    def put(self, name: str, value: Any) -> None:
        """Offer a value."""
        self._makers[name] = lambda: value
        self._made[name] = value

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def _opens(function: Callable[..., Any]) -> bool:
    """Tell whether a function opens positions rather than makes who does: it asks for a size or an intent."""
    asked = {one.name.lstrip("_") for one in signature_of(function).parameters}
    return bool(asked & {name for name, real in ALIASES.items() if real in ("quantity", "intent")}) or bool(
        asked & {"quantity", "intent"}
    )


class Parts:
    """Hold the parts of one process.

    ``executor`` and ``flow`` are the user's (None: not given), ``method`` what of the executor was named, ``ours`` our
    executor with the user's parts in it, ``client`` what the user's code speaks to.
    """

    def __init__(
        self,
        spec: CodeSpec,
        tree: Tree,
        raw: Any,
        policy: Any,
        hooks: tuple[Hook, ...],
        store: dict[str, str],
        symbols: list[str],
    ) -> None:
        self._spec = spec
        self._tree = tree
        self._raw = raw
        self._hooks = hooks
        self._store = store
        self._policy = policy
        self._classes = dict(CLASSES)
        self.offers = Offers(
            {
                "raw": lambda: raw,
                "policy_store": lambda: policy,
                "hooks": lambda: hooks,
                "store": lambda: store,
                "logger": lambda: logging.getLogger(LOGGER),
                "submit": lambda: submit_of(raw),
                "symbols": lambda: list(symbols),
                "symbol": lambda: symbols[0] if symbols else "",
                "guard": lambda: ExecutionSafetyGuard(self.offers["policy_store"], hooks=hooks),
                "placer": lambda: WatchedPlacer(
                    self.offers["policy_store"], self.offers["guard"], hooks=hooks
                ),
                "rate_limiter": GlobalRateLimiter,
            }
        )
        self.executor: Any = None
        self.method: Callable[..., Any] | None = None
        self.flow: Callable[..., Any] | None = None
        self.ours: Any = None
        self.client: Any = None

    @property
    def names(self) -> str:
        """Return what the scenario names, for messages."""
        return ", ".join(f"{part} = {name}" for part, name in self._spec.parts.items())

    async def build(self) -> None:
        """Import the user's modules and make everything that is named, each part with what it asks for."""
        spec = self._spec
        await self._make_client()
        for part in ("policy_store", "rate_limiter", "guard", "placer"):
            name = getattr(spec, part)
            if name is not None:
                self.offers.put(part, await self._make(part, find(self._tree, f"code.{part}", name)))
        if spec.executor is not None:
            found = find(self._tree, "code.executor", spec.executor)
            if found.makes and _opens(found.value):
                self.executor, self.method = found.value, found.value
            else:
                self.executor = await self._make("executor", found)
                self.method = getattr(self.executor, found.method) if found.method else None
            self.offers.put("executor", self.executor)
        self.ours = self._ours()
        if spec.flow is not None:
            found = find(self._tree, "code.flow", spec.flow)
            if spec.executor is None:
                self.offers.put("executor", self.ours)
            self.flow = found.value
            if found.method:
                self.flow = getattr(await self._make("flow", found), found.method)
            elif isinstance(found.value, type):
                self.flow = await self._make("flow", found)

    async def _make_client(self) -> None:
        spec = self._spec
        if spec.client in CLIENTS:
            self.client = make_client(spec.client, self._raw)
        else:
            # An adapter of the user's is made on our client, which it asks for under any of a client's names.
            self.offers.put("client", self._raw)
            self.client = await self._make("client", find(self._tree, "code.client", spec.client))
        self.offers.put("client", self.client)

    async def _make(self, part: str, found: Found) -> Any:
        """Call a class or a function that makes one; anything else is the part itself."""
        value = found.value
        if not isinstance(value, type) and not found.makes:
            return value
        if isinstance(value, type):
            self._classes.setdefault(value.__name__, part)
        fitted = fit(f"code.{part}", value, self.offers, self._spec.arguments, classes=self._classes)
        return await settled(fitted.call(self.offers))

    def _ours(self) -> EventDrivenExecutor:
        """Make our executor with the user's parts in it; around a whole executor or flow, it only closes."""
        spec, offers, hooks = self._spec, self.offers, self._hooks
        client = self.client if spec.client not in CLIENTS else self._raw
        if spec.executor is not None or spec.flow is not None:
            return EventDrivenExecutor(self._raw, None, hooks=())
        policy = offers["policy_store"]
        limiter = LimiterOfTheirs(offers["rate_limiter"]) if spec.rate_limiter is not None else None
        if limiter is not None and not settings_of(policy).use_limiter:
            client, limiter = LimitedClient(client, limiter), None
        guard = (
            GuardOfTheirs(offers["guard"], policy, hooks)
            if spec.guard is not None
            else ExecutionSafetyGuard(policy, hooks=hooks)
        )
        placer = (
            PlacerOfTheirs(offers["placer"], policy, hooks)
            if spec.placer is not None
            else WatchedPlacer(policy, guard, hooks=hooks)
        )
        kind = EventDrivenExecutor if spec.bracket is None else ExecutorWithBracket
        made = kind(
            client,
            policy,
            safety_guard=guard,
            executor=placer,
            hooks=hooks,
            journal=self._store,
            limiter=limiter,
        )
        if isinstance(made, ExecutorWithBracket):
            assert spec.bracket is not None
            found = find(self._tree, "code.bracket", spec.bracket)
            made.their_bracket = bracket_call(
                "code.bracket", found.value, {**offers, "executor": placer, "client": client}, spec.arguments
            )
        return made
