"""Say which command runs the same again, whole or up to one intent."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sim.code import code_words
from sim.experiment.swarm import is_armed
from sim.scenario import LoadedPolicy, LoadedScenario
from sim.scenario.files import scenario_dir, shown_path


@dataclass(frozen=True, kw_only=True)
class Command:
    """Hold what a command of one run says; ``str`` spells it out.

    ``shared``: all intents trade in one account.
    """

    scenario: str
    policy: str
    seed: int
    intents: int | None
    overrides: tuple[str, ...]
    swarm: bool
    shared: bool

    @classmethod
    def of(
        cls,
        loaded: LoadedScenario,
        policy: LoadedPolicy,
        seed: int,
        intents: int | None,
        overrides: Sequence[str],
        *,
        scenario_word: str = "",
        policy_word: str = "",
    ) -> Self:
        """Return the command of a run; the words are how it names what was loaded, empty: what finds it again."""
        return cls(
            scenario=scenario_word or _scenario_word(loaded),
            policy=policy_word or _policy_word(loaded, policy),
            seed=seed,
            intents=intents,
            overrides=tuple(overrides),
            swarm=is_armed(loaded),
            shared=loaded.scenario.isolation == "account",
        )

    def __str__(self) -> str:
        words = ["sim", "run", self.scenario, "--policy", self.policy, "--seed", str(self.seed)]
        if self.swarm:
            words.append("--swarm")
        if self.intents is not None:
            words += ["--intents", str(self.intents)]
        code, others = code_words(self.overrides)
        words += code
        for item in others:
            words += ["--set", item]
        return shlex.join(words)

    def up_to(self, intent: int) -> str:
        """Return the shortest run that shows an intent's violation again.

        Where every intent has its own account, those decided later change nothing for it; in one account, and for the
        run as a whole (-1), all of them belong to it.
        """
        if intent < 0 or self.shared:
            return str(self)
        return str(replace(self, intents=intent + 1))


def _scenario_word(loaded: LoadedScenario) -> str:
    """Return what finds a loaded scenario from the working directory: the name of a shipped one, else its file."""
    return loaded.name if loaded.base_dir == scenario_dir().resolve() else loaded.path


def _policy_word(loaded: LoadedScenario, policy: LoadedPolicy) -> str:
    """Return what finds a loaded policy: a scenario names policy files from where it stands, a command from here."""
    named = policy.name.partition("+")[0]
    for given in loaded.scenario.check.policies:
        if given.endswith(".toml") and Path(given).stem == named:
            return shown_path(loaded.base_dir / Path(given).expanduser())
    return named
