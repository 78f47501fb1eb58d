"""The shipped policies: each file says what its source says, and a placement under it does it."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

import sim.policies
from sim.execution import OrderResult, SafeOrderExecutor
from sim.execution.policy_keys import KEYS
from sim.execution.policy_store import PolicyStore, load_policy
from sim.experiment import run_scenario

FOLDER = Path(sim.policies.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))

# policies, "The zoo": attempts, first delay, growth, cap, jitter, classifier.
ZOO: dict[str, tuple[int, float, float, float, str, str]] = {
    "hummingbot": (1, 0.0, 1.0, 0.0, "none", "none"),
    "never-resend": (1, 0.0, 1.0, 0.0, "none", "none"),
    "nautilus-network": (4, 1.0, 2.0, 10.0, "additive", "nautilus-python"),
    "polly": (4, 2.0, 1.0, 2.0, "none", "every-error"),
    "resilience4j": (3, 0.5, 1.0, 0.5, "none", "every-error"),
    "stamina": (10, 0.1, 2.0, 5.0, "additive", "transient"),
    "grpc-a6": (5, 0.1, 2.0, 1.0, "proportional", "unprocessed"),
    "finagle-budget": (100, 0.0, 1.0, 0.0, "none", "transient"),
    "envoy": (2, 0.025, 2.0, 0.25, "full", "transient"),
    "aws-full": (5, 0.5, 2.0, 10.0, "full", "transient"),
    "aws-equal": (5, 0.5, 2.0, 10.0, "equal", "transient"),
    "aws-decorrelated": (5, 0.5, 2.0, 10.0, "decorrelated", "transient"),
    "venue-advice": (4, 0.2, 2.0, 0.8, "none", "venue-advice"),
}
EXTRAS: dict[str, dict[str, Any]] = {
    "hummingbot": {
        "client_ids": True,
        "look_up_unknown": True,
        "look_up_min": 3,
        "unknown_deadline_sec": 0.0,
    },
    "never-resend": {"client_ids": True, "look_up_unknown": True},
    "nautilus-network": {"jitter_max_sec": 0.1, "attempt_timeout_sec": 30.0},
    "resilience4j": {
        "breaker_window_calls": 100,
        "breaker_failure_share": 0.5,
        "breaker_open_sec": 60.0,
        "breaker_trial_calls": 10,
    },
    "stamina": {"jitter_max_sec": 1.0, "max_total_time_sec": 45.0},
    "grpc-a6": {
        "jitter_share": 0.2,
        "throttle_tokens": 10.0,
        "throttle_ratio": 0.1,
        "throttle_stop_share": 0.5,
        "honour_retry_after": True,
    },
    "finagle-budget": {
        "retry_budget_ratio": 0.2,
        "retry_budget_per_sec": 10.0,
        "retry_budget_window_sec": 10.0,
    },
    "envoy": {"max_parallel_retries": 3, "placement_timeout_sec": 15.0},
}


def shipped(name: str) -> PolicyStore:
    """Load a shipped policy."""
    return load_policy(FOLDER / f"{name}.toml")


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", logger="sim.execution")


def test_the_zoo_is_complete() -> None:
    """Every preset of policies, "The zoo", is shipped under its name."""
    seeds = {"legacy-entry", "legacy-sltp", "legacy-immediate-sl", "d7", "safe", "safe-market"}
    assert set(NAMES) == seeds | set(ZOO)


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_spells_out_every_key(name: str) -> None:
    """No later change of a default changes what a shipped policy does."""
    assert set(shipped(name).values) == set(KEYS)


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_names_its_source(name: str) -> None:
    """The comment at the top of a file says where its values come from."""
    head = (FOLDER / f"{name}.toml").read_text(encoding="utf-8").split("[execution]")[0]
    assert "# Source: " in head


@pytest.mark.parametrize("name", sorted(ZOO))
def test_a_preset_has_the_values_of_its_row(name: str) -> None:
    """Attempts, waits, jitter, classifier and extras are those of the zoo's table; the rest is d7's."""
    settings = shipped(name).settings
    assert (
        settings.max_order_retries,
        settings.retry_backoff_base_sec,
        settings.retry_backoff_growth,
        settings.max_retry_backoff_sec,
        settings.jitter,
        settings.classifier,
    ) == ZOO[name]
    assert {key: getattr(settings, key) for key in EXTRAS.get(name, {})} == EXTRAS.get(name, {})
    base = shipped("d7").settings
    for switch in ("client_ids", "look_up_unknown"):
        assert getattr(settings, switch) is EXTRAS.get(name, {}).get(switch, False)
    for kept in ("guard_entry", "max_slippage_pct", "protect_deadline_sec", "entry_style", "read_back"):
        assert getattr(settings, kept) == getattr(base, kept)


def test_safe_market_is_safe_but_for_the_entry() -> None:
    """Every value of safe-market is in force under safe too, except the style of the entry."""
    market, limit = shipped("safe-market").settings, shipped("safe").settings
    different = {key for key in KEYS if getattr(market, key[10:]) != getattr(limit, key[10:])}
    assert different == {"execution.entry_style"}
    assert market.entry_style == "market"


# -- what a placement does under them ------------------------------------------------------------------------


def sends(run: Any, name: str, outcome: BaseException, client: Any = None) -> tuple[list[float], OrderResult]:
    """Place one entry at a venue that always fails alike; return when it was sent (s) and the result."""
    executor, sent_s = SafeOrderExecutor(shipped(name)), list[float]()

    async def submit(**params: Any) -> Any:
        sent_s.append(asyncio.get_running_loop().time())
        raise outcome

    async def place() -> OrderResult:
        return await executor.place_order_with_safety(submit, {}, "BTCUSDT", "buy", client=client)

    result = run(place())
    return [at - sent_s[0] for at in sent_s], result


def within(at_s: list[float], bounds: list[tuple[float, float]]) -> bool:
    """Tell whether as many sends were made as bounds are given, each between its two (s after the one before)."""
    gaps = [later - earlier for earlier, later in itertools.pairwise(at_s)]
    return len(gaps) == len(bounds) and all(
        low - 1e-9 <= gap <= high + 1e-9 for gap, (low, high) in zip(gaps, bounds, strict=True)
    )


@pytest.mark.parametrize(
    ("name", "gaps_s"),
    [
        ("d7", [(0.5, 0.5), (1.0, 1.0), (2.0, 2.0), (4.0, 4.0)]),
        ("hummingbot", []),
        ("never-resend", []),
        ("nautilus-network", [(1.0, 1.1), (2.0, 2.1), (4.0, 4.1)]),
        ("polly", [(2.0, 2.0)] * 3),
        ("resilience4j", [(0.5, 0.5)] * 2),
        ("grpc-a6", [(0.08, 0.12), (0.16, 0.24), (0.32, 0.48), (0.64, 0.96)]),
        ("finagle-budget", [(0.0, 0.0)] * 99),
        ("envoy", [(0.0, 0.025)]),
        ("aws-full", [(0.0, 0.5), (0.0, 1.0), (0.0, 2.0), (0.0, 4.0)]),
        ("aws-equal", [(0.25, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, 4.0)]),
        ("aws-decorrelated", [(0.5, 1.5), (0.5, 4.5), (0.5, 10.0), (0.5, 10.0)]),
        ("venue-advice", []),
    ],
)
def test_a_preset_waits_as_its_row_says(
    run: Any, error: Any, name: str, gaps_s: list[tuple[float, float]]
) -> None:
    """After -1001 again and again an order is sent at the times of its preset and then given up."""
    at_s, result = sends(run, name, error(-1001, "Internal error; unable to process your request."))
    assert within(at_s, gaps_s), at_s
    assert (result.success, result.error_code, result.attempts) == (False, -1001, len(at_s))


def test_stamina_gives_up_by_count_or_by_time(run: Any, error: Any) -> None:
    """Its ten attempts wait at most 5 s each, jitter included, and none begins later than 45 s."""
    at_s, result = sends(run, "stamina", error(-1001, "Internal error"))
    bounds = [(min(5.0, 0.1 * 2**k), min(5.0, 0.1 * 2**k + 1.0)) for k in range(9)]
    assert within(at_s, bounds), at_s
    assert result.attempts == 10
    assert at_s[-1] <= 45.0


def test_the_exchanges_advice_is_waited_after_its_own_words(run: Any, error: Any) -> None:
    """After 503 "Service Unavailable." venue-advice waits 200, 400 and 800 ms, then gives up."""
    unavailable = error(0, "Service Unavailable.")
    unavailable.status_code = 503
    at_s, result = sends(run, "venue-advice", unavailable)
    assert within(at_s, [(0.2, 0.2), (0.4, 0.4), (0.8, 0.8)])
    assert result.attempts == 4


@pytest.mark.parametrize("name", sorted(set(ZOO) - {"finagle-budget"}))
def test_margin_missing_is_final_for_all_but_those_that_retry_everything(
    run: Any, error: Any, name: str
) -> None:
    """-2019 is sent once, except by the libraries that repeat any exception unless told otherwise."""
    at_s, _ = sends(run, name, error(-2019, "Margin is insufficient."))
    assert len(at_s) == (ZOO[name][0] if ZOO[name][5] == "every-error" else 1)


@pytest.mark.parametrize("name", sorted(ZOO))
def test_silence_is_resent_by_those_that_cannot_tell_it_from_failure(run: Any, name: str) -> None:
    """After a time-out general libraries send again; those that know orders do not."""
    at_s, result = sends(run, name, TimeoutError())
    careful = {"hummingbot", "never-resend", "nautilus-network", "grpc-a6", "venue-advice"}
    assert len(at_s) == (1 if name in careful else ZOO[name][0])
    assert result.outcome == "unknown"


class Book:
    """Stand for a client whose look-ups answer from a list; the last answer repeats."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[float, str]] = []

    async def futures_get_order(self, *, symbol: str, origClientOrderId: str) -> Any:
        self.asked.append((asyncio.get_running_loop().time(), origClientOrderId))
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.mark.parametrize(("name", "at_s"), [("hummingbot", [0, 10, 20]), ("never-resend", [0, 1, 3, 7, 15])])
def test_what_was_sent_once_is_looked_up_and_then_called_lost(
    run: Any, error: Any, name: str, at_s: list[float]
) -> None:
    """An order nobody answered for is looked for at the preset's times; missing each time, it is given up."""
    book = Book([error(-2013, "Order does not exist.")])
    sent, result = sends(run, name, TimeoutError(), book)
    first_s = book.asked[0][0]
    assert [at - first_s for at, _ in book.asked] == pytest.approx(at_s)
    assert (len(sent), result.success, result.outcome) == (1, False, "unknown")
    assert {asked for _, asked in book.asked} == {result.client_order_id}


