"""Refuse what needs the real world: every such method of an event loop, by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, NoReturn

from sim.clock.places import caller


class RealWorldCall(BaseException):
    """Refuse a call that would leave virtual time (socket, thread, subprocess, real sleep).

    Not an ``Exception``: code under test that treats every exception as a failed order must not swallow it.
    """


HEARERS: Final[list[Callable[[str], None]]] = []
"""Who is told of every refused call: code under test may swallow even a BaseException."""


def tell(what: str) -> str:
    """Tell all hearers of a refused call, and return what was told: the call and the line that made it."""
    place = caller(2)
    told = f"{what}, at {place}" if place else what
    for hear in HEARERS:
        hear(told)
    return told


def refuse(what: str) -> NoReturn:
    """Raise RealWorldCall naming the call and its caller."""
    told = tell(what)
    raise RealWorldCall(f"{told}, leaves virtual time; a simulated run has no real I/O, thread or process")


class RefusingLoop(asyncio.AbstractEventLoop):
    """Hold the methods of a loop that a virtual one cannot have."""

    def add_reader(self, *args: Any, **keywords: Any) -> NoReturn:  # type: ignore[override]
        """Refuse."""
        refuse("loop.add_reader")

    def add_signal_handler(self, *args: Any, **keywords: Any) -> NoReturn:  # type: ignore[override]
        """Refuse."""
        refuse("loop.add_signal_handler")

    def add_writer(self, *args: Any, **keywords: Any) -> NoReturn:  # type: ignore[override]
        """Refuse."""
        refuse("loop.add_writer")

    def call_soon_threadsafe(self, *args: Any, **keywords: Any) -> NoReturn:  # type: ignore[override]
        """Refuse."""
        refuse("loop.call_soon_threadsafe")

    async def connect_accepted_socket(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.connect_accepted_socket")

    async def connect_read_pipe(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.connect_read_pipe")

    async def connect_write_pipe(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.connect_write_pipe")

    async def create_connection(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.create_connection")

    async def create_datagram_endpoint(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.create_datagram_endpoint")

    async def create_server(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.create_server")

    async def create_unix_connection(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.create_unix_connection")

    async def create_unix_server(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.create_unix_server")

    async def getaddrinfo(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.getaddrinfo")

    async def getnameinfo(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.getnameinfo")

    def remove_reader(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.remove_reader")

    def remove_signal_handler(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.remove_signal_handler")

    def remove_writer(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.remove_writer")

    def run_in_executor(self, *args: Any, **keywords: Any) -> NoReturn:  # type: ignore[override]
        """Refuse."""
        refuse("loop.run_in_executor (asyncio.to_thread and thread pools use it)")

    async def sendfile(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.sendfile")

    def set_default_executor(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.set_default_executor")

    async def sock_accept(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.sock_accept")

    async def sock_connect(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.sock_connect")

    async def sock_recv(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.sock_recv")

    async def sock_recv_into(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.sock_recv_into")

    async def sock_recvfrom(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.sock_recvfrom")

    async def sock_recvfrom_into(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.sock_recvfrom_into")

    async def sock_sendall(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.sock_sendall")

    async def sock_sendfile(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.sock_sendfile")

    async def sock_sendto(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.sock_sendto")

    async def start_tls(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.start_tls")

    async def subprocess_exec(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.subprocess_exec")

    async def subprocess_shell(self, *args: Any, **keywords: Any) -> NoReturn:
        """Refuse."""
        refuse("loop.subprocess_shell")
