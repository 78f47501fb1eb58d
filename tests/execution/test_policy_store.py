"""Policy keys: their table, stores, files, and what is said about a value that cannot be used."""

from __future__ import annotations

import dataclasses
import math
import pickle
from pathlib import Path
from typing import Any

import pytest

import sim.policies
from sim.execution import (
    KEYS,
    PolicyError,
    PolicyKey,
    PolicyStore,
    SafeOrderExecutor,
    Settings,
    load_policy,
    policy_from_mapping,
    settings_of,
)

ALL_KEYS = sorted(KEYS.values(), key=lambda key: key.name)
SHIPPED = Path(sim.policies.__file__).parent


class DynamicStore:
    """Answer from a dict, as any project's own store would, and count the questions."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.asked: list[str] = []

    def get_policy(self, key: str) -> Any:
        self.asked.append(key)
        return self.values.get(key)


def unusable(key: PolicyKey) -> list[Any]:
    """List values of the wrong type or out of range for a key."""
    common: list[Any] = [[], {}, object()]
    if key.kind == "switch":
        return [*common, 1, "true"]
    if key.kind == "choice":
        return [*common, 1, True, "unheard-of"]
    low, high = key.low, key.high
    assert low is not None
    assert high is not None
    values = [*common, "5", True, low - 1, high + 1, math.nan, math.inf]
    return [*values, 1.5] if key.kind == "integer" else values


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.name)
def test_every_key_refuses_wrong_types_and_values_out_of_range(key: PolicyKey) -> None:
    """The error names the key, what was given and what was expected."""
    for value in unusable(key):
        with pytest.raises(PolicyError) as caught:
            settings_of(DynamicStore({key.name: value}))
        assert caught.value.key == key.name
        assert caught.value.given is value
        assert caught.value.expected == key.expected
        assert key.name in str(caught.value)


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.name)
def test_every_key_accepts_its_default_and_its_bounds(key: PolicyKey) -> None:
    """The default, both ends of the range and every choice are usable, and come back unchanged."""
    field = key.name.removeprefix("execution.")
    usable = [key.default, *key.choices, *(end for end in (key.low, key.high) if end is not None)]
    for value in usable:
        assert getattr(settings_of(PolicyStore({key.name: value})), field) == value
    assert key.doc.endswith(".")


def test_the_documents_keys_have_its_defaults_under_d7_and_by_default() -> None:
    """What the document gives a default is the same in d7 and in the table: d7 deploys it, safe builds on it."""
    documents = {
        "max_slippage_pct": 0.005,
        "max_sl_distance_pct": 0.10,
        "min_sl_buffer_pct": 0.001,
        "max_tp_distance_pct": 0.50,
        "max_order_retries": 5,
        "retry_backoff_base_sec": 0.5,
        "max_retry_backoff_sec": 10.0,
        "sl_adjustment_buffer_pct": 0.001,
    }
    for settings in (load_policy(SHIPPED / "d7.toml").settings, Settings()):
        assert {name: getattr(settings, name) for name in documents} == documents


def test_none_means_the_default() -> None:
    """No store, an empty store and a store that knows nothing all mean the defaults."""
    assert settings_of(None) == settings_of(PolicyStore()) == settings_of(DynamicStore({})) == Settings()


def test_an_unknown_key_is_refused_with_the_nearest_name() -> None:
    """A misspelt key never passes as a default."""
    with pytest.raises(PolicyError, match=r"did you mean 'execution\.max_slippage_pct'") as caught:
        policy_from_mapping({"execution": {"max_slipage_pct": 0.01}}, where="x.toml")
    assert caught.value.nearest == "execution.max_slippage_pct"
    assert str(caught.value).startswith("x.toml: execution.max_slipage_pct: ")


@pytest.mark.parametrize("mapping", [{"risk": {"limit": 1}}, {"title": "x"}, {"execution": 5}])
def test_only_execution_keys_are_taken(mapping: dict[str, Any]) -> None:
    """A policy holds values of execution keys and nothing else."""
    with pytest.raises(PolicyError):
        policy_from_mapping(mapping)


def test_an_asynchronous_store_is_refused(run: Any) -> None:
    """A coroutine is no value; the error says that the store must be synchronous."""

    class Asynchronous:
        async def get_policy(self, key: str) -> None: ...

    async def main() -> None:
        with pytest.raises(PolicyError, match="synchronous"):
            settings_of(Asynchronous())

    run(main())


def test_a_store_without_get_policy_is_refused() -> None:
    """A plain dict in the store's place is an error and not the defaults."""
    with pytest.raises(PolicyError, match="get_policy"):
        settings_of({})  # type: ignore[arg-type]


