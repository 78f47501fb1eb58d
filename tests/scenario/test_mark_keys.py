"""The table [market.mark] says what it means, and what it cannot mean is refused in one line."""

from collections.abc import Callable

import pytest

from sim.scenario import LoadedScenario

Load = Callable[..., LoadedScenario]
Messages = Callable[[Callable[[], object]], list[str]]


def with_mark(load: Load, text: str) -> LoadedScenario:
    """Load the base scenario with a table for the mark."""
    return load("[workload]", f"[market.mark]\n{text}\n[workload]")


def test_a_preset_may_be_named_and_changed(load: Load) -> None:
    """The keys beside a preset win over it; from the command line too."""
    text = 'preset = "calm-2023"\nsd_bps = 1.5'
    mark = with_mark(load, text).scenario.market.mark
    assert (mark.sd_bps, mark.follow_share, mark.delay_ms) == (1.5, 0.66, 87.0)
    overrides = ["market.mark.preset=calm-2023"]
    assert load(overrides=overrides).scenario.market.mark.follow_share == 0.66


def test_without_the_table_the_mark_is_last(load: Load) -> None:
    """No basis, no delay, nothing that moves."""
    mark = load().scenario.market.mark
    assert (mark.basis_bps, mark.delay_ms, mark.most_bps, mark.follow_share) == (0.0, 0.0, 0.0, 0.0)


def test_a_preset_is_another_scenario(load: Load) -> None:
    """The digest of a scenario covers how its mark moves."""
    assert load().sha256 != with_mark(load, "sd_bps = 0.5").sha256


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('preset = "calm-2024"', "market.mark.preset: given 'calm-2024', expected one of last, calm-2023"),
        ("follow_share = 2", "market.mark.follow_share: given 2, expected a number from 0 to 1"),
        ("follow_s = 0", "market.mark.follow_s: given 0, expected a number from 1 to 600"),
        (
            "half_life = 3",
            "market.mark.half_life: given 'half_life', expected a key of market.mark: basis_bps",
        ),
        ("sd_bps = -1", "market.mark.sd_bps: given -1, expected a number from 0 to 1000"),
        (
            'klines = "no.zip"',
            "market.mark.klines: given 'no.zip', expected a file, or a glob that matches one",
        ),
        ('klines = ["no.zip"]', "market.mark.klines[0]: given 'no.zip', expected a file"),
        ('klines = "embedded:X"', "market.mark.klines: given 'embedded:X', expected one of embedded:"),
        ("klines = []", "market.mark.klines: given [], expected text or a list of at least 1"),
    ],
)
def test_what_the_mark_cannot_be_is_refused(load: Load, messages: Messages, text: str, line: str) -> None:
    """File, line, place, what was given and what is expected."""
    lines = messages(lambda: with_mark(load, text))
    assert len(lines) == 1
    assert lines[0].startswith("s.toml:5: " + line)


def test_a_straight_line_has_no_recorded_marks(load: Load, messages: Messages) -> None:
    """Marks recorded on a market say nothing about a line."""
    line = 'path = "line"\nline = { start_price = 100, pct_per_s = 0 }\nmark = { klines = "s.toml" }'
    lines = messages(lambda: load('klines = "embedded:BTCUSDT-1m-2024-01-15"', line))
    assert lines[0].startswith("s.toml:5: market.mark.klines: given 's.toml', expected no mark klines")
