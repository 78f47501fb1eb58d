"""Read ``@pytest.mark.sim_faults("timeout", role="entry", nth=1, truth="applied")`` as a fault of a scenario."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sim.errors import InputError, nearest, unknown_name
from sim.faults import KINDS
from sim.world.processes import KINDS_OF_PROCESS

_MATCH: Final = ("call", "role", "symbol", "side")


@dataclass(frozen=True)
class FaultWord:
    """Hold the words of one marker: the ``kind`` of fault and what was said of it."""

    kind: str
    said: Mapping[str, Any]


def fault_word(*words: Any, **said: Any) -> FaultWord:
    """Return what a marker says; raise InputError for an unknown kind, with the nearest.

    The one word is the kind (``sim faults`` lists them; left out: ``code``).  ``call``, ``role``, ``symbol`` and
    ``side`` narrow the requests, ``nth`` says which of them are struck (a number from 1, or several; default: all),
    all else belongs to the kind.
    """
    where = "sim_faults"
    if len(words) > 1:
        raise InputError(where, words, "one kind of fault; the rest by name, such as nth=1")
    kind = words[0] if words else "code"
    if not isinstance(kind, str) or kind not in KINDS:
        raise unknown_name(where, str(kind), "a kind of fault", KINDS)
    spec = KINDS[kind]
    if issubclass(spec, KINDS_OF_PROCESS):
        raise InputError(
            where, kind, "a fault of the venue or the network: this one strikes processes of sim run"
        )
    known = {*spec.model_fields, *_MATCH, "nth"}
    for name in said:
        if name not in known:
            near = nearest(name, known)
            shown = sorted(known - {"kind", "match"})
            raise InputError(f"{where}({kind!r}).{name}", said[name], f"one of {', '.join(shown)}", near)
    nth = said.get("nth")
    numbers = nth if isinstance(nth, list | tuple) else [] if nth is None else [nth]
    if any(not isinstance(number, int) or isinstance(number, bool) or number < 1 for number in numbers):
        raise InputError(f"{where}({kind!r}).nth", nth, "a number from 1 on, or a list of them")
    return FaultWord(kind, dict(said))


def faults_override(words: Sequence[FaultWord]) -> str:
    """Return the faults as the ``key=value`` text that scenarios are changed by."""
    return f"faults=[{', '.join(_toml(_table(word, number)) for number, word in enumerate(words, 1))}]"


def _table(word: FaultWord, number: int) -> dict[str, Any]:
    said = dict(word.said)
    table: dict[str, Any] = {"name": said.pop("name", f"{word.kind}_{number}")}
    if word.kind != "code":
        table["kind"] = word.kind
    match = {name: said.pop(name) for name in _MATCH if name in said}
    nth = said.pop("nth", None)
    if nth is not None:
        table["how"] = {"script": list(nth) if isinstance(nth, list | tuple) else [nth]}
    elif "how" not in said and "how" in KINDS[word.kind].model_fields:
        table["how"] = {"rate": 1.0}
    if match:
        table["match"] = match
    return table | said


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_toml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    # What JSON writes of texts, whole numbers and truth values is TOML as well.
    return json.dumps(value, ensure_ascii=False)
