"""Change ``sim.execution`` in one place at a time and see who notices: ``python -m tests.mutation [FILE …]``.

The tree stays as it is: each mutant lives in a forked process, in which the import of its module yields the changed
source.  There only the tests run that reach the changed line, up to the first that fails.  A survivor that is listed in
``survivors.toml`` is *equivalent*: it is counted, and left out of the rate.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gc
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import pickle
import select
import signal
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from tests.mutation.equivalents import is_known, known_equivalents
from tests.mutation.mutants import Mutant, mutants_of

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "sim" / "execution"
TESTS: Final = ("tests/execution", "--deselect=tests/execution/test_aws_table.py")
OUT: Final = ROOT / ".campaigns" / "mutants.csv"
_PYTEST: Final = (
    "-q",
    "-x",
    "--no-header",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
    "--timeout=0",
    "-W",
    "ignore",
    "-p",
    "pytest_timeout",
    "-p",
    "_hypothesis_pytestplugin",
)
_LONGEST_S: Final = 1800.0
_MOST_TESTS: Final = 400
_LEAST_S: Final = 20.0
_SLOWER: Final = 10.0
_TESTED_WITH: Final = {"order_keys": "policy_keys", "retry_keys": "policy_keys"}
"""Files whose tests are named like another one."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """State what became of a mutant: killed, timed out (killed as well), survived, equivalent, or no test."""

    file: str
    line: int
    operator: str
    what: str
    verdict: str
    seconds: float


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Import one module from a changed source."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self._name, self._path, self._source = name, path, source

    def find_spec(
        self, fullname: str, path: Any, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, str(self._path), "exec"), module.__dict__)


def _fork(work: Any, limit_s: float) -> int | None:
    """Run ``work`` in a forked, silent process; return its exit code, None when it was still at it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        code = 3
        try:
            code = int(work())
        finally:
            os._exit(code)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], limit_s)
    os.close(reading)
    if not ready:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if ready else None


@dataclass(frozen=True)
class Reach:
    """Say which tests run a line, by file and line, how long each test takes, and which modules of others they load."""

    tests_of: dict[tuple[str, int], set[str]]
    seconds: dict[str, float]
    modules: list[str]

    def load_others(self) -> None:
        """Import what the tests use and does not know the project, so that no forked process has to."""
        for name in self.modules:
            with contextlib.suppress(Exception):  # some modules are only importable by their own package
                importlib.import_module(name)
        # A forked process neither looks through what it shares with this one nor copies it.
        gc.freeze()


def _reach(words: Sequence[str]) -> Reach:
    """Run the tests once, followed, in a process of their own, so that nothing of ours is imported here.

    Kept beside the verdicts until a file of the package or a test changes.
    """
    kept = OUT.parent / f"reach-{_digest(words)}.pkl"
    if kept.exists():
        return Reach(*pickle.loads(kept.read_bytes()))
    with tempfile.NamedTemporaryFile() as file:

        def work() -> int:
            from tests.mutation.tracing import LineTracer

            tracer = LineTracer(PACKAGE)
            code = int(pytest.main([*_PYTEST, *words], plugins=[tracer]))
            found = (dict(tracer.tests_of), tracer.seconds, _modules_of_others())
            Path(file.name).write_bytes(pickle.dumps(found))
            return code

        code = _fork(work, _LONGEST_S)
        if code:
            raise SystemExit(f"error: the tests fail without any change (pytest {' '.join(words)})")
        found = Path(file.name).read_bytes()
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(found)
    return Reach(*pickle.loads(found))


def _modules_of_others() -> list[str]:
    places = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    ours = (ROOT / "sim", ROOT / "tests")
    return [
        name
        for name, file in places.items()
        if file and not any(Path(file).is_relative_to(folder) for folder in ours)
    ]


