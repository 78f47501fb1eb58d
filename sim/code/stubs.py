"""Stand in for modules that are not installed: everything in them is there, and does nothing.

An inert object may be called, entered, awaited, iterated over (it is empty), subclassed, raised (where a class is
asked for) and used as a decorator (what it decorates stays as it is).  It is false, has length 0 and equals itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import Any, Final


class Inert(Exception):
    """Be whatever is asked for and do nothing."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*(arg for arg in args if isinstance(arg, str)))

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        # As a decorator it leaves the function or class alone; everything else it answers with nothing in particular.
        if len(args) == 1 and not keywords and isinstance(args[0], FunctionType | type):
            return args[0]
        return Inert()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Inert()

    def __getitem__(self, key: Any) -> Any:
        return Inert()

    def __setitem__(self, key: Any, value: Any) -> None:
        """Forget it."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return False

    def __await__(self) -> Any:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None:
        """Let exceptions pass."""

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *error: Any) -> None:
        """Let exceptions pass."""

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        raise StopAsyncIteration


class StubModule(ModuleType):
    """Have every name; a name with a capital first letter is a class, so that it can be raised and subclassed."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        made: Any = type(name, (Inert,), {"__module__": self.__name__}) if name[:1].isupper() else Inert()
        setattr(self, name, made)
        return made


class StubLoader(Loader):
    """Make stub modules."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a module that has every name."""
        return StubModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: there is nothing to run."""
        module.__dict__.setdefault("__all__", [])


_LOADER: Final = StubLoader()


def stub_spec(name: str) -> ModuleSpec:
    """Return the spec of a stub; it counts as a package, so that modules below it can be imported."""
    spec = ModuleSpec(name, _LOADER, is_package=True)
    spec.submodule_search_locations = []
    return spec


def is_stub(name: str, stubs: Sequence[str]) -> bool:
    """Tell whether a module is one of ``stubs`` or lies below one."""
    return any(name == stub or name.startswith(stub + ".") for stub in stubs)


def leads_to_stub(name: str, stubs: Sequence[str]) -> bool:
    """Tell whether a stub lies below a module that is none itself."""
    return any(stub.startswith(name + ".") for stub in stubs)
