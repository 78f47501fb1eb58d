"""Read one figure from a run: how many intents a failure hit, and by how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from sim.experiment import Result


class Figure(NamedTuple):
    """State what was seen: a number that is 0 when the failure did not show, and the sentence with it."""

    number: float
    text: str


Measure = Callable[[Result], Figure]


def _intents(result: Result) -> int:
    return len(result.frames["intents"])


def broken(check: str) -> Measure:
    """Count the intents that break an invariant, and the most by which one does."""

    def measure(result: Result) -> Figure:
        found = result.violations[result.violations["check"].astype(str) == check]
        if found.empty:
            return Figure(0, f"{check}: none")
        worst = found.loc[found["amount"].abs().idxmax()]
        most = (
            ""
            if pd.isna(worst["amount"]) or not worst["amount"]
            else f", at most {worst['amount']:.4g} {worst['unit']}"
        )
        number = found["intent"].nunique()
        return Figure(number, f"{number} of {_intents(result)} intents break {check}{most}")

    return measure


def errors_of_the_run() -> Measure:
    """Count what the run itself reports: tasks that died unseen, coroutines that nobody awaited."""

    def measure(result: Result) -> Figure:
        found = result.manifest["errors"]
        return Figure(len(found), found[0] if found else "no errors")

    return measure


def lost_beyond(risks: float) -> Measure:
    """Count the intents that lose more than so many planned risks."""

    def measure(result: Result) -> Figure:
        intents = result.frames["intents"]
        lost = -intents["result_quote"] / intents["planned_risk_quote"]
        number = int((lost > risks).sum())
        return Figure(
            number,
            f"{number} of {len(intents)} intents lose more than {risks:g} R, at most {lost.max():.3g} R",
        )

    return measure


def believes_for_long(seconds: float) -> Measure:
    """Count the intents that believe for longer in a position that is gone."""

    def measure(result: Result) -> Figure:
        intents = result.frames["intents"]
        late_s = (intents["ended_us"].astype("float") - intents["exit_us"].astype("float")) / 1e6
        number = int((late_s > seconds).sum())
        most = f"{late_s.max():.1f} s" if number else "0 s"
        return Figure(
            number, f"{number} of {len(intents)} intents believe in a position that is gone, for up to {most}"
        )

    return measure


def smaller_than_believed() -> Measure:
    """Count positions that are smaller than what their owner asked for and books."""

    def measure(result: Result) -> Figure:
        intents = result.frames["intents"]
        short = (intents["entry_quantity"] > 0) & (intents["entry_quantity"] < intents["quantity"] * 0.999)
        number = int((short & intents["entry_claimed"].fillna(False).astype(bool)).sum())
        return Figure(
            number, f"{number} of {len(intents)} positions are smaller than the quantity that was booked"
        )

    return measure


def both(first: Measure, second: Measure) -> Measure:
    """Tell two figures; the number is the first one's."""

    def measure(result: Result) -> Figure:
        one, other = first(result), second(result)
        return Figure(one.number, f"{one.text}; {other.text}")

    return measure


def refused(code: int, role: str = "") -> Measure:
    """Count requests that the venue refused with a code."""

    def measure(result: Result) -> Figure:
        requests = result.frames["requests"]
        mine = (requests["code"] == code) & ((requests["role"].astype(str) == role) if role else True)
        hit = requests[mine]
        number = hit["intent"].nunique()
        return Figure(len(hit), f"{len(hit)} requests of {number} intents are refused with {code}")

    return measure


def ended(*outcomes: str) -> Measure:
    """Count the intents with one of these outcomes."""

    def measure(result: Result) -> Figure:
        found = result.frames["intents"]["outcome"].astype(str).isin(outcomes)
        return Figure(
            int(found.sum()), f"{int(found.sum())} of {len(found)} intents end as {' or '.join(outcomes)}"
        )

    return measure


def turned_away(word: str) -> Measure:
    """Count refusals of one kind by the venue's own limits, and bans."""

    def measure(result: Result) -> Figure:
        load = result.manifest["load"]
        number = load["refusals"].get(word, 0)
        bans = f", {len(load['bans_us'])} bans" if load["bans_us"] else ""
        return Figure(number, f"{number} requests get {word}{bans}")

    return measure


def met(fault: str) -> Measure:
    """Count the requests that a fault of this name refused: how hard a bot knocks at a closed door."""

    def measure(result: Result) -> Figure:
        number = int((result.frames["faults"]["fault"].astype(str) == fault).sum())
        return Figure(number, f"{number} requests meet {fault}, of {_intents(result)} intents")

    return measure


def stopped_within(seconds: float) -> Measure:
    """Count positions that their stop ends so soon after the entry."""

    def measure(result: Result) -> Figure:
        orders, intents = result.frames["orders"], result.frames["intents"]
        stops = orders[(orders["role"].astype(str) == "sl") & (orders["status"].astype(str) == "FILLED")]
        entries = orders[orders["role"].astype(str) == "entry"].groupby("intent")["ended_us"].min()
        held_us = stops["ended_us"].astype("float") - stops["intent"].map(entries).astype("float")
        number = int((held_us <= seconds * 1e6).sum())
        return Figure(number, f"{number} of {len(intents)} positions are stopped out within {seconds:g} s")

    return measure


def fired_off_mark() -> Measure:
    """Count stops that filled while the mark had not come to their trigger."""

    def measure(result: Result) -> Figure:
        fills = result.frames["fills"]
        stops = fills[(fills["role"].astype(str) == "sl") & (fills["trigger_price"] > 0)]
        beyond = (stops["side"] * (stops["mark"] - stops["trigger_price"])) < -0.001 * stops["trigger_price"]
        number = int(beyond.sum())
        return Figure(
            number, f"{number} of {len(stops)} stops fire with the mark more than 0.1 % away from them"
        )

    return measure


def headline(name: str, unit: str) -> Measure:
    """Return one of the headline numbers."""

    def measure(result: Result) -> Figure:
        value = result.headline[name]
        return Figure(value, f"{name} {value:.4g} {unit}".strip())

    return measure


def gap(claimed: str, true: str) -> Measure:
    """Return by how much a claimed share exceeds the true one."""

    def measure(result: Result) -> Figure:
        told, real = result.headline[claimed], result.headline[true]
        return Figure(1 - real, f"claimed {told:.1%}, true {real:.1%}")

    return measure
