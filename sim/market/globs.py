"""Find the glob that matches some files of a folder and no others: how a scenario names one tape of many files."""

from __future__ import annotations

import glob
from collections.abc import Collection
from itertools import takewhile
from pathlib import Path


def glob_of(folder: Path, names: Collection[str]) -> str | None:
    """Return the shortest reference that matches exactly ``names`` in ``folder``: a name, else a glob.

    None when no glob of ours tells them from the other files there.
    """
    inside = glob.escape(str(folder))
    if len(names) == 1:
        return str(folder / next(iter(names)))
    wanted = sorted(names)
    prefix = _common_start(wanted)
    suffix = _common_start([name[::-1] for name in wanted])[::-1]
    # Digits of a date that all names end in are no part of what they have in common.
    suffix = suffix[suffix.find(".") :] if "." in suffix else ""
    dashes = [place for place, sign in enumerate(prefix) if sign == "-"]
    stems = [prefix[: place + 1] for place in dashes[1:]] + [prefix]
    patterns = [f"{glob.escape(stem)}*{suffix}" for stem in dict.fromkeys(stems)]
    next_signs = "".join(sorted({name[len(prefix)] for name in wanted if len(name) > len(prefix)}))
    if next_signs.isalnum():
        patterns.append(f"{glob.escape(prefix)}[{next_signs}]*{suffix}")
    for pattern in patterns:
        reference = str(Path(inside) / pattern)
        if sorted(Path(found).name for found in glob.glob(reference) if Path(found).is_file()) == wanted:
            return reference
    return None


def _common_start(names: list[str]) -> str:
    return "".join(
        signs[0] for signs in takewhile(lambda signs: len(set(signs)) == 1, zip(*names, strict=False))
    )
