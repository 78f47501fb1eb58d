"""Bring one archive file under its final name, or leave that name alone.

A download grows under a name of its own and is renamed only when its sha256 is the published one, which is kept
beside it: a file that still agrees with that is not asked for again.  What an interruption leaves is kept as
``NAME.part`` and gone on from.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sim.market.archive.server import OnBytes, Server, Transient, Unfetchable

# A second wrong sha256 is no accident of the line; the file that is published does not agree with its checksum.
_CORRUPT_MOST: Final = 2


def is_sound(target: Path) -> bool:
    """Tell whether a file is there and agrees with the checksum kept beside it."""
    try:
        kept = _checksum_file(target).read_text(encoding="ascii").split()
        return bool(kept) and kept[0] == digest_of(target)
    except (OSError, UnicodeDecodeError):
        return False


def fetch_file(server: Server, path: str, target: Path, on_bytes: OnBytes) -> bool:
    """Make ``target`` the verified file at ``path``; return whether it had to be downloaded.

    Raises NotPublished, Unfetchable with the reason, or Stopped; an OSError is one of our own disk.
    """
    if is_sound(target):
        return False
    with _own_part(target) as part:
        expected = _download(server, path, target, part, on_bytes)
        # The checksum comes first: alone it does no harm, while the file alone would be fetched again.
        _write_checksum(target, expected)
        if not part.exists():
            return False
        os.replace(part, target)
    return True


def _download(server: Server, path: str, target: Path, part: Path, on_bytes: OnBytes) -> str:
    expected: str | None = None
    failures = corrupt = 0
    while True:
        try:
            if expected is None:
                expected = server.checksum(path)
                if target.is_file() and digest_of(target) == expected:
                    part.unlink(missing_ok=True)
                    return expected
            server.download(path, part, on_bytes)
        except Transient as error:
            failures += 1
            if failures > server.retries:
                raise Unfetchable(f"{error} ({_times(failures)})") from error
            server.pause(failures, error.after_s)
            continue
        if digest_of(part) == expected:
            return expected
        part.unlink()
        # The archive replaces files at times (binance-facts 9): its checksum is asked for again, too.
        expected = None
        corrupt += 1
        if corrupt == _CORRUPT_MOST:
            raise Unfetchable("corrupted: what came does not have the published sha256, twice")


def _times(failures: int) -> str:
    return "1 try" if failures == 1 else f"{failures} tries"


def digest_of(path: Path) -> str:
    """Return the sha256 of a file, in lower case."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _checksum_file(target: Path) -> Path:
    return target.with_name(f"{target.name}.CHECKSUM")


def _write_checksum(target: Path, digest: str) -> None:
    own = _own_name(_checksum_file(target))
    try:
        own.write_text(f"{digest}  {target.name}\n", encoding="ascii")
        os.replace(own, _checksum_file(target))
    finally:
        own.unlink(missing_ok=True)


def _own_name(target: Path) -> Path:
    return target.with_name(f"{target.name}.{os.getpid()}-{threading.get_ident()}.part")


@contextmanager
def _own_part(target: Path) -> Iterator[Path]:
    """Yield a name nobody else writes to, holding what an earlier fetch left; leave there what is unfinished.

    Two fetches into one folder would otherwise write into each other's file.
    """
    left, own = target.with_name(f"{target.name}.part"), _own_name(target)
    with suppress(FileNotFoundError):
        os.replace(left, own)
    try:
        yield own
    finally:
        with suppress(FileNotFoundError):
            if own.stat().st_size:
                os.replace(own, left)
            else:
                own.unlink()