def test_a_placement_reads_each_key_once(run: Any, script: Any, error: Any) -> None:
    """However many attempts and adjustments a placement needs, it asks the store once per key."""
    store = DynamicStore({"execution.max_order_retries": 3})
    venue = script([error(-2021, "Order would immediately trigger")])
    placement = SafeOrderExecutor(store).place_order_with_safety(
        venue.method, {"stopPrice": 1.0}, "BTCUSDT", "buy", order_type="sl"
    )
    assert run(placement).attempts == 3
    assert sorted(store.asked) == sorted(KEYS)


def test_a_bad_value_stops_the_placement_before_anything_is_sent(run: Any, script: Any) -> None:
    """An unusable policy raises; the venue hears nothing."""
    venue = script([{"orderId": 1}])
    executor = SafeOrderExecutor(DynamicStore({"execution.max_order_retries": 0}))
    with pytest.raises(PolicyError):
        run(executor.place_order_with_safety(venue.method, {}, "BTCUSDT", "buy"))
    assert venue.calls == []


def test_a_store_is_a_value() -> None:
    """Stores with equal settings are equal, survive pickling, and show only what was given."""
    store = PolicyStore({"execution.max_order_retries": 3, "execution.max_slippage_pct": 1})
    assert pickle.loads(pickle.dumps(store)) == store
    assert len({store, pickle.loads(pickle.dumps(store))}) == 1
    assert list(store.values) == ["execution.max_slippage_pct", "execution.max_order_retries"]
    assert store.get_policy("execution.max_slippage_pct") == 1.0
    assert store.get_policy("execution.classifier") is None
    assert store != PolicyStore()
    with pytest.raises(dataclasses.FrozenInstanceError):
        store.settings.max_order_retries = 9  # type: ignore[misc]


def test_an_error_survives_pickling() -> None:
    """A policy error that crosses a process keeps its parts and its sentence."""
    error = PolicyError("execution.x", 1, "a number", where="f.toml", nearest="execution.y")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.key, copy.nearest) == (str(error), error.key, error.nearest)


def test_bad_toml_is_named_with_its_file(tmp_path: Path) -> None:
    """A file that is no TOML is an error with the path and the place in it."""
    path = tmp_path / "broken.toml"
    path.write_text("[execution\n")
    with pytest.raises(PolicyError, match=r"broken\.toml.*line 1"):
        load_policy(path)


@pytest.mark.parametrize(
    ("name", "attempts", "base_s", "growth", "cap_s", "classifier", "silence", "adjust", "guard", "after"),
    [
        ("d7", 5, 0.5, 2.0, 10.0, "d7", True, True, True, False),
        ("legacy-entry", 1, 0.0, 2.0, 0.0, "none", False, False, False, True),
        ("legacy-sltp", 2, 0.1, 1.0, 0.1, "every-error", True, False, False, False),
        ("legacy-immediate-sl", 2, 0.1, 1.0, 0.1, "only-2021", False, False, False, False),
    ],
)
def test_the_shipped_policies_say_what_their_sources_say(
    name: str, attempts: int, base_s: float, growth: float, cap_s: float, classifier: str,
    silence: bool, adjust: bool, guard: bool, after: bool,
) -> None:  # fmt: skip
    """Attempts, waits, classifier and safeguards of each shipped file."""
    settings = load_policy(SHIPPED / f"{name}.toml").settings
    assert (
        settings.max_order_retries,
        settings.retry_backoff_base_sec,
        settings.retry_backoff_growth,
        settings.max_retry_backoff_sec,
        settings.classifier,
        settings.retry_timeouts,
        settings.adjust_sl_on_2021,
        settings.guard_entry,
        settings.check_slippage_after_trade,
    ) == (attempts, base_s, growth, cap_s, classifier, silence, adjust, guard, after)


def test_safe_is_the_default() -> None:
    """No store, an empty store and the file safe are the same policy, and the file spells out every key."""
    store = load_policy(SHIPPED / "safe.toml")
    assert store.settings == Settings() == settings_of(None) == PolicyStore({}).settings
    assert set(store.values) == set(KEYS)


@pytest.mark.parametrize("text", ["a = " + "9" * 5000, "a = " + "[" * 5000], ids=["digits", "nesting"])
def test_toml_beyond_the_readers_limits_is_a_policy_error(tmp_path: Path, text: str) -> None:
    """What the reader of TOML gives up on is refused like any bad syntax, with the file's name."""
    file = tmp_path / "p.toml"
    file.write_text(text)
    with pytest.raises(PolicyError, match=r"p\.toml.*valid TOML"):
        load_policy(file)
