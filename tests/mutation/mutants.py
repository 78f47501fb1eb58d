"""Make mutants of a source file: one small change each, by the syntax tree.

Operators: comparison, boolean, arithmetic, constant, return, statement.  Left alone is what no test can or should see:
docstrings, annotations and the names made for them, texts with blanks in them (messages for people), ``__all__``,
``__slots__``, imports for types, and ``del`` of what a function was given and does not use.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult,
}  # fmt: skip
_SIGNS: Final = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.And: "and", ast.Or: "or",
}  # fmt: skip
_NAMES_LEFT_ALONE: Final = frozenset({"__all__", "__slots__"})
_DELETED: Final = (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """Name one change: where, by which operator, and what it is; ``place`` and ``number`` are its own in ``text``."""

    line: int
    operator: str
    what: str
    text: str
    place: int
    number: int

    @property
    def source(self) -> str:
        """Return the whole changed source; made when it is asked for, as most mutants of a sample are not."""
        changed = ast.parse(self.text)
        victim = list(_targets(changed))[self.place]
        _replace(changed, victim, _apply(victim, self.number))
        return ast.unparse(ast.fix_missing_locations(changed))

    @property
    def name(self) -> str:
        """Name the change within its file."""
        return f"{self.line}: {self.what}"


def mutants_of(source: str, share: float = 1.0) -> Iterator[Mutant]:
    """Yield every mutant of a source text, in the order of its lines; of a ``share``, the same ones each time."""
    count = 0
    for place, node in enumerate(_targets(ast.parse(source))):
        for number, (operator, what) in enumerate(_changes(node)):
            count += 1
            # Spread evenly over the text.
            if int(count * share) == int((count - 1) * share):
                continue
            yield Mutant(
                line=node.lineno, operator=operator, what=what, text=source, place=place, number=number
            )


def _targets(tree: ast.Module) -> Iterator[ast.expr | ast.stmt]:
    """Yield the nodes that may be changed, in a fixed order."""
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop(0)
        if isinstance(node, ast.expr | ast.stmt):
            yield node
        stack[:0] = list(_children(node))


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_params", "type_comment"):
            continue
        items = value if isinstance(value, list) else [value]
        for number, item in enumerate(items):
            if isinstance(item, ast.AST) and not _is_left_alone(item, first=field == "body" and number == 0):
                yield item


def _is_left_alone(node: ast.AST, *, first: bool) -> bool:
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        return True
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Assign):
        named = any(isinstance(name, ast.Name) and name.id in _NAMES_LEFT_ALONE for name in node.targets)
        return named or _is_type(node.value)
    if isinstance(node, ast.Delete):
        return all(isinstance(target, ast.Name) for target in node.targets)
    return isinstance(node, ast.JoinedStr) or _is_type(node)


def _is_type(node: ast.AST) -> bool:
    """Tell whether it is a type: what its subscript holds is one too (``dict[str, int]``)."""
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in (
        "Literal", "Callable", "Mapping", "Final", "tuple", "dict", "list", "frozenset",
    )  # fmt: skip


def _changes(node: ast.expr | ast.stmt) -> list[tuple[str, str]]:
    """Say what can be done to a node: (operator, what)."""
    if isinstance(node, ast.Compare):
        return [
            ("comparison", f"{_SIGNS[type(sign)]} → {_SIGNS[_COMPARISONS[type(sign)]]}") for sign in node.ops
        ]
    if isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        return [("boolean", f"{_SIGNS[type(node.op)]} → {_SIGNS[other]}")]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return [("boolean", "not x → x")]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return [("arithmetic", "-x → x")]
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _ARITHMETIC:
        return [("arithmetic", f"{_SIGNS[type(node.op)]} → {_SIGNS[_ARITHMETIC[type(node.op)]]}")] + (
            [("statement", _deleted(node))] if isinstance(node, ast.AugAssign) else []
        )
    if isinstance(node, ast.Constant):
        new = _other_constant(node.value)
        return [] if new is None else [("constant", f"{node.value!r} → {new!r}")]
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        return [("return", f"{ast.unparse(node)[:60]} → return None")]
    if isinstance(node, _DELETED):
        return [("statement", _deleted(node))]
    return []


def _deleted(node: ast.stmt) -> str:
    return f"without {ast.unparse(node).splitlines()[0][:60]}"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _other_constant(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str) and value and " " not in value:
        return f"{value}x"
    return None


def _apply(node: ast.expr | ast.stmt, number: int) -> ast.AST:
    """Return what takes a node's place under its change of this number."""
    if isinstance(node, ast.Compare):
        node.ops[number] = _COMPARISONS[type(node.ops[number])]()
        return node
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return node
    if isinstance(node, ast.UnaryOp):
        return node.operand
    if isinstance(node, ast.BinOp) or (isinstance(node, ast.AugAssign) and number == 0):
        node.op = _ARITHMETIC[type(node.op)]()
        return node
    if isinstance(node, ast.Constant):
        return ast.Constant(value=_other_constant(node.value))  # type: ignore[arg-type]
    if isinstance(node, ast.Return):
        return ast.Return(value=ast.Constant(value=None))
    return ast.Pass()


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    if old is new:
        return
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if value is old:
                setattr(node, field, new)
                return
            if isinstance(value, list):
                for number, item in enumerate(value):
                    if item is old:
                        value[number] = new
                        return
