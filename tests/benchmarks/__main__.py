"""Measure speed as ratios within one process, so that the machine's own speed cancels out.

Run with ``make bench`` (or ``python -m tests.benchmarks [NAME …]``).  Each ratio is the median over interleaved
pairs A B A B …; absolute figures are reported, not judged.
"""

from __future__ import annotations

import sys

from tests.benchmarks import execution, figures, ratios, serve, sweep, web
from tests.benchmarks.measure import Row, print_rows


def main(names: list[str]) -> int:
    """Run the benchmarks whose names were given, or all of them."""
    benchmarks = {
        **ratios.BENCHMARKS,
        **figures.BENCHMARKS,
        **web.BENCHMARKS,
        **serve.BENCHMARKS,
        **execution.BENCHMARKS,
        **sweep.BENCHMARKS,
    }
    unknown = [name for name in names if name not in benchmarks]
    if unknown:
        print(f"error: unknown benchmark {unknown[0]!r}; one of {', '.join(benchmarks)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or list(benchmarks):
        rows += benchmarks[name]()
        print_rows(rows[-1:])
    print()
    print_rows(rows)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
