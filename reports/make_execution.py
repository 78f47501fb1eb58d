"""Write the committed evidence about order execution: rules, safeguards, and the zoo of policies, on one page.

Run it from the root of the repository: ``python reports/make_execution.py [--minutes M]``.  It runs what is missing of
three campaigns (kept in ``.campaigns``; a run that was stopped goes on where it was) and writes ``reports/execution``.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "reports" / "execution"
sys.path.insert(0, str(ROOT))

from sim.report.page import render_page  # noqa: E402
from sim.report.printing import (  # noqa: E402
    Heading,
    PrintedTable,
    printed,
    printed_range,
    text_table,
    wrapped,
)
from sim.report.sections import Section  # noqa: E402
from sim.scenario import load_scenario  # noqa: E402
from tests.campaigns import ablation, everywhere, zoo  # noqa: E402
from tests.campaigns.ledger import Ledger  # noqa: E402
from tests.campaigns.runs import Row  # noqa: E402

TITLE = "Order execution: what holds, what each safeguard is worth, and what others cost"
NAME = "python reports/make_execution.py"


def main(words: list[str]) -> int:
    """Run what is missing and write the page, the text and the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="seeds of the hardened policy")
    parser.add_argument("--few", type=int, default=10, help="seeds of the baselines, safeguards and the zoo")
    parser.add_argument("--storm", type=int, default=200, help="seeds of the storm, without each safeguard")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no run after so many minutes")
    asked = parser.parse_args(words)
    ends_s = time.monotonic() + asked.minutes * 60
    seeds, few = range(1, asked.seeds + 1), range(1, asked.few + 1)
    safe, without = Ledger("safe"), Ledger("ablation")
    safe.extend(everywhere.all_cases(), seeds, jobs=asked.jobs, until_s=ends_s)
    safe.extend(everywhere.all_cases(everywhere.BASELINES), few, jobs=asked.jobs, until_s=ends_s)
    without.extend(ablation.all_cases(), few, jobs=asked.jobs, until_s=ends_s)
    storm = range(1, asked.storm + 1)
    without.extend(ablation.all_cases((ablation.STORM,)), storm, jobs=asked.jobs, until_s=ends_s)
    zoo.make(few, jobs=asked.jobs, until_s=ends_s)
    write(safe.rows(), without.rows(), [one for name in zoo.SCENARIOS for one in zoo.kept(name)])
    print(OUT)
    return 0


