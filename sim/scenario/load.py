"""Find a scenario, read it, lay overrides over it, check it, and say where each fault of it stands."""

from __future__ import annotations

import glob
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path as FilePath

from pydantic import ValidationError

from sim.errors import InputError, nearest
from sim.market import embedded_names
from sim.scenario.explain import Finding, findings, not_finite
from sim.scenario.files import (
    EMBEDDED,
    KLINES_VARIABLE,
    SHARED,
    find_toml,
    leads_to_file,
    names_in,
    neighbour,
    parse_toml,
    policy_dir,
    read_bytes,
    read_text,
    resolve,
    scenario_dir,
    shared_dir,
    shown_path,
)
from sim.scenario.mismatch import Path, dotted, raise_together
from sim.scenario.overrides import Override, apply_overrides, parse_override, plain_times
from sim.scenario.spec import Scenario
from sim.scenario.toml_lines import line_map, line_of


@dataclass(frozen=True, kw_only=True)
class LoadedScenario:
    """Hold a checked scenario and where it came from.

    ``path`` is the file as messages call it, ``base_dir`` what its relative paths count from.  ``sha256`` is that
    of all a run depends on: overrides included, a signal file by its bytes; title, story and ``[check]`` are out.
    """

    scenario: Scenario
    name: str
    path: str
    sha256: str
    base_dir: FilePath
    overrides: tuple[str, ...] = ()

    @property
    def klines(self) -> list[str]:
        """Return the references to tapes as ``sim.market`` takes them."""
        return [resolve(reference, self.base_dir) for reference in self.scenario.market.references]

    @property
    def shapes(self) -> FilePath | None:
        """Return the file of the scenario's own shape library, if it names one."""
        given = self.scenario.market.shapes
        return None if given is None else FilePath(resolve(given, self.base_dir))

    @property
    def mark_klines(self) -> list[str]:
        """Return the references to recorded mark klines as ``sim.market`` takes them."""
        return [resolve(reference, self.base_dir) for reference in self.scenario.market.mark.references]


def scenario_names() -> list[str]:
    """List the names of the shipped scenarios."""
    return names_in(scenario_dir())


def load_scenario(name_or_path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> LoadedScenario:
    """Load a shipped scenario by name, or a file, with ``overrides`` (``PATH=VALUE``) laid over it.

    Raises :class:`InputError` for one unusable value and :class:`InputErrors` for several, each with file, line
    and place of the value, or with the override that brought it.
    """
    file = find_toml(os.fspath(name_or_path), "scenario", scenario_dir()).resolve()
    shown = shown_path(file)
    text = read_text(file, shown)
    data = plain_times(parse_toml(text, shown))
    lines = line_map(text)
    places = apply_overrides(data, [parse_override(item) for item in overrides])
    found = list(not_finite(data))
    scenario: Scenario | None = None
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as refusal:
        told = {finding.path for finding in found}
        found += [finding for finding in findings(refusal, Scenario) if finding.path not in told]
    else:
        found += _missing_files(scenario, file.parent)
    if found or scenario is None:
        found.sort(key=lambda finding: line_of(lines, finding.path) or 0)
        place = _placer(shown, lines, places)
        raise_together([finding.error(place) for finding in found])
    return LoadedScenario(
        scenario=scenario,
        name=file.stem,
        path=shown,
        sha256=_digest(scenario, file.parent),
        base_dir=file.parent,
        overrides=tuple(overrides),
    )


def _placer(shown: str, lines: dict[Path, int], places: dict[Path, Override]) -> Callable[[Path], str]:
    def place(path: Path) -> str:
        written = max((length for length in range(len(path) + 1) if path[:length] in lines), default=0)
        for changed, override in places.items():
            shared = sum(
                1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(path, changed, strict=False))
            )
            # An override answers for what it set and for the tables it brought into being.
            if shared == len(changed) or shared > written:
                return override.where if shared == len(path) else f"{override.where}: {dotted(path)}"
        line = line_of(lines, path)
        where = shown if line is None else f"{shown}:{line}"
        return f"{where}: {dotted(path)}" if path else where

    return place


def _missing_files(scenario: Scenario, base_dir: FilePath) -> Iterator[Finding]:
    market = scenario.market
    tapes: list[tuple[Path, str]] = []
    for table, written, references in (
        (("market", "klines"), market.klines, market.references),
        (("market", "mark", "klines"), market.mark.klines, market.mark.references),
    ):
        tapes += [
            (table if isinstance(written, str) else (*table, index), reference)
            for index, reference in enumerate(references)
        ]
    for path, reference in tapes:
        if reference.startswith(EMBEDDED):
            names = [EMBEDDED + name for name in embedded_names()]
            if reference not in names:
                yield Finding(path, reference, f"one of {', '.join(names)}", nearest(reference, names))
        elif _leads_to_a_file(resolve(reference, base_dir)):
            continue
        elif reference.startswith(SHARED):
            expected = f"a file under {shared_dir()} ({KLINES_VARIABLE} names another folder of recordings)"
            yield Finding(path, reference, expected)
        else:
            expected = "a file, or a glob that matches one, seen from the scenario's directory"
            yield Finding(path, reference, expected, neighbour(reference, base_dir))
    for path, file in (
        (("market", "shapes"), market.shapes),
        (("workload", "signals"), scenario.workload.signals),
    ):
        if file is not None and not leads_to_file(resolve(file, base_dir)):
            yield Finding(path, file, "a file, seen from the scenario's directory", neighbour(file, base_dir))
    for index, name in enumerate(scenario.check.policies):
        try:
            find_toml(name, "policy", policy_dir(), base_dir)
        except InputError as error:
            yield Finding(("check", "policies", index), name, error.expected, error.nearest)


def _leads_to_a_file(reference: str) -> bool:
    # As it stands first: a directory may carry brackets that a glob would read otherwise.
    found = [reference, *glob.iglob(reference, recursive=True)]
    return any(leads_to_file(name) for name in found)


def _digest(scenario: Scenario, base_dir: FilePath) -> str:
    content = scenario.model_dump(mode="json", by_alias=True, exclude={"title", "story", "check"})
    if scenario.code is None:
        # What a scenario does not have is no part of what it is.
        del content["code"]
    else:
        content["code"] = scenario.code.content(base_dir)
    signals = scenario.workload.signals
    if signals is not None:
        file = FilePath(resolve(signals, base_dir))
        content["workload"]["signals"] = hashlib.sha256(read_bytes(file, shown_path(file))).hexdigest()
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
