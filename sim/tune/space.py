"""Read a space file: the knobs that are searched, the assumptions that stay in doubt, the dates that are held out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from sim.errors import InputError, nearest
from sim.execution.policy_key import PolicyKey
from sim.execution.policy_keys import KEYS
from sim.scenario.explain import findings, not_finite
from sim.scenario.files import parse_toml, read_text, shown_path, written_path
from sim.scenario.market_spec import Strict
from sim.scenario.mismatch import NOTHING, Mismatch, Path, dotted, raise_together
from sim.scenario.toml_lines import line_map, line_of

Value = bool | int | float | str
Share = Annotated[float, Field(gt=0, lt=1)]


class Knob(Strict):
    """State what a policy key may be: from ``low`` to ``high`` (``log``, or in steps of ``step``), or ``choices``.

    A switch or a key with choices of its own needs neither: all its values are tried.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    step: float | None = Field(default=None, gt=0)
    choices: Annotated[list[Value], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Knob:
        if self.choices is not None:
            for name in ("low", "high", "step"):
                if getattr(self, name) is not None:
                    raise Mismatch((name,), getattr(self, name), f"no {name}, as choices are given")
            return self
        if (self.low is None) != (self.high is None):
            missing = "high" if self.high is None else "low"
            raise Mismatch((missing,), NOTHING, "a number, as the other end of the range is given")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise Mismatch(("high",), self.high, f"a number above low={self.low:g}")
        if self.log and (self.low or 0.0) <= 0.0:
            raise Mismatch(("low",), self.low, "a number above 0, as log = true")
        if self.log and self.step is not None:
            raise Mismatch(("step",), self.step, "no step, as log = true")
        return self


class Assumed(Strict):
    """State a value of the world that nobody has measured: what is taken for it, and between what it may lie."""

    low: float
    high: float
    base: float

    @model_validator(mode="after")
    def _in_order(self) -> Assumed:
        if not self.low < self.high:
            raise Mismatch(("high",), self.high, f"a number above low={self.low:g}")
        if not self.low <= self.base <= self.high:
            raise Mismatch(("base",), self.base, f"a number from {self.low:g} to {self.high:g}")
        return self


class Safety(Strict):
    """State how many of each a policy may do over the runs of a full evaluation; one more, and it is not safe.

    ``doubled`` intents were filled beyond their size; ``unresolved`` ones never settled, or were left behind;
    ``naked`` ones stood uncovered longer than the scenario's ``protect_s``; ``violations`` are those of safety.
    """

    doubled: int = Field(default=0, ge=0)
    unresolved: int = Field(default=0, ge=0)
    naked: int = Field(default=0, ge=0)
    violations: int = Field(default=0, ge=0)


class Dates(Strict):
    """State which dates are searched and which are held out.

    ``klines`` replays every scenario on the days of another tape, each at its own time of day.  ``hold_out`` (a share
    of all days) are drawn first, in ``blocks`` stretches; ``embargo_days`` on either side of them belong to nobody.
    ``search`` draws so many of the others.  ``draw`` is the seed of both draws.
    """

    klines: str | None = Field(default=None, min_length=1)
    hold_out: Share = 0.33
    blocks: int = Field(default=3, ge=1, le=100)
    embargo_days: int = Field(default=1, ge=0, le=365)
    search: int | None = Field(default=None, ge=1)
    draw: int = Field(default=1, ge=0)


class Race(Strict):
    """State when a trial is given up: after ``first`` runs of each scenario at the earliest, at this ``p``."""

    first: int = Field(default=4, ge=3)
    p: Share = 0.05


class Plateau(Strict):
    """State how the best points are probed: ``candidates`` of them, each knob ``step`` of its range to either side."""

    candidates: int = Field(default=3, ge=1, le=20)
    step: Share = 0.05


class Space(Strict):
    """Hold a space file.  ``base`` is the policy whose other keys stay; ``set`` changes the scenarios (``PATH=VALUE``).

    ``intents`` stops each run after so many.
    """

    base: str = Field(default="safe", min_length=1)
    knobs: Annotated[dict[str, Knob], Field(min_length=1)]
    assumed: dict[str, Assumed] = Field(default={})
    set: list[str] = Field(default=[])
    intents: int | None = Field(default=None, ge=1)
    safety: Safety = Safety()
    dates: Dates = Dates()
    race: Race = Race()
    plateau: Plateau = Plateau()


@dataclass(frozen=True, kw_only=True)
class LoadedSpace:
    """Hold a checked space, the file as messages call it, and a digest of its content."""

    space: Space
    path: str
    sha256: str


def load_space(file: str) -> LoadedSpace:
    """Read and check a space file; raises InputError, each value with its line, for what cannot be used."""
    path = written_path("--space", file)
    shown = shown_path(path)
    text = read_text(path, shown)
    data = parse_toml(text, shown)
    lines = line_map(text)

    def place(where: Path) -> str:
        line = line_of(lines, where)
        start = shown if line is None else f"{shown}:{line}"
        return f"{start}: {dotted(where)}" if where else start

    found = list(not_finite(data))
    try:
        space = Space.model_validate(data)
    except ValidationError as refusal:
        found += findings(refusal, Space)
        raise_together([finding.error(place) for finding in found])
    if found:
        raise_together([finding.error(place) for finding in found])
    errors = [error for name, knob in space.knobs.items() for error in _wrong(name, knob, place)]
    if errors:
        raise_together(errors)
    base = space.base
    if base.endswith(".toml"):
        # A file beside the space is meant, wherever the command is given.
        base = shown_path(path.resolve().parent / written_path(place(("base",)), base))
    knobs = {name: _filled(KEYS[name], knob) for name, knob in space.knobs.items()}
    full = space.model_copy(update={"knobs": knobs, "base": base})
    canonical = json.dumps(full.model_dump(mode="json"), sort_keys=True)
    return LoadedSpace(space=full, path=shown, sha256=hashlib.sha256(canonical.encode()).hexdigest())


def _filled(key: PolicyKey, knob: Knob) -> Knob:
    """Return the knob with all values of a switch or a choice written out."""
    if knob.low is not None or knob.choices is not None:
        return knob
    values: list[Value] = [False, True] if key.kind == "switch" else list(key.choices)
    return knob.model_copy(update={"choices": values})


def _wrong(name: str, knob: Knob, place: Callable[[Path], str]) -> list[InputError]:
    """Return what is wrong with a knob, seen from the table of policy keys."""
    key = KEYS.get(name)
    where: Path = ("knobs", name)
    if key is None:
        names = ", ".join(KEYS)
        close = nearest(name, KEYS) or nearest(f"execution.{name}", KEYS)
        return [InputError(place(where), name, f"a policy key: {names}", close)]
    if knob.choices is not None:
        return [
            InputError(place((*where, "choices", index)), value, key.expected)
            for index, value in enumerate(knob.choices)
            if not _accepts(key, value)
        ]
    if knob.low is None:
        if key.kind in ("number", "integer"):
            return [InputError(place((*where, "low")), NOTHING, f"low and high, {key.expected}")]
        return []
    ends: tuple[tuple[str, Any], ...] = (("low", knob.low), ("high", knob.high), ("step", knob.step))
    errors = []
    for part, value in ends:
        if value is None:
            continue
        whole = value == int(value)
        if key.kind == "integer" and not whole:
            errors.append(InputError(place((*where, part)), value, f"a whole number, as {name} is one"))
        elif part != "step" and not _accepts(key, int(value) if key.kind == "integer" else value):
            errors.append(InputError(place((*where, part)), value, key.expected))
    return errors


def _accepts(key: PolicyKey, value: object) -> bool:
    from sim.execution.errors import PolicyError

    try:
        key.check(value)
    except PolicyError:
        return False
    return True
