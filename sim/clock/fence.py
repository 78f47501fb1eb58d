"""Keep the real world out of a run: wall-clock reads follow the run, threads, sockets and real sleep raise.

Inside :func:`fenced`, ``time.time``, ``time.monotonic``, ``time.perf_counter`` (and their ``_ns`` forms) and
``datetime.datetime.now/utcnow/today``, ``datetime.date.today`` return virtual time at the replayed date, and so
do ``time.gmtime``, ``localtime``, ``ctime``, ``asctime`` and ``strftime`` where no moment is given.  Local time is
UTC: a run must not depend on the machine's zone.  The module attributes are replaced, and so are names that the
modules under test took by ``from time import time``.  Other threads of the process (a notebook kernel has several)
keep the real clock, sleep and sockets.
"""

from __future__ import annotations

import datetime as datetime_module
import os
import socket
import subprocess
import sys
import threading
import time as time_module
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

from sim.clock.loop import VirtualLoop
from sim.clock.refusing import HEARERS, RealWorldCall, refuse, tell

_RealDate = datetime_module.date
_RealDatetime = datetime_module.datetime


Ahead = Callable[[int], int]
"""How far a wall clock is ahead (µs) at a time of the run (µs)."""


class _Shown:
    """Hold what the virtual clocks show: the time of one run after the other, as one fence stands at a time.

    To make all that reads it anew for each run costs most of a fence, and whoever kept it would follow a dead run.
    """

    __slots__ = ("ahead", "env", "epoch_us", "run")

    run: Fence | None
    """The fence of the run that is in progress."""
    env: Any
    epoch_us: int
    ahead: Ahead | None

    def __init__(self) -> None:
        self.run = None

    def follow(self, loop: VirtualLoop, epoch_us: int, ahead: Ahead | None, run: Fence) -> None:
        """Show this run's time from now on."""
        self.env, self.epoch_us, self.ahead, self.run = loop.env, epoch_us, ahead, run

    def unix_us(self) -> int:
        """Return what a wall clock shows (Unix µs)."""
        now = int(self.env._now)
        return self.epoch_us + now if self.ahead is None else self.epoch_us + now + self.ahead(now)

    def instant(self) -> datetime_module.datetime:
        """Return what a wall clock shows, in UTC."""
        return _START + datetime_module.timedelta(microseconds=self.unix_us())


_START: Final = _RealDatetime(1970, 1, 1, tzinfo=datetime_module.UTC)
_SHOWN: Final = _Shown()


def _virtual_time_functions() -> dict[str, Callable[..., Any]]:
    shown, unix_us = _SHOWN, _SHOWN.unix_us
    gmtime, asctime, strftime = time_module.gmtime, time_module.asctime, time_module.strftime

    def unix_s() -> float:
        # Without a call in between where the clock is right: code under test may read it often.
        right = shown.ahead is None
        return ((shown.epoch_us + shown.env._now) if right else unix_us()) / 1e6

    def parts(seconds: float | None = None) -> time_module.struct_time:
        return gmtime(unix_us() / 1e6 if seconds is None else seconds)

    def refuse_sleep(seconds: float) -> None:
        place = tell("time.sleep").removeprefix("time.sleep")
        raise RealWorldCall(
            f"time.sleep({seconds!r}){place} blocks the event loop; under virtual time await asyncio.sleep instead"
        )

    return {
        "time": unix_s,
        "time_ns": lambda: unix_us() * 1000,
        "monotonic": lambda: shown.env._now / 1e6,
        "monotonic_ns": lambda: shown.env._now * 1000,
        "perf_counter": lambda: shown.env._now / 1e6,
        "perf_counter_ns": lambda: shown.env._now * 1000,
        "gmtime": parts,
        "localtime": parts,
        "ctime": lambda seconds=None: asctime(parts(seconds)),
        "asctime": lambda moment=None: asctime(parts() if moment is None else moment),
        "strftime": lambda form, moment=None: strftime(form, parts() if moment is None else moment),
        "sleep": refuse_sleep,
    }


