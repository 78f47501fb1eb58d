"""Show that every value of a TOML text is found on its line."""

import pytest

from sim.scenario.toml_lines import line_map, line_of

Place = tuple[str | int, ...]

TEXT = """\
# a comment = 1
title = "a # b = [c]"
story = '''
x = 1
[nope]
'''

[market]  # here
"odd key".b = 'it'
path.kind = 1.5
from = 14:20:00
shock = [
  { kind = "drift", at = 1 },
  # between
  { kind = "crash", deep = { x = [1,
    2] } },
]
[[faults]]
name = "a]"
[faults.how]
rate = 0.5
[[faults]]
name = "b"
[[faults.parts]]
x = 1
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("story",), 3),
        (("market",), 8),
        (("market", "odd key"), 9),
        (("market", "odd key", "b"), 9),
        (("market", "path", "kind"), 10),
        (("market", "from"), 11),
        (("market", "shock"), 12),
        (("market", "shock", 0, "at"), 13),
        (("market", "shock", 1), 15),
        (("market", "shock", 1, "deep", "x", 0), 15),
        (("market", "shock", 1, "deep", "x", 1), 16),
        (("faults",), 18),
        (("faults", 0, "name"), 19),
        (("faults", 0, "how", "rate"), 21),
        (("faults", 1), 22),
        (("faults", 1, "name"), 23),
        (("faults", 1, "parts", 0, "x"), 25),
    ],
)
def test_a_value_is_found_on_its_line(path: Place, line: int) -> None:
    """Tables, dotted and quoted keys, inline tables, lists over several lines and tables in lists have lines."""
    assert line_map(TEXT)[path] == line


def test_an_absent_key_is_placed_at_its_table() -> None:
    """What is not there is told at the nearest table around it; what has no table has no line."""
    lines = line_map(TEXT)
    assert line_of(lines, ("faults", 0, "how", "burst", "rate")) == 20
    assert line_of(lines, ("workload",)) is None


def test_nothing_inside_text_or_comments_counts() -> None:
    """Keys inside multi-line text and comments are no keys."""
    lines = line_map(TEXT)
    assert {path[0] for path in lines} == {"title", "story", "market", "faults"}


def test_windows_line_ends_count_once() -> None:
    """A file with CRLF has the lines its editor shows."""
    assert line_map("a = 1\r\n\r\nb = 2\r\n") == {("a",): 1, ("b",): 3}
