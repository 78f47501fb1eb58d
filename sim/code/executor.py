"""Be the executor of a run for code of the user's: call it with what it asks for, read what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sim.clock import RealWorldCall
from sim.clock.places import origin
from sim.code.adapters import settled
from sim.code.arguments import Fitted, fit
from sim.code.belief import read_belief, read_close
from sim.code.intent import Intent
from sim.code.leaving import Exited, escapes_told
from sim.code.parts import Parts
from sim.errors import InputError, nearest
from sim.exchange.shadow import Bracket
from sim.scenario.mismatch import Words
from sim.scenario.workload import IntentPlan

FACTS: Final = (
    "symbol", "side", "direction", "quantity", "planned_price", "sl_price", "tp_price", "sl_percent", "tp_percent",
    "leverage", "confidence", "ai_tp_percent", "ai_trail_percent", "hold_s", "deadline_s", "intent_id", "intent",
)  # fmt: skip
"""What a method of the user's may ask of an intent."""

REST: Final = (
    "symbol", "side", "quantity", "planned_price", "sl_percent", "tp_percent", "leverage", "confidence",
    "ai_tp_percent", "ai_trail_percent",
)  # fmt: skip
"""What ``**keywords`` are given: what our own executor is called with."""

_SUBMIT: Final = "submit_order"


class CodeExecutor:
    """Carry intents through the user's code.  ``new_parts(symbols)`` builds it, anew for every process."""

    listens = False

    def __init__(
        self,
        new_parts: Callable[[list[str]], Parts],
        arguments: Mapping[str, Any],
        built: Callable[[Parts], None] = lambda parts: None,
    ) -> None:
        self._new_parts = new_parts
        self._arguments = arguments
        self._on_built = built
        self._parts: Parts | None = None
        self._lock = asyncio.Lock()
        self._fitted: dict[str, Fitted] = {}

    # -- made when it is first needed: inside the run, where clocks and chance are the run's ----------------

    async def _built(self, symbols: Iterable[str] = ()) -> Parts:
        if self._parts is not None:
            return self._parts
        async with self._lock:
            if self._parts is None:
                parts = self._new_parts(list(symbols))
                await _built_or_told(parts)
                self._check(parts)
                self._parts = parts
                self._on_built(parts)
        return self._parts

    def _check(self, parts: Parts) -> None:
        """Match what is called for each intent now: a mismatch is the user's to mend before anything is run."""
        offered = {**parts.offers, **dict.fromkeys(FACTS)} if parts.flow or parts.executor else {}
        if parts.flow is not None:
            self._fitted["flow"] = fit("code.flow", parts.flow, offered, self._arguments, rest=REST)
        elif parts.executor is not None:
            self._fitted["submit"] = fit(
                "code.executor", self._entry_of(parts), offered, self._arguments, rest=REST
            )

    @staticmethod
    def _entry_of(parts: Parts) -> Callable[..., Any]:
        if parts.method is not None:
            return parts.method
        executor = parts.executor
        method = getattr(executor, _SUBMIT, None)
        if method is not None:
            return method  # type: ignore[no-any-return]
        names = sorted(name for name in dir(executor) if not name.startswith("_"))
        shown = ", ".join(name for name in names if callable(getattr(executor, name, None))) or "no method"
        kind = type(executor).__name__
        expected = (
            f'a class with {_SUBMIT}, or one of its methods as "module:{kind}.method"; {kind} has {shown}'
        )
        raise InputError("code.executor", Words(kind), expected, nearest(_SUBMIT, names))

    async def prepare(self, symbols: Iterable[str]) -> None:
        """Build the user's parts and let them load what they need before they trade."""
        symbols = list(symbols)
        parts = await self._built(symbols)
        if parts.flow is None and parts.executor is None:
            await parts.ours.prepare(symbols)
            return
        if hasattr(parts.client, "load_markets"):
            await parts.client.load_markets()
        if parts.executor is None or parts.executor is parts.method:
            return
        for name in ("prepare", "start", "initialize", "setup"):
            method = getattr(parts.executor, name, None)
            if method is not None:
                offered = {**parts.offers, "symbols": symbols}
                await settled(fit(f"code.executor: {name}", method, offered, self._arguments).call(offered))
                break

    # -- one intent -----------------------------------------------------------------------------------

    async def submit_plan(
        self, plan: IntentPlan, plan_price: float, quantity: float, bracket: Bracket
    ) -> Any:
        """Carry one intent from its decision to a protected position and return what is believed of it."""
        parts = await self._built([plan.symbol])
        if parts.flow is None and parts.executor is None:
            with escapes_told():
                return await parts.ours.submit_order(**plan.wish(plan_price, quantity))
        intent = _intent(plan, plan_price, quantity, bracket)
        facts = {name: getattr(intent, name) for name in FACTS if name != "intent"}
        fitted = self._fitted["flow" if parts.flow is not None else "submit"]
        with escapes_told():
            returned = await settled(fitted.call(_Layered({**facts, "intent": intent}, parts.offers)))
        return read_belief(returned, plan.direction, quantity)

    async def close_position(
        self, *, symbol: str, side: str, quantity: float, intent_id: str | None = None
    ) -> Any:
        """Close a position with the user's own ``close_position``, or with ours where there is none."""
        parts = await self._built([symbol])
        close = getattr(parts.executor, "close_position", None)
        if close is None:
            named = {} if intent_id is None or parts.executor or parts.flow else {"intent_id": intent_id}
            return await parts.ours.close_position(symbol=symbol, side=side, quantity=quantity, **named)
        facts = {
            "symbol": symbol, "side": side, "direction": 1 if side == "buy" else -1, "quantity": quantity,
            "intent_id": intent_id,
        }  # fmt: skip
        offered = _Layered(facts, parts.offers)
        known = self._fitted.get("close")
        if known is None:
            rest = ("symbol", "side", "quantity")
            known = fit("code.executor: close_position", close, offered, self._arguments, rest=rest)
            self._fitted["close"] = known
        with escapes_told():
            return read_close(await settled(known.call(offered)))

    async def position_closed(self, intent_id: str) -> None:
        """Tell our own executor, or the user's where it wants to know, that a position closed."""
        await self._tell("position_closed", intent_id)

    async def _tell(self, method: str, what: str) -> None:
        parts = await self._built()
        owner = parts.executor if parts.executor is not None or parts.flow is not None else parts.ours
        told = getattr(owner, method, None)
        if told is not None:
            await settled(told(what))


