"""Serve the exchange over HTTP and WebSocket, for client libraries that nobody here wrote.

:mod:`sim.web.application` turns any :class:`Exchange` into an aiohttp application; the same application serves a
real port and, on a :class:`~sim.clock.PipedLoop`, unmodified libraries in virtual time (:mod:`sim.web.clients`).
Needs the ``http`` extra.
"""

from sim.web.exchange import Answer, Deliver, Exchange

__all__ = ["Answer", "Deliver", "Exchange"]