class _ActsAs(type):
    """Let ``isinstance(x, datetime)`` hold for real instances while the name is replaced."""

    def __instancecheck__(cls, instance: object) -> bool:
        real = cls.__dict__.get("stands_for")
        return isinstance(instance, real) if real is not None else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        real = cls.__dict__.get("stands_for")
        return issubclass(subclass, real) if real is not None else super().__subclasscheck__(subclass)


class VirtualDatetime(_RealDatetime, metaclass=_ActsAs):
    """Be ``datetime.datetime`` inside the fence."""

    stands_for = _RealDatetime

    @classmethod
    def now(cls, tz: datetime_module.tzinfo | None = None) -> Any:
        instant = _SHOWN.instant()
        return instant.astimezone(tz) if tz is not None else instant.replace(tzinfo=None)

    @classmethod
    def utcnow(cls) -> Any:
        return _SHOWN.instant().replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return _SHOWN.instant().replace(tzinfo=None)


class VirtualDate(_RealDate, metaclass=_ActsAs):
    """Be ``datetime.date`` inside the fence."""

    stands_for = _RealDate

    @classmethod
    def today(cls) -> Any:
        return _SHOWN.instant().date()


def _here(virtual: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``virtual`` for the calling thread and ``real`` for every other one."""
    own, current = threading.get_ident(), threading.get_ident

    def either(*args: Any, **keywords: Any) -> Any:
        return virtual(*args, **keywords) if current() == own else real(*args, **keywords)

    return either


def _refusing(what: str) -> Callable[..., Any]:
    def refuse_call(*args: Any, **keywords: Any) -> Any:
        refuse(what)

    return refuse_call


class _Patches:
    """Remember what was replaced, and put it back in reverse."""

    def __init__(self) -> None:
        self._done: list[tuple[Any, str, Any]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        self._done.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    def undo(self) -> None:
        for owner, name, value in reversed(self._done):
            setattr(owner, name, value)

    def undo_in(self, modules: Iterable[Any]) -> None:
        """Give modules that were first imported behind the fence the real things for the virtual ones they took."""
        reals = {id(vars(owner)[name]): value for owner, name, value in self._done if name in vars(owner)}
        for module in modules:
            for name, value in list(vars(module).items()):
                if id(value) in reals:
                    setattr(module, name, reals[id(value)])


def _set_zone(name: str | None) -> None:
    """Set the process's zone, or unset it; fromtimestamp and astimezone read it below Python."""
    if name is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = name
    if hasattr(time_module, "tzset"):
        time_module.tzset()


_OURS: Final = "sim."


@dataclass(frozen=True, slots=True)
class _Modules:
    """Hold the names of all modules when they were last looked through, and of those under test."""

    names: list[str]
    known: frozenset[str]
    tested: list[str]


_LOOKED: dict[tuple[str, ...], _Modules] = {}


def _modules_under(prefixes: Sequence[str], clocks: Collection[int]) -> _Modules:
    """Name the modules under test that may hold a clock: one of the objects whose ids are ``clocks``.

    Modules of this package take their clocks by name as they are imported or never, so that those without one need
    not be asked again for every run; what code of others holds may change at any time.
    """
    key, names = tuple(prefixes), list(sys.modules)
    looked = _LOOKED.get(key)
    # Some thousand names, which seldom change: as lists of the same objects they are compared in no time.
    if looked is None or looked.names != names:
        inside = tuple(prefix + "." for prefix in prefixes)
        tested = [
            name
            for name in names
            if (name.startswith(inside) or name in key)
            and not (name.startswith(_OURS) and _holds_none(sys.modules[name], clocks))
        ]
        looked = _LOOKED[key] = _Modules(names, frozenset(names), tested)
    return looked


def _holds_none(module: ModuleType | None, clocks: Collection[int]) -> bool:
    return module is None or not any(id(value) in clocks for value in vars(module).values())


@dataclass
class Fence:
    """Collect what was seen at the fence: coroutines that nobody awaited, calls that were refused, by name."""

    never_awaited: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@contextmanager
def fenced(
    loop: VirtualLoop,
    epoch_us: int,
    modules: Sequence[str] = ("sim.execution",),
    ahead: Ahead | None = None,
) -> Iterator[Fence]:
    """Fence the real world out while the block runs.

    ``epoch_us`` is the Unix time of the run's start; ``modules`` are package names of the code under test, whose
    own ``from time import …`` names are replaced as well.  ``ahead``: how far wall clocks (not monotonic ones) are
    ahead of ``epoch_us`` and the run's time at a moment, for a clock that drifts or steps; None for a right one.
    One fence at a time in a process; inside :func:`standing` one it only turns to this run.
    """
    fence = Fence()
    _SHOWN.follow(loop, epoch_us, ahead, fence)
    with nullcontext() if [tuple(modules)] == _STANDS else _put_up(tuple(modules)):
        HEARERS.append(fence.refused.append)
        try:
            yield fence
        finally:
            HEARERS.clear()
            _SHOWN.run = None


@contextmanager
def standing(modules: Sequence[str] = ("sim.execution",)) -> Iterator[None]:
    """Keep one fence up over many runs, one after the other: putting it up anew costs as much as a short run's boot.

    Between two runs clocks show the end of the last one.
    """
    _SHOWN.follow(VirtualLoop(), 0, None, Fence())
    _SHOWN.run = None
    with _put_up(tuple(modules)):
        _STANDS.append(tuple(modules))
        try:
            yield
        finally:
            _STANDS.pop()


_STANDS: Final[list[tuple[str, ...]]] = []
"""The modules of the fences that stand over many runs."""


@contextmanager
def _put_up(modules: tuple[str, ...]) -> Iterator[None]:
    patches = _Patches()
    replaced: dict[int, Any] = {}
    for name, function in _virtual_time_functions().items():
        real = getattr(time_module, name)
        replaced[id(real)] = function
        patches.set(time_module, name, _here(function, real))
    replaced[id(_RealDatetime)] = VirtualDatetime
    replaced[id(_RealDate)] = VirtualDate
    zone = os.environ.get("TZ")
    looked = _modules_under(modules, replaced.keys())
    unawaited: Any = getattr(warnings, "_warn_unawaited_coroutine")  # noqa: B009 - no type knows of it

    def note(coroutine: Any) -> None:
        # The interpreter calls it by name.
        if _SHOWN.run is None:
            unawaited(coroutine)
        else:
            _SHOWN.run.never_awaited.append(coroutine.__qualname__)

    try:
        _set_zone("UTC")
        patches.set(datetime_module, "datetime", VirtualDatetime)
        patches.set(datetime_module, "date", VirtualDate)
        for module in [found for name in looked.tested if (found := sys.modules[name]) is not None]:
            for name, value in list(vars(module).items()):
                if id(value) in replaced and not name.startswith("__"):
                    patches.set(module, name, replaced[id(value)])
        for owner, name, called in (
            (threading.Thread, "start", "threading.Thread.start"),
            (socket.socket, "connect", "socket.connect"),
            (socket.socket, "connect_ex", "socket.connect_ex"),
            (socket.socket, "bind", "socket.bind"),
            (subprocess.Popen, "__init__", "subprocess.Popen"),
        ):
            patches.set(owner, name, _here(_refusing(called), getattr(owner, name)))
        patches.set(warnings, "_warn_unawaited_coroutine", note)
        yield
    finally:
        # Else "from time import time" in such a module would follow this run's clock for ever.
        if list(sys.modules) != looked.names:
            late = [sys.modules.get(name) for name in sys.modules.keys() - looked.known]
            patches.undo_in(module for module in late if isinstance(module, ModuleType))
        patches.undo()
        _set_zone(zone)
