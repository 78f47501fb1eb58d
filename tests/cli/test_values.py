"""Values of options: what is read, what is refused."""

from __future__ import annotations

import pytest

from sim.api.values import checked_number, comma_list, override_texts, seed_list
from sim.errors import InputError


@pytest.mark.parametrize(
    "text", ["x", "", "-", "-1", "1.5", "1e3", "٣", "0x10", "1_000", " 1", "9" * 21, str(2**63)]
)
def test_number_is_plain_digits_within_64_bits(text: str) -> None:
    """Anything but the decimal digits of a number from the least on is refused, naming the option."""
    with pytest.raises(InputError, match=r"^--seed: given .*, expected a whole number from 0 on$"):
        checked_number("--seed", text, least=0)


@pytest.mark.parametrize("value", [True, 1.0, None])
def test_number_from_code_is_an_int(value: object) -> None:
    """A caller's value is not converted: True is no seed."""
    with pytest.raises(InputError):
        checked_number("seed", value, least=0)


def test_number_is_read() -> None:
    """Digits and ints are numbers."""
    assert (checked_number("--seed", "0", least=0), checked_number("--seed", 7, least=0)) == (0, 7)


def test_repeated_seed_is_refused() -> None:
    """A seed counted twice would make intervals narrower than the evidence."""
    with pytest.raises(InputError, match="--seeds: given 1, expected each seed once"):
        seed_list("--seeds", ["1", "2", "1"])


def test_no_seed_is_refused() -> None:
    """An empty list of seeds is a mistake, not a wish for the default."""
    with pytest.raises(InputError, match="at least one seed"):
        seed_list("seeds", [])


def test_empty_place_between_commas_is_refused() -> None:
    """A trailing comma hides a forgotten name."""
    with pytest.raises(InputError, match="--policies: given 'd7,', expected names, separated by commas"):
        comma_list("--policies", "d7,", "names")


def test_mapping_becomes_toml_texts() -> None:
    """A mapping's values keep their types on the way through text."""
    given = {
        "execution.classifier": "d7",
        "execution.guard_entry": True,
        "workload.every_s": 30.0,
        "market.klines": ["a.csv", "b.csv"],
        "faults[0].how": {"rate": 0.5},
    }
    assert override_texts(given) == [
        'execution.classifier="d7"',
        "execution.guard_entry=true",
        "workload.every_s=30.0",
        'market.klines=["a.csv", "b.csv"]',
        'faults[0].how={"rate" = 0.5}',
    ]


def test_one_text_is_one_override() -> None:
    """A single text is not taken apart into letters."""
    assert override_texts("workload.every_s=30") == ["workload.every_s=30"]


def test_value_toml_cannot_hold_is_refused() -> None:
    """An object that no scenario file could hold is named with its key."""
    with pytest.raises(InputError, match=r"set\['workload\.every_s'\]: given None"):
        override_texts({"workload.every_s": None})
