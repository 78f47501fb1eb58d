"""A mutant is one change of the code, and of nothing that only people read."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.mutation.equivalents import is_known, known_equivalents
from tests.mutation.mutants import mutants_of

PACKAGE = Path(__file__).resolve().parents[2] / "sim" / "execution"

SOURCE = '''
"""Say what this is."""

__all__ = ["f"]
Answer = Literal["yes", "no"]

def f(x: int, y: "int" = 2, *z: int) -> bool:
    """Say what it does."""
    del z
    if x < y and not y:
        raise ValueError("too small by far")
    x += 1
    return x == "sl"
'''


def test_every_mutant_is_another_program() -> None:
    """Each parses, differs from the source, and no two are alike."""
    plain = ast.unparse(ast.parse(SOURCE))
    sources = [mutant.source for mutant in mutants_of(SOURCE)]
    assert plain not in sources
    assert len(set(sources)) == len(sources)
    assert all(ast.parse(source) for source in sources)


def test_every_operator_is_tried_and_texts_are_left_alone() -> None:
    """All six operators appear; what only people and mypy read stays as it is."""
    found = list(mutants_of(SOURCE))
    assert {mutant.operator for mutant in found} == {
        "arithmetic", "boolean", "comparison", "constant", "return", "statement",
    }  # fmt: skip
    for mutant in found:
        assert "Say what this is." in mutant.source
        assert "__all__ = ['f']" in mutant.source
        assert "too small by far" in mutant.source or "raise" in mutant.what
        assert "y: 'int'" in mutant.source
        assert "Answer = Literal['yes', 'no']" in mutant.source
        assert "del z" in mutant.source


def test_every_equivalent_mutant_is_one_of_a_line_that_is_there_and_says_why() -> None:
    """A line that was changed since takes its entry with it."""
    for one in known_equivalents():
        lines = (PACKAGE / one.file).read_text(encoding="utf-8").splitlines()
        assert one.code in {line.strip() for line in lines}, one
        assert len(one.reason) > 20
        assert is_known(one.file, f"    {one.code}", one.change, known_equivalents())
    assert not is_known("placement.py", "pass", "< → <=", known_equivalents())
