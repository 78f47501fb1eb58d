"""Turn a trace into frames: one pandas table per thing that happened, with truth and belief side by side.

Columns and units are listed in :data:`sim.metrics.COLUMNS`.  Everything downstream reads frames only; frames of
several runs may be put under one another (:func:`concat_frames`), since every row says its run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from sim.errors import InputError
from sim.metrics.columns import COLUMNS
from sim.metrics.intent_frame import intents_frame
from sim.metrics.lookup import text, whole
from sim.metrics.source import Source
from sim.metrics.venue_frames import (
    accounts_frame,
    fills_frame,
    liquidations_frame,
    orders_frame,
    protection_frame,
    shadows_frame,
)
from sim.metrics.wire_frames import attempts_frame, faults_frame, placements_frame, requests_frame
from sim.trace import Trace

Frames = dict[str, pd.DataFrame]

PROTECTION_DEADLINE_S: Final = 60.0
"""Seconds after the decision at which recovery is judged: five attempts with one time-out fit in."""

BUDGET_R: Final = 2.0
"""Loss at the stop that still counts as recovered, in multiples of the planned risk."""


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
    for name, value in (("episode_us", episode_us), ("deadline_s", deadline_s), ("budget_r", budget_r)):
        if not value > 0:
            raise InputError(name, value, "a number above 0")
    source = Source(trace, episode_us=episode_us, seed=seed, epoch_us=epoch_us)
    run_end_us = _last_moment(source)
    # Words become categories as each frame is made: all of them as letters at once would double the peak.
    requests = with_documented_words("requests", requests_frame(source))
    attempts = with_documented_words("attempts", attempts_frame(source, requests))
    frames: Frames = {"requests": requests, "attempts": attempts}
    makers: dict[str, Callable[[], pd.DataFrame]] = {
        "placements": lambda: placements_frame(source, requests, attempts),
        "orders": lambda: orders_frame(source, requests),
        "fills": lambda: fills_frame(source),
        "protection": lambda: protection_frame(source, run_end_us),
        "faults": lambda: faults_frame(source, requests),
        "violations": lambda: _violations(source, reproduce),
        "shadows": lambda: shadows_frame(source),
        "accounts": lambda: accounts_frame(source),
        "liquidations": lambda: liquidations_frame(source),
        "stop_moves": lambda: _stop_moves(source),
        "fault_edges": lambda: _fault_edges(source),
    }
    for name, make in makers.items():
        frames[name] = with_documented_words(name, make())
    frames["intents"] = intents_frame(
        source,
        frames,
        run_end_us=run_end_us,
        steps=steps or {},
        deadline_us=round(deadline_s * 1e6),
        budget_r=budget_r,
    )
    frames["intents"] = with_documented_words("intents", frames["intents"])
    return {name: frames[name] for name in COLUMNS}


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


def _last_moment(source: Source) -> int:
    """Return the last moment the trace speaks of: where a cut-off run ended."""
    columns = (
        ("request", "answered_us"),
        ("exposure", "at_us"),
        ("account_end", "at_us"),
        ("order", "at_us"),
    )
    ends = [int(values.max()) for table, name in columns if len(values := source.table(table)[name])]
    return max(ends, default=0)


def _violations(source: Source, reproduce: Callable[[int], str] | None) -> pd.DataFrame:
    raw = source.table("violation")
    again = {
        intent: reproduce(intent) if reproduce is not None else "" for intent in set(raw["intent"].tolist())
    }
    return pd.DataFrame(
        {
            "run": source.runs(len(raw["intent"])),
            "intent": raw["intent"],
            "check": text(raw["check"]),
            "kind": text(raw["kind"]),
            "at_us": whole(raw["at_us"]),
            "amount": np.asarray(raw["amount"], dtype=float),
            "unit": text(raw["unit"]),
            "truth": text(raw["truth"]),
            "belief": text(raw["belief"]),
            "reproduce": text(np.array([again[intent] for intent in raw["intent"].tolist()], dtype=object)),
        }
    )


def _stop_moves(source: Source) -> pd.DataFrame:
    raw = source.table("stop_moved")
    return pd.DataFrame({"run": source.runs(len(raw["intent"])), **raw})


def _fault_edges(source: Source) -> pd.DataFrame:
    raw = source.table("fault_edge")
    return pd.DataFrame(
        {
            "run": source.runs(len(raw["fault"])),
            "fault": text(raw["fault"]),
            "opened_us": raw["opened_us"],
            "closed_us": raw["closed_us"],
        }
    )
