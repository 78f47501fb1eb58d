"""Bots as people write them, against their own libraries: each trades, and each defect shows under one script."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("binance", reason="python-binance is not installed (dependency group test)")
pytest.importorskip("ccxt", reason="ccxt is not installed (dependency group test)")

from sim.experiment import run_scenario
from sim.hunt import OUTCOMES
from sim.hunt.alphabet import call_kind
from sim.hunt.cause import cause_of, words_of
from sim.hunt.quarry import Quarry
from sim.hunt.save import save
from sim.hunt.script import Script, Strike
from tests.hunt.bots_mended import mended
from tests.hunt.bots_roster import BOTS, DEFECTIVE, SOUND, Bot
from tests.hunt.hunted_bots import BUDGET_S, hunted, told

ROLES = ("entry", "sl")


@cache
def quarry_of(bot: Bot) -> Quarry:
    return Quarry(bot.bracket())


def strikes_on(quarry: Quarry, roles: tuple[str, ...] | None = None) -> Iterator[Script]:
    """Yield every single outcome of every call of the run without events."""
    for asked in quarry.run().calls:
        if roles is None or asked.call.role in roles:
            for outcome in OUTCOMES:
                if call_kind(asked.call.call, asked.call.role) in outcome.tables:
                    yield (Strike(asked.call.call, asked.call.role, asked.call.n, outcome.name),)


@pytest.mark.parametrize("bot", BOTS, ids=lambda bot: bot.name)
def test_a_bot_trades_and_breaks_nothing_when_nothing_fails(bot: Bot) -> None:
    """Its defect sleeps: it enters, protects, closes and believes the truth."""
    seen = quarry_of(bot).run()
    assert seen.broken == ()
    assert {"entry", "sl", "flatten"} <= {asked.call.role for asked in seen.calls}
    assert (seen.believed, seen.held) == (0.0, 0.0)


@pytest.mark.parametrize("bot", DEFECTIVE, ids=lambda bot: bot.name)
def test_one_script_shows_a_defect_and_its_words_point_at_it(bot: Bot) -> None:
    """The rule that breaks and the sentence about it are those of this defect."""
    seen = quarry_of(bot).run(bot.shown_by)
    assert seen.struck == len(bot.shown_by)
    assert cause_of(bot.shown_by, seen).check == bot.check
    words = words_of(bot.shown_by, seen)
    assert [text for text in bot.said if text not in words] == [], words


@pytest.mark.parametrize("bot", DEFECTIVE, ids=lambda bot: bot.name)
def test_a_mended_bot_passes_the_script_that_showed_its_defect(bot: Bot, tmp_path: Path) -> None:
    """Each is wrong in one place: with that changed, the same script breaks nothing."""
    seen = Quarry(mended(bot, tmp_path).bracket()).run(bot.shown_by)
    assert seen.struck == len(bot.shown_by)
    assert seen.broken == (), words_of(bot.shown_by, seen)


@pytest.mark.parametrize("bot", [bot for bot in SOUND if bot.client != "ccxt"], ids=lambda bot: bot.name)
def test_a_sound_bot_survives_every_outcome_of_every_order(bot: Bot) -> None:
    """No false alarm: whatever one order meets, no rule is broken."""
    quarry = quarry_of(bot)
    for script in strikes_on(quarry, ROLES):
        seen = quarry.run(script)
        assert seen.broken == (), words_of(script, seen)
        assert seen.struck


@pytest.mark.campaign
@pytest.mark.parametrize("bot", SOUND, ids=lambda bot: bot.name)
def test_a_sound_bot_survives_every_outcome_of_every_call(bot: Bot) -> None:
    """No false alarm on any call, reads included."""
    quarry = quarry_of(bot)
    for script in strikes_on(quarry):
        seen = quarry.run(script)
        assert seen.broken == (), words_of(script, seen)


@pytest.mark.campaign
@pytest.mark.parametrize("bot", DEFECTIVE, ids=lambda bot: bot.name)
def test_a_mended_bot_survives_every_outcome_of_every_call(bot: Bot, tmp_path: Path) -> None:
    """No bot is wrong in more than the one place, as far as single events can tell."""
    quarry = Quarry(mended(bot, tmp_path).bracket())
    for script in strikes_on(quarry):
        seen = quarry.run(script)
        assert seen.broken == (), words_of(script, seen)


@pytest.mark.campaign
@pytest.mark.parametrize("bot", BOTS, ids=lambda bot: bot.name)
def test_a_hunt_finds_every_defect_and_leaves_the_sound_alone(bot: Bot) -> None:
    """Within a minute, told as what it is, shrunk to a few events in a few runs."""
    came = hunted(bot)
    assert came.is_right, told(came)
    assert came.spent_s <= BUDGET_S
    if came.shown is not None:
        assert len(came.shown.script) <= 6
        assert came.shown.runs <= 200


@pytest.mark.campaign
@pytest.mark.parametrize("bot", DEFECTIVE, ids=lambda bot: bot.name)
def test_what_is_saved_of_a_finding_fails_until_the_defect_is_mended(bot: Bot, tmp_path: Path) -> None:
    """The scenario that a hunt writes breaks the same rule on the bot, and none on the mended one."""
    quarry = quarry_of(bot)
    finding = hunted(bot).shown
    assert finding is not None
    path = save(finding, quarry, tmp_path / "found")
    assert bot.check in broken_by(path)
    right = os.path.relpath(mended(bot, tmp_path).folder, path.parent)
    wrong = os.path.relpath(bot.folder, path.parent)
    path.write_text(path.read_text().replace(wrong, right))
    assert broken_by(path) == set()


def broken_by(path: Path) -> set[str]:
    found = run_scenario(str(path)).violations
    return set(found["check"][found["kind"] != "practice"])
