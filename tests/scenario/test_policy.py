"""Show how a policy is found, changed and refused."""

# ruff: noqa: E501 (a case is one row of a table)

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sim.scenario import LoadedPolicy, load_policy_named

LoadText = Callable[..., LoadedPolicy]
Messages = Callable[[Callable[[], object]], list[str]]

BAD = [
    ("[execution]\nmax_order_retrys = 3", "p.toml:2: execution.max_order_retrys: given 'execution.max_order_retrys', expected a key", "'execution.max_order_retries'"),
    ("[execution]\n\nmax_order_retries = 3.5", "p.toml:3: execution.max_order_retries: given 3.5, expected an integer from 1 to 100", ""),
    ("[execution]\nmax_slippage_pct = 5", "p.toml:2: execution.max_slippage_pct: given 5, expected a number from 0 to 1", ""),
    ("[execution]\nclassifier = 'd8'", "p.toml:2: execution.classifier: given 'd8', expected one of d7,", "'d7'"),
    ("[execution]\nguard_entry = 1", "p.toml:2: execution.guard_entry: given 1, expected true or false", ""),
    ("[execution.retries]\nx = 1", "p.toml:1: execution.retries: given 'execution.retries', expected a key", ""),
    ("title = 'x'", "p.toml:1: title: given 'title', expected a key of the execution.* table", ""),
    ("execution = 5", "p.toml:1: execution: given 5, expected a table of policy keys", ""),
    ("[execution]\nx =", "p.toml:2: given 'x =', expected valid TOML: ", ""),
]  # fmt: skip


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadText:
    """Load a policy from its text."""
    monkeypatch.chdir(tmp_path)

    def load(text: str, overrides: Sequence[str] = ()) -> LoadedPolicy:
        (tmp_path / "p.toml").write_text(text)
        return load_policy_named("p.toml", overrides)

    return load


@pytest.mark.parametrize(("text", "line", "near"), BAD)
def test_an_unusable_policy_value_is_refused_in_one_line(
    policy: LoadText, messages: Messages, text: str, line: str, near: str
) -> None:
    """A wrong value is refused with file, line, key, given, expected and nearest."""
    [told] = messages(lambda: policy(text))
    assert told.startswith(line)
    assert told.endswith(f"(did you mean {near}?)") or not near


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (
            "execution.max_order_retries=x",
            "--set execution.max_order_retries: given 'x', expected an integer from 1",
        ),
        (
            "execution.max_order_retries=0",
            "--set execution.max_order_retries: given 0, expected an integer from 1",
        ),
        (
            "execution.max_order_retrys=3",
            "--set execution.max_order_retrys: given 'execution.max_order_retrys', exp",
        ),
        ("execution.guard_entry=maybe", "--set execution.guard_entry: given 'maybe', expected true or false"),
        ("execution.guard_entry", "--set: given 'execution.guard_entry', expected PATH=VALUE"),
    ],
)
def test_an_unusable_override_names_itself(messages: Messages, item: str, line: str) -> None:
    """A wrong override of a policy is refused under its own name."""
    [told] = messages(lambda: load_policy_named("d7", [item]))
    assert told.startswith(line)


def test_all_wrong_values_are_told_together(policy: LoadText, messages: Messages) -> None:
    """Several wrong values of file and overrides are refused at once."""
    told = messages(lambda: policy("[execution]\nx = 1\nguard_entry = 1", ["execution.classifier=no"]))
    assert [line.split(":")[0] for line in told] == ["p.toml", "p.toml", "--set execution.classifier"]


def test_an_unknown_policy_lists_the_shipped_ones(messages: Messages) -> None:
    """A name that is not shipped is refused with those that are and the nearest."""
    [told] = messages(lambda: load_policy_named("legacy-entri"))
    assert told.startswith(
        "policy: given 'legacy-entri', expected a shipped policy or a path to a .toml file: one of aws-decorrelated, "
    )
    assert told.endswith("(did you mean 'legacy-entry'?)")


def test_an_override_changes_value_name_and_digest() -> None:
    """A changed policy has the new value, and neither the name nor the digest of the one it was made from."""
    plain, changed = load_policy_named("d7"), load_policy_named("d7", ["execution.max_order_retries=3"])
    assert changed.store.get_policy("execution.max_order_retries") == 3
    assert changed.values["execution.max_order_retries"] == 3
    assert changed.name == "d7+max_order_retries=3"
    assert changed.sha256 != plain.sha256


def test_the_digest_is_that_of_the_values_in_force(policy: LoadText) -> None:
    """Stating a default changes nothing: safe is the default."""
    assert policy("").sha256 == load_policy_named("safe").sha256


def test_both_spellings_of_a_key_are_read(policy: LoadText) -> None:
    """A table and whole dotted keys mean the same."""
    assert policy('"execution.guard_entry" = false').store == policy("[execution]\nguard_entry = false").store
