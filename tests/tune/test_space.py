"""A space file says what is wrong with it by line, value and nearest name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.errors import InputError
from sim.tune.space import Space

SpaceOf = Callable[[str], Space]
BUFFER = '[knobs."execution.sl_adjustment_buffer_pct"]\n'


def test_switches_and_choices_are_written_out(space_of: SpaceOf) -> None:
    """A knob without values tries every value its key can have."""
    space = space_of('[knobs."execution.client_ids"]\n[knobs."execution.jitter"]\n')
    assert space.knobs["execution.client_ids"].choices == [False, True]
    assert space.knobs["execution.jitter"].choices is not None
    assert len(space.knobs["execution.jitter"].choices) == 6


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[knobs."execution.sl_adjustment_bufer_pct"]\nlow = 1\nhigh = 2', "did you mean 'execution.sl_adjustment_"),
        (BUFFER + "lo = 0.1\nhigh = 0.2", "did you mean 'low'"),
        (BUFFER + "low = 0.2\nhigh = 0.1", "space.toml:3: knobs.execution.sl_adjustment_buffer_pct.high: given 0.1"),
        (BUFFER + "low = 0.0\nhigh = 0.1\nlog = true", "a number above 0, as log = true"),
        (BUFFER + "low = 0.1\nhigh = 0.9", "a number from 1e-06 to 0.5"),
        (BUFFER, "low and high, a number from"),
        ('[knobs."execution.look_up_min"]\nlow = 1.5\nhigh = 4', "a whole number"),
        ('[knobs."execution.jitter"]\nchoices = ["full", "ful"]', "one of none, full"),
        (BUFFER + 'low = 0.1\nhigh = 0.2\n[assumed."x"]\nlow = 0\nhigh = 1\nbase = 2', "a number from 0 to 1"),
        (BUFFER + "low = 0.1\nhigh = 0.2\n[safty]\nnaked = 1", "did you mean 'safety'"),
        ("base = 'safe'", "knobs: given nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(space_of: SpaceOf, text: str, words: str) -> None:
    """Each message has the place, the value and what was expected."""
    with pytest.raises(InputError) as caught:
        space_of(text)
    assert words in str(caught.value)


def test_a_policy_file_is_looked_for_beside_the_space(space_of: SpaceOf) -> None:
    """The base of another folder is found from wherever the command is given."""
    space = space_of(f"base = 'mine.toml'\n{BUFFER}low = 0.001\nhigh = 0.01")
    assert space.base.endswith("/mine.toml")
