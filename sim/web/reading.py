"""Read a request's parameters: query string and form body, as the venue does.

A parameter sent in both is taken from the query string (general information, "General Information on Endpoints").
The same parameter twice in one of them is -1101 (binance-facts 1.2).
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qsl


class Sent(NamedTuple):
    """Hold what a request carries: parameters by name, and the text that its signature covers."""

    params: dict[str, str]
    signed_text: str
    duplicated: bool


def read(query: str, body: str) -> Sent:
    """Read a raw query string and a raw form body; ``signature`` and ``timestamp`` stay among the parameters."""
    params, twice = _parsed(body) if body else ({}, False)
    if query:
        of_query, query_twice = _parsed(query)
        params |= of_query
        twice = twice or query_twice
    return Sent(params, _unsigned(query) + _unsigned(body), twice)


def _parsed(text: str) -> tuple[dict[str, str], bool]:
    pairs = parse_qsl(text, keep_blank_values=True)
    params = dict(pairs)
    return params, len(params) != len(pairs)


def _unsigned(text: str) -> str:
    if "signature=" not in text:
        return text
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))
