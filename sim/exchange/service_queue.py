"""Let requests wait their turn at one server that takes the same time for each."""

from __future__ import annotations


class ServiceQueue:
    """Serve first come first served, each in exactly ``service_us`` (whole µs, at least 1).

    With arrivals at random this is M/D/1: the mean wait is rho / (2 (1 - rho)) services, rho the load.  Service
    times being equal, when the server is free says all there is to know; nobody stands in a list.
    """

    def __init__(self, service_us: int) -> None:
        self.service_us = service_us
        self._free_us = 0

    def finish_us(self, now_us: int) -> int:
        """Take in the request that arrives now and return when it has been served."""
        free = self._free_us
        self._free_us = done = (free if free > now_us else now_us) + self.service_us
        return done

    def length(self, now_us: int) -> int:
        """Return how many requests are waiting or being served."""
        return max(0, -((now_us - self._free_us) // self.service_us))
