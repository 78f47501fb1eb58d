"""Inside the fence clocks follow the run, and the real world is out of reach."""

from __future__ import annotations

import asyncio
import datetime
import importlib
import socket
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sim.clock import RealWorldCall, VirtualLoop, fenced, run_virtual
from sim.clock.fence import standing

EPOCH_US = 1_705_276_800_000_000  # 2024-01-15 00:00:00 UTC
UTC = datetime.UTC
START = datetime.datetime(2024, 1, 15)
SOURCE = """
from time import time, time_ns, monotonic, perf_counter, sleep
from datetime import datetime, date
import time as clock
import datetime as dates
"""


@pytest.fixture
def under_test() -> Iterator[Any]:
    """Give a module that took its clocks by name, as code under test does."""
    module = types.ModuleType("shop_under_test.bot")
    exec(SOURCE, module.__dict__)
    sys.modules["shop_under_test"] = types.ModuleType("shop_under_test")
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__], sys.modules["shop_under_test"]


def at(moment_s: float, read: Callable[[], Any], epoch_us: int = EPOCH_US) -> Any:
    """Read a clock ``moment_s`` into a fenced run."""
    loop = VirtualLoop()
    seen: list[Any] = []
    loop.at_us(round(moment_s * 1e6), lambda: seen.append(read()))
    with fenced(loop, epoch_us, ("shop_under_test",)):
        loop.run_until(None)
    return seen[0]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda m: m.clock.time(), 1_705_276_890.5),
        (lambda m: m.clock.time_ns(), 1_705_276_890_500_000_000),
        (lambda m: m.clock.monotonic(), 90.5),
        (lambda m: m.clock.monotonic_ns(), 90_500_000_000),
        (lambda m: m.clock.perf_counter(), 90.5),
        (lambda m: m.clock.perf_counter_ns(), 90_500_000_000),
        (lambda m: m.time(), 1_705_276_890.5),
        (lambda m: m.time_ns(), 1_705_276_890_500_000_000),
        (lambda m: m.monotonic(), 90.5),
        (lambda m: m.perf_counter(), 90.5),
        (lambda m: m.datetime.now(), START + datetime.timedelta(seconds=90.5)),
        (lambda m: m.datetime.now(UTC), (START + datetime.timedelta(seconds=90.5)).replace(tzinfo=UTC)),
        (lambda m: m.datetime.utcnow(), START + datetime.timedelta(seconds=90.5)),
        (lambda m: m.datetime.today(), START + datetime.timedelta(seconds=90.5)),
        (lambda m: m.date.today(), START.date()),
        (lambda m: m.dates.datetime.now(), START + datetime.timedelta(seconds=90.5)),
        (lambda m: m.dates.date.today(), START.date()),
        (lambda m: m.clock.gmtime()[:6], (2024, 1, 15, 0, 1, 30)),
        (lambda m: m.clock.localtime()[:6], (2024, 1, 15, 0, 1, 30)),
        (lambda m: m.clock.strftime("%H:%M:%S"), "00:01:30"),
        (lambda m: m.clock.ctime(), "Mon Jan 15 00:01:30 2024"),
        (lambda m: m.clock.asctime(), "Mon Jan 15 00:01:30 2024"),
        (lambda m: m.datetime.fromtimestamp(m.time()), START + datetime.timedelta(seconds=90.5)),
    ],
)  # fmt: skip
def test_a_clock_shows_the_run(read: Callable[[Any], Any], expected: Any, under_test: Any) -> None:
    """Every way of asking for the time gives virtual time at the replayed date; local time is UTC."""
    assert at(90.5, lambda: read(under_test)) == expected


