"""Compose the sections of a result's page: what is said, drawn and tabulated, in the order it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from sim.experiment import Result
from sim.metrics import CONDITIONAL
from sim.report import pictures
from sim.report.facts import data_facts, limit_facts
from sim.report.plots.style import Picture
from sim.report.printing import Heading, PrintedTable, printed
from sim.report.reproduce import reproducing_lines
from sim.report.story_picture import story_pictures
from sim.report.tables import notes_of, whole_table
from sim.report.verdict import violations_table

WORST: Final = 10


@dataclass(frozen=True, kw_only=True)
class Story:
    """Hold a text to be unfolded under its ``summary``, with the picture that tells the same."""

    summary: str
    text: str
    picture: Picture | None = None


@dataclass(frozen=True, kw_only=True)
class Section:
    """Hold one section of a page; ``facts`` are whole sentences, printed as a list."""

    id: str
    title: str
    lead: str = ""
    pictures: tuple[Picture, ...] = ()
    tables: tuple[PrintedTable, ...] = ()
    facts: tuple[str, ...] = ()
    stories: tuple[Story, ...] = ()
    again: tuple[str, ...] = ()
    command: str = ""


def result_sections(result: Result) -> list[Section]:
    """Return all sections of a result's page."""
    return [
        _violations(result),
        _recovery(result),
        _slippage(result),
        _latency(result),
        Section(
            id="protection",
            title="Protection",
            lead="Naked is every second in which a position is not covered in full by live, right-sided, exit-only "
            "stops inside liquidation. Quantity without cover times mark times seconds is naked notional.",
            pictures=tuple(pictures.protection_pictures(result)),
            tables=(whole_table("Protection", result.protection),),
        ),
        Section(
            id="money",
            title="Money",
            lead="What truth says was earned, against the ideal executor I1 on the same prices (and I0, the same at "
            "zero latency). CVaR95 is the mean of the worst twentieth.",
            pictures=tuple(pictures.money_pictures(result)),
            tables=(whole_table("Money", result.money),),
        ),
        Section(
            id="load",
            title="Load",
            lead="What the intents asked of the venue, on average and at most.",
            pictures=tuple(pictures.load_pictures(result)),
            tables=(whole_table("Load", result.load),),
        ),
        Section(
            id="document",
            title="The seed document's four metrics",
            lead="Each under its own name: as the executor's log would count it, and as the venue knows it.",
            pictures=tuple(pictures.document_pictures(result)),
            tables=(whole_table("Claimed and true", result.seed_metrics),),
        ),
        Section(id="timeline", title="Faults in time", pictures=tuple(pictures.timeline_pictures(result))),
        _worst(result),
        Section(
            id="basis",
            title="What this rests on",
            facts=(
                *data_facts(result.manifest),
                *limit_facts(result.manifest, conditional=_is_conditional(result)),
            ),
        ),
        Section(id="manifest", title="Manifest", tables=(manifest_table(result.manifest),)),
    ]


def manifest_table(manifest: Mapping[str, Any]) -> PrintedTable:
    """Return a manifest as a table of key and value; nested values as JSON."""
    rows = []
    for key, value in manifest.items():
        if isinstance(value, Mapping):
            rows += [(f"{key}.{name}", _plain(inner)) for name, inner in value.items()]
        elif isinstance(value, list):
            rows.append((key, "; ".join(map(_plain, value)) or printed(float("nan"))))
        else:
            rows.append((key, _plain(value)))
    headings = (Heading(name="key", numeric=False), Heading(name="value", numeric=False))
    return PrintedTable(title="Manifest", headings=headings, rows=tuple(rows))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _violations(result: Result) -> Section:
    table = violations_table(result)
    lead = (
        "Checks read the record only and never act. One intent may break a rule more than once. Beneath the table, "
        "for each broken rule, the commands that show it again and the story of the intent that broke it most."
        if table.rows
        else "No check found anything."
    )
    return Section(
        id="violations",
        title="Violations",
        lead=lead,
        tables=(table,) if table.rows else (),
        stories=tuple(_broken_rule_stories(result)),
        again=tuple(reproducing_lines(result)),
        command=str(result.manifest["command"]),
    )


