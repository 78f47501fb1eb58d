"""Read and write the expectations beside a scenario (``NAME.expected.json``), and say what an update changes."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Final

from sim.errors import InputError
from sim.experiment.gate_sums import GATED
from sim.experiment.store import read_json, write_text
from sim.metrics import HEADLINES
from sim.scenario import LoadedScenario

SCHEMA: Final = 2
AGAIN: Final = "write it with sim check --update"
_ROW = re.compile(r"\[\s+([^\[\]{}]*?)\s+\]")


def expected_path(loaded: LoadedScenario) -> Path:
    """Return where the expectations of a scenario live."""
    return Path(loaded.path).with_suffix(".expected.json")


def read_expected(path: Path) -> dict[str, Any]:
    """Read expectations, of this schema or the one before; raise InputError for what cannot be used."""
    try:
        value = read_json(path)
    except OSError as error:
        raise InputError(
            str(path), error.strerror, "expectations; write them with sim check --update"
        ) from None
    if not isinstance(value, dict) or not isinstance(value.get("runs"), dict):
        raise InputError(str(path), value, "an object with runs; write it with sim check --update")
    schema = value.get("schema", 1)
    if schema not in (1, SCHEMA):
        raise InputError(f"{path}: schema", schema, f"{SCHEMA}; {AGAIN}")
    for key, run in value["runs"].items():
        _refuse_odd_run(f"{path}: runs[{key!r}]", run, with_sums=schema == SCHEMA)
    return value


def _refuse_odd_run(where: str, run: Any, *, with_sums: bool) -> None:
    kinds = {"trace_sha256": str, "fingerprint": dict, "metrics": dict, "violations": dict}
    kinds |= {"faults": dict, "clusters": dict} if with_sums else {}
    if not isinstance(run, dict):
        raise InputError(where, run, f"an object with {', '.join(kinds)}; {AGAIN}")
    for name, kind in kinds.items():
        if not isinstance(run.get(name), kind):
            expected = "text" if kind is str else "an object"
            raise InputError(f"{where}.{name}", run.get(name), f"{expected}; {AGAIN}")
    for name in ("metrics", "violations", *(["faults"] if with_sums else [])):
        for key, value in run[name].items():
            if not _is_number(value):
                raise InputError(f"{where}.{name}.{key}", value, f"a finite number; {AGAIN}")
    if with_sums:
        _refuse_odd_sums(f"{where}.clusters", run["clusters"])


def _refuse_odd_sums(where: str, value: dict[str, Any]) -> None:
    for name in ("first_stretch", "stretch_s"):
        if not _is_number(value.get(name)) or value[name] < 0:
            raise InputError(f"{where}.{name}", value.get(name), f"a number, 0 or more; {AGAIN}")
    if not value["stretch_s"]:
        raise InputError(f"{where}.stretch_s", 0, f"seconds above 0; {AGAIN}")
    _refuse_odd_row(f"{where}.stretches", value.get("stretches"), None)
    for name in ("of", "sums"):
        if not isinstance(value.get(name), dict):
            raise InputError(f"{where}.{name}", value.get(name), f"an object; {AGAIN}")
        for key, row in value[name].items():
            _refuse_odd_row(f"{where}.{name}.{key}", row, len(value["stretches"]))


def _refuse_odd_row(where: str, row: Any, length: int | None) -> None:
    numbers = isinstance(row, list) and all(map(_is_number, row))
    if not numbers or (length is not None and len(row) != length):
        raise InputError(where, row, f"a list of {'' if length is None else f'{length} '}numbers; {AGAIN}")


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)


def write_expected(path: Path, content: dict[str, Any]) -> None:
    """Write expectations, each list of numbers on a line of its own; raise InputError where that cannot be done."""
    text = json.dumps({"schema": SCHEMA, **content}, indent=2, ensure_ascii=False)
    text = _ROW.sub(lambda found: "[" + " ".join(found[1].split()) + "]", text)
    try:
        write_text(path, text + "\n")
    except OSError as error:
        raise InputError(str(path), error.strerror, "a file that can be written") from error


def what_changed(scenario: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    """Return one line for each run whose numbers differ: metric by metric, old → new, to say in a commit.

    Metrics of the gate and violations by name; how many more of the headline numbers moved is told as a number.
    """
    lines = []
    before, after = old.get("runs", {}), new.get("runs", {})
    for key in sorted(before.keys() | after.keys()):
        policy, _, seed = key.rpartition("/")
        name = f"{scenario}, {policy}, seed {seed}"
        if key not in after or key not in before:
            lines.append(f"{name}: {'a new run' if key in after else 'no longer run'}")
            continue
        moved = [
            (metric, f"{prefix}{metric} {_shown(was)} → {_shown(now)}")
            for group, prefix in (("metrics", ""), ("violations", "violations "))
            for metric, was, now in _pairs(before[key][group], after[key][group], group)
            if not _alike(was, now)
        ]
        told = [text for metric, text in moved if metric in GATED or metric not in HEADLINES]
        if len(told) < len(moved):
            told.append(f"{len(moved) - len(told)} other numbers")
        if told:
            lines.append(f"{name}: {'; '.join(told)}")
        elif before[key]["trace_sha256"] != after[key]["trace_sha256"]:
            lines.append(f"{name}: other bytes, the same numbers")
    return tuple(lines)


def _pairs(
    before: dict[str, float], after: dict[str, float], group: str
) -> list[tuple[str, float | None, float | None]]:
    # A metric that is not there was not defined; a check that is not there found nothing.
    absent = 0 if group == "violations" else None
    names = [*before, *(name for name in after if name not in before)]
    return [(name, before.get(name, absent), after.get(name, absent)) for name in names]


def _alike(was: float | None, now: float | None) -> bool:
    if was is None or now is None:
        return was is now
    return math.isclose(was, now, rel_tol=1e-9, abs_tol=1e-12)


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
