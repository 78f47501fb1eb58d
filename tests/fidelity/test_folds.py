"""No bar is judged by a library that holds it, or a neighbour of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.fidelity.folds import block_fold, training_of_fold, training_without
from sim.fidelity.level import SECONDS
from sim.fidelity.sources import SOURCES, Libraries, path_of
from sim.fidelity.steps import steps_of_path
from sim.fidelity.tapes import Tape

_DAY_US = 86_400_000_000
Walk = Callable[[int, int], np.ndarray]
TapeOf = Callable[..., Tape]


def test_training_keeps_the_margin_from_every_judged_bar(tape_of: TapeOf, walk: Walk) -> None:
    """Four hours: each fold trains on two, five minutes short at the ends that touch a judged hour."""
    tape = tape_of(walk(240, 1))
    for fold in (0, 1):
        judged = tape.bar_starts_us[block_fold(tape.bar_starts_us, SECONDS) == fold]
        stretches = [recording.tape for recording in training_of_fold([tape], fold)]
        assert [len(bars) // 60 for bars in stretches] == [50, 50]
        for bars in stretches:
            first, last = bars.epoch_us, bars.epoch_us + bars.end_us
            gaps = np.maximum(first - (judged + SECONDS.bar_us), judged - last)
            assert gaps.min() >= SECONDS.margin_us


def test_other_dates_leave_out_the_judged_day_and_its_neighbours(tape_of: TapeOf, walk: Walk) -> None:
    """Of three tapes a day, two days and no day away only the second may train."""
    epoch_us = 1_705_276_800_000_000
    tapes = [
        tape_of(walk(30, seed), epoch_us=epoch_us + days * _DAY_US) for seed, days in enumerate((0, 0, 1, 2))
    ]
    (left,) = training_without(tapes, tapes[0])
    assert np.array_equal(left.tape.close, tapes[3].steps.close)


def test_every_bar_of_a_folded_path_comes_from_its_own_fold(tape_of: TapeOf, walk: Walk) -> None:
    """Shapes of other hours fill all bars, and each minute keeps its four prices."""
    tape = tape_of(walk(180, 2))
    path = path_of(SOURCES["shapes"], tape, 1, Libraries([tape]))
    assert path is not None
    steps = steps_of_path(path, SECONDS.step_us)
    assert np.array_equal(steps.last[59::60], tape.bars.close)
    assert np.array_equal(steps.high.reshape(-1, 60).max(axis=1), tape.bars.high)


def test_without_other_material_a_source_is_not_judged(tape_of: TapeOf, walk: Walk) -> None:
    """A single day has no other date to build from."""
    tape = tape_of(walk(180, 3))
    assert path_of(SOURCES["shapes_elsewhere"], tape, 1, Libraries([tape])) is None
    assert path_of(SOURCES["bridge"], tape, 1, Libraries([tape])) is not None


def test_a_tape_inside_one_fold_keeps_the_margin_as_well(tape_of: TapeOf, walk: Walk) -> None:
    """An hour that is not judged touches two that are: five minutes are left out at either end."""
    epoch_us = 1_705_276_800_000_000
    hour = block_fold(np.array([epoch_us + 3_600_000_000]), SECONDS)[0]
    tape = tape_of(walk(60, 1), epoch_us=epoch_us + 3_600_000_000)
    (left,) = training_of_fold([tape], 1 - int(hour))
    assert (left.tape.epoch_us - tape.steps.epoch_us, len(left.tape)) == (300_000_000, 50 * 60)


def test_the_library_of_other_dates_does_not_hang_on_who_asks_first(tape_of: TapeOf, walk: Walk) -> None:
    """Two tapes of one date leave the same tapes out, whatever their hours."""
    epoch_us, hour_us = 1_705_276_800_000_000, 3_600_000_000
    early, late = (tape_of(walk(30, 1), epoch_us=epoch_us + hours * hour_us) for hours in (1, 22))
    neighbour = tape_of(walk(30, 2), epoch_us=epoch_us + 30 * hour_us)
    assert training_without([neighbour], early) == training_without([neighbour], late) == []
