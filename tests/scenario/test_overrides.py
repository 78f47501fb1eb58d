"""Show what --set changes, and what it says when it cannot."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.scenario import LoadedScenario, Scenario, load_scenario, split_overrides

Load = Callable[..., LoadedScenario]
Messages = Callable[[Callable[[], object]], list[str]]

BAD = [
    ("workload.evry_s=3", "--set workload.evry_s: given 'evry_s', expected a key of workload: ", "'every_s'"),
    (
        "worklod.every_s=3",
        "--set worklod.every_s: given 'worklod', expected a key of the file: ",
        "'workload'",
    ),
    ("workload.every_s=x", "--set workload.every_s: given 'x', expected a number from 0.001", ""),
    ("workload.every_s=0", "--set workload.every_s: given 0, expected a number from 0.001", ""),
    ("workload.every_s", "--set: given 'workload.every_s', expected PATH=VALUE", ""),
    ("=5", "--set: given '=5', expected PATH=VALUE", ""),
    ("a..b=5", "--set: given 'a..b=5', expected PATH=VALUE", ""),
    ("title.x=1", "--set title.x: given 't', expected a table or a list at title", ""),
    (
        "faults.aa.how.rate=1",
        "--set faults.aa.how.rate: given 'aa', expected a name in faults: one of a, b",
        "'a'",
    ),
    (
        "faults[7].how.rate=1",
        "--set faults[7].how.rate: given 7, expected a position in faults, which has 2",
        "",
    ),
    ("faults.a.how.rate=2", "--set faults.a.how.rate: given 2, expected a number from 0 to 1", ""),
    ("faults[0].how.rate=2", "--set faults[0].how.rate: given 2, expected a number from 0 to 1", ""),
    ("faults.b.name=a", "--set faults.b.name: given 'a', expected a name of its own", ""),
    (
        "faults.a.how={rates=1}",
        "--set faults.a.how: faults[0].how.rates: given 'rates', expected a key of",
        "'rate'",
    ),
    ("faults.a.how.script=[1]", "s.toml:14: faults[0].how: given rate, script, expected exactly one of", ""),
    (
        "latency.reply.p50_ms=1",
        "--set latency.reply.p50_ms: latency.reply.law: given nothing, expected one of",
        "",
    ),
    (
        "market.shock=[{}]",
        "--set market.shock: market.shock[0].kind: given nothing, expected one of drift",
        "",
    ),
    ("market.klines=embedded:X", "--set market.klines: given 'embedded:X', expected one of embedded:", ""),
    ("market.from=14:20", "--set market.from: given '14:20', expected \"HH:MM:SS\"", ""),
    (
        "execution.guard_entry=true",
        "--set execution.guard_entry: given 'execution', expected a key of the file",
        "",
    ),
]


@pytest.mark.parametrize(("item", "line", "near"), BAD)
def test_an_unusable_override_names_itself(
    load: Load, messages: Messages, item: str, line: str, near: str
) -> None:
    """An override that cannot be used is refused in one line that opens with the override."""
    [told] = messages(lambda: load(overrides=[item]))
    assert told.startswith(line)
    assert told.endswith(f"(did you mean {near}?)") or not near


@pytest.mark.parametrize(
    ("item", "read"),
    [
        ("workload.every_s=30", lambda scenario: scenario.workload.every_s == 30),
        ("faults.a.how.rate=0.2", lambda scenario: scenario.faults[0].how.rate == 0.2),
        ("faults[0].how.rate=0.2", lambda scenario: scenario.faults[0].how.rate == 0.2),
        ("faults.1.how.burst.rate=0.2", lambda scenario: scenario.faults[1].how.burst.rate == 0.2),
        ("faults=[]", lambda scenario: scenario.faults == []),
        ("market.shock=[]", lambda scenario: scenario.market.shock == []),
        ("limits.time_s=60", lambda scenario: scenario.limits.time_s == 60),
        ("title=a b", lambda scenario: scenario.title == "a b"),
        ("market.from=14:20:00", lambda scenario: scenario.market.from_ == "14:20:00"),
        ('market.to="14:20:00"', lambda scenario: scenario.market.to == "14:20:00"),
        ("latency.request={law='constant', ms=5}", lambda scenario: scenario.latency.request.ms == 5),
        ("market.klines=embedded:ETHUSDT-1m-2024-01-15", lambda scenario: "ETH" in scenario.market.klines),
    ],
)
def test_an_override_replaces_the_value_of_the_file(
    load: Load, item: str, read: Callable[[Scenario], bool]
) -> None:
    """An override wins over the file; its value is TOML, or else text."""
    assert read(load(overrides=[item]).scenario)


def test_setting_one_source_of_intents_unsets_the_other(load: Load) -> None:
    """Of values that exclude each other, the one that is set replaces the one in the file."""
    workload = load(overrides=["workload.poisson_per_hour=60", "workload.quantity=0.1"]).scenario.workload
    assert (workload.every_s, workload.poisson_per_hour) == (None, 60)
    assert (workload.notional, workload.quantity) == (None, 0.1)


def test_setting_two_sources_of_intents_is_refused(load: Load, messages: Messages) -> None:
    """Two overrides that exclude each other are refused."""
    overrides = ["workload.poisson_per_hour=60", "workload.every_bars=1"]
    [told] = messages(lambda: load(overrides=overrides))
    assert "given every_bars, poisson_per_hour, expected exactly one of" in told


def test_overrides_of_the_policy_are_told_apart() -> None:
    """Items that begin with execution. belong to the policy; all keep their order."""
    items = ["execution.guard_entry=true", "workload.every_s=3", "execution.classifier=none", "faults=[]"]
    assert split_overrides(items) == (
        ["workload.every_s=3", "faults=[]"],
        ["execution.guard_entry=true", "execution.classifier=none"],
    )


def test_the_digest_holds_what_a_run_depends_on(load: Load) -> None:
    """The digest changes with a value, not with title, check, spelling or the way a value came in."""
    plain = load().sha256
    assert load("every_s = 60", "every_s = 60.0  # a comment").sha256 == plain
    assert load(overrides=["title=other", "check.seeds=[4]"]).sha256 == plain
    changed = load(overrides=["workload.every_s=61"]).sha256
    assert changed != plain
    assert load("every_s = 60", "every_s = 61").sha256 == changed


def test_the_digest_holds_the_signals_by_their_content(load: Load, tmp_path: Path) -> None:
    """Other rows in the signal file give another digest; another name of the same rows does not."""
    digests = []
    for name, text in (("a.csv", "time"), ("b.csv", "time"), ("c.csv", "other")):
        (tmp_path / name).write_text(text)
        digests.append(load("every_s = 60", f'signals = "{name}"').sha256)
    assert digests[0] == digests[1] != digests[2]


def test_what_was_laid_over_is_kept(load: Load) -> None:
    """A loaded scenario names its overrides, its file and the directory its paths count from."""
    loaded = load(overrides=["workload.every_s=3"])
    assert loaded.overrides == ("workload.every_s=3",)
    assert (loaded.name, loaded.path) == ("s", "s.toml")
    assert loaded.klines == ["embedded:BTCUSDT-1m-2024-01-15"]


def test_paths_count_from_the_scenario_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    """A relative path in a scenario is resolved from the file, wherever the run is started."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "tape.csv").touch()
    (home / "mine.toml").write_text("[execution]\n")
    text = (
        base.replace("embedded:BTCUSDT-1m-2024-01-15", "tape.csv") + '[check]\npolicies = ["./mine.toml"]\n'
    )
    (home / "s.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert load_scenario("home/s.toml").klines == [str(home.resolve() / "tape.csv")]