def _recovery(result: Result) -> Section:
    return Section(
        id="recovery",
        title="Recovery",
        lead="Recovered means: at the deadline, truth is one entry of the intended size, its stop live, the loss at "
        "the stop within the budget. Flattened safely and unknown are outcomes of their own, never successes. The "
        "denominator is the same for every policy: intents whose first request of that role met the fault; for "
        "the -2021 that arises from the price, intents whose planned stop is crossed.",
        pictures=tuple(pictures.recovery_pictures(result)),
        tables=(
            whole_table(
                "Recovery by fault and role",
                result.recovery,
                row_unit="share",
                first=("fault", "role", "kind", "n", "clusters", "rate", "low", "high"),
            ),
        ),
    )


def _slippage(result: Result) -> Section:
    return Section(
        id="slippage",
        title="Slippage rejection",
        lead="Adverse slippage is d·(price − plan) / plan, in bps: positive costs. A refusal is worth what its "
        "bracket would have done on the same prices, saved and missed apart.",
        pictures=tuple(pictures.slippage_pictures(result)),
        tables=(whole_table("Slippage", result.slippage),),
    )


def _latency(result: Result) -> Section:
    return Section(
        id="latency",
        title="Latency",
        lead="Time runs from the decision, not from the send. Quantiles count those who never arrived; a dash "
        "stands where the curve does not get that far.",
        pictures=tuple(pictures.latency_pictures(result)),
        tables=(whole_table("Time from the decision, and its parts", result.latency),),
    )


def _worst(result: Result) -> Section:
    stories = worst_stories(result)
    lead = (
        f"The {len(stories)} intents that lost most against the ideal executor; of equal ones those with more "
        "violations. Each opens into its story, drawn and told: belief is what the code knew, truth what the venue did."
    )
    return Section(
        id="worst",
        title="The worst intents",
        lead=lead if stories else "There is no intent to tell of.",
        stories=tuple(stories),
    )


def worst_stories(result: Result, number: int = WORST) -> list[Story]:
    """Return the stories of the intents that lost most against ideal; of equal ones those with more violations."""
    intents = result.frames["intents"]
    counts = result.violations.groupby("intent").size()
    ordered = intents.assign(violations=intents["intent"].map(counts).fillna(0)).sort_values(
        ["loss_against_ideal_quote", "violations"], ascending=False, na_position="last", kind="stable"
    )
    numbers = [int(intent) for intent in ordered["intent"].head(number)]
    drawn = story_pictures(result, numbers)
    return [
        replace(story, picture=picture)
        for story, picture in zip(_stories(result, numbers), drawn, strict=True)
    ]


def _broken_rule_stories(result: Result) -> list[Story]:
    """Return for each broken rule the story of the intent that broke it most, each intent once."""
    owned = result.violations[result.violations["intent"] >= 0]
    ordered = owned.sort_values("amount", ascending=False, na_position="last", kind="stable")
    worst = ordered.drop_duplicates("check").sort_values("check", kind="stable")["intent"]
    return _stories(result, [int(intent) for intent in worst.drop_duplicates()])


def _stories(result: Result, numbers: list[int]) -> list[Story]:
    # Stories are the other half of this package: only those who tell one import them.
    from sim.report.story import rows_of, story_text

    rows = rows_of(result, numbers)
    told = result.violations[result.violations["intent"].isin(numbers)]
    checks = told.groupby("intent")["check"].agg(lambda found: " ".join(dict.fromkeys(found)))
    intents = result.frames["intents"].set_index("intent", drop=False)
    epoch_us = int(result.manifest["epoch_us"])
    stories = []
    row: Any
    for row in intents.loc[numbers].itertuples(index=False):
        moment = datetime.fromtimestamp((epoch_us + int(row.decided_us)) / 1e6, UTC)
        side = "long" if row.direction > 0 else "short"
        loss = row.loss_against_ideal_quote
        facts = [
            f"Intent {row.intent}",
            f"{side} {row.symbol} at {moment:%H:%M:%S} UTC",
            str(row.outcome).replace("_", " "),
            _against_ideal(float(loss), float(row.loss_against_ideal_r)),
            f"naked {printed(row.naked_s)} s",
            str(checks.get(row.intent, "no violation")),
        ]
        stories.append(
            Story(summary=" · ".join(facts), text=story_text(result, int(row.intent), rows[int(row.intent)]))
        )
    return stories


def _against_ideal(loss_quote: float, loss_r: float) -> str:
    # What two sums of the same prices differ by in their last bits is no loss.
    if abs(loss_quote) < 0.005:
        return "no loss against ideal"
    word = "won" if loss_quote < 0 else "lost"
    return f"{word} {printed(abs(loss_quote), 'quote')} quote ({printed(abs(loss_r))} R) against ideal"


def _is_conditional(result: Result) -> bool:
    return any(CONDITIONAL in note for note in notes_of(result.money))
