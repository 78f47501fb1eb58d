"""Write small scenarios and load them where messages show short paths."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.scenario import InputErrors, LoadedScenario, load_scenario

BASE = """\
title = "t"
[market]
klines = "embedded:BTCUSDT-1m-2024-01-15"
[workload]
every_s = 60
sl_pct = 0.004
tp_pct = 0.008
[latency]
request = { law = "lognormal", p50_ms = 30, p99_ms = 200 }
[[faults]]
name = "a"
code = -1001
applied = 0.0
how = { rate = 0.05 }
match = { call = "order" }
[[faults]]
name = "b"
kind = "timeout"
truth = "applied"
how = { burst = { mean_gap_s = 600, mean_length_s = 4 } }
"""

Load = Callable[..., LoadedScenario]
Messages = Callable[[Callable[[], object]], list[str]]


@pytest.fixture
def base() -> str:
    """Give a small valid scenario of twenty lines."""
    return BASE


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load the base scenario with one passage replaced, from a file called s.toml."""
    monkeypatch.chdir(tmp_path)

    def load_changed(old: str = "", new: str = "", overrides: Sequence[str] = ()) -> LoadedScenario:
        assert old in BASE
        (tmp_path / "s.toml").write_text(BASE.replace(old, new, 1) if old else BASE)
        return load_scenario("s.toml", overrides)

    return load_changed


@pytest.fixture
def messages() -> Messages:
    """Return the lines a call is refused with."""

    def of(call: Callable[[], object]) -> list[str]:
        with pytest.raises(InputError) as refusal:
            call()
        errors = refusal.value.errors if isinstance(refusal.value, InputErrors) else (refusal.value,)
        lines = [str(error) for error in errors]
        assert all("\n" not in line for line in lines)
        assert str(refusal.value) == "\n".join(lines)
        return lines

    return of
