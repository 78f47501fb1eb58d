"""Say what traffic the intents made: on average and at most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.exchange.effects import BEFORE_SENDING
from sim.metrics.lookup import Array
from sim.metrics.rows import note_for, quantity_row, share_row, single_row, table
from sim.metrics.wire_frames import costs_of

_UNCOUNTED: Final = (403, 418)
_HOUSE_CALL: Final = "GET /fapi/v1/exchangeInfo"


def load(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return requests, weight, orders, refusals and bans (TABLE_COLUMNS).

    Windows are the venue's fixed ones: they begin with the Unix minute, and a request counts when it arrives, unless
    it met a ban or the firewall.  With one account per intent the window rows still count all intents
    together, as if one address sent them: the venue counts weight by address.  Rows "refused: …" count answers
    with an error, "no answer" silence, "connection: …" broken connections by how they broke, each as a share of all
    requests of the intents; what broke before it was sent counts in no window.  A ban is known by the
    text of its answers; "time banned" runs from the first of them to the end it names, summed over runs.
    """
    return table(_rows(frames))


def _rows(frames: dict[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    intents, requests = frames["intents"], frames["requests"]
    note = note_for(intents)
    for name, unit, column in (
        ("requests per intent", "requests", "requests"),
        ("orders sent per intent", "requests", "orders_sent"),
        ("weight per intent", "weight", "weight"),
    ):
        yield quantity_row(name, unit, intents, intents[column], note)
    keyed = intents[["run", "intent", "cluster"]]
    owned = requests.merge(keyed, on=["run", "intent"], how="inner")
    for call, count in owned["call"].value_counts(sort=False).sort_index().items():
        value = count / max(len(intents), 1)
        yield single_row(f"calls: {call}", "requests per intent", len(intents), value, note)
    refused = (owned["status"] > 0) & (owned["status"] != 200)
    names = owned["code"].astype("str").where(owned["code"] != 0, "http " + owned["status"].astype("str"))
    for name in sorted(names[refused].unique()):
        yield share_row(f"refused: {name}", owned, refused & (names == name), note)
    yield share_row("no answer", owned, owned["status"] == 0, note)
    broken = owned["status"] < 0
    for how in sorted(owned.loc[broken, "message"].unique()):
        yield share_row(f"connection: {how}", owned, broken & (owned["message"] == how), note)
    yield share_row("banned (418)", owned, owned["status"] == 418, note)
    asked, lost = unattributed_share(requests)
    yield single_row("unattributed requests", "share", asked, lost, note)
    bans = _bans(requests)
    yield single_row("bans", "bans", len(requests), float(len(bans)), note)
    yield single_row("time banned", "s", len(requests), float(bans.sum()) / 1e6, note)
    unsent = (requests["status"] < 0) & requests["message"].isin(BEFORE_SENDING)
    counted = requests[~requests["status"].isin(_UNCOUNTED) & ~unsent]
    calls = counted["call"].to_numpy(object)
    for name, unit, window_s, amount in (
        ("orders in 10 s, at most", "orders", 10, costs_of(calls, lambda cost: cost.orders_10s)),
        ("orders in 1 min, at most", "orders", 60, costs_of(calls, lambda cost: cost.orders_1m)),
        ("weight in 1 min, at most", "weight", 60, counted["weight"].to_numpy()),
    ):
        yield single_row(name, unit, int((amount > 0).sum()), _most(counted, window_s, amount), note)


def unattributed_share(requests: pd.DataFrame) -> tuple[int, float]:
    """Return how many requests there were and which share belongs to no intent.

    The one call a bot makes for itself before it trades belongs to no intent and is not lost.
    """
    asked = requests[(requests["intent"] >= 0) | (requests["call"] != _HOUSE_CALL)]
    return len(asked), float((asked["intent"] < 0).mean()) if len(asked) else float("nan")


def _most(requests: pd.DataFrame, window_s: int, amount: Array) -> float:
    """Return the sum of ``amount`` in the fullest window of any run."""
    window = _arrivals(requests) // (window_s * 1_000_000)
    sums = pd.Series(amount).groupby([requests["run"].to_numpy(object), window]).sum()
    return float(sums.max()) if len(sums) else 0.0


def _arrivals(requests: pd.DataFrame) -> Array:
    """Return when each request reached the venue, Unix µs (before a fault's delay); a run's label ends in its epoch."""
    epoch_us = requests["run"].map(lambda label: int(str(label).rpartition("/")[2])).to_numpy(np.int64)
    arrivals: Array = epoch_us + requests["sent_us"].to_numpy() + requests["request_leg_us"].to_numpy()
    return arrivals


def _bans(requests: pd.DataFrame) -> pd.Series:
    """Return how long each ban lasted as far as its answers tell, µs."""
    refused = requests[requests["status"] == 418]
    until_ms = refused["message"].str.extract(r"banned until (\d+)", expand=False)
    known = until_ms.notna().to_numpy()
    until_us = until_ms[known].astype("int64").to_numpy() * 1000
    from_us = _arrivals(refused[known])
    return pd.Series(until_us - from_us).groupby([refused["run"][known].to_numpy(object), until_us]).max()
