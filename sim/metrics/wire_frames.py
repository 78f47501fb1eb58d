"""Build what happened on the wire: requests, placements, failed attempts, faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.exchange.weights import COSTS, UNKNOWN_ROUTE, Cost
from sim.metrics.lookup import Array, Numbers, count, first, take, text, total, whole
from sim.metrics.source import Source

NEW_ORDER_CALLS: Final = ("POST /fapi/v1/order", "POST /fapi/v1/algoOrder")


def requests_frame(source: Source) -> pd.DataFrame:
    """Return one row per HTTP call, in the order they were sent."""
    raw = source.table("request")
    order = np.argsort(raw["request"], kind="stable")
    rows = {name: values[order] for name, values in raw.items()}
    write, fault = source.table("write"), source.table("fault")
    written = Numbers(write["request"]).rows(rows["request"])
    numbers = Numbers(rows["request"])
    return pd.DataFrame(
        {
            "run": source.runs(len(order)),
            "intent": rows["intent"],
            "request": rows["request"],
            "role": text(rows["role"]),
            "call": text(rows["call"]),
            "n": rows["n"],
            "placement": whole(rows["placement"]),
            "sent_us": rows["sent_us"],
            "answered_us": rows["answered_us"],
            "duration_us": rows["answered_us"] - rows["sent_us"],
            "status": rows["status"],
            "code": rows["code"],
            "message": text(rows["message"]),
            "request_leg_us": rows["request_leg_us"],
            "reply_leg_us": rows["reply_leg_us"],
            "truth": text(take(write["truth"], written, "")),
            "order": whole(take(write["order"], written, -1)),
            "truth_us": whole(take(write["at_us"], written, -1)),
            "faults": count(numbers.rows(fault["request"]), len(order)),
            "weight": _weights(rows["call"]),
        },
        copy=False,  # the columns are nobody else's: sorting made them
    )


def _weights(calls: Array) -> Array:
    return costs_of(calls, lambda cost: cost.weight)


def costs_of(calls: Array, part: Callable[[Cost], int]) -> Array:
    """Return one part of what each call costs, for one symbol and the default limit: the trace holds no parameters."""
    codes, names = pd.factorize(calls)
    costs = np.array([part(COSTS.get(str(name), UNKNOWN_ROUTE)) for name in names], dtype=np.int64)
    return costs[codes] if len(codes) else np.zeros(0, dtype=np.int64)


def attempts_frame(source: Source, requests: pd.DataFrame) -> pd.DataFrame:
    """Return one row per failed attempt, with the kind of its failure."""
    raw = source.table("attempt")
    placement = source.table("placement")
    role_row = Numbers(placement["placement"]).rows(raw["placement"])
    return pd.DataFrame(
        {
            "run": source.runs(len(raw["intent"])),
            "intent": raw["intent"],
            "placement": raw["placement"],
            "role": text(take(placement["role"], role_row, "")),
            "attempt": raw["attempt"],
            "at_us": raw["at_us"],
            "code": raw["code"],
            "failure": text(_failures(raw, requests)),
            "message": text(raw["message"]),
            **_sleeps(source, raw),
        }
    )


def _sleeps(source: Source, raw: dict[str, Array]) -> dict[str, Any]:
    """Return the planned sleep after each failed attempt; a placement makes fewer than 2^20 attempts."""
    sleep = source.table("backoff")
    row = Numbers((sleep["placement"] << 20) + sleep["attempt"]).rows(
        (raw["placement"] << 20) + raw["attempt"]
    )
    return {
        "backoff_from_us": whole(take(sleep["at_us"], row, -1)),
        "backoff_us": take(sleep["delay_us"], row, 0),
    }


def _failures(raw: dict[str, Array], requests: pd.DataFrame) -> Array:
    """Name each failed attempt by its code; without one, by the answer its request got.

    An attempt fails in the instant its request is answered, so (placement, moment) finds the request.
    """
    names = raw["code"].astype(str).astype(object)
    codeless = np.flatnonzero(raw["code"] == 0)
    if len(codeless) == 0:
        return names
    asked = pd.DataFrame(
        {"placement": raw["placement"][codeless], "at": raw["at_us"][codeless], "place": codeless}
    )
    answered = pd.DataFrame(
        {
            "placement": requests["placement"].to_numpy(np.int64, na_value=-1),
            "at": requests["answered_us"].to_numpy(),
            "status": requests["status"].to_numpy(),
            "message": requests["message"].to_numpy(object),
        }
    )
    answered = answered[(answered["placement"] >= 0) & (answered["status"] != 200)]
    found = asked.merge(answered.drop_duplicates(["placement", "at"], keep="last"), how="left")
    names[codeless] = [
        "no order id" if pd.isna(status) else answer_name(int(status), str(message))
        for status, message in zip(found["status"], found["message"], strict=True)
    ]
    return names


def answer_name(status: int, message: str) -> str:
    """Name an answer without a code: a time-out, how the connection broke, or its HTTP status."""
    if status == 0:
        return "time-out"
    return f"connection: {message}" if status < 0 else f"http {status}"


def placements_frame(source: Source, requests: pd.DataFrame, attempts: pd.DataFrame) -> pd.DataFrame:
    """Return one row per placement, claimed beside true, with where its time went."""
    raw = source.table("placement")
    size = len(raw["placement"])
    numbers = Numbers(raw["placement"])
    failed_row = numbers.rows(attempts["placement"].to_numpy())
    placement = requests["placement"].to_numpy(np.int64, na_value=-1)
    made = requests["call"].isin(NEW_ORDER_CALLS).to_numpy()
    accepted = made & (requests["truth"] != "not_applied").to_numpy() & requests["order"].notna().to_numpy()
    row = numbers.rows(placement)
    orders = count(row[accepted], size)
    return pd.DataFrame(
        {
            "run": source.runs(size),
            "intent": raw["intent"],
            "seed": np.full(size, source.seed),
            "cluster": text(source.clusters(raw["intent"])),
            "placement": raw["placement"],
            "role": text(raw["role"]),
            "started_us": raw["started_us"],
            "ended_us": raw["ended_us"],
            "success": raw["success"],
            "true_success": orders == 1,
            "orders_accepted": orders,
            "order_id": text(raw["order_id"]),
            "code": raw["code"],
            "message": text(raw["message"]),
            "attempts": raw["attempts"],
            "failed_attempts": count(failed_row, size),
            "first_failure": text(first(failed_row, attempts["failure"].to_numpy(object), size, "")),
            "met_2021": count(failed_row[attempts["code"].to_numpy() == -2021], size) > 0,
            "adjusted": raw["adjusted"],
            **_waits(row, requests, size),
            "backoff_us": raw["backoff_us"],
        }
    )


def _waits(row: Array, requests: pd.DataFrame, size: int) -> dict[str, Any]:
    """Split the time of the requests of each row: legs, beyond the legs, reads, silence."""
    kinds = wait_kinds(requests)
    sums = {name: total(row, values, size).round().astype(np.int64) for name, values in kinds.items()}
    return {f"{name}_us": values for name, values in sums.items()}


def wait_kinds(requests: pd.DataFrame) -> dict[str, Array]:
    """Return for each request how much of its duration is network, venue, look-up and time-out (µs)."""
    duration = requests["duration_us"].to_numpy()
    silent = requests["status"].to_numpy() == 0
    read = requests["call"].str.startswith("GET").to_numpy(bool)
    legs = np.minimum(requests["request_leg_us"].to_numpy() + requests["reply_leg_us"].to_numpy(), duration)
    write = ~silent & ~read
    return {
        "network": np.where(write, legs, 0),
        "venue": np.where(write, duration - legs, 0),
        "lookup": np.where(read & ~silent, duration, 0),
        "timeout": np.where(silent, duration, 0),
    }


def faults_frame(source: Source, requests: pd.DataFrame) -> pd.DataFrame:
    """Return one row per fault that fired on a request."""
    raw = source.table("fault")
    row = Numbers(requests["request"].to_numpy()).rows(raw["request"])
    placement = requests["placement"].to_numpy(np.int64, na_value=-1)
    size = len(row)
    return pd.DataFrame(
        {
            "run": source.runs(size),
            "intent": raw["intent"],
            "seed": np.full(size, source.seed),
            "cluster": text(source.clusters(raw["intent"])),
            "fault": text(raw["fault"]),
            "kind": text(raw["kind"]),
            "request": raw["request"],
            "placement": whole(take(placement, row, -1)),
            "role": text(raw["role"]),
            "call": text(raw["call"]),
            "n": raw["n"],
            "first": raw["n"] == 0,
            "at_us": raw["at_us"],
            "stage": text(raw["stage"]),
            "truth": text(raw["truth"]),
        }
    )
