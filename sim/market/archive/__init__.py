"""Bring files of Binance's public archives into a folder, verified; nothing here is needed to run on them.

The library behind it is the standard one: what the task asks of a client (parallel, resumed, paced by the
server's own Retry-After) no download helper offers, and what is left is one request.
"""

from sim.market.archive.fetch import FetchReport, Progress, fetch
from sim.market.archive.plan import BASE_URL, KINDS, MARKETS, Piece, Series, plan, series_of, span_of
from sim.market.archive.server import Server, base_url_of

__all__ = [
    "BASE_URL",
    "KINDS",
    "MARKETS",
    "FetchReport",
    "Piece",
    "Progress",
    "Series",
    "Server",
    "base_url_of",
    "fetch",
    "plan",
    "series_of",
    "span_of",
]
