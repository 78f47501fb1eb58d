"""Pipes in memory: asyncio's own streams and protocols over them, and no other way out."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sim.clock import PipedLoop, PipeName, RealWorldCall, VirtualLoop, run_virtual

WHERE = contextvars.ContextVar("where", default="nowhere")


async def _streams(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    transport, protocol = await loop.create_unix_connection(
        lambda: asyncio.StreamReaderProtocol(reader), path
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _serve(path: str, answer: Callable[[Any, Any], Awaitable[None]]) -> asyncio.AbstractServer:
    loop = asyncio.get_running_loop()

    def protocol() -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(loop=loop), answer, loop=loop)

    return await loop.create_unix_server(protocol, path)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line.upper())
    writer.write(b"BYE\n")
    writer.close()


def _run(program: Callable[[], Awaitable[Any]], **keywords: Any) -> Any:
    async def main() -> Any:
        return await program()

    return run_virtual(main(), loop=PipedLoop(**keywords))


def test_bytes_arrive_in_order_and_at_the_same_instant() -> None:
    """What is written arrives whole and in order, without time passing, and the end after all of it."""

    async def program() -> tuple[list[bytes], float]:
        await _serve("/pipe", _echo)
        reader, writer = await _streams("/pipe")
        for line in (b"one\n", b"tw", b"o\n", b"three\n"):
            writer.write(line)
        writer.write_eof()
        lines = [line async for line in reader]
        return lines, asyncio.get_running_loop().time()

    assert _run(program) == ([b"ONE\n", b"TWO\n", b"THREE\n", b"BYE\n"], 0.0)


def test_a_declared_delay_is_that_of_each_direction() -> None:
    """With a delay of 2 ms an answer takes 4 ms, and bytes written in between keep their own delay."""

    async def program() -> list[tuple[bytes, float]]:
        loop = asyncio.get_running_loop()
        await _serve("/pipe", _echo)
        reader, writer = await _streams("/pipe")
        writer.write(b"one\n")
        await asyncio.sleep(0.001)
        writer.write(b"two\n")
        heard = [(await reader.readline(), round(loop.time(), 6)) for _ in range(2)]
        writer.write_eof()
        await reader.read()
        return heard

    assert _run(program, pipe_delay_us=2000) == [(b"ONE\n", 0.004), (b"TWO\n", 0.005)]


def test_a_writer_waits_for_a_reader_that_is_behind() -> None:
    """drain() returns only once the other end has read: memory holds no endless buffer."""

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100_000):
            await asyncio.sleep(1)
        writer.close()

    async def program() -> float:
        await _serve("/pipe", slow)
        reader, writer = await _streams("/pipe")
        for _ in range(10):
            writer.write(bytes(200_000))
            await writer.drain()
        passed_s = asyncio.get_running_loop().time()
        writer.write_eof()
        await reader.read()
        return passed_s

    assert _run(program) >= 10


def test_closing_one_end_ends_the_other() -> None:
    """The other end hears the end of the stream, is closed in turn, and later writes go nowhere."""
    ends: list[str] = []

    class Ear(asyncio.Protocol):
        def __init__(self, name: str) -> None:
            self.name = name

        def connection_lost(self, error: Exception | None) -> None:
            ends.append(f"{self.name} {error}")

    async def program() -> bool:
        loop = asyncio.get_running_loop()
        await loop.create_unix_server(lambda: Ear("far"), "/pipe")
        transport, _ = await loop.create_unix_connection(lambda: Ear("near"), "/pipe")
        transport.close()
        transport.close()
        transport.write(b"into the void")
        await asyncio.sleep(1)
        return transport.is_closing()

    assert _run(program)
    assert sorted(ends) == ["far None", "near None"]


@pytest.mark.parametrize("delay_us", [0, 7])
def test_a_reset_tells_the_other_end_why(delay_us: int) -> None:
    """What was written before arrives first; then the other end hears the error, this one nothing, and all is over."""
    heard: list[Any] = []

    async def break_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"half")
        transport: Any = writer.transport
        transport.reset(ConnectionResetError("cut"))
        transport.reset(ConnectionResetError("again"))
        writer.write(b" more")

    class Ear(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            heard.append(data)

        def connection_lost(self, error: Exception | None) -> None:
            loop: Any = asyncio.get_running_loop()
            heard.append((str(error), loop.now_us))

    async def program() -> None:
        server = await _serve("/pipe", break_off)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_unix_connection(Ear, "/pipe")
        transport.write(b"hello")
        await asyncio.sleep(1)
        assert transport.is_closing()
        server.close()

    _run(program, pipe_delay_us=delay_us)
    assert heard == [b"half", ("cut", delay_us)]


def test_reading_can_be_paused() -> None:
    """A paused end keeps what arrives, the end of the stream included, until it reads again."""

    async def program() -> list[bytes]:
        await _serve("/pipe", _echo)
        reader, writer = await _streams("/pipe")
        transport: Any = writer.transport
        transport.pause_reading()
        writer.write(b"one\n")
        writer.write_eof()
        await asyncio.sleep(1)
        assert not reader.at_eof()
        transport.resume_reading()
        return [line async for line in reader]

    assert _run(program) == [b"ONE\n", b"BYE\n"]


def test_a_handler_lives_in_the_servers_context() -> None:
    """What a client's task has set is not seen behind the pipe, as it would not be behind a socket."""
    seen: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(WHERE.get())
        writer.close()

    async def program() -> None:
        WHERE.set("server")
        await _serve("/pipe", answer)
        WHERE.set("client")
        reader, _ = await _streams("/pipe")
        await reader.read()

    _run(program)
    assert seen == ["server"]


