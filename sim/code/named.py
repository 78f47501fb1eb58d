"""Find ``module:attribute`` in the user's tree, and say in one line what is wrong where it is not there."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from sim.code.tree import Tree
from sim.errors import InputError, nearest
from sim.scenario.mismatch import Words


class Found(NamedTuple):
    """Hold what a name led to.

    ``value``: a class, a function or an object.  ``method``: the name of a method where that was named (then ``value``
    is its class).  ``makes``: whether a function is one that makes the part, which its parameters cannot tell.
    """

    value: Any
    method: str = ""
    makes: bool = False


def find(tree: Tree, where: str, name: str) -> Found:
    """Import the module of ``name`` and return its attribute; raises InputError at ``where``.

    An exception that the module raises as it is executed is told with its type, text and place.
    """
    module_name, _, dotted = name.partition(":")
    module = _import(tree, where, name, module_name)
    value: Any = module
    owner: type | None = None
    for part in dotted.split("."):
        there = value
        value = getattr(there, part, _ABSENT)
        if value is _ABSENT:
            names = sorted(word for word in dir(there) if not word.startswith("_") and _is_own(there, word))
            shown = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
            kind = "class" if isinstance(there, type) else "module"
            called = getattr(there, "__name__", module_name)
            expected = f"an attribute of {kind} {called}, which has {shown or 'none'}"
            raise InputError(where, name, expected, nearest(part, names))
        owner = there if isinstance(there, type) and not isinstance(value, type) else None
    if owner is not None and not isinstance(
        inspect.getattr_static(owner, dotted.rpartition(".")[2]), staticmethod
    ):
        bound = getattr(value, "__self__", None)
        if bound is None:
            return Found(owner, dotted.rpartition(".")[2])
    return Found(value, makes=_makes(where, value))


_ABSENT = object()


def _is_own(owner: Any, name: str) -> bool:
    """Tell whether a name is defined in a module, and not merely imported there; a class's all are."""
    if isinstance(owner, type):
        return True
    value = getattr(owner, name)
    return callable(value) and getattr(value, "__module__", owner.__name__) == owner.__name__


def _makes(where: str, value: Any) -> bool:
    """Tell whether a plain function makes the part: all are made by one but flow and bracket, which are functions."""
    is_function = inspect.isfunction(value) or inspect.ismethod(value) or inspect.isbuiltin(value)
    return is_function and where not in ("code.flow", "code.bracket")


def _import(tree: Tree, where: str, name: str, module_name: str) -> Any:
    try:
        return tree.load(module_name)
    except ModuleNotFoundError as error:
        absent = error.name or module_name
        places = ", ".join(tree.roots)
        if module_name == absent or module_name.startswith(absent + "."):
            expected = f"a module in {places}"
            raise InputError(where, name, expected, nearest(absent, tree.neighbours(absent))) from error
        missing = Words(f"{name}, which imports {absent}")
        expected = (
            f"a module that is installed or lies in {places}, or is named in code.stubs "
            f'(stubs = ["{absent.partition(".")[0]}"])'
        )
        raise InputError(where, missing, expected) from error
    except InputError:
        raise
    except Exception as error:
        raise InputError(where, name, f"a module that can be imported; it raised {_told(error)}") from error


def _told(error: BaseException) -> str:
    trace, place = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith("<") and "importlib" not in file:
            place = f" at {file}:{trace.tb_lineno}"
        trace = trace.tb_next
    if isinstance(error, SyntaxError):
        place = f" at {error.filename}:{error.lineno}"
        return f"{type(error).__name__}: {error.msg}{place}"
    return f"{type(error).__name__}: {error}{place}"
