"""Compose what a reader sees first: money against ideal and baseline, and where the loss was met (pure)."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from sim.experiment import Result
from sim.experiment.against import AGAINST, money_against
from sim.report.printing import Heading, PrintedTable, printed, printed_range
from sim.report.tables import notes_of

NEVER_RESEND: Final = "never-resend"
_FAULT, _SHOCK, _TAPE = "an assumed fault", "a declared shock, and no fault", "the tape alone"


def money_table(result: Result) -> PrintedTable:
    """Return money per 1,000 intents against the ideal executor and, where it was run, against a baseline."""
    frame = result.frames.get(AGAINST)
    frame = money_against(result) if frame is None else frame
    policy = str(result.manifest["policy"])
    rows = [
        (
            f"{policy} less {row['against']}",
            printed(row["per_1000"], "quote"),
            printed_range(row["low"], row["high"], "quote"),
            printed(row["loss_cvar95"], "quote"),
            printed_range(row["cvar_low"], row["cvar_high"], "quote"),
            printed(row["n"]),
            printed(row["clusters"]),
            printed(row["discordant_clusters"]),
        )
        for row in frame.to_dict(orient="records")
    ]
    headings = (
        Heading(name="money", numeric=False),
        Heading(name="per 1,000 intents", unit="quote, + earns more"),
        Heading(name="95 % interval"),
        Heading(name="CVaR95 of the loss", unit="quote per intent"),
        Heading(name="95 % interval"),
        Heading(name="pairs", unit="intents"),
        Heading(name="clusters"),
        Heading(name="differ", unit="clusters"),
    )
    return PrintedTable(
        title="Money, side by side", headings=headings, rows=tuple(rows), notes=notes_of(frame)
    )


def brief_money_table(result: Result) -> PrintedTable:
    """Return the same for a terminal: fewer columns, one line a row."""
    whole = money_table(result)
    shown = (0, 1, 2, 3, 6)
    headings = tuple(whole.headings[column] for column in shown)
    rows = tuple(tuple(row[column] for column in shown) for row in whole.rows)
    return PrintedTable(title=whole.title, headings=headings, rows=rows)


def met_table(result: Result) -> PrintedTable:
    """Return the loss against ideal split by what the intents met: a fault, a declared shock, neither."""
    parts = losses_by_what_was_met(result)
    rows = tuple(
        (
            str(row["met"]),
            printed(row["intents"]),
            printed(row["per_1000"], "quote"),
            printed(row["share"], "share"),
        )
        for row in parts.to_dict(orient="records")
    )
    headings = (
        Heading(name="the intent met", numeric=False),
        Heading(name="intents", unit="count"),
        Heading(name="loss against ideal", unit="quote per 1,000 of all"),
        Heading(name="of all that was lost or won", unit="%"),
    )
    return PrintedTable(title="Where the loss was met", headings=headings, rows=rows)


def losses_by_what_was_met(result: Result) -> pd.DataFrame:
    """Return ``met``, ``intents``, ``per_1000`` (quote per 1,000 of all intents) and ``share`` of the absolute loss.

    An intent counts once: with the faults if any struck one of its requests, else with the shocks if one was on while
    it lived, else with the tape.  A description, not a cause: what an intent would have lost without them was not run.
    """
    intents = result.frames["intents"]
    faulted = intents["intent"].isin(result.frames["faults"]["intent"]).to_numpy(bool)
    shocked = np.zeros(len(intents), dtype=bool)
    decided, closed = intents["decided_us"].to_numpy(np.int64), intents["books_us"].to_numpy(np.int64)
    for from_us, until_us in result.manifest["shock_spans_us"]:
        shocked |= (int(from_us) <= closed) & (int(until_us) >= decided)
    lost = intents["loss_against_ideal_quote"].to_numpy(np.float64)
    known = ~np.isnan(lost)
    whole = float(np.abs(lost[known]).sum())
    rows = []
    for name, mask in ((_FAULT, faulted), (_SHOCK, shocked & ~faulted), (_TAPE, ~shocked & ~faulted)):
        own = lost[mask & known]
        share = float(np.abs(own).sum()) / whole if whole else np.nan
        per_1000 = float(own.sum()) / int(known.sum()) * 1000 if known.any() else np.nan
        rows.append((name, int(mask.sum()), per_1000, share))
    return pd.DataFrame(rows, columns=["met", "intents", "per_1000", "share"])


def first_facts(result: Result) -> tuple[str, ...]:
    """Return what the money above rests on, and how to learn what this page cannot say."""
    manifest = result.manifest
    command = str(manifest["command"])
    said = []
    if AGAINST not in result.frames and str(manifest["policy"]) != NEVER_RESEND:
        said.append(
            f"Against a policy that never resends, on the same weather: {command} --against {NEVER_RESEND}"
        )
    sources = " ".join(str(source) for source in manifest["path_source"].values())
    inside = (
        "real shapes"
        if "real shapes" in sources
        else "a seeded bridge"
        if "bridge" in sources
        else "its prints"
    )
    shocks = len(manifest["shocks"])
    said.append(
        f"It rests on {len(manifest['path_source'])} tape{_s(len(manifest['path_source']))} ({inside}), "
        f"{shocks or 'no'} declared shock{_s(shocks)} and {_faults(result)} whose rates are the scenario's assumptions."
    )
    said.append(
        "At which assumption another policy would be better (its flip points), and what share of a gain comes from "
        "tape, shock and assumption, takes many runs: sim tune measures both and writes them on its own page."
    )
    return tuple(said)


def _faults(result: Result) -> str:
    names = result.frames["faults"]["fault"].nunique()
    return f"{names} fault{_s(names)} that struck," if names else "faults that never struck,"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