def test_the_machines_zone_plays_no_part(under_test: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run in another zone reads the same local times, and the zone is the machine's own again afterwards."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert at(0.0, lambda: under_test.datetime.fromtimestamp(under_test.time())) == START
        assert at(0.0, lambda: START.astimezone().utcoffset()) == datetime.timedelta(0)
        assert time.localtime(0).tm_hour == 9
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_subclass_of_the_virtual_datetime_is_itself_alone(under_test: Any) -> None:
    """A class derived inside the run does not claim every datetime as its instance."""

    def look() -> tuple[bool, bool]:
        class Moment(under_test.datetime): ...

        return isinstance(START, Moment), isinstance(Moment(2020, 1, 1), Moment)

    assert at(1.0, look) == (False, True)


def test_a_zone_is_honoured(under_test: Any) -> None:
    """now(tz) is the same instant in the zone that was asked for."""
    tokyo = datetime.timezone(datetime.timedelta(hours=9))
    assert at(0.0, lambda: under_test.datetime.now(tokyo).isoformat()) == "2024-01-15T09:00:00+09:00"


def test_explicit_moments_are_left_alone(under_test: Any) -> None:
    """Functions that are given a time do not read the clock, and keep their meaning."""
    assert at(5.0, lambda: under_test.clock.gmtime(0)[:3]) == (1970, 1, 1)
    assert at(5.0, lambda: under_test.clock.strftime("%Y", under_test.clock.gmtime(0))) == "1970"
    assert at(5.0, lambda: under_test.datetime.fromtimestamp(0, UTC).year) == 1970
    assert at(5.0, lambda: under_test.datetime(2020, 2, 29).day) == 29


def test_real_dates_are_instances_of_the_virtual_ones(under_test: Any) -> None:
    """isinstance and issubclass see through the replacement, both ways."""

    def look() -> tuple[bool, bool, bool, bool]:
        virtual = under_test.datetime
        return (
            isinstance(START, virtual),
            isinstance(virtual(2020, 1, 1), datetime.datetime),
            issubclass(virtual, under_test.date),
            isinstance("2020", virtual),
        )

    assert at(1.0, look) == (True, True, True, False)


def test_everything_is_put_back(under_test: Any) -> None:
    """After the block every name is what it was, also when the block raised."""
    watched = [
        (
            time,
            (
                "time",
                "time_ns",
                "monotonic",
                "perf_counter",
                "sleep",
                "gmtime",
                "localtime",
                "strftime",
                "ctime",
            ),
        ),
        (datetime, ("datetime", "date")),
        (under_test, ("time", "monotonic", "datetime", "date", "sleep")),
        (threading.Thread, ("start",)),
        (socket.socket, ("connect", "bind")),
        (subprocess.Popen, ("__init__",)),
    ]

    def look() -> list[Any]:
        return [getattr(owner, name) for owner, names in watched for name in names]

    before = look()
    with fenced(VirtualLoop(), EPOCH_US, ("shop_under_test",)):
        assert all(now is not then for now, then in zip(look(), before, strict=True))
    assert look() == before
    with pytest.raises(KeyError), fenced(VirtualLoop(), EPOCH_US, ("shop_under_test",)):
        raise KeyError
    assert look() == before


def test_a_module_first_imported_behind_the_fence_is_given_the_real_clock_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it took by name follows the run while that lasts, the machine afterwards, and a later run when fenced."""
    (tmp_path / "late_shop.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        with fenced(VirtualLoop(), EPOCH_US):
            late: Any = importlib.import_module("late_shop")
            assert late.time() == EPOCH_US / 1e6
        assert (late.time, late.sleep, late.datetime) == (time.time, time.sleep, datetime.datetime)
        with fenced(VirtualLoop(), 0, ("late_shop",)):
            assert late.time() == 0.0
    finally:
        del sys.modules["late_shop"]


def test_only_modules_under_test_are_touched() -> None:
    """A module outside the named packages keeps the names it took."""
    outside = types.ModuleType("outside_shop")
    exec(SOURCE, outside.__dict__)
    sys.modules[outside.__name__] = outside
    try:
        with fenced(VirtualLoop(), 0, ("shop_under_test",)):
            assert outside.time() > 1e9
    finally:
        del sys.modules[outside.__name__]


REFUSED_METHODS = [
    name
    for name in dir(asyncio.AbstractEventLoop)
    if name
    in {
        "add_reader", "remove_reader", "add_writer", "remove_writer", "add_signal_handler", "remove_signal_handler",
        "call_soon_threadsafe", "run_in_executor", "set_default_executor", "getaddrinfo", "getnameinfo",
        "create_connection", "create_server", "create_unix_connection", "create_unix_server",
        "create_datagram_endpoint", "connect_accepted_socket", "connect_read_pipe", "connect_write_pipe",
        "start_tls", "sendfile", "sock_accept", "sock_connect", "sock_recv", "sock_recv_into", "sock_recvfrom",
        "sock_recvfrom_into", "sock_sendall", "sock_sendfile", "sock_sendto", "subprocess_exec", "subprocess_shell",
    }
]  # fmt: skip


def test_no_method_of_a_loop_is_forgotten() -> None:
    """Each public method of a stock loop is either virtual or refused; none is left unimplemented."""
    refused = set(REFUSED_METHODS)
    assert len(refused) == 32
    virtual = {name for name in dir(asyncio.AbstractEventLoop) if not name.startswith("_")} - refused
    assert {name for name in virtual if name not in VirtualLoop.__dict__} == set()


@pytest.mark.parametrize("name", REFUSED_METHODS)
def test_a_method_that_needs_the_real_world_is_refused_by_name(name: str) -> None:
    """The error names the method, at the call or at the await."""

    async def main() -> None:
        answer = getattr(asyncio.get_running_loop(), name)()
        await answer

    with pytest.raises(RealWorldCall, match=name):
        run_virtual(main())


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: asyncio.to_thread(print), "to_thread"),
        (lambda: asyncio.open_connection("localhost", 1), "create_connection"),
        (lambda: asyncio.start_server(print, "localhost", 1), "create_server"),
        (lambda: asyncio.create_subprocess_exec("true"), "subprocess_exec"),
        (lambda: asyncio.create_subprocess_shell("true"), "subprocess_shell"),
    ],
)
def test_asyncios_own_ways_out_are_refused(call: Callable[[], Any], named: str) -> None:
    """Helpers that would reach threads, sockets or processes raise, naming the way they tried."""

    async def main() -> None:
        await call()

    with pytest.raises(RealWorldCall, match=named):
        run_virtual(main())


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: time.sleep(0.001), "time.sleep"),
        (lambda: threading.Thread(target=print).start(), "Thread"),
        (lambda: socket.create_connection(("127.0.0.1", 9)), "socket.connect"),
        (lambda: socket.socket().bind(("127.0.0.1", 0)), "socket.bind"),
        (lambda: socket.socket().connect_ex(("127.0.0.1", 9)), "socket.connect"),
        (lambda: subprocess.run(["true"], check=False), "Popen"),
    ],
)
def test_blocking_calls_are_refused_inside_the_fence(call: Callable[[], Any], named: str) -> None:
    """Synchronous code cannot leave virtual time either."""
    with fenced(VirtualLoop(), 0), pytest.raises(RealWorldCall, match=named):
        call()


def test_a_module_that_took_sleep_by_name_is_refused_too(under_test: Any) -> None:
    """``from time import sleep`` is no way round."""
    with (
        fenced(VirtualLoop(), 0, ("shop_under_test",)),
        pytest.raises(RealWorldCall, match=r"asyncio\.sleep"),
    ):
        under_test.sleep(1)


def test_a_refusal_cannot_be_swallowed() -> None:
    """Code that treats every exception as a failed order does not hide a call to the real world."""
    assert not issubclass(RealWorldCall, Exception)


def test_every_refusal_is_remembered_even_when_it_is_swallowed() -> None:
    """The fence knows the calls it refused, by name, and the next fence begins with none."""
    with fenced(VirtualLoop(), 0) as fence:
        for call in (lambda: time.sleep(0.001), lambda: socket.socket().bind(("127.0.0.1", 0))):
            with suppress(RealWorldCall):
                call()
    assert [told.partition(", at ")[0] for told in fence.refused] == ["time.sleep", "socket.bind"]
    assert all("clock/test_fence.py:" in told for told in fence.refused)
    with fenced(VirtualLoop(), 0) as later:
        pass
    assert later.refused == []


def test_a_fence_that_stands_over_many_runs_turns_to_each_of_them(under_test: Any) -> None:
    """Every run has its own time and its own refusals; afterwards the real clocks are back."""
    real = under_test.time
    with standing(("shop_under_test",)):
        virtual = under_test.time
        for epoch_us in (0, EPOCH_US):
            with fenced(VirtualLoop(), epoch_us, ("shop_under_test",)) as fence:
                assert under_test.time is virtual
                assert virtual() == time.time() == epoch_us / 1e6
                with suppress(RealWorldCall):
                    under_test.sleep(1.0)
            assert len(fence.refused) == 1
    assert under_test.time is real is time.time


def test_a_coroutine_is_a_runs_own_only_while_the_run_lasts() -> None:
    """What is dropped between two runs under one fence is told as it is anywhere."""

    async def forgotten() -> None: ...

    with standing():
        with fenced(VirtualLoop(), 0, ("sim.execution",)) as fence:
            forgotten()
        with pytest.warns(RuntimeWarning, match="never awaited"):
            forgotten()
    assert [name.rpartition(".")[2] for name in fence.never_awaited] == ["forgotten"]
