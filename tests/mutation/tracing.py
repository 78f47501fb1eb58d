"""Find out which tests run which lines of ``sim.execution``: a pytest plugin around the package ``coverage``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import coverage
import pytest


class LineTracer:
    """Collect, for each file under ``root``, the tests that ran each of its lines, and how long each test took."""

    def __init__(self, root: Path) -> None:
        self._coverage = coverage.Coverage(data_file=None, source=[str(root)], config_file=False)
        self.tests_of: dict[tuple[str, int], set[str]] = defaultdict(set)
        self.seconds: dict[str, float] = {}

    def pytest_sessionstart(self) -> None:
        """Follow what is imported too: such lines belong to no test."""
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Generator[None, Any, Any]:
        """Follow one test, its set-up included."""
        self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note how long a test took."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self) -> None:
        """Turn what was followed into tests by line."""
        self._coverage.stop()
        data = self._coverage.get_data()
        for file in data.measured_files():
            for line, tests in data.contexts_by_lineno(file).items():
                self.tests_of[file, line] |= {test for test in tests if test}
