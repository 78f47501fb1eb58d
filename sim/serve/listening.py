"""Say where a server may listen, and listen there; what cannot be had is refused on one line."""

from __future__ import annotations

import errno
import ipaddress

from aiohttp import web

from sim.errors import InputError

LOOPBACK = "127.0.0.1"


def address_of(host: str, *, allow_remote: bool) -> str:
    """Return the address to bind for ``host``; raise InputError for one beyond loopback that was not allowed."""
    # Two addresses could get two free ports.
    address = LOOPBACK if host == "localhost" else host
    try:
        local = ipaddress.ip_address(address).is_loopback
    except ValueError:
        # A name: where it leads is the resolver's word, which may change.
        local = False
    if not local and not allow_remote:
        expected = (
            "a loopback address (127.0.0.1, localhost, ::1), or --allow-remote: others could then reach it"
        )
        raise InputError("--host", host, expected)
    return address


async def listen(runner: web.AppRunner, host: str, port: int) -> tuple[str, int]:
    """Listen and return address and port; 0 takes a free one.  Raises InputError for what cannot be had."""
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        raise _refusal(error, host, port) from error
    found = runner.addresses[0]
    return str(found[0]), int(found[1])


def _refusal(error: OSError, host: str, port: int) -> InputError:
    reason = " ".join((error.strerror or str(error)).split())
    if error.errno == errno.EADDRINUSE:
        return InputError(
            "--port", port, f"a free port: somebody listens at {host}:{port} (0 takes a free one)"
        )
    if error.errno == errno.EACCES:
        return InputError("--port", port, "a port this user may open, from 1024 on (0 takes a free one)")
    return InputError("--host", host, f"an address of this machine ({reason})")
