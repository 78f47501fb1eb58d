"""Say what traffic the intents made: on average and at most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from sim.metrics.rows import note_for, quantity_row, share_row, single_row, table
from sim.metrics.wire_frames import NEW_ORDER_CALLS

_HOUSE_CALL: Final = "GET /fapi/v1/exchangeInfo"


def load(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return requests, weight, orders, refusals and bans (TABLE_COLUMNS).

    Windows are the venue's fixed ones.  With one account per intent the window rows still count all intents
    together, as if one address sent them: the venue counts weight by address.  Rows "refused: …" count answers
    with an error, "no answer" silence, each as a share of all requests of the intents.
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
    failed = owned["status"] != 200
    names = owned["code"].astype("str").where(owned["code"] != 0, "http " + owned["status"].astype("str"))
    for name in sorted(names[failed & (owned["status"] != 0)].unique()):
        yield share_row(f"refused: {name}", owned, failed & (names == name), note)
    yield share_row("no answer", owned, owned["status"] == 0, note)
    yield share_row("banned (418)", owned, owned["status"] == 418, note)
    asked, lost = unattributed_share(requests)
    yield single_row("unattributed requests", "share", asked, lost, note)
    orders = requests[requests["call"].isin(NEW_ORDER_CALLS)]
    yield _most("orders in 10 s, at most", "orders", orders, 10, None, note)
    yield _most("orders in 1 min, at most", "orders", orders, 60, None, note)
    yield _most("weight in 1 min, at most", "weight", requests, 60, "weight", note)


def unattributed_share(requests: pd.DataFrame) -> tuple[int, float]:
    """Return how many requests there were and which share belongs to no intent.

    The one call a bot makes for itself before it trades belongs to no intent and is not lost.
    """
    asked = requests[(requests["intent"] >= 0) | (requests["call"] != _HOUSE_CALL)]
    return len(asked), float((asked["intent"] < 0).mean()) if len(asked) else float("nan")


def _most(
    name: str, unit: str, requests: pd.DataFrame, window_s: int, column: str | None, note: str
) -> dict[str, Any]:
    """Return the fullest window of any run."""
    window = requests["sent_us"] // (window_s * 1_000_000)
    grouped = requests.groupby([requests["run"], window])
    sizes = grouped.size() if column is None else grouped[column].sum()
    most = float(sizes.max()) if len(sizes) else 0.0
    return single_row(name, unit, len(requests), most, note)
