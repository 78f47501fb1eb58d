"""Import the user's modules from their own folder, anew for every run, and leave no trace of them.

Modules under the roots are the user's: they are executed again for every run, so that what they keep in globals dies
with the run.  Libraries are imported once, as ever.  Code is compiled once per process and read again when its file
changes; nothing is written into the user's folder.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from sim.code.stubs import is_stub, leads_to_stub, stub_spec

_OURS: Final = str(Path(__file__).resolve().parent.parent) + os.sep
_INSTALLED: Final = ("site-packages", "dist-packages")
_NEVER: Final = sys.stdlib_module_names | {"sim", "__main__"}
"""What a folder cannot replace, whatever lies in it."""

_COMPILED: Final[dict[str, tuple[int, int, CodeType]]] = {}


class UserLoader(SourceFileLoader):
    """Execute a module's file; its code is kept in memory, not beside the file."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the module's code, compiled when its file changed."""
        state = os.stat(self.path)
        known = _COMPILED.get(self.path)
        if known is None or known[:2] != (state.st_mtime_ns, state.st_size):
            code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
            known = _COMPILED[self.path] = (state.st_mtime_ns, state.st_size, code)
        return known[2]


class Tree:
    """Find the user's modules under ``roots``, and stubs by name; use it through :meth:`open`.

    ``modules``: names of installed packages that are executed anew as well.
    """

    def __init__(self, roots: Sequence[Path], stubs: Sequence[str] = (), modules: Sequence[str] = ()) -> None:
        self.roots = tuple(str(root.resolve()) for root in roots)
        self._stubs = tuple(stubs)
        self._modules = tuple(modules)
        self._below = tuple(root.rstrip(os.sep) + os.sep for root in self.roots)
        self._places: dict[str, tuple[str, list[str] | None]] = {}
        self._names: set[str] = set()
        self._hidden: dict[str, ModuleType] = {}
        self._looked = False

    # -- finding --------------------------------------------------------------------------------------

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer the import system (the protocol of ``sys.meta_path``)."""
        if self._stubs and is_stub(name, self._stubs):
            self._names.add(name)
            return stub_spec(name)
        spec = self._own(name, path)
        leads = spec is None and self._stubs and leads_to_stub(name, self._stubs)
        if leads and PathFinder.find_spec(name, path) is None:
            spec = stub_spec(name)
        if spec is not None:
            self._names.add(name)
        return spec

    def _own(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        known = self._places.get(name)
        if known is not None and os.path.exists(known[0]):
            return _spec(name, *known)
        top = name.partition(".")[0]
        if top in _NEVER:
            return None
        if any(name == module or name.startswith(module + ".") for module in self._modules):
            spec = PathFinder.find_spec(name, path)
        elif path is None:
            spec = PathFinder.find_spec(name, list(self.roots))
        elif self.holds(next(iter(path), "") + os.sep):
            spec = PathFinder.find_spec(name, path)
        else:
            return None
        if spec is None or not isinstance(spec.loader, SourceFileLoader) or spec.origin is None:
            return spec
        locations = spec.submodule_search_locations
        self._places[name] = (spec.origin, None if locations is None else list(locations))
        return _spec(name, *self._places[name])

    def holds(self, file: str) -> bool:
        """Tell whether a file is the user's."""
        if not file.startswith(self._below) or file.startswith(_OURS):
            return False
        return not any(part in file for part in _INSTALLED)

    # -- a run ----------------------------------------------------------------------------------------

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let imports find the user's modules while the block runs; afterwards they were never there."""
        self._hide()
        # Python types finders more narrowly than it treats them.
        finders: list[Any] = sys.meta_path
        finders.insert(0, self)
        try:
            yield
        finally:
            finders.remove(self)
            self.forget()
            sys.modules.update(self._hidden)
            self._hidden = {}

    def forget(self) -> None:
        """Take the user's modules out: the next import executes them anew."""
        for name in self._names:
            module = sys.modules.pop(name, None)
            if module is not None:
                _unbind(name, module)

    def _hide(self) -> None:
        if not self._looked:
            # Once: what is imported of the user's from elsewhere (a test that imports its own bot) is put aside.
            self._looked = True
            for name, module in list(sys.modules.items()):
                file = getattr(module, "__file__", None)
                if isinstance(file, str) and name.partition(".")[0] not in _NEVER and self.holds(file):
                    self._names.add(name)
        found = {name: sys.modules.pop(name, None) for name in self._names}
        self._hidden = {name: module for name, module in found.items() if module is not None}

    def load(self, name: str) -> ModuleType:
        """Import a module; raises what its execution raises."""
        module = sys.modules.get(name)
        return module if module is not None else importlib.import_module(name)

    def neighbours(self, name: str) -> list[str]:
        """Return the names of modules that lie where ``name`` was looked for, for messages."""
        above, _, _ = name.rpartition(".")
        found: set[str] = set()
        for root in self.roots:
            folder = Path(root, *above.split(".")) if above else Path(root)
            for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
                if entry.suffix == ".py" and entry.stem != "__init__":
                    found.add(f"{above}.{entry.stem}" if above else entry.stem)
                elif entry.is_dir() and next(entry.glob("*.py"), None) is not None:
                    found.add(f"{above}.{entry.name}" if above else entry.name)
        return sorted(found)


def _unbind(name: str, module: ModuleType) -> None:
    """Take a module out of its parent's attributes, where the parent stays."""
    above, _, last = name.rpartition(".")
    parent = sys.modules.get(above) if above else None
    if parent is not None and getattr(parent, last, None) is module:
        delattr(parent, last)


def _spec(name: str, origin: str, locations: list[str] | None) -> ModuleSpec:
    spec = ModuleSpec(name, UserLoader(name, origin), origin=origin, is_package=locations is not None)
    spec.has_location = True
    if locations is not None:
        spec.submodule_search_locations = list(locations)
    return spec