def _digest(words: Sequence[str]) -> str:
    digest = hashlib.sha256(repr(words).encode())
    for file in sorted([*PACKAGE.glob("*.py"), *(ROOT / "tests" / "execution").glob("*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _judged(file: Path, mutant: Mutant, reach: Reach) -> Verdict:
    tests = reach.tests_of.get((str(file), mutant.line), set())
    if not tests:
        # Lines that run when the module is imported belong to whoever uses the module.
        tests = {test for (name, _), some in reach.tests_of.items() if name == str(file) for test in some}
        # Where nothing else is in it, any test may use what was made then.
        tests = tests or set(reach.seconds)
    began_s = time.monotonic()
    verdict = "no test"
    for chosen in _rounds(file, tests, reach):
        verdict = _verdict(file, mutant, chosen, reach)
        if verdict != "survived":
            break
    code = file.read_text(encoding="utf-8").splitlines()[mutant.line - 1]
    if verdict == "survived" and is_known(file.name, code, mutant.what, known_equivalents()):
        verdict = "equivalent"
    return Verdict(
        file=file.name,
        line=mutant.line,
        operator=mutant.operator,
        what=mutant.what,
        verdict=verdict,
        seconds=round(time.monotonic() - began_s, 2),
    )


def _rounds(file: Path, tests: Collection[str], reach: Reach) -> list[list[str]]:
    """Return the tests of the test files named like the file, then all others; in each the quickest first."""
    ordered = sorted(tests, key=lambda test: (reach.seconds.get(test, 0.0), test))
    stem = _TESTED_WITH.get(file.stem, file.stem)
    own = [test for test in ordered if f"/test_{stem}" in test]
    others = [test for test in ordered if test not in set(own)][:_MOST_TESTS]
    return [some for some in (own, others) if some]


def _verdict(file: Path, mutant: Mutant, chosen: Sequence[str], reach: Reach) -> str:
    limit_s = _LEAST_S + _SLOWER * sum(reach.seconds.get(test, 0.0) for test in chosen)
    name = f"sim.execution.{file.stem}" if file.stem != "__init__" else "sim.execution"

    def work() -> int:
        sys.meta_path.insert(0, _Changed(name, file, mutant.source))
        return int(pytest.main([*_PYTEST, *chosen]))

    return {None: "timed out", 0: "survived"}.get(_fork(work, limit_s), "killed")


def _chosen(names: Sequence[str], share: float, *, mixed: bool, draw: str) -> list[tuple[Path, Mutant]]:
    files = [PACKAGE / f"{Path(name).stem}.py" for name in names] or sorted(PACKAGE.glob("*.py"))
    chosen = [
        (file, mutant) for file in files for mutant in mutants_of(file.read_text(encoding="utf-8"), share)
    ]
    if mixed:
        # By chance as far as the code is concerned, and the same each time.
        chosen.sort(key=lambda one: hashlib.sha256(f"{draw}{one[0].name} {one[1].name}".encode()).digest())
    return chosen


def main(words: list[str]) -> int:
    """Judge the mutants, write each verdict down, and print the share that was killed; 1 when it is below 90 %."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", help="names of files of sim/execution; all when none is given")
    parser.add_argument("--share", type=float, default=1.0, help="judge only this share of the mutants")
    parser.add_argument("--tests", default=",".join(TESTS), help="test paths, separated by commas")
    parser.add_argument("--minutes", type=float, default=1e6, help="end after so long")
    parser.add_argument(
        "--mixed", action="store_true", help="in mixed order: what --minutes cuts off is then a fair sample"
    )
    parser.add_argument("--draw", default="", help="any word: another one mixes into another order (--mixed)")
    parser.add_argument("--out", default=str(OUT))
    asked = parser.parse_args(words)
    # Of the plugins that happen to be installed the tests need two, and every mutant would load them all.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    reach = _reach(asked.tests.split(","))
    reach.load_others()
    ends_s = time.monotonic() + asked.minutes * 60
    verdicts: list[Verdict] = []
    out = Path(asked.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(Verdict.__dataclass_fields__))
        writer.writeheader()
        for path, mutant in _chosen(asked.files, asked.share, mixed=asked.mixed, draw=asked.draw):
            if time.monotonic() > ends_s:
                break
            verdicts.append(_judged(path, mutant, reach))
            writer.writerow(vars(verdicts[-1]))
            file.flush()
            if verdicts[-1].verdict in ("survived", "no test"):
                print(f"{path.name}:{mutant.name}  {verdicts[-1].verdict}", flush=True)
    return _told(verdicts)


def _told(judged: Sequence[Verdict]) -> int:
    verdicts = [one for one in judged if one.verdict != "equivalent"]

    def share(some: Sequence[Verdict]) -> float:
        return sum(one.verdict in ("killed", "timed out") for one in some) / max(1, len(some))

    print()
    for name in sorted({one.file for one in verdicts}):
        mine = [one for one in verdicts if one.file == name]
        print(f"{name:28} {len(mine):5} mutants, {share(mine):6.1%} killed")
    # Imported only now: the forked processes must meet nothing of ours that is imported already.
    from sim.statistics.proportions import wilson

    low, high = wilson(share(verdicts), max(1, len(verdicts)), 1.96)
    print(f"{'all':28} {len(verdicts):5} mutants, {share(verdicts):6.1%} killed ({low:.1%} to {high:.1%})")
    print(f"and {len(judged) - len(verdicts)} equivalent ones, left out (tests/mutation/survivors.toml)")
    return 0 if share(verdicts) >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
