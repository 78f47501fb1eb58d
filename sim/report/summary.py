"""Print a result as text for terminals, on one screen or whole, and as Markdown: the verdict first."""

from __future__ import annotations

from typing import Final

from sim.experiment import Result
from sim.report.facts import data_facts
from sim.report.first_screen import brief_money_table
from sim.report.printing import Heading, PrintedTable, markdown_table, text_table, wrapped
from sim.report.reproduce import reproducing_lines
from sim.report.tables import brief_table
from sim.report.tiles import result_tiles
from sim.report.verdict import doubts, rules_of, verdict, violations_table

_REPORTS: Final = (
    ("recovery", "Recovery"),
    ("slippage", "Slippage rejection"),
    ("latency", "Latency from the decision"),
    ("protection", "Protection"),
    ("money", "Money"),
    ("load", "Load"),
    ("seed_metrics", "The document's four metrics, claimed and true"),
)
_SHOCKS: Final = 3
_SAID_ONCE: Final = "nothing measured"


def summary_text(result: Result) -> str:
    """Return a result as plain text for a terminal: at most 100 columns, no control codes."""
    lines = [*wrapped(f"{result.manifest['title']} · {result.name}"), "", *wrapped(verdict(result))]
    for doubt in doubts(result):
        lines += wrapped(f"Doubt: {doubt}")
    notes: list[str] = []
    for table in _tables(result):
        lines += ["", table.title.upper(), *text_table(table)]
        for note in table.notes:
            if note.startswith(_SAID_ONCE):
                lines += wrapped(note)
            else:
                notes.append(note)
    lines += rules_of(result.violations["check"])
    again = reproducing_lines(result)
    if again:
        lines += ["", "TO SEE THE WORST OF EACH AGAIN", *again]
    lines += ["", "NOTES"]
    for note in [*(f"{note}." for note in dict.fromkeys(notes)), *_data(result)]:
        lines += wrapped(note)
    lines += ["", f"again   {result.manifest['command']}"]
    return "\n".join(lines)


def brief_text(result: Result) -> str:
    """Return what fits one screen: verdict, doubts, the numbers that matter, violations; at most 100 columns."""
    lines = [*wrapped(f"{result.manifest['title']} · {result.name}"), "", *wrapped(verdict(result))]
    for doubt in doubts(result):
        lines += wrapped(f"Doubt: {doubt}")
    for table in (_key_numbers(result), brief_money_table(result), violations_table(result, rules=False)):
        if table.rows:
            lines += ["", table.title.upper(), *text_table(table)]
    lines += ["", *wrapped("-v prints all tables with their intervals and notes; the page has them too.")]
    lines += ["", f"again   {result.manifest['command']}"]
    return "\n".join(lines)


def _key_numbers(result: Result) -> PrintedTable:
    tiles = result_tiles(result)
    half = (len(tiles) + 1) // 2
    left, right = tiles[:half], [*tiles[half:], *[("", "")] * (2 * half - len(tiles))]
    rows = tuple((a[1], a[0], b[1], b[0]) for a, b in zip(left, right, strict=True))
    name, number = Heading(name="number", numeric=False), Heading(name="value")
    return PrintedTable(title="In numbers", headings=(name, number, name, number), rows=rows)


def summary_md(result: Result) -> str:
    """Return a result as Markdown."""
    lines = [f"# {result.manifest['title']}", "", f"`{result.name}`", "", verdict(result)]
    for doubt in doubts(result):
        lines += ["", f"**Doubt.** {doubt}"]
    notes: list[str] = []
    for table in _tables(result):
        lines += ["", f"## {table.title}", "", *markdown_table(table)]
        for note in table.notes:
            if note.startswith(_SAID_ONCE):
                lines += ["", f"{note}."]
            else:
                notes.append(f"{note}.")
    lines += ["", *(f"- {rule}" for rule in rules_of(result.violations["check"]))]
    again = reproducing_lines(result)
    if again:
        lines += ["", "To see the worst of each again:", "", "```", *again, "```"]
    lines += ["", "## Notes", ""]
    lines += [f"- {note}" for note in [*dict.fromkeys(notes), *_data(result)]]
    lines += ["", "```", str(result.manifest["command"]), "```", ""]
    return "\n".join(lines)


def _data(result: Result) -> list[str]:
    return data_facts(result.manifest, shocks_at_most=_SHOCKS)


def _tables(result: Result) -> list[PrintedTable]:
    reports = [brief_table(name, title, getattr(result, name)) for name, title in _REPORTS]
    return [*reports, violations_table(result, rules=False)]
