"""Write a finding as a scenario with its expectation: it fails on the code that was hunted, and passes once mended.

The scenario is the hunted bracket with the script's faults and moves in it.  The expectation asks for no number; it
says that no safety, liveness or simulator check finds anything, which ``sim check`` holds every run to.
"""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import Any, Final

import tomlkit

from sim.execution.policy_keys import PREFIX
from sim.experiment.fingerprint import versions
from sim.experiment.gate import expected_path
from sim.experiment.gate_file import write_expected
from sim.hunt.findings import Finding
from sim.hunt.quarry import Quarry
from sim.hunt.script import Move
from sim.scenario import LoadedPolicy, load_scenario, policy_names
from sim.scenario.files import scenario_dir

_WIDTH: Final = 110
_LEFT_OUT: Final = frozenset({"title", "story", "faults", "check", "regime"})
_NOTHING: Final = {
    "trace_sha256": "",
    "fingerprint": {},
    "metrics": {},
    "violations": {},
    "faults": {},
    "clusters": {"first_stretch": 0, "stretch_s": 300.0, "stretches": [], "of": {}, "sums": {}},
}


def save(finding: Finding, quarry: Quarry, folder: Path, name: str) -> Path:
    """Write ``NAME.toml`` and ``NAME.expected.json`` under ``folder`` and return the scenario's path.

    A policy with changes is written beside them.  Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    policy = _policy_word(quarry.policy, folder)
    path.write_text(_text(finding, quarry, folder, policy), encoding="utf-8")
    loaded = load_scenario(path)
    content = {
        "versions": versions(),
        "code_sha256": "",
        "runs": {f"{policy}/{quarry.seed}": _NOTHING},
    }
    write_expected(expected_path(loaded), content)
    return path


def _text(finding: Finding, quarry: Quarry, folder: Path, policy: str) -> str:
    spec = quarry.scenario_of(finding.script)
    document = tomlkit.document()
    for line in textwrap.wrap(finding.words, _WIDTH):
        document.add(tomlkit.comment(line))
    rows = spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    document["title"] = f"{finding.cause.check}: {_title(finding)}"[:_WIDTH]
    document["story"] = finding.words
    for name, value in rows.items():
        if name not in _LEFT_OUT:
            document[name] = _rebased(name, value, quarry.loaded.base_dir, folder)
    numbers = iter(range(1, len(finding.script) + 1))
    faults = tomlkit.aot()
    for event in finding.script:
        if not isinstance(event, Move):
            table = tomlkit.table()
            table.comment(event.told)
            for key, value in {"name": f"event_{next(numbers)}", **event.table}.items():
                table[key] = _inline(value)
            faults.append(table)
    if len(faults):
        document["faults"] = faults
    document["check"] = {"policies": [policy], "seeds": [quarry.seed], "intents": 1}
    return tomlkit.dumps(document)


def _title(finding: Finding) -> str:
    return "; ".join(event.told for event in finding.script) or "nothing fails, and yet a rule is broken"


def _inline(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    table = tomlkit.inline_table()
    table.update(value)
    return table


def _rebased(name: str, value: Any, base_dir: Path, folder: Path) -> Any:
    """Return a table whose relative paths count from ``folder``."""
    if name == "code":
        shipped = base_dir == scenario_dir().resolve()
        root = base_dir / value["app_dir"] if "app_dir" in value else Path.cwd() if shipped else base_dir
        return {**value, "app_dir": os.path.relpath(root, folder)}
    if name != "market":
        return value
    changed = dict(value)
    for key in ("klines", "shapes"):
        if key in changed:
            changed[key] = _each(changed[key], base_dir, folder)
    if "klines" in changed.get("mark", {}):
        changed["mark"] = {
            **changed["mark"],
            "klines": _each(changed["mark"]["klines"], base_dir, folder),
        }
    return changed


def _each(value: Any, base_dir: Path, folder: Path) -> Any:
    if isinstance(value, list):
        return [_each(one, base_dir, folder) for one in value]
    if value.partition(":")[0] in ("embedded", "shared") or Path(value).is_absolute():
        return value
    return os.path.relpath(base_dir / value, folder)


def _policy_word(policy: LoadedPolicy, folder: Path) -> str:
    """Return what names the policy from ``folder``: a shipped one by name, another by a file written there."""
    if policy.name in policy_names():
        return policy.name
    word = f"{''.join(letter if letter.isalnum() else '-' for letter in policy.name)}.toml"
    document = tomlkit.document()
    document["execution"] = {key.removeprefix(PREFIX): value for key, value in policy.values.items()}
    (folder / word).write_text(tomlkit.dumps(document), encoding="utf-8")
    return word
