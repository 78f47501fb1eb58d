"""Find the files a reference names, read their bytes once, and unpack them.

A reference is ``embedded:NAME``, a path, or a glob; several files are joined in time order by the loader.
"""

from __future__ import annotations

import glob
import gzip
import hashlib
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from sim.errors import InputError, nearest, unknown_name
from sim.market.bars import INTERVALS_US

EMBEDDED = "embedded:"
_DATA = Path(__file__).parent / "data"
_HEAD_BYTES = 4_096
_NAME = re.compile(
    r"^(?P<symbol>[A-Z0-9]+(?:_[A-Z0-9]+)?)-(?P<what>"
    + "|".join(INTERVALS_US)
    + r"|aggTrades|trades)(?![A-Za-z0-9])"
)


@dataclass(frozen=True, slots=True)
class RawFile:
    """Hold one file as it lies on disk; ``shown`` is how messages name it, ``digest`` its sha256."""

    shown: str
    name: str
    digest: str
    body: bytes

    @property
    def symbol(self) -> str | None:
        """Return the symbol in a name such as ``BTCUSDT-1m-2024-01-15.zip``, or None."""
        match = _NAME.match(self.name)
        return match["symbol"] if match else None

    @property
    def interval_us(self) -> int | None:
        """Return the bar length the file's name states, or None."""
        match = _NAME.match(self.name)
        return INTERVALS_US.get(match["what"]) if match else None

    @property
    def is_parquet(self) -> bool:
        """Tell parquet from text."""
        return self.body[:4] == b"PAR1"


def embedded_names() -> tuple[str, ...]:
    """List the names usable after ``embedded:``."""
    return tuple(sorted(path.name.removesuffix(".zip") for path in _DATA.glob("*.zip")))


def read_files(reference: str) -> list[RawFile]:
    """Read every file ``reference`` names, in the order of their names.

    Raises :class:`InputError` for an unknown embedded name, a path that leads nowhere, or an unreadable file.
    """
    if reference.startswith(EMBEDDED):
        name = reference.removeprefix(EMBEDDED)
        if name not in embedded_names():
            raise unknown_name("klines", name, "embedded data", embedded_names())
        return [_read(_DATA / f"{name}.zip", reference)]
    return [_read(path, str(path)) for path in _paths(reference)]


def _paths(reference: str) -> list[Path]:
    path = Path(reference).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        raise InputError("klines", reference, f"a file or a glob such as {path / '*.zip'}")
    found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True)) if Path(name).is_file()]
    if not found:
        beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        close = nearest(path.name, beside)
        raise InputError(
            "klines",
            reference,
            f"an existing file, a glob that matches one, or {EMBEDDED}NAME ({', '.join(embedded_names())})",
            str(path.parent / close) if close else None,
        )
    return found


def _read(path: Path, shown: str) -> RawFile:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise InputError(shown, error.strerror or str(error), "a readable file") from error
    return RawFile(shown, path.name, hashlib.sha256(body).hexdigest(), body)


def combined_digest(files: list[RawFile]) -> str:
    """Return the sha256 of one file's bytes, or of the hashes of several."""
    if len(files) == 1:
        return files[0].digest
    return hashlib.sha256("".join(file.digest for file in files).encode()).hexdigest()


def head_of(file: RawFile) -> bytes:
    """Unpack only the first few kilobytes: enough to tell what a file holds, cheap for a large archive."""
    return _unpack(file, _HEAD_BYTES)


def text_of(file: RawFile) -> bytes:
    """Unpack a zip, gzip or plain text file.

    Raises :class:`InputError` for a broken archive, or a zip that does not hold exactly one table.
    """
    return _unpack(file, -1)


def _unpack(file: RawFile, limit: int) -> bytes:
    kind = _container(file)
    try:
        if kind == "zip":
            with (
                zipfile.ZipFile(io.BytesIO(file.body)) as archive,
                archive.open(_only_member(file, archive)) as member,
            ):
                return _strip_mark(member.read(limit))
        if kind == "gzip":
            with gzip.GzipFile(fileobj=io.BytesIO(file.body)) as stream:
                return _strip_mark(stream.read(limit))
    except (
        zipfile.BadZipFile,
        gzip.BadGzipFile,
        EOFError,
        zlib.error,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise InputError(
            file.shown, f"{kind} that cannot be unpacked: {error}", f"a whole, plain {kind} file"
        ) from error
    return _strip_mark(file.body if limit < 0 else file.body[:limit])


def _strip_mark(text: bytes) -> bytes:
    # Spreadsheets write a byte order mark; it would hide the first digit from the header test.
    return text.removeprefix(b"\xef\xbb\xbf")


def _container(file: RawFile) -> str:
    # A name that claims an archive is held to it: a truncated download must not be read as text.
    if file.name.endswith(".zip") or file.body[:2] == b"PK":
        return "zip"
    if file.name.endswith(".gz") or file.body[:2] == b"\x1f\x8b":
        return "gzip"
    return "text"


def _only_member(file: RawFile, archive: zipfile.ZipFile) -> str:
    names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    if len(names) != 1:
        raise InputError(file.shown, f"zip of {len(names)} files", "a zip that holds exactly one CSV")
    return names[0]
