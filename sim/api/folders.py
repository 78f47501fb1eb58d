"""Make the folders that commands write, and find those that earlier commands wrote."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sim.errors import InputError, nearest

if TYPE_CHECKING:
    from sim.experiment import Result

REPORTS: Final = Path("reports")
"""Where results go and are looked for by name, seen from the working directory."""

WRITABLE: Final = "a folder that can be written"


@contextmanager
def new_folder(given: str | Path) -> Iterator[Path]:
    """Yield a folder that becomes ``given`` when the block succeeds, and leave no trace when it does not.

    It is made at once: whatever cannot be written is refused before anything is computed.  Raises InputError.
    """
    from sim.experiment.store import whole_folder
    from sim.scenario.files import written_path

    target = Path(os.path.realpath(written_path("--out", given)))
    if target in (Path.cwd(), *Path.cwd().parents):
        raise InputError("--out", str(given), "a folder other than the one commands are given in")
    with ExitStack() as stack:
        with as_input_error("--out", target, "a folder that can be made"):
            absent = [parent for parent in target.parents if not parent.exists()]
            stack.callback(_remove_empty, absent)
            folder = stack.enter_context(whole_folder(target))
        yield folder


def _remove_empty(folders: list[Path]) -> None:
    """Remove those of ``folders``, innermost first, that hold nothing: made for a result that never came."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def as_input_error(option: str, path: Path, expected: str) -> Iterator[None]:
    """Report an OSError of the block as the InputError of the option that named ``path``."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(option, str(path), f"{expected} ({reason})") from error


def run_names() -> list[str]:
    """List the names of the run folders under :data:`REPORTS`."""
    from sim.experiment.store import MANIFEST

    return sorted(path.parent.name for path in REPORTS.glob(f"*/{MANIFEST}"))


def load_run(run: str) -> Result:
    """Load a run from its folder or from its name under :data:`REPORTS`.

    Raises InputError when there is none, naming the nearest, and when what is there cannot be read.
    """
    from sim.experiment import load_result
    from sim.scenario.files import written_path

    places = [written_path("RUN", run), REPORTS / run]
    with as_input_error("RUN", Path(run), f"a run folder, or a name under {REPORTS}/"):
        folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        names = run_names()
        have = f": {', '.join(names)}" if 0 < len(names) <= 5 else ""
        raise InputError("RUN", run, f"a run folder, or a name under {REPORTS}/{have}", nearest(run, names))
    try:
        return load_result(folder)
    except (OSError, ValueError) as error:
        # pyarrow's errors are ValueErrors and OSErrors.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError("RUN", str(folder), f"tables as sim run writes them ({reason})") from error
