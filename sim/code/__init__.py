"""Run code of the user's as it is: find it, give it what it asks for, keep the real world out, read what it says."""

from sim.code.belief import Believed, read_belief
from sim.code.factory import CodeFactory, factory_for, factory_of
from sim.code.intent import Intent
from sim.code.options import code_overrides, code_words
from sim.scenario.code_spec import CodeSpec

__all__ = [
    "Believed",
    "CodeFactory",
    "CodeSpec",
    "Intent",
    "code_overrides",
    "code_words",
    "factory_for",
    "factory_of",
    "read_belief",
]
