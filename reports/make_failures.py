"""Run every row of the table of failures and write what was seen to ``reports/failures.md``.

Run it from the root of the repository: ``python reports/make_failures.py``; it takes about a minute.  With ids
(``F07 F18``) it prints these alone and writes nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests" / "failures"
OUT = ROOT / "reports" / "failures.md"

HEAD = """\
# What goes wrong, seen

Each failure of the catalogue (F01 to F44), the code that has the flaw, and what catches it. Written by
`python reports/make_failures.py`; `python -m pytest tests/failures` holds that no figure is 0. Policies are those of
`sim/policies`, bots those of `tests/failures/bots.py`; seed 1 throughout. Rates are forced, so the figures say that a
failure happens and is seen, not how often it happens to anybody.

| failure | what happens | scenario | code with the flaw | caught by | figure seen |
|---|---|---|---|---|---|
"""


def main(wanted: list[str]) -> int:
    """Run the rows and write or print them; 1 when one shows nothing."""
    sys.path[:0] = [str(ROOT), str(TABLE)]
    from table import ROWS

    lines, empty = [], []
    for row in ROWS:
        if wanted and row.id not in wanted:
            continue
        figure = row.figure()
        variant = "" if not row.changes else " (changed)"
        cells = (row.id, row.what, row.scenario + variant, row.code, row.caught_by, figure.text)
        lines.append(f"| {' | '.join(cells)} |")
        empty += [] if figure.number > 0 else [row.id]
        print(f"{row.id:5} {figure.text}", flush=True)
    if not wanted:
        OUT.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
        print(f"written  {OUT.relative_to(ROOT)}")
    if empty:
        print(f"nothing was seen of {', '.join(empty)}", file=sys.stderr)
    return 1 if empty else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
