"""Serve a small archive on the loopback, with the real layout and faults on demand."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sim.market.archive import FetchReport, Piece, Series, Server, fetch

Fault = Callable[["Answer"], None]


@dataclass
class Answer:
    """Hold what the server is about to send; a fault changes it."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    """Close the connection after so many bytes of the announced body."""


@dataclass
class Archive:
    """Hold published files by path, and faults to be met: one for each request of a path, in order."""

    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    resumes: bool = True
    url: str = ""

    def publish(self, path: str, text: str = "1,2,3\n", *, checksum: bool = True) -> bytes:
        """Publish a zip of one CSV and its checksum; return the zip."""
        name = path.rsplit("/", 1)[-1]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name.replace(".zip", ".csv")), text)
        self.files[path] = packed.getvalue()
        if checksum:
            digest = hashlib.sha256(packed.getvalue()).hexdigest()
            self.files[f"{path}.CHECKSUM"] = f"{digest}  {name}\n".encode()
        return packed.getvalue()

    def times_asked(self) -> Counter[str]:
        """Count requests by file name."""
        return Counter(path.rsplit("/", 1)[-1] for path, _ in self.asked)


@pytest.fixture
def archive() -> Iterator[Archive]:
    """Yield an archive that is being served."""
    found = Archive()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, wanted = self.path.lstrip("/"), self.headers.get("Range")
            with lock:
                found.asked.append((path, wanted))
                faults = found.faults.get(path, [])
                fault = faults.pop(0) if faults else None
            body = found.files.get(path)
            answer = Answer(404, b"<Error>NoSuchKey</Error>") if body is None else Answer(200, body)
            if body is not None and wanted and found.resumes:
                start, _, end = wanted.removeprefix("bytes=").partition("-")
                if int(start) >= len(body):
                    answer = Answer(416, b"")
                else:
                    last = int(end) if end else len(body) - 1
                    answer = Answer(206, body[int(start) : last + 1])
                    answer.headers["Content-Range"] = f"bytes {start}-{last}/{len(body)}"
            if fault is not None:
                fault(answer)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut_at])

        def log_message(self, *_: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        # Connections beyond the queue are asked for again by the kernel, a second later.
        request_queue_size = 64

    with Listener(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


Fetch = Callable[..., FetchReport]


@pytest.fixture
def waits() -> list[float]:
    """Return the list that collects every pause, in seconds; nobody sleeps."""
    return []


@pytest.fixture
def get(archive: Archive, tmp_path: Path, waits: list[float]) -> Fetch:
    """Return the function that fetches pieces of BTCUSDT 1m klines into the test's folder."""

    def run(*pieces: Piece, url: str | None = None, retries: int = 4, jobs: int = 1) -> FetchReport:
        def server(stop: threading.Event) -> Server:
            return Server(
                url or archive.url, retries=retries, wait=waits.append, stopped=stop.is_set, timeout_s=5.0
            )

        return fetch(pieces, Series("um", "klines", "BTCUSDT", "1m"), tmp_path, server=server, jobs=jobs)

    return run