def write(safe: Sequence[Row], without: Sequence[Row], policies: Sequence[zoo.Kept]) -> None:
    """Write page, text and CSV tables."""
    sections = [*_zoo_sections(policies), _rules(safe), _safeguards(without)]
    OUT.mkdir(parents=True, exist_ok=True)
    page = render_page(
        title=TITLE,
        name=NAME,
        story="",
        verdict=_verdict(safe, without, policies),
        doubts=_doubts(policies),
        tiles=[],
        sections=sections,
    )
    (OUT / "index.html").write_text(page, encoding="utf-8", newline="\n")
    lines = [TITLE, ""]
    for sentence in _verdict(safe, without, policies):
        lines += wrapped(sentence)
    for section in sections:
        lines += ["", section.title.upper(), *wrapped(section.lead)]
        for table in section.tables:
            lines += ["", table.title, *text_table(table)]
            for note in table.notes:
                lines += wrapped(note)
    (OUT / "summary.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    _csv("rules", [_rule_row(row) for row in safe])
    _csv("safeguards", [asdict(one) for one in ablation.losses(without)])
    _csv("zoo", [_flat(one) for one in policies])


def _verdict(safe: Sequence[Row], without: Sequence[Row], policies: Sequence[zoo.Kept]) -> list[str]:
    mine = everywhere.tally("safe", [row for row in safe if row.policy == everywhere.JUDGED])
    said = []
    if mine.runs:
        said.append(
            f"safe: {mine.runs:,} runs, {mine.decided:,} intents, {sum(mine.broken.values()):,} violations "
            f"of safety or liveness, {printed(mine.share, 'share')} % of intents traded."
        )
    found = ablation.losses(without)
    if found:
        costless = ablation.free(found)
        tried = len({one.safeguard for one in found})
        said.append(
            f"{tried} safeguards taken away one at a time: {tried - len(costless)} are missed"
            + (f"; no run missed {', '.join(costless)}." if costless else ".")
        )
    if policies:
        said.append(
            f"{len({one.policy for one in policies})} policies on the same {policies[0].runs} seeds: see below."
        )
    return said


def _doubts(policies: Sequence[zoo.Kept]) -> list[str]:
    dates = "All seeds share one date of prices: intervals hold for that date, whose prices seeds fill differently."
    return [dates] if policies else []


def _rules(rows: Sequence[Row]) -> Section:
    return Section(
        id="rules",
        title="Every scenario, every rule",
        lead="Each run takes its intents from another place of the scenario. Failed: runs that break a rule of safety "
        "or liveness. Open: intents whose fate was unknown when their books were closed.",
        tables=(everywhere.policy_table(rows), everywhere.scenario_table(rows)),
        command="python -m tests.campaigns safe --seeds 1000",
    )


def _safeguards(rows: Sequence[Row]) -> Section:
    return Section(
        id="safeguards",
        title="One safeguard less",
        lead="The hardened policy without one safeguard, in one storm of which every seed arms another part, and on "
        "the scenario made for it. Fails: runs that break a rule which the policy it is compared with keeps in the "
        f"same run. {ablation.whole_in_storm(rows)}",
        tables=tuple(ablation.tables(ablation.losses(rows))),
        command="python -m tests.campaigns ablation --seeds 200",
    )


def _zoo_sections(policies: Sequence[zoo.Kept]) -> list[Section]:
    return [_zoo_section(name, [one for one in policies if one.scenario == name]) for name in zoo.SCENARIOS]


def _zoo_section(scenario: str, policies: Sequence[zoo.Kept]) -> Section:
    title = load_scenario(scenario).scenario.title
    if not policies:
        return Section(id=scenario, title=title, lead="Not run yet.")
    one = policies[0]
    return Section(
        id=scenario,
        title=f"The zoo: {title}",
        lead=f"{scenario}, {one.runs} seeds, {one.intents:,} intents in {one.clusters} clusters under each policy; "
        "95 % intervals over clusters.",
        tables=(_protection(policies), _money(policies)),
        command=f"sim compare {scenario} --policies {zoo.AGAINST},{everywhere.JUDGED} "
        f"--seeds {','.join(map(str, range(1, one.runs + 1)))} --intents {zoo.INTENTS}",
    )


def _protection(policies: Sequence[zoo.Kept]) -> PrintedTable:
    headings = (
        Heading(name="policy", numeric=False),
        Heading(name="recovered", unit="%"),
        Heading(name="needed", unit="%"),
        Heading(name="excess naked", unit="quote·s"),
        Heading(name="doubled", unit="%"),
        Heading(name="requests"),
        Heading(name="broken"),
    )
    cells = tuple(
        (
            one.policy,
            _with_range(one.recovered, "share"),
            printed(one.needed.value, "share"),
            _with_range(one.naked_quote_s, ""),
            printed(one.doubled.value, "share"),
            printed(one.requests.value),
            printed(sum(one.broken.values())),
        )
        for one in sorted(policies, key=lambda one: -_or_zero(one.recovered.value))
    )
    notes = (
        "recovered: of intents whose first order of a role met a fault, those that are one covered entry at the "
        "deadline; needed: of those whose planned stop was crossed, covered before; excess naked: uncovered notional "
        "times seconds per intent beyond what the wire forces; broken: violations of safety and liveness rules",
    )
    return PrintedTable(title="Recovery and exposure", headings=headings, rows=cells, notes=notes)


def _money(policies: Sequence[zoo.Kept]) -> PrintedTable:
    headings = (
        Heading(name="policy", numeric=False),
        Heading(name=f"against {zoo.AGAINST}", unit="quote"),
        Heading(name="CVaR95", unit="quote"),
        Heading(name="lost to the ideal", unit="quote"),
        Heading(name="CVaR95 ", unit="quote"),
    )
    cells = tuple(
        (
            one.policy,
            _with_range(one.gain_quote, ""),
            printed(_whole(one.gain_tail_quote)),
            _with_range(one.loss_quote, ""),
            printed(_whole(one.loss_tail_quote)),
        )
        for one in sorted(policies, key=lambda one: _or_zero(one.loss_quote.value))
    )
    notes = (
        "quote currency per 1,000 intents, paired intent by intent; against: higher is better; lost: lower is better; "
        "CVaR95: the same over the worst twentieth of the intents",
    )
    return PrintedTable(title="Money", headings=headings, rows=cells, notes=notes)


def _with_range(span: zoo.Span, unit: str) -> str:
    value, low, high = (
        (span.value, span.low, span.high) if unit else map(_whole, (span.value, span.low, span.high))
    )
    return f"{printed(value, unit)} ({printed_range(low, high, unit).replace(' to ', '…')})"


def _whole(value: float) -> float:
    return value if math.isnan(value) else float(round(value))


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _rule_row(row: Row) -> dict[str, Any]:
    kept = asdict(row)
    counts = kept.pop("counts")
    del kept["told"], kept["wall_s"], kept["code"]
    return kept | {"broken": " ".join(f"{check}:{count}" for check, count in sorted(counts.items()))}


def _flat(one: zoo.Kept) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for item in fields(one):
        value = getattr(one, item.name)
        if is_dataclass(value):
            flat |= {f"{item.name}_{part.name}": getattr(value, part.name) for part in fields(value)}
        elif isinstance(value, dict):
            flat[item.name] = " ".join(f"{check}:{count}" for check, count in sorted(value.items()))
        else:
            flat[item.name] = value
    return flat


def _csv(name: str, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    with (OUT / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
