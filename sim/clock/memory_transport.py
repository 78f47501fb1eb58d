"""Join a client and a server of one loop by a pipe in memory: asyncio's transports without a socket.

:class:`PipedLoop` gives ``create_unix_connection`` and ``create_unix_server`` to code that speaks to a socket file
(aiohttp's ``UnixConnector``, ``websockets.unix_connect``); the path is a name in the loop's own table and touches
no file system.  Every other socket keeps raising :class:`RealWorldCall`, so nothing sent through such a connector
can reach the real world.

Rules of the pipe: bytes arrive in the order written, at the same instant unless the loop declares ``pipe_delay_us``;
nothing is lost; what was written before a close still arrives before the end.  A pipe in memory carries no TLS:
who asks for it (a client keeps its ``wss://`` address) gets the plain pipe.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
import threading
from collections.abc import Callable
from typing import Any, Final

import simpy

from sim.clock.handle import Handle
from sim.clock.loop import VirtualLoop
from sim.clock.refusing import refuse

HIGH_WATER: Final = 64 * 1024
"""Bytes not yet read at which the writer is asked to pause, asyncio's own default; a quarter lets it go on."""

_Factory = Callable[[], asyncio.BaseProtocol]


class MemoryTransport(asyncio.Transport):
    """Be one end of a pipe.  Callbacks of the protocol run in ``context``, as those of a socket would."""

    def __init__(
        self, loop: PipedLoop, protocol: asyncio.BaseProtocol, context: contextvars.Context, name: str
    ) -> None:
        super().__init__({"peername": name, "sockname": name})
        self._loop = loop
        self._protocol: Any = protocol
        self._context = context
        self._peer: MemoryTransport = self
        self._inbox: list[bytes] = []
        self._unread = 0
        self._reading = True
        self._due = False
        self._closing = False
        self._eof_sent = False
        self._eof_got = False
        self._high, self._low = HIGH_WATER, HIGH_WATER // 4
        self._asked_to_pause = False

    def joined_with(self, peer: MemoryTransport) -> None:
        """Make the two ends one pipe."""
        self._peer, peer._peer = peer, self

    def begin(self) -> None:
        """Tell the protocol that the connection stands."""
        self._context.run(self._protocol.connection_made, self)

    # -- writing --------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes to the other end; dropped in silence once this end is closing, as on a socket."""
        if data and not self._closing and not self._eof_sent:
            self._send(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        """Send several pieces as one."""
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        """Say that nothing more follows; the other direction stays open."""
        if not self._eof_sent and not self._closing:
            self._eof_sent = True
            self._send(None)

    def can_write_eof(self) -> bool:
        """Return True."""
        return True

    def _send(self, data: bytes | None) -> None:
        delay_us = self._loop.pipe_delay_us
        if delay_us:
            self._loop.call_later(delay_us / 1e6, self._peer._arrive, data, context=self._peer._context)
        else:
            self._peer._arrive(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when this end's protocol is asked to pause writing and to go on, in bytes not yet read."""
        self._high = high if high is not None else (HIGH_WATER if low is None else 4 * low)
        self._low = low if low is not None else self._high // 4

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return (low, high) in bytes."""
        return self._low, self._high

    def get_write_buffer_size(self) -> int:
        """Return the bytes written here that the other end has not read."""
        return self._peer._unread

    # -- reading --------------------------------------------------------------------------------------

    def _arrive(self, data: bytes | None) -> None:
        if self._closing:
            return
        if data is None:
            self._eof_got = True
        else:
            self._inbox.append(data)
            self._unread += len(data)
            writer = self._peer
            if self._unread > writer._high and not writer._asked_to_pause and not writer._closing:
                writer._asked_to_pause = True
                writer._protocol.pause_writing()
        self._wake()

    def _wake(self) -> None:
        # One callback for all that was written at an instant: a reply's head and body arrive together.
        if self._reading and not self._due:
            self._due = True
            self._loop.call_soon(self._deliver, context=self._context)

    def _deliver(self) -> None:
        self._due = False
        if self._closing or not self._reading:
            return
        if self._inbox:
            data = b"".join(self._inbox)
            self._inbox.clear()
            self._unread = 0
            writer = self._peer
            if writer._asked_to_pause:
                writer._asked_to_pause = False
                self._loop.call_soon(writer._go_on, context=writer._context)
            self._protocol.data_received(data)
        if self._eof_got and not self._inbox and self._reading and not self._closing:
            self._eof_got = False
            if not self._protocol.eof_received():
                self.close()

    def _go_on(self) -> None:
        if not self._closing:
            self._protocol.resume_writing()

    def is_reading(self) -> bool:
        """Tell whether bytes are handed to the protocol."""
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        """Keep bytes back until :meth:`resume_reading`."""
        self._reading = False

    def resume_reading(self) -> None:
        """Hand on what was kept back."""
        self._reading = True
        if self._inbox or self._eof_got:
            self._wake()

    # -- protocol and end -----------------------------------------------------------------------------

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand later bytes to another protocol (a connection that turns into a WebSocket)."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol."""
        return self._protocol  # type: ignore[no-any-return]

    def is_closing(self) -> bool:
        """Tell whether this end was closed."""
        return self._closing

    def close(self) -> None:
        """Close this end; the other one reads what was sent and then its end."""
        if self._closing:
            return
        if not self._eof_sent:
            self._send(None)
        self._closing = True
        self._inbox.clear()
        self._unread = 0
        self._loop.call_soon(self._lost, context=self._context)

    def abort(self) -> None:
        """Close at once: a pipe in memory holds nothing back that could be thrown away."""
        self.close()

    def reset(self, error: Exception) -> None:
        """End the connection under both; the other end hears of ``error`` once it has read what was sent before."""
        if self._closing:
            return
        peer, delay_us = self._peer, self._loop.pipe_delay_us
        if delay_us:
            self._loop.call_later(delay_us / 1e6, peer._fail, error, context=peer._context)
        else:
            self._loop.call_soon(peer._fail, error, context=peer._context)
        self._eof_sent = True
        self.close()

    def _fail(self, error: Exception) -> None:
        if self._closing:
            return
        self._reading = True
        self._deliver()
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._lost, error, context=self._context)

    def _lost(self, error: Exception | None = None) -> None:
        self._protocol.connection_lost(error)


class MemoryServer(asyncio.AbstractServer):
    """Accept connections under a name of the loop's table until closed."""

    def __init__(self, loop: PipedLoop, path: str, factory: _Factory) -> None:
        self._loop = loop
        self._path = path
        self._factory = factory
        # A handler must not inherit the context of whoever opened the connection it happens to answer on.
        self._context = contextvars.copy_context()
        self.sockets: tuple[Any, ...] = ()

    def accept(self) -> MemoryTransport:
        """Make the server's end of a new pipe."""
        protocol = self._context.copy().run(self._factory)
        return MemoryTransport(self._loop, protocol, self._context.copy(), self._path)

    def close(self) -> None:
        """Accept no more; connections that stand go on."""
        if self._loop.pipe_servers.get(self._path) is self:
            del self._loop.pipe_servers[self._path]

    async def wait_closed(self) -> None:
        """Return at once: there is no socket to wait for."""

    def is_serving(self) -> bool:
        """Tell whether connections are accepted."""
        return self._loop.pipe_servers.get(self._path) is self

    async def start_serving(self) -> None:
        """Do nothing: a server accepts from its creation on."""

    async def serve_forever(self) -> None:
        """Wait until cancelled."""
        try:
            await self._loop.create_future()
        finally:
            self.close()

    def get_loop(self) -> PipedLoop:
        """Return the loop."""
        return self._loop


class PipeName:
    """Stand where a library takes a connected socket, and name a server of the loop's table instead."""

    def __init__(self, path: str) -> None:
        self.path = path


class PipedLoop(VirtualLoop):
    """Be a virtual loop whose socket files are pipes in memory; ``pipe_delay_us`` is each direction's delay."""

    def __init__(self, env: simpy.Environment | None = None, *, pipe_delay_us: int = 0) -> None:
        super().__init__(env)
        self.pipe_delay_us = pipe_delay_us
        self.pipe_servers: dict[str, MemoryServer] = {}
        self._thread = threading.get_ident()

    async def create_unix_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], path: Any = None, **keywords: Any
    ) -> tuple[MemoryTransport, Any]:
        """Connect to the server of that name; ConnectionRefusedError where there is none.

        Of the keywords a socket would take, those of TLS are accepted and mean nothing; ``sock`` is refused.
        """
        if path is None or keywords.get("sock") is not None:
            refuse("loop.create_unix_connection with a socket of its own")
        return self._connect(protocol_factory, str(path))

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], *args: Any, **keywords: Any
    ) -> tuple[MemoryTransport, Any]:
        """Connect to the server that ``sock``, a :class:`PipeName`, names; refuse every other connection."""
        name = keywords.get("sock")
        if not isinstance(name, PipeName):
            refuse("loop.create_connection")
        return self._connect(protocol_factory, name.path)

    def _connect(self, protocol_factory: Callable[[], Any], path: str) -> tuple[MemoryTransport, Any]:
        server = self.pipe_servers.get(path)
        if server is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"nobody listens at {path!r} in this loop")
        protocol = protocol_factory()
        near = MemoryTransport(self, protocol, contextvars.copy_context(), path)
        far = server.accept()
        near.joined_with(far)
        far.begin()
        near.begin()
        return near, protocol

    async def create_unix_server(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], path: Any = None, **keywords: Any
    ) -> MemoryServer:
        """Listen under a name; OSError (EADDRINUSE) when it is taken, refused with a real socket or TLS."""
        if path is None or keywords.get("sock") is not None:
            refuse("loop.create_unix_server with a socket of its own")
        if keywords.get("ssl") is not None:
            refuse("loop.create_unix_server with TLS")
        name = str(path)
        if name in self.pipe_servers:
            raise OSError(errno.EADDRINUSE, f"somebody listens at {name!r} already")
        server = self.pipe_servers[name] = MemoryServer(self, name, protocol_factory)
        return server

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> Handle:
        """Run ``callback`` at this instant; refused from another thread.

        Libraries call it from the loop's own thread out of caution (python-binance's stream reader does).
        """
        if threading.get_ident() != self._thread:
            refuse("loop.call_soon_threadsafe from another thread")
        return self.call_soon(callback, *args, context=context)
