"""Lay one intent's life out for a picture: its time axis, levels, stretches and marks (pure).

Truth is what the venue did; belief is what the executor's answers told it.  Both are a position that is none, naked or
protected, over the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.errors import InputError
from sim.report.story import Rows, rows_of
from sim.report.story_words import is_there, is_true, role_word
from sim.report.tape import tape_of

if TYPE_CHECKING:
    from sim.experiment import Result
    from sim.market import PricePath

Floats = npt.NDArray[np.float64]
Bar = tuple[str, str, int, int, str]
"""Lane, kind, from, to, text."""

_UNIT_S: Final = 0.05
"""A wait as long as this is one step of the axis; a longer one grows with its logarithm."""
_EDGES: Final = 400
_MOST_KNOTS: Final = 120


@dataclass(frozen=True, kw_only=True)
class TimeAxis:
    """Map µs of the run to places from 0 to 1: long waits in which nothing happens are drawn short."""

    knots_us: Floats
    places: Floats

    def at(self, moments_us: Any) -> Floats:
        """Return the places of moments; those beyond the ends stand at the ends."""
        return np.interp(np.asarray(moments_us, dtype=np.float64), self.knots_us, self.places)

    def ticks(self, least: float = 0.07) -> list[tuple[float, float]]:
        """Return (place, seconds since the first knot) of ticks at least ``least`` apart.

        They stand where something happens, and in between at whole parts of a wide wait.
        """
        kept = [0.0]
        for place in [*self.places[1:-1].tolist(), 1.0]:
            if place - kept[-1] < least or (place < 1.0 and 1.0 - place < least):
                continue
            parts = int((place - kept[-1]) / 0.16) or 1
            kept += [kept[-1] + (place - kept[-1]) * (part + 1) / parts for part in range(parts)]
        moments = np.interp(kept, self.places, self.knots_us)
        return [
            (place, float(moment - self.knots_us[0]) / 1e6)
            for place, moment in zip(kept, moments, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class StoryFrames:
    """Hold what a story picture draws; times in µs of the run.

    ``last`` and ``mark``: ``at_us``, ``price``.  ``levels``: ``role``, ``price``, ``from_us``, ``to_us``, ``end``
    ("filled", "over").  ``planned``: (name, price).  ``fills``: ``at_us``, ``price``, ``side``, ``role``.  ``bars``:
    ``lane``, ``kind``, ``from_us``, ``to_us``, ``text``.  ``strikes``: ``at_us``, ``text``.
    """

    title: str
    axis: TimeAxis
    from_us: int
    until_us: int
    last: pd.DataFrame
    mark: pd.DataFrame
    planned: tuple[tuple[str, float], ...]
    levels: pd.DataFrame
    fills: pd.DataFrame
    bars: pd.DataFrame
    strikes: pd.DataFrame
    note: str


def story_frames(
    result: Result, number: int, paths: dict[str, PricePath], rows: Rows | None = None
) -> StoryFrames:
    """Lay out intent ``number``; raises InputError for a number that is not there.

    ``rows`` are the intent's of :func:`sim.report.story.rows_of`, for who draws many.
    """
    intents = result.frames["intents"]
    found = intents[intents["intent"] == number]
    if found.empty:
        valid = "none: the run decided no intent"
        if len(intents):
            valid = f"an intent's number, from {intents['intent'].min()} to {intents['intent'].max()}"
        raise InputError("--intent", number, valid)
    intent: Any = next(found.itertuples(index=False))
    own = rows_of(result, [number])[number] if rows is None else rows
    from_us, until_us = _span(intent, own)
    bars = pd.DataFrame(
        [
            *_requests(own),
            *_waits(own),
            *_merged(_truth(intent, own, until_us)),
            *_belief(intent, own, until_us),
        ],
        columns=["lane", "kind", "from_us", "to_us", "text"],
    )
    levels = _levels(own, until_us)
    fills = pd.DataFrame(
        [
            (fill.at_us, fill.price, fill.side, str(fill.role))
            for fill in own["fills"]
            if fill.at_us <= until_us
        ],
        columns=["at_us", "price", "side", "role"],
    )
    strikes = pd.DataFrame(
        [(fault.at_us, str(fault.fault)) for fault in own["faults"] if fault.at_us <= until_us],
        columns=["at_us", "text"],
    )
    axis = _axis(from_us, until_us, [bars, levels], [fills, strikes])
    tape = tape_of(result, str(intent.symbol), number, paths)
    edges = np.unique(np.interp(np.linspace(0, 1, _EDGES), axis.places, axis.knots_us).astype(np.int64))
    last_us, last = tape.last(edges)
    side = "long" if intent.direction > 0 else "short"
    return StoryFrames(
        title=f"Intent {number}: {side} {intent.symbol}, {str(intent.outcome).replace('_', ' ')}",
        axis=axis,
        from_us=from_us,
        until_us=until_us,
        last=pd.DataFrame({"at_us": last_us, "price": last}),
        mark=pd.DataFrame({"at_us": edges, "price": tape.mark(edges)}),
        planned=(("plan", float(intent.plan_price)), ("planned stop", float(intent.sl_price))),
        levels=levels,
        fills=fills,
        bars=bars,
        strikes=strikes,
        note=tape.note,
    )


def _span(intent: Any, own: dict[str, list[Any]]) -> tuple[int, int]:
    """Return from the decision to the last thing that happened; what happens long after belief ended is cut."""
    from_us = int(intent.decided_us)
    moments = [from_us + 1_000_000]
    moments += [int(request.answered_us) for request in own["requests"]]
    moments += [int(fill.at_us) for fill in own["fills"]]
    moments += [int(value) for value in (intent.ended_us, intent.exit_us) if is_there(value)]
    moments += [int(stretch.to_us) for stretch in own["protection"]]
    until_us = max(moments)
    return from_us, min(
        until_us + max(200_000, (until_us - from_us) // 50), max(int(intent.books_us), until_us)
    )


def _axis(from_us: int, until_us: int, stretches: list[pd.DataFrame], points: list[pd.DataFrame]) -> TimeAxis:
    moments = {from_us, until_us}
    for frame in stretches:
        moments |= {*frame["from_us"].tolist(), *frame["to_us"].tolist()}
    for frame in points:
        moments |= set(frame["at_us"].tolist())
    knots = np.array(sorted(moment for moment in moments if from_us <= moment <= until_us), dtype=np.float64)
    if len(knots) > _MOST_KNOTS:
        chosen = np.unique(np.linspace(0, len(knots) - 1, _MOST_KNOTS).round().astype(int))
        knots = knots[chosen]
    widths = np.log1p(np.diff(knots) / 1e6 / _UNIT_S)
    places = np.concatenate([[0.0], np.cumsum(widths)])
    return TimeAxis(knots_us=knots, places=places / places[-1])


def _requests(own: dict[str, list[Any]]) -> Iterator[Bar]:
    for request in own["requests"]:
        write = request.truth != ""
        kind = "answered" if request.status == 200 else "no answer" if request.status <= 0 else "refused"
        lane = "orders" if write else "reads"
        text = ""
        if kind != "answered" and write:
            text = str(request.code or request.status) if kind == "refused" else kind
            if str(request.truth) != "not_applied":
                # What was done though nobody was told is what a reader looks for.
                kind = f"{kind}, applied"
        yield lane, kind, int(request.sent_us), int(request.answered_us), text


def _waits(own: dict[str, list[Any]]) -> Iterator[Bar]:
    for attempt in own["attempts"]:
        if is_there(attempt.backoff_from_us) and attempt.backoff_us > 0:
            from_us = int(attempt.backoff_from_us)
            yield "waits", "wait", from_us, from_us + int(attempt.backoff_us), ""


def _truth(intent: Any, own: dict[str, list[Any]], until_us: int) -> Iterator[Bar]:
    at_us = int(intent.decided_us)
    if intent.shared_account:
        # Exposure belongs to the account there, and no part of it to one intent.
        yield "truth", "not known", at_us, until_us, ""
        return
    for stretch in sorted(own["protection"], key=lambda row: row.from_us):
        if stretch.to_us <= stretch.from_us or stretch.from_us >= until_us:
            continue
        if stretch.from_us > at_us:
            yield "truth", "none", at_us, int(stretch.from_us), ""
        kind = "none"
        if stretch.position != 0:
            kind = "naked" if stretch.naked_quantity > 0 else "protected"
        at_us = min(int(stretch.to_us), until_us)
        yield "truth", kind, int(stretch.from_us), at_us, ""
    if at_us < until_us:
        yield "truth", "none", at_us, until_us, ""


def _merged(bars: Iterator[Bar]) -> Iterator[Bar]:
    """Join stretches of one kind that meet."""
    for (lane, kind), group in groupby(bars, key=lambda bar: bar[:2]):
        whole = list(group)
        yield lane, kind, whole[0][2], whole[-1][3], ""


def _belief(intent: Any, own: dict[str, list[Any]], until_us: int) -> Iterator[Bar]:
    """Yield what the executor could believe: its placements' own answers, and at the end what it returned."""
    at_us, state = int(intent.decided_us), "none"
    news = [(int(row.ended_us), str(row.role)) for row in own["placements"] if is_true(row.success)]
    if is_there(intent.ended_us):
        news.append((int(intent.ended_us), "end"))
    for moment_us, role in sorted(news):
        told = _believed(intent, role, state)
        if told != state and moment_us <= until_us:
            yield "belief", state, at_us, moment_us, ""
            at_us, state = moment_us, told
    if at_us < until_us:
        yield "belief", state, at_us, until_us, ""


def _believed(intent: Any, role: str, state: str) -> str:
    if role == "end":
        if not intent.believed_position:
            return "none"
        return "protected" if is_true(intent.believed_protected) else "naked"
    if role == "entry" and state == "none":
        return "naked"
    if role == "sl" and state == "naked":
        return "protected"
    return "none" if role == "flatten" else state


def _levels(own: dict[str, list[Any]], until_us: int) -> pd.DataFrame:
    rows = []
    for order in own["orders"]:
        if order.role not in ("sl", "tp", "trailing") or not order.price > 0 or order.accepted_us >= until_us:
            continue
        ended = is_there(order.ended_us) and order.ended_us <= until_us
        to_us = int(order.ended_us) if ended else until_us
        end = "filled" if ended and str(order.status) == "FILLED" else "over" if ended else "rests"
        rows.append((role_word(str(order.role)), float(order.price), int(order.accepted_us), to_us, end))
    return pd.DataFrame(rows, columns=["role", "price", "from_us", "to_us", "end"])
