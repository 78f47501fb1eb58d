"""Read a request's parameters: query string and form body, as the venue does.

A parameter sent in both is taken from the query string (general information, "General Information on Endpoints").
The same parameter twice in one of them, or too many of them, is -1101 (binance-facts 1.2).  Bytes that are no UTF-8
come as lone surrogates: the signature covers them as they were sent, and what is read of them is the replacement
character.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import parse_qsl

MOST_PARAMETERS: Final = 200
"""More than any call takes: who sends more is not read."""


_TWICE: Final = "Duplicate values for a parameter detected."
_TOO_MANY: Final = f"Too many parameters; expected at most '{MOST_PARAMETERS}'."


class Sent(NamedTuple):
    """Hold what a request carries: parameters by name, and the text that its signature covers.

    ``trouble``: the text of the -1101 they meet, "" for none.
    """

    params: dict[str, str]
    signed_text: str
    trouble: str


def read(query: str, body: str) -> Sent:
    """Read a raw query string and a raw form body; ``signature`` and ``timestamp`` stay among the parameters."""
    params, trouble = _parsed(readable(body)) if body else ({}, "")
    if query:
        of_query, query_trouble = _parsed(readable(query))
        params |= of_query
        trouble = trouble or query_trouble
    return Sent(params, _unsigned(query) + _unsigned(body), trouble)


def readable(text: str) -> str:
    """Return text in which every byte that was no UTF-8 is the replacement character."""
    return text if text.isascii() else text.encode(errors="surrogateescape").decode(errors="replace")


def _parsed(text: str) -> tuple[dict[str, str], str]:
    if text.count("&") >= MOST_PARAMETERS:
        return {}, _TOO_MANY
    pairs = parse_qsl(text, keep_blank_values=True)
    params = dict(pairs)
    return params, "" if len(params) == len(pairs) else _TWICE


def _unsigned(text: str) -> str:
    if "signature=" not in text:
        return text
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))
