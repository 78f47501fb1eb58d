"""``sim show``: one intent's story, or the intents it is worth asking about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sim.api.folders import as_input_error, load_run
from sim.api.values import whole_number
from sim.cli.output import print_table
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.experiment import Result

WORST: Final = 10


def show(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run folder, or the name of one under reports/.")
    ],
    intent: Annotated[
        int | None,
        typer.Option(
            metavar="N", parser=whole_number("--intent", least=0), help="Tell the story of this intent."
        ),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(
            "--png", metavar="FILE", help="Draw that story too: prices, orders, belief against truth."
        ),
    ] = None,
) -> None:
    """Tell one intent's story from a run folder, or list its ten worst intents.

    The worst are those that lost most against the ideal executor on the same prices; of equal ones those with
    more violations.

    \b
    Examples:
      sim show quickstart-d7-seed1
      sim show reports/quickstart-d7-seed1 --intent 7
      sim show quickstart-d7-seed1 --intent 7 --png story.png
    """
    from sim.report.story import story_text

    if png is not None and intent is None:
        raise InputError("--png", str(png), "an intent to draw: --intent N")
    result = load_run(run)
    if intent is not None:
        text = story_text(result, intent)
        if png is not None:
            _draw(result, intent, png)
        print(text)
        return
    columns = ("intent", "decided (UTC)", "side", "in the end", "lost", "R", "naked s", "violations")
    print_table(columns, worst_intents(result), right=("intent", "lost", "R", "naked s"))
    print("\nlost: in quote currency, against the ideal executor on the same prices")
    print(f"story of one: sim show {run} --intent N")


def _draw(result: Result, intent: int, file: Path) -> None:
    # Drawing takes a second to import: only who wants a picture waits for it.
    from sim.report.story_picture import story_png

    picture = story_png(result, intent)
    with as_input_error("--png", file, "a file that can be written"):
        file.write_bytes(picture)


def worst_intents(result: Result, number: int = WORST) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the worst intents, by loss against ideal and then by violations."""
    checks: dict[int, list[str]] = {}
    violations = result.violations
    for intent, check in zip(violations["intent"], violations["check"], strict=True):
        checks.setdefault(int(intent), []).append(str(check))
    intents = result.frames["intents"]
    counts = intents["intent"].map({intent: len(found) for intent, found in checks.items()}).fillna(0)
    ordered = intents.assign(violations=counts).sort_values(
        ["loss_against_ideal_quote", "violations"], ascending=False, na_position="last", kind="stable"
    )
    row: Any
    for row in ordered.head(number).itertuples(index=False):
        moment = datetime.fromtimestamp((int(result.manifest["epoch_us"]) + int(row.decided_us)) / 1e6, UTC)
        yield (
            row.intent,
            f"{moment:%Y-%m-%d %H:%M:%S}",
            "long" if row.direction > 0 else "short",
            row.outcome.replace("_", " "),
            f"{row.loss_against_ideal_quote:,.2f}",
            f"{row.loss_against_ideal_r:.2f}",
            f"{row.naked_s:,.2f}",
            " ".join(dict.fromkeys(checks.get(int(row.intent), []))) or "-",
        )
