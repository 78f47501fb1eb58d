"""Build what happened on the wire, as columns: requests, placements, failed attempts, faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from sim.exchange.weights import COSTS, UNKNOWN_ROUTE, Cost
from sim.metrics.lookup import Array, Columns, Numbers, count, first, take, total
from sim.metrics.source import Source

NEW_ORDER_CALLS: Final = ("POST /fapi/v1/order", "POST /fapi/v1/algoOrder")


def requests_columns(source: Source) -> Columns:
    """Return one row per HTTP call, in the order they were sent; ``last`` is the price when an order left."""
    raw = source.table("request")
    order = np.argsort(raw["request"], kind="stable")
    rows = {name: values[order] for name, values in raw.items()}
    write, fault = source.table("write"), source.table("fault")
    written = Numbers(write["request"]).rows(rows["request"])
    numbers = Numbers(rows["request"])
    return {
        "run": source.runs(len(order)),
        "intent": rows["intent"],
        "request": rows["request"],
        "role": rows["role"],
        "call": rows["call"],
        "n": rows["n"],
        "placement": rows["placement"],
        "sent_us": rows["sent_us"],
        "answered_us": rows["answered_us"],
        "duration_us": rows["answered_us"] - rows["sent_us"],
        "status": rows["status"],
        "code": rows["code"],
        "message": rows["message"],
        "request_leg_us": rows["request_leg_us"],
        "reply_leg_us": rows["reply_leg_us"],
        "truth": take(write["truth"], written, ""),
        "order": take(write["order"], written, -1),
        "truth_us": take(write["at_us"], written, -1),
        "faults": count(numbers.rows(fault["request"]), len(order)),
        "weight": _weights(rows["call"]),
        "last": rows["last"],
        "row": source.rows(rows["intent"]),
    }


def _weights(calls: Array) -> Array:
    return costs_of(calls, lambda cost: cost.weight)


def costs_of(calls: Array, part: Callable[[Cost], int]) -> Array:
    """Return one part of what each call costs, for one symbol and the default limit: the trace holds no parameters."""
    return of_calls(calls, lambda call: part(COSTS.get(call, UNKNOWN_ROUTE)))


def of_calls(calls: Array, answer: Callable[[str], int]) -> Array:
    """Return what ``answer`` says of each call, asked once for each name."""
    names = calls.tolist()
    answers = {name: answer(name) for name in set(names)}
    return np.array([answers[name] for name in names], dtype=np.int64)


def made_orders(requests: Columns) -> Array:
    """Tell which requests asked for a new order."""
    return of_calls(requests["call"], lambda call: call in NEW_ORDER_CALLS).astype(bool)


def attempts_columns(source: Source, requests: Columns) -> Columns:
    """Return one row per failed attempt, with the kind of its failure."""
    raw = source.table("attempt")
    placement = source.table("placement")
    role_row = Numbers(placement["placement"]).rows(raw["placement"])
    return {
        "run": source.runs(len(raw["intent"])),
        "intent": raw["intent"],
        "placement": raw["placement"],
        "role": take(placement["role"], role_row, ""),
        "attempt": raw["attempt"],
        "at_us": raw["at_us"],
        "code": raw["code"],
        "failure": _failures(raw, requests),
        "message": raw["message"],
        **_sleeps(source, raw),
    }


def _sleeps(source: Source, raw: Columns) -> Columns:
    """Return the planned sleep after each failed attempt; a placement makes fewer than 2^20 attempts."""
    sleep = source.table("backoff")
    row = Numbers((sleep["placement"] << 20) + sleep["attempt"]).rows(
        (raw["placement"] << 20) + raw["attempt"]
    )
    return {
        "backoff_from_us": take(sleep["at_us"], row, -1),
        "backoff_us": take(sleep["delay_us"], row, 0),
    }


def _failures(raw: Columns, requests: Columns) -> Array:
    """Name each failed attempt by its code; without one, by the answer its request got.

    An attempt fails in the instant its request is answered, so (placement, moment) finds the request.
    """
    names = raw["code"].astype(str).astype(object)
    codeless = np.flatnonzero(raw["code"] == 0)
    if len(codeless) == 0:
        return names
    broken = np.flatnonzero((requests["placement"] >= 0) & (requests["status"] != 200))
    placements, moments = requests["placement"][broken], requests["answered_us"][broken]
    found = dict(zip(zip(placements.tolist(), moments.tolist(), strict=True), broken.tolist(), strict=True))
    for place in codeless.tolist():
        request = found.get((int(raw["placement"][place]), int(raw["at_us"][place])))
        names[place] = (
            "no order id"
            if request is None
            else answer_name(int(requests["status"][request]), str(requests["message"][request]))
        )
    return names


def answer_name(status: int, message: str) -> str:
    """Name an answer without a code: a time-out, how the connection broke, or its HTTP status."""
    if status == 0:
        return "time-out"
    return f"connection: {message}" if status < 0 else f"http {status}"


def placements_columns(source: Source, requests: Columns, attempts: Columns) -> Columns:
    """Return one row per placement, claimed beside true, with where its time went."""
    raw = source.table("placement")
    size = len(raw["placement"])
    numbers = Numbers(raw["placement"])
    failed_row = numbers.rows(attempts["placement"])
    placement = requests["placement"]
    accepted = made_orders(requests) & (requests["truth"] != "not_applied") & (requests["order"] >= 0)
    row = numbers.rows(placement)
    orders = count(row[accepted], size)
    return {
        "run": source.runs(size),
        "intent": raw["intent"],
        "seed": source.seeds(size),
        "cluster": source.clusters(raw["intent"]),
        "placement": raw["placement"],
        "role": raw["role"],
        "started_us": raw["started_us"],
        "ended_us": raw["ended_us"],
        "success": raw["success"],
        "true_success": orders == 1,
        "orders_accepted": orders,
        "order_id": raw["order_id"],
        "code": raw["code"],
        "message": raw["message"],
        "attempts": raw["attempts"],
        "failed_attempts": count(failed_row, size),
        "first_failure": first(failed_row, attempts["failure"], size, ""),
        "met_2021": count(failed_row[attempts["code"] == -2021], size) > 0,
        "adjusted": raw["adjusted"],
        **_waits(row, requests, size),
        "backoff_us": raw["backoff_us"],
    }


def _waits(row: Array, requests: Columns, size: int) -> Columns:
    """Split the time of the requests of each row: legs, beyond the legs, reads, silence."""
    kinds = wait_kinds(requests)
    sums = {name: total(row, values, size).round().astype(np.int64) for name, values in kinds.items()}
    return {f"{name}_us": values for name, values in sums.items()}


def wait_kinds(requests: Mapping[str, Array]) -> dict[str, Array]:
    """Return for each request how much of its duration is network, venue, look-up and time-out (µs)."""
    duration = requests["duration_us"]
    silent = requests["status"] == 0
    read = of_calls(requests["call"], lambda call: call.startswith("GET"))
    legs = np.minimum(requests["request_leg_us"] + requests["reply_leg_us"], duration)
    write = ~silent & ~read
    return {
        "network": np.where(write, legs, 0),
        "venue": np.where(write, duration - legs, 0),
        "lookup": np.where(read & ~silent, duration, 0),
        "timeout": np.where(silent, duration, 0),
    }


def faults_columns(source: Source, requests: Columns) -> Columns:
    """Return one row per fault that fired on a request."""
    raw = source.table("fault")
    row = Numbers(requests["request"]).rows(raw["request"])
    placement = requests["placement"]
    size = len(row)
    return {
        "run": source.runs(size),
        "intent": raw["intent"],
        "seed": source.seeds(size),
        "cluster": source.clusters(raw["intent"]),
        "fault": raw["fault"],
        "kind": raw["kind"],
        "request": raw["request"],
        "placement": take(placement, row, -1),
        "role": raw["role"],
        "call": raw["call"],
        "n": raw["n"],
        "first": raw["n"] == 0,
        "at_us": raw["at_us"],
        "stage": raw["stage"],
        "truth": raw["truth"],
    }
