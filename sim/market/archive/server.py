"""Ask the archive's server for one thing at a time, and sort its answers by what to do next.

Rules: 404 is an answer and not tried again; a cut connection, a silent server, 408, 429 and 5xx are tried again
after a back-off (1, 2, 4 … at most 30 s, or what ``Retry-After`` asks for); anything else is final.
"""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from sim import __version__
from sim.errors import InputError

BACKOFF_MAX_S: Final = 30.0
PATIENCE_S: Final = 120.0
"""A server that asks for a longer pause than this is not waited for."""

_TIMEOUT_S: Final = 30.0
_CHUNK_BYTES: Final = 1 << 16
_CHECKSUM_MOST_BYTES: Final = 4_096
_CHECKSUM: Final = re.compile(r"^(?P<digest>[0-9a-fA-F]{64})\s+\*?(?P<name>\S+)\s*$")
_TRANSIENT: Final = frozenset({408, 429, *range(500, 600)})

OnBytes = Callable[[int], None]


class NotPublished(Exception):
    """Say that the server has no such file."""


class Unfetchable(Exception):
    """Say that a file cannot be had, with the reason as text."""


class NotTried(Exception):
    """Say that the server was given up before this file's turn."""


class Stopped(Exception):
    """Say that the whole fetch was told to end."""


class Transient(Exception):
    """Say that the same request may succeed later; ``after_s`` is the pause the server asked for, or 0."""

    def __init__(self, reason: str, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.after_s = after_s


class _NothingLeft(Transient):
    """Say that the file ends before the byte that was asked for."""


def base_url_of(text: str) -> str:
    """Check the address of an archive; raises :class:`InputError` unless it is one of http or https."""
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        sound = sound and not (parts.query or parts.fragment) and text.isascii() and " " not in text
    except ValueError:
        sound = False
    if not sound:
        raise InputError("--base-url", text, "an address such as https://data.binance.vision")
    return text.rstrip("/")


class Server:
    """Speak to one archive; shared by all threads of a fetch.

    ``wait`` is called with seconds between tries; ``stopped`` is asked between chunks.  ``reached`` tells whether
    the server has ever answered anything; after ``given_up`` is set it is not asked any more.
    """

    def __init__(
        self,
        base_url: str,
        *,
        retries: int,
        wait: Callable[[float], object],
        stopped: Callable[[], bool],
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self.base_url = base_url
        self.retries = retries
        self.reached = False
        self.given_up = False
        self._wait = wait
        self._stopped = stopped
        self._timeout_s = timeout_s
        # Proxies are taken from the environment, as other programs do.
        self._opener = urllib.request.build_opener()

    def pause(self, failures: int, asked_s: float) -> None:
        """Wait before the next try; ``failures`` counts from 1.  Raises :class:`Stopped`."""
        self.go_on()
        self._wait(max(asked_s, min(2.0 ** (failures - 1), BACKOFF_MAX_S)))
        self.go_on()

    def go_on(self) -> None:
        """Raise :class:`Stopped` once the fetch was told to end."""
        if self._stopped():
            raise Stopped

    def checksum(self, path: str) -> str:
        """Return the sha256 that is published for the file at ``path``, in lower case."""
        name = path.rsplit("/", 1)[-1]
        try:
            with self._open(f"{path}.CHECKSUM") as answer:
                text = self._read(answer, _CHECKSUM_MOST_BYTES).decode("utf-8", "replace")
        except NotPublished:
            if self._is_there(path):
                raise Unfetchable("no checksum is published for it, so it cannot be verified") from None
            raise
        match = _CHECKSUM.match(text.strip())
        if match is None or match["name"].rsplit("/", 1)[-1] != name:
            # A proxy's page in place of the file, or one cut short.
            raise Transient(f"what came as its checksum is none ({text[:30]!r} …)")
        return match["digest"].lower()

    def download(self, path: str, part: Path, on_bytes: OnBytes) -> None:
        """Bring ``part`` to full length, going on from what it holds when the server can.

        Raises :class:`Transient` when the connection was cut: ``part`` then holds what had come.
        """
        have = part.stat().st_size if part.exists() else 0
        try:
            answer = self._open(path, {"Range": f"bytes={have}-"} if have else {})
        except _NothingLeft:
            # Longer than the whole file: it was part of something else.
            part.unlink()
            answer = self._open(path)
        with answer:
            going_on = answer.status == 206 and str(answer.headers.get("Content-Range")).startswith(
                f"bytes {have}-"
            )
            if answer.status == 206 and not going_on:
                part.unlink()
                raise Transient("the server sent another part than was asked for")
            left = answer.headers.get("Content-Length")
            with part.open("ab" if going_on else "wb") as stream:
                got = 0
                while chunk := self._read(answer, _CHUNK_BYTES):
                    self.go_on()
                    stream.write(chunk)
                    got += len(chunk)
                    on_bytes(len(chunk))
        # A cut connection looks like an ordinary end to read(); only the announced length tells.
        if left is not None and left.isdigit() and got < int(left):
            raise Transient(f"the connection was cut after {got:,} of {int(left):,} bytes")

    def _is_there(self, path: str) -> bool:
        try:
            self._open(path, {"Range": "bytes=0-0"}).close()
        except (NotPublished, Unfetchable):
            return False
        return True

    def _open(self, path: str, headers: dict[str, str] | None = None) -> Any:
        self.go_on()
        if self.given_up:
            raise NotTried
        request = urllib.request.Request(
            f"{self.base_url}/{quote(path)}",
            headers={"User-Agent": f"execution-sim/{__version__}", **(headers or {})},
        )
        try:
            answer = self._opener.open(request, timeout=self._timeout_s)
        except urllib.error.HTTPError as error:
            self.reached = True
            error.close()
            raise _refusal(error) from error
        except (OSError, http.client.HTTPException) as error:
            raise Transient(_reason(error)) from error
        self.reached = True
        return answer

    def _read(self, answer: Any, most: int) -> bytes:
        try:
            chunk: bytes = answer.read(most)
        except (OSError, http.client.HTTPException) as error:
            raise Transient(_reason(error)) from error
        return chunk


def _refusal(error: urllib.error.HTTPError) -> Exception:
    if error.code in (404, 410):
        return NotPublished()
    if error.code == 416:
        return _NothingLeft("the file ends before the byte that was asked for")
    said = f"HTTP {error.code} {error.reason or ''}".strip()
    if error.code not in _TRANSIENT:
        return Unfetchable(said)
    asked_s = _asked_pause_s(error.headers.get("Retry-After") if error.headers else None)
    if asked_s > PATIENCE_S:
        return Unfetchable(f"{said}; the server asks to come back in {asked_s:.0f} s")
    return Transient(said, asked_s)


def _asked_pause_s(text: str | None) -> float:
    """Read Retry-After: seconds or a date (RFC 9110, 10.2.3); what is neither asks for nothing."""
    if text is None:
        return 0.0
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "the server did not answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause) or type(cause).__name__
