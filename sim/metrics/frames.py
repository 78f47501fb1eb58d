"""Turn a trace into frames: one pandas table per thing that happened, with truth and belief side by side.

Columns and units are listed in :data:`sim.metrics.COLUMNS`.  Everything downstream reads frames only; frames of
several runs may be put under one another (:func:`concat_frames`), since every row says its run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.errors import InputError
from sim.metrics.columns import COLUMNS
from sim.metrics.lookup import Array, Columns
from sim.metrics.tables import BUDGET_R, PROTECTION_DEADLINE_S, Tables
from sim.trace import Trace

Frames = dict[str, pd.DataFrame]

_KINDS: Final = {
    name: {column: says.partition(",")[0] for column, says in columns.items()}
    for name, columns in COLUMNS.items()
}

_SOURCES: Final = ("attempts", "accounts", "fills", "protection", "orders", "requests")
"""Frames whose columns others are made from."""

_OWN: Final = ("requests", "orders", "protection")
"""Large frames whose columns are nobody else's, as sorting and picking rows made them: they need no copy."""


def build_frames(
    trace: Trace,
    *,
    episode_us: int,
    seed: int,
    epoch_us: int = 0,
    deadline_s: float = PROTECTION_DEADLINE_S,
    budget_r: float = BUDGET_R,
    steps: Mapping[str, float] | None = None,
    reproduce: Callable[[int], str] | None = None,
) -> Frames:
    """Return the frames of one run by name: the keys of :data:`sim.metrics.COLUMNS`.

    ``episode_us``: length of a stretch of market, the unit that repeats.  ``epoch_us``: Unix time of the run's
    start; give it when runs of several tapes meet, it keeps their dates and episodes apart.  ``steps``: quantity
    step by symbol, for "within one step" (without it: equal up to float noise).  ``reproduce``: gives the command that
    shows an intent's violation again (-1: one of the run as a whole).  ``deadline_s`` and ``budget_r``
    define recovery (:mod:`sim.metrics.states`).  Raises InputError for a length or limit that is not above 0.
    """
    tables = Tables(
        trace,
        episode_us=episode_us,
        seed=seed,
        epoch_us=epoch_us,
        deadline_s=deadline_s,
        budget_r=budget_r,
        steps=steps,
        reproduce=reproduce,
    )
    # What others are made from becomes a frame last, and nothing is held in both forms: it would double the peak.
    order = [name for name in COLUMNS if name not in (*_SOURCES, "intents")]
    frames = {name: _frame(name, tables.pop(name)) for name in (*order, "intents", *_SOURCES)}
    return {name: frames[name] for name in COLUMNS}


def _frame(name: str, columns: Columns) -> pd.DataFrame:
    typed = {column: _TYPED.get(kind, np.asarray)(columns[column]) for column, kind in _KINDS[name].items()}
    return pd.DataFrame(typed, copy=False if name in _OWN else None)


def plain_columns(name: str, columns: Columns) -> Columns:
    """Return the documented columns of frame ``name`` without pandas' types.

    Whole numbers and truth values that may be missing are floats with NaN, texts are objects.
    """
    return {
        column: np.where(columns[column] == -1, np.nan, columns[column])
        if kind in ("Int64", "boolean")
        else columns[column]
        for column, kind in _KINDS[name].items()
    }


def _category(values: Array) -> Any:
    """Return texts as a category whose words are in order, as pandas itself orders them."""
    codes, words = pd.factorize(values)
    order = np.argsort(words)
    place = np.empty(len(words), dtype=np.int64)
    place[order] = np.arange(len(words))
    kind = pd.CategoricalDtype(pd.Index(words[order], dtype="str"))
    return pd.Categorical.from_codes(place[codes], dtype=kind)


_TYPED: Final[dict[str, Callable[[Array], Any]]] = {
    "category": _category,
    "str": lambda values: pd.array(values, dtype="str"),
    "Int64": lambda values: pd.arrays.IntegerArray(values.astype(np.int64), values == -1),
    "boolean": lambda values: pd.arrays.BooleanArray(values == 1, values == -1),
}


def _few_words(name: str) -> list[str]:
    """List the columns that repeat a few words: as letters they would be half of a large frame's memory."""
    return [column for column, text in COLUMNS[name].items() if text.startswith("category,")]


def with_documented_words(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return frame ``name`` with its columns of few words as categories again (an empty file forgets them)."""
    if name not in COLUMNS:
        return frame
    words = _few_words(name)
    return frame.astype(dict.fromkeys(words, "str")).astype(dict.fromkeys(words, "category"))


def concat_frames(parts: Sequence[Frames]) -> Frames:
    """Put the frames of several runs under one another; raises InputError for none."""
    if not parts:
        raise InputError("parts", parts, "frames of at least one run")
    stacked = {}
    for name in COLUMNS:
        words = _few_words(name)
        # Categories of different runs differ; as words they can be put together and numbered anew.
        plain = [part[name].astype(dict.fromkeys(words, "str")) for part in parts]
        stacked[name] = pd.concat(plain, ignore_index=True).astype(dict.fromkeys(words, "category"))
    return stacked