class ResumingExecutor(CodeExecutor):
    """Be an executor that takes up again what an earlier process of it had begun."""

    async def recover(self, symbols: Iterable[str]) -> Mapping[str, float]:
        """Let the process that came back look for what an earlier one had begun; it returns what it holds."""
        symbols = list(symbols)
        parts = await self._built(symbols)
        owner = parts.executor if parts.executor is not None or parts.flow is not None else parts.ours
        recover = getattr(owner, "recover", None)
        found = None if recover is None else await settled(recover(symbols))
        return found if isinstance(found, Mapping) else {}

    async def symbol_closed(self, symbol: str) -> None:
        """Tell whoever recovered that nothing of a symbol is held any more, where it wants to know."""
        await self._tell("symbol_closed", symbol)


async def _built_or_told(parts: Parts) -> None:
    """Build the parts; what their constructors raise is told as what it is: nothing has been run yet."""
    try:
        await parts.build()
    except (InputError, TimeoutError, asyncio.CancelledError):
        raise
    except (Exception, Exited, RealWorldCall) as error:
        place = origin(error)
        where = f" ({place})" if place else ""
        expected = f"code that can be made before anything is traded; it raised {type(error).__name__}: {error}{where}"
        raise InputError("code", Words(parts.names), expected) from error


class _Layered(dict[str, Any]):
    """Hold an intent's facts over what is on offer anyway."""

    def __init__(self, facts: Mapping[str, Any], offers: Mapping[str, Any]) -> None:
        super().__init__(facts)
        self._offers = offers

    def __missing__(self, name: str) -> Any:
        return self._offers[name]

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._offers


def _intent(plan: IntentPlan, plan_price: float, quantity: float, bracket: Bracket) -> Intent:
    return Intent(
        **plan.wish(plan_price, quantity),
        direction=plan.direction,
        sl_price=bracket.sl_price,
        tp_price=bracket.tp_price,
        decided_s=plan.decided_us / 1e6,
        hold_s=plan.hold_us / 1e6,
        deadline_s=bracket.deadline_us / 1e6,
        intent_id=f"intent-{plan.number}",
        number=plan.number,
    )