@pytest.mark.parametrize("name", ["hummingbot", "never-resend"])
def test_what_a_look_up_finds_is_a_success(run: Any, error: Any, name: str) -> None:
    """An order that appears at the second look-up was placed, by the one attempt made."""
    book = Book(
        [error(-2013, "Order does not exist."), {"orderId": 5, "status": "FILLED", "executedQty": "1"}]
    )
    sent, result = sends(run, name, TimeoutError(), book)
    assert (len(sent), result.success, result.order_id, result.attempts) == (1, True, "5", 1)


def test_what_the_server_asks_is_waited_by_grpc(run: Any, error: Any) -> None:
    """Server push-back of 7 s is waited, also beyond the cap."""
    pushed = error(-1008, "Request throttled by system-level protection.")
    pushed.headers = {"Retry-After": "7"}
    at_s, _ = sends(run, "grpc-a6", pushed)
    assert within(at_s, [(7.0, 7.0)] * 4)


@pytest.mark.campaign
@pytest.mark.parametrize("name", NAMES)
def test_a_whole_run_under_a_shipped_policy_escapes_nowhere(name: str) -> None:
    """Sixty intents of quickstart end without an exception that nobody caught."""
    manifest = run_scenario("quickstart", name, seed=1, intents=60).manifest
    assert (manifest["errors"], manifest["escaped"]["intents"]) == ([], 0)
