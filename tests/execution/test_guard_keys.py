"""The guard's later keys: favourable deviations, the distance to liquidation, a limit that follows volatility."""

from __future__ import annotations

from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution import EventDrivenExecutor, ExecutionSafetyGuard, PolicyStore, ValidationResult, Volatility
from tests.execution.venue_fake import VenueFake, enter, policy


class Steady(Volatility):
    """Be a volatility of one per mille a root second, and orders that take four seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.delay_s = 4.0

    def sd(self, symbol: str) -> float:
        return 0.001


def ask(
    side: str, planned: float, sl: float | None = None, leverage: float | None = None, **keys: Any
) -> ValidationResult:
    store = PolicyStore({f"execution.{name}": value for name, value in keys.items()})
    guard = ExecutionSafetyGuard(store, volatility=Steady())
    return run_virtual(guard.validate_and_adjust_order("BTCUSDT", side, planned, 100.0, sl, None, leverage))


@pytest.mark.parametrize(
    ("side", "planned", "allowed", "valid"),
    [
        ("buy", 101.0, True, True),
        ("buy", 99.0, True, False),
        ("sell", 99.0, True, True),
        ("sell", 101.0, True, False),
        ("buy", 101.0, False, False),
        ("sell", 99.0, False, False),
    ],
)
def test_a_better_price_is_welcome_only_where_the_policy_says_so(
    side: str, planned: float, allowed: bool, valid: bool
) -> None:
    """Buying below the plan, or selling above it, is no slippage then; the other direction always is."""
    assert ask(side, planned, allow_favourable_deviation=allowed).is_valid is valid


@pytest.mark.parametrize(
    ("stop", "leverage", "margin", "maintenance", "valid"),
    [
        (95.5, 20.0, 0.0, 0.004, True),
        (95.5, 20.0, 0.001, 0.004, True),
        (95.5, 20.0, 0.002, 0.004, False),
        (95.5, 20.0, 0.001, 0.005, False),
        (95.5, None, 0.5, 0.004, True),
        (95.5, 5.0, 0.002, 0.004, True),
        (None, 125.0, 0.5, 0.004, True),
    ],
)
def test_a_stop_too_near_liquidation_is_refused(
    stop: float | None, leverage: float | None, margin: float, maintenance: float, valid: bool
) -> None:
    """At 20x liquidation comes at 5 % less the maintenance margin: a stop 4.5 % away keeps 0.1 % at 0.4 %."""
    keys = {"liquidation_margin_pct": margin, "maintenance_margin_pct": maintenance}
    verdict = ask("buy", 100.0, stop, leverage, **keys)
    assert verdict.is_valid is valid
    assert valid or "too near liquidation" in verdict.reason


@pytest.mark.parametrize(
    ("planned", "factor", "leverage", "valid"),
    [
        (100.7, 0.0, None, False),
        (100.7, 4.0, None, True),
        (100.7, 3.0, None, False),
        (100.4, 1.0, None, True),
        (100.7, 4.0, 20.0, False),
        (100.39, 4.0, 20.0, True),
    ],
)
def test_the_slippage_limit_follows_volatility(
    planned: float, factor: float, leverage: float | None, valid: bool
) -> None:
    """At least the fixed limit; factor x 0.1 % x root of 4 s where that is more; times the leverage factor."""
    assert ask("buy", planned, None, leverage, slippage_volatility_factor=factor).is_valid is valid


@pytest.mark.parametrize(
    ("side", "leverage", "price"),
    [("buy", None, "50250.0"), ("sell", None, "49750.0"), ("buy", 20, "50125.0")],
)
def test_a_limit_entry_is_bounded_by_the_guards_own_limit(
    side: str, leverage: float | None, price: str
) -> None:
    """Plan x (1 +- limit), the leverage's share of it included."""
    books = VenueFake()
    executor = EventDrivenExecutor(books.client(), policy())
    run_virtual(enter(executor, side=side, leverage=leverage))
    assert books.orders["i1-e"]["params"]["price"] == price


def test_a_guard_of_the_callers_own_needs_no_limit_to_be_asked_for() -> None:
    """The policy's limit bounds the entry then."""

    class Own:
        async def get_current_market_price(self, symbol: str, client: Any) -> float:
            return 50_000.0

        async def validate_and_adjust_order(self, **question: Any) -> ValidationResult:
            return ValidationResult(True, "as you like")

    books = VenueFake()
    executor = EventDrivenExecutor(books.client(), policy(), safety_guard=Own())  # type: ignore[arg-type]
    run_virtual(enter(executor))
    assert books.orders["i1-e"]["params"]["price"] == "50250.0"


@pytest.mark.parametrize(
    ("late_s", "error", "outcome"),
    [(3.0, None, "withdrawn"), (0.0, LookupError("down"), "withdrawn"), (0.0, None, "applied")],
)
def test_an_entry_is_judged_again_by_a_fresh_price_before_it_is_resent(
    late_s: float, error: Any, outcome: str
) -> None:
    """A price that is old, or cannot be read, withdraws the entry."""
    books = VenueFake()
    books.on("entry", type("Refused", (Exception,), {"code": -1003, "message": "Too many requests."})())
    books.on("ticker", None, *([error] if error else []))

    async def main() -> Any:
        client = books.client()
        if late_s:
            read = client.futures_symbol_ticker
            reads = iter([0.0, late_s])

            async def slow(*, symbol: str) -> Any:
                import asyncio

                await asyncio.sleep(next(reads))
                return await read(symbol=symbol)

            client.futures_symbol_ticker = slow  # type: ignore[method-assign]
        return await enter(EventDrivenExecutor(client, policy(attempt_timeout_sec=0.0, use_limiter=False)))

    assert run_virtual(main()).entry.outcome == outcome
