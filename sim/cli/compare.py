"""``sim compare``: policies side by side on the same weather."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.api.folders import REPORTS, WRITABLE, as_input_error, new_folder
from sim.api.progress import PAGES, notice, over_runs, progress_bar
from sim.api.values import comma_list, seed_list
from sim.cli.options import AppDir, Code, Intents, Json, Out, Quiet, Set
from sim.cli.output import after_writing

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiment import Comparison


def compare(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="The name of a shipped scenario, or a file.")
    ],
    policies: Annotated[
        str,
        typer.Option(metavar="A,B", help="At least two policies, names or files; the first is the baseline."),
    ],
    seeds: Annotated[
        str | None, typer.Option(metavar="1,2,3", help="The seeds (default: those of the scenario's check).")
    ] = None,
    intents: Intents = None,
    overrides: Set = None,
    code: Code = None,
    app_dir: AppDir = None,
    out: Out = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run several policies on the same seeds and pair the results, intent by intent.

    Every policy meets the same prices, latencies and faults.  Writes the page and the numbers to
    reports/SCENARIO-A-vs-B (or --out), replacing an earlier result.

    \b
    Examples:
      sim compare quickstart --policies d7,legacy-sltp
      sim compare quickstart --policies d7,my/policy.toml --seeds 1,2,3,4,5 --intents 200
    """
    from sim.code import code_overrides
    from sim.experiment import compare_policies
    from sim.report import comparison_text, publish_comparison
    from sim.scenario import load_policy_named, load_scenario, split_overrides

    names = comma_list("--policies", policies, "names or files")
    overrides = [*(overrides or []), *code_overrides(code, app_dir)]
    to_scenario, to_policy = split_overrides(overrides)
    loaded = load_scenario(scenario, to_scenario)
    chosen = (
        seed_list("--seeds", comma_list("--seeds", seeds, "whole numbers"))
        if seeds is not None
        else loaded.scenario.check.seeds
    )
    labels = [load_policy_named(name, to_policy).name for name in names]
    target = out or REPORTS / f"{loaded.name}-{'-vs-'.join(labels)}"
    with new_folder(target) as folder:
        with progress_bar(not quiet) as advance:
            comparison = compare_policies(
                scenario,
                names,
                seeds=chosen,
                intents=intents,
                overrides=overrides,
                progress=over_runs(advance, len(names) * len(chosen)),
            )
        with notice(not quiet, PAGES), as_input_error("--out", target, WRITABLE):
            publish_comparison(comparison, folder)
    with after_writing(str(target)):
        if as_json:
            facts = {**_facts(comparison), "folder": str(target)}
            print(json.dumps(facts, ensure_ascii=False, allow_nan=False))
        elif quiet:
            print(target)
        else:
            print(comparison_text(comparison))
            print(f"\nfolder  {target}\npage    {target / 'index.html'}")


def _facts(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as JSON can hold it: no number is null."""
    headline = {
        str(policy): {str(metric): _number(value) for metric, value in column.items()}
        for policy, column in comparison.table.items()
    }
    return {
        "scenario": comparison.scenario,
        "policies": list(comparison.policies),
        "seeds": list(comparison.seeds),
        "command": comparison.command,
        "headline": headline,
        "differences": _records(comparison.differences),
        "claims": _records(comparison.claims),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _number(value) for name, value in row.items()} for row in frame.to_dict(orient="records")
    ]


def _number(value: Any) -> Any:
    """Turn a table's value into JSON's: numpy's scalars into Python's, what is no number into null."""
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float) and not math.isfinite(plain):
        return None
    return plain if isinstance(plain, str | int | float | bool | None) else str(plain)
