"""A sweep is complete, each of its faults strikes where it was aimed, and nothing in it is drawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.errors import InputError
from sim.hunt import CLASSES, Bracket, blocks, records, sweep_calls, sweep_crashes
from sim.scenario import load_policy_named, load_scenario


def named(*names: str) -> list:
    return [one for one in CLASSES if one.name in names]


def test_the_bracket_goes_from_price_to_close(bracket: Bracket) -> None:
    """The intent swept is one that makes every call d7 knows without a fault."""
    assert [call.name for call in bracket.calls] == ["ticker", "entry", "sl", "tp", "flatten", "cancel all"]


def test_classes_have_names_of_their_own() -> None:
    """Each class is a row of the table, so no two may be called the same."""
    names = [one.name for one in CLASSES]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 20


def test_a_fault_strikes_one_call_and_no_other(bracket: Bracket) -> None:
    """The record shows one fault, on the call it was aimed at."""
    call = bracket.calls[2]
    (kind,) = named("503 B")
    _, trace = bracket.run_traced([kind.at(call.call, call.role, call.n)])
    faults = trace.arrays("fault")
    assert list(zip(faults["call"], faults["role"], faults["n"], strict=True)) == [
        ("POST /fapi/v1/order", "sl", 0)
    ]


def test_every_call_meets_every_class(bracket: Bracket) -> None:
    """The whole table: one run per cell, no cell empty, and each with a known verdict."""
    result = sweep_calls(bracket)
    assert len(result.rows) == len(bracket.calls) * len(CLASSES)
    assert {(row.place, row.fault) for row in result.rows} == {
        (call.name, kind.name) for call in bracket.calls for kind in CLASSES
    }
    assert all(row.cell.end for row in result.rows)
    shown = [cell for _, rows in blocks(result) for row in rows for cell in row]
    assert all(shown)
    assert len(shown) == (len(bracket.calls) + 1) * len(CLASSES)
    struck = {row.fault for row in result.rows if row.verdict != "no strike"}
    never_met = {"refused at trigger", "stuck at trigger"}
    assert {kind.name for kind in CLASSES} - struck <= never_met


def test_a_sweep_twice_is_the_same_table(bracket: Bracket) -> None:
    """No cell depends on another, on order, or on chance."""
    kinds = named("reply lost", "503 A, done", "-2021")
    first, again = sweep_calls(bracket, kinds), sweep_calls(bracket, kinds[::-1])
    key = lambda cell: (cell["place"], cell["fault"])  # noqa: E731
    assert sorted(records(first), key=key) == sorted(records(again), key=key)


def test_what_the_worst_cells_say(bracket: Bracket) -> None:
    """A lost reply to the entry doubles the position under d7; a 503 A that was applied leaves one unwatched."""
    result = sweep_calls(bracket, named("reply lost", "503 A, done", "-1021"))
    doubled, orphan = result.at("entry", "reply lost"), result.at("entry", "503 A, done")
    assert "I01" in doubled.cell.violations
    assert (orphan.cell.end, orphan.cell.believed) == ("failed", 0.0)
    assert orphan.cell.held != 0
    assert result.at("sl", "-1021").verdict == "fine"


def test_a_crash_at_each_await_and_each_restart(bracket: Bracket) -> None:
    """Every await of the fault-free run is a place to die at, with each time to come back."""
    result = sweep_crashes(bracket, (1.0, 600.0))
    assert len(result.places) >= len(bracket.calls)
    assert len(result.rows) == 2 * len(result.places)
    assert {row.cell.end for row in result.rows} == {"crashed"}
    assert result.at("1 ticker", "back after 1 s").cell.held == 0
    assert result.at("2 entry", "back after 600 s").cell.held != 0


def test_another_policy_has_calls_of_its_own(make_bracket: Callable[[str], Bracket]) -> None:
    """What is enumerated is what this policy's fault-free run asks, not a list."""
    assert {call.role for call in make_bracket("legacy-sltp").calls} >= {"entry", "sl", "tp"}


def test_an_intent_that_is_not_there_is_refused() -> None:
    """The bracket can be chosen by number, among those there are."""
    with pytest.raises(InputError, match="--intent"):
        Bracket(load_scenario("quickstart", ["workload.intents=3"]), load_policy_named("d7"), intent=3)