def test_nobody_listens() -> None:
    """A name without a server, or with one that was closed, refuses connections as a socket file would."""

    async def program() -> None:
        with pytest.raises(ConnectionRefusedError):
            await _streams("/pipe")
        server = await _serve("/pipe", _echo)
        with pytest.raises(OSError, match="listens at '/pipe' already"):
            await _serve("/pipe", _echo)
        server.close()
        with pytest.raises(ConnectionRefusedError):
            await _streams("/pipe")

    _run(program)


def test_a_pipe_may_stand_where_a_library_takes_a_socket() -> None:
    """create_connection accepts a PipeName for its sock, TLS and host name notwithstanding."""

    async def program() -> bytes:
        loop = asyncio.get_running_loop()
        await _serve("/pipe", _echo)
        reader = asyncio.StreamReader(loop=loop)
        transport, _ = await loop.create_connection(
            lambda: asyncio.StreamReaderProtocol(reader),
            sock=PipeName("/pipe"),  # type: ignore[call-overload]
            ssl=True,
            server_hostname="example.com",
        )
        transport.write(b"one\n")
        transport.write_eof()
        return await reader.read()

    assert _run(program) == b"ONE\nBYE\n"


@pytest.mark.parametrize("loop_class", [VirtualLoop, PipedLoop])
def test_every_other_way_out_is_refused(loop_class: type[VirtualLoop]) -> None:
    """TCP, real sockets, look-ups, executors and TLS raise, with pipes or without."""
    loop = loop_class()

    async def program() -> None:
        calls = [
            lambda: loop.create_connection(asyncio.Protocol, "127.0.0.1", 1),
            lambda: loop.create_server(asyncio.Protocol, "127.0.0.1", 1),
            lambda: loop.create_unix_connection(asyncio.Protocol),
            lambda: loop.create_unix_server(asyncio.Protocol, "/pipe", ssl=object()),
            lambda: loop.getaddrinfo("example.com", 443),
            lambda: loop.run_in_executor(None, print),
            lambda: loop.start_tls(),
        ]
        for call in calls:
            with pytest.raises(RealWorldCall):
                await call()  # type: ignore[misc]

    run_virtual(program(), loop=loop)


def test_call_soon_threadsafe_is_for_the_loops_own_thread() -> None:
    """Called from the loop's thread it is call_soon; from another thread it is refused."""
    refused: list[BaseException] = []

    async def program() -> str:
        loop = asyncio.get_running_loop()
        called = loop.create_future()
        loop.call_soon_threadsafe(called.set_result, "called")

        def elsewhere() -> None:
            try:
                loop.call_soon_threadsafe(print)
            except RealWorldCall as error:
                refused.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return str(await called)

    assert _run(program) == "called"
    assert len(refused) == 1
