"""Show what a run refuses, names and notes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import sim
from sim.errors import InputError
from sim.experiment import run_name
from sim.scenario import load_policy_named, load_scenario

DATA = Path(sim.__file__).parent / "market" / "data"


@pytest.mark.parametrize("at", ["1e300", "86400"])
def test_a_window_off_the_tape_is_refused(at: str) -> None:
    """A fault that cannot happen would silently test nothing."""
    window = f"faults.internal_error.how={{ window = {{ at = {at}, for_s = 60 }} }}"
    with pytest.raises(InputError, match=r"faults\[\d\]\.how\.window\.at: .*, expected a time on the tape"):
        sim.run("quickstart", set=window, intents=5)


def test_a_bot_that_cannot_boot_is_a_wrong_time_out() -> None:
    """Where no answer comes in time the bot never begins: the time-out is named, no traceback shown."""
    with pytest.raises(InputError, match=r"client\.timeout_s: given 0\.001, expected longer than a request"):
        sim.run("calm_baseline", set="client.timeout_s=0.001", intents=5)


@pytest.mark.parametrize(
    ("override", "where", "least"),
    [
        ("workload.notional=20", "workload.notional: given 20", "at least one step of BTCUSDT: 0.001 at"),
        (
            "workload.quantity=0.0004",
            "workload.quantity: given 0.0004",
            "at least one step of BTCUSDT, 0.001",
        ),
    ],
)
def test_a_size_that_rounds_to_nothing_is_refused(override: str, where: str, least: str) -> None:
    """An intent below one step would end as a wrong argument of the code under test."""
    with pytest.raises(InputError) as refusal:
        sim.run("quickstart", intents=3, set=[override])
    assert where in str(refusal.value)
    assert least in str(refusal.value)


def test_leverage_that_the_venue_refuses_is_refused() -> None:
    """No bot could trade at a leverage above the symbol's highest."""
    with pytest.raises(InputError, match=r"workload\.leverage: given 126, expected at most 125, as BTCUSDT"):
        sim.run("quickstart", intents=3, set="workload.leverage=126")


def test_a_tape_without_a_symbol_in_its_name_is_told_one(tmp_path: Path) -> None:
    """``[market] symbol`` names a single tape."""
    shutil.copy(DATA / "BTCUSDT-1m-2024-01-15.zip", tmp_path / "day.zip")
    (tmp_path / "own.toml").write_text(
        'title = "t"\n[market]\nklines = "day.zip"\nsymbol = "BTCUSDT"\n'
        "[workload]\nevery_s = 600\nsl_pct = 0.004\ntp_pct = 0.008\n"
    )
    result = sim.run(tmp_path / "own.toml", intents=3)
    assert set(result.frames["intents"]["symbol"]) == {"BTCUSDT"}


def test_different_questions_have_different_names() -> None:
    """Scenario overrides, policy overrides, seed and length all show in a run's name."""
    plain, rough = load_scenario("quickstart"), load_scenario("quickstart", ["workload.hold_s=60"])
    d7, three = load_policy_named("d7"), load_policy_named("d7", ["execution.max_order_retries=3"])
    names = [
        run_name(plain, d7, 1, None),
        run_name(plain, d7, 1, 20),
        run_name(rough, d7, 1, None),
        run_name(plain, three, 1, None),
        run_name(plain, d7, 2, None),
    ]
    assert names[0] == "quickstart-d7-seed1"
    assert len(set(names)) == len(names)
    assert all("/" not in name and " " not in name for name in names)


@pytest.mark.parametrize(
    ("changes", "where", "given"),
    [
        (["workload.notional=2000000"], "workload.notional", " BTCUSDT in intent 0"),
        (["workload.quantity=9.7"], "workload.quantity", "9.7 BTCUSDT in intent 0"),
    ],
)
def test_sizes_the_tape_would_have_felt_are_refused(changes: list[str], where: str, given: str) -> None:
    """Above the declared share of a typical minute's volume nothing runs; intent, size and way out are named."""
    with pytest.raises(InputError) as refused:
        sim.run("quickstart", seed=1, intents=3, set=changes)
    text = str(refused.value)
    assert where in text
    assert given in text
    assert "at most 9.6056: fills.max_volume_share=0.1 of the 96.056 that a typical minute" in text
    assert "trade less, or raise the share" in text


def test_a_size_just_inside_the_share_is_traded() -> None:
    """A tenth of 96.056 BTC a minute is 9.6: that much may be traded, and the notes have nothing to add."""
    result = sim.run("quickstart", seed=1, intents=1, set=["workload.notional=400000"])
    assert not any("volume" in note for note in result.manifest["data_notes"])


def test_a_tape_without_volumes_is_noted(tmp_path: Path) -> None:
    """Mark klines carry no volume: no size can be refused, every fill is charged dear, and the notes say so."""
    rows = [f"{1_705_276_800_000 + 60_000 * i},42000,42001,41999,42000,0" for i in range(60)]
    tape = tmp_path / "BTCUSDT-1m-mark.csv"
    tape.write_text("open_time,open,high,low,close,volume\n" + "\n".join(rows))
    changes = [f"market.klines={tape}", "market.symbol=BTCUSDT"]
    result = sim.run("calm_baseline", seed=1, intents=3, set=changes)
    assert any("BTCUSDT knows no volume: whether 3 intents" in note for note in result.manifest["data_notes"])


def test_a_policy_that_cannot_place_stops_under_the_rules_is_noted() -> None:
    """Under the algo rules the ordinary endpoint refuses every stop; the notes say so."""
    new = sim.run("quickstart", seed=1, intents=2, set=["rules=2025-12-09"])
    assert any("-4120" in note for note in new.manifest["data_notes"])
    auto = sim.run(
        "quickstart", seed=1, intents=2, set=["rules=2025-12-09", "execution.conditional_endpoint=auto"]
    )
    assert not any("-4120" in note for note in auto.manifest["data_notes"])


def test_an_escaped_exception_is_counted_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """What leaves the code under test is in the manifest, with the first one's text."""
    from sim.execution.event_driven_executor import EventDrivenExecutor

    async def broken(self: EventDrivenExecutor, **wishes: object) -> None:
        raise RuntimeError("a bug in the bot")

    monkeypatch.setattr(EventDrivenExecutor, "submit_order", broken)
    result = sim.run("quickstart", seed=1, intents=3)
    assert result.manifest["escaped"]["intents"] == 3
    assert result.manifest["escaped"]["first"].startswith(
        "RuntimeError: a bug in the bot (experiment/test_run.py:"
    )
