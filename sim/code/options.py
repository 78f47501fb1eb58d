"""Read ``--code`` and ``--app-dir`` as overrides of a scenario's ``[code]``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sim.errors import InputError, nearest
from sim.scenario.code_spec import PARTS
from sim.scenario.files import shown_path

NAMES: Final = (*PARTS, "client", "stubs", "modules")
"""What ``--code`` may name; ``stubs`` and ``modules`` take several names joined by a plus sign."""

_LISTS: Final = ("stubs", "modules")
_PREFIX: Final = "code."
_QUOTED: Final = "[]'\" "


def code_overrides(code: str | None, app_dir: str | Path | None = None) -> list[str]:
    """Return the ``code.KEY=VALUE`` items of ``KEY=VALUE,KEY=VALUE`` and of a folder, seen from the current one.

    Raises InputError at ``--code`` for a key that is none, one given twice, or an item without a value.
    """
    items: dict[str, str] = {}
    for item in (code or "").split(",") if code is not None else ():
        name, equals, value = (text.strip() for text in item.partition("="))
        if not equals or not value:
            raise InputError("--code", item, "PART=MODULE:ATTRIBUTE, such as executor=bot.trader:Trader")
        if name not in NAMES:
            raise InputError("--code", name, f"one of {', '.join(NAMES)}", nearest(name, NAMES))
        if name in items:
            raise InputError("--code", item, f"{name} once")
        items[name] = value
    found = [f"code.{name}={_toml(name, value)}" for name, value in items.items()]
    if app_dir is not None:
        folder = Path(app_dir).expanduser().resolve()
        if not folder.is_dir():
            raise InputError("--app-dir", str(app_dir), "a folder")
        found.append(f"code.app_dir={folder}")
    return found


def _toml(name: str, value: str) -> str:
    return str([part.strip() for part in value.split("+")]) if name in _LISTS else value


def code_words(overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """Separate ``code.*`` items, spelt as ``--code`` and ``--app-dir`` take them, from the others.

    What these cannot say (``code.arguments.*``, a list that was given whole) stays among the others.
    """
    parts, folder, others = [], [], []
    for item in overrides:
        name, _, value = item.partition("=")
        part = name.removeprefix(_PREFIX)
        if not name.startswith(_PREFIX) or ("," in value and part not in _LISTS):
            others.append(item)
        elif part == "app_dir":
            folder = ["--app-dir", shown_path(Path(value))]
        elif part in _LISTS and value.startswith("["):
            parts.append(f"{part}={'+'.join(word.strip(_QUOTED) for word in value.split(','))}")
        elif part in NAMES:
            parts.append(f"{part}={value}")
        else:
            others.append(item)
    return [*(["--code", ",".join(parts)] if parts else []), *folder], others
