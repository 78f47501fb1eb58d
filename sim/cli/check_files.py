"""Write what ``sim check`` found for machines and for reviewers: JUnit XML, Markdown for a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from sim.errors import InputError
from sim.wording import counted

if TYPE_CHECKING:
    from sim.experiment import GateReport
    from sim.experiment.gate import Difference

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINES_SHOWN = 50


def write_file(option: str, path: str, text: str) -> None:
    """Write ``text`` to ``path``; raise InputError naming ``option`` when that cannot be done."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(option, path, f"a file that can be written ({error.strerror})") from None


def junit(reports: Sequence[GateReport], skipped: Sequence[tuple[str, str]]) -> str:
    """Return JUnit XML: one test case for each scenario, with its differences as the failure.

    ``skipped``: (scenario, why).
    """
    failures = sum(not report.passed for report in reports)
    suite = ElementTree.Element(
        "testsuite",
        name="sim check",
        tests=str(len(reports) + len(skipped)),
        failures=str(failures),
        errors="0",
        skipped=str(len(skipped)),
    )
    for report in reports:
        case = ElementTree.SubElement(suite, "testcase", classname="sim.check", name=_xml(report.scenario))
        if not report.passed:
            message = f"{len(report.differences)} differences"
            failure = ElementTree.SubElement(case, "failure", message=message, type="difference")
            failure.text = _xml("\n".join(_line(item) for item in report.differences))
    for name, why in skipped:
        case = ElementTree.SubElement(suite, "testcase", classname="sim.check", name=_xml(name))
        ElementTree.SubElement(case, "skipped", message=_xml(why))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _line(item: Difference) -> str:
    return (
        f"{item.policy}, seed {item.seed}: {item.metric} {item.expected} -> {item.got} ({item.tolerance}): "
        f"{item.reason}; reproduce with {item.command}"
    )


def _xml(text: str) -> str:
    return _NOT_XML.sub("?", text)


def markdown(reports: Sequence[GateReport], skipped: Sequence[tuple[str, str]]) -> str:
    """Return a comment for a pull request: the verdict, a table of what differs, how to see it again."""
    failed = [report for report in reports if not report.passed]
    runs, exact = sum(report.runs for report in reports), sum(report.exact for report in reports)
    if any(report.updated for report in reports):
        verdict = f"**Expectations rewritten**: {runs} runs of {counted(len(reports), 'scenario')}."
    elif failed:
        total = counted(sum(len(report.differences) for report in failed), "difference")
        verdict = f"**Order execution got worse, or is not as expected**: {total} in {len(failed)} of "
        verdict += f"{counted(len(reports), 'scenario')}."
    else:
        verdict = f"**Order execution is as expected**: {counted(runs, 'run')} of "
        verdict += f"{counted(len(reports), 'scenario')}, {exact} byte for byte."
    lines = [verdict, ""]
    if failed:
        lines += [
            "| scenario | policy | seed | metric | expected | got | why |",
            "|---|---|--:|---|--:|--:|---|",
        ]
        for report in failed:
            lines += [
                "| " + " | ".join(map(_cell, (
                    item.scenario, item.policy, str(item.seed), item.metric, item.expected[:16], item.got[:16],
                    item.reason,
                ))) + " |"
                for item in report.differences
            ]  # fmt: skip
        commands = dict.fromkeys(item.command for report in failed for item in report.differences)
        lines += ["", "To see it again:", "", "```sh", *dict.fromkeys(report.command for report in failed)]
        lines += [*list(commands)[:_LINES_SHOWN], "```", ""]
    changes = [line for report in reports for line in report.changes]
    if changes:
        more = len(changes) - _LINES_SHOWN
        lines += ["<details><summary>What moved</summary>", ""]
        lines += [f"- {_cell(line)}" for line in changes[:_LINES_SHOWN]]
        lines += [f"- and {more} more runs"] if more > 0 else []
        lines += ["", "</details>", ""]
    lines += [f"Skipped: `{name}` ({_cell(why)})" for name, why in skipped]
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
