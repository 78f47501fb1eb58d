"""``sim run``: one run, its summary, its folder."""

from __future__ import annotations

import json
import math
import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.api.folders import REPORTS, WRITABLE, as_input_error, new_folder
from sim.api.inputs import load_reaction
from sim.api.progress import PAGES, notice, progress_bar
from sim.cli.log_file import log_to
from sim.cli.options import AppDir, Code, Intents, Json, Out, Policy, Quiet, Seed, Set
from sim.cli.output import after_writing
from sim.errors import InputError

if TYPE_CHECKING:
    from logging import Logger

    from sim.experiment import Result
    from sim.scenario import LoadedPolicy


def run(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="The name of a shipped scenario, or a file.")
    ] = "quickstart",
    policy: Policy = None,
    overrides: Set = None,
    seed: Seed = None,
    intents: Intents = None,
    code: Code = None,
    app_dir: AppDir = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="NAME|FILE",
            help="Run this policy on the same weather too, and set the money of both side by side.",
        ),
    ] = None,
    out: Out = None,
    csv: Annotated[bool, typer.Option("--csv", help="Write the tables as CSV too.")] = False,
    as_json: Json = False,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the lines the code under test logs, with virtual UTC times."
        ),
    ] = None,
    swarm: Annotated[
        bool,
        typer.Option(
            "--swarm", help="Let the seed choose which faults exist, in place of the scenario's own."
        ),
    ] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Then run it twice in new processes; exit with 1 if their records differ."
        ),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when safety was violated.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print every table, not only what fits one screen.")
    ] = False,
    quiet: Quiet = False,
) -> int:
    """Run one scenario under one policy and one seed.

    Writes numbers, tables and pages to reports/SCENARIO-POLICY-seedN (or --out), replacing an earlier result.
    Damage that the run shows is a result: the exit code is 0 unless --strict is given.

    \b
    Examples:
      sim run
      sim run quickstart --policy legacy-sltp --seed 3
      sim run quickstart --policy safe --against never-resend
      sim run my/scenario.toml --set faults.internal_error.how.rate=0.2 --set execution.max_order_retries=3
      sim run quickstart --intents 50 --log run.log --json
      sim run calm_baseline --swarm --seed 17 --verify
      sim run quickstart --code flow=bot.trader:trade,client=ccxt --app-dir ~/bot
    """
    # The rooms below cost a second to import: only a run pays for them, not the help.
    from sim.code import code_overrides
    from sim.experiment import armed, run_name, run_scenario, set_against
    from sim.report import brief_text, publish, summary_text
    from sim.scenario import load_scenario, split_overrides

    overrides = [*(overrides or []), *code_overrides(code, app_dir)]
    to_scenario, to_policy = split_overrides(overrides)
    loaded = load_scenario(scenario, to_scenario)
    reaction = load_reaction(loaded, policy, to_policy)
    rival = load_reaction(loaded, against, to_policy) if against is not None else None
    if rival is not None and rival.name == reaction.name:
        raise InputError("--against", against, f"a policy other than the one that runs, {reaction.name}")
    seed = loaded.scenario.check.seeds[0] if seed is None else seed
    if swarm:
        loaded = armed(loaded, seed)
    target = out or REPORTS / run_name(loaded, reaction, seed, intents)
    with new_folder(target) as folder, log_to(log, target) as logger:
        with progress_bar(not quiet) as advance:

            def run_one(one: LoadedPolicy, word: str, lines: Logger | None) -> Result:
                return run_scenario(
                    loaded,
                    one,
                    seed=seed,
                    intents=intents,
                    overrides=overrides or [],
                    scenario_word=scenario,
                    policy_word=word,
                    progress=None if advance is None else lambda done, total: advance(one.name, done, total),
                    logger=lines,
                )

            result = run_one(reaction, policy or "", logger)
            if rival is not None:
                result = set_against(result, run_one(rival, against or "", None), against or "")
        with notice(not quiet, PAGES), as_input_error("--out", target, WRITABLE):
            publish(result, folder, csv=csv)
    with after_writing(str(target)):
        _warn(result)
        if as_json:
            print(json.dumps({**_facts(result), "folder": str(target)}, ensure_ascii=False, allow_nan=False))
        elif quiet:
            print(target)
        else:
            print(summary_text(result) if verbose else brief_text(result))
            print(f"\nfolder  {target}\npage    {target / 'index.html'}")
            print(f"worst   sim show {shlex.quote(target.name if target.parent == REPORTS else str(target))}")
    same = _is_the_same_twice(scenario, policy, overrides, seed, intents, swarm) if verify else True
    status = _exit_code(result) if strict else 0
    return status if same else 1


def _is_the_same_twice(
    scenario: str,
    policy: str | None,
    overrides: list[str] | None,
    seed: int,
    intents: int | None,
    swarm: bool,
) -> bool:
    """Make the run in two new processes and name the first record that differs, if one does."""
    from sim.experiment import Question, run_twice

    difference = run_twice(
        Question(
            scenario=scenario,
            policy=policy or "",
            seed=seed,
            intents=intents,
            overrides=tuple(overrides or ()),
            swarm=swarm,
        )
    )
    if difference is not None:
        print(f"failed: two processes, two records; the first difference: {difference}", file=sys.stderr)
        return False
    print("verified: two processes, the same record", file=sys.stderr)
    return True


def _facts(result: Result) -> dict[str, Any]:
    """Return manifest, headline and violation counts as JSON can hold them: no number is null."""
    headline = {name: value if math.isfinite(value) else None for name, value in result.headline.items()}
    return {"manifest": result.manifest, "headline": headline, "violations": violation_counts(result)}


def violation_counts(result: Result) -> dict[str, dict[str, int]]:
    """Count violations by kind (safety, liveness, practice, simulator) and check."""
    counts: dict[str, dict[str, int]] = {"safety": {}, "liveness": {}, "practice": {}, "simulator": {}}
    found = result.violations
    for (kind, check), number in sorted(Counter(zip(found["kind"], found["check"], strict=True)).items()):
        counts[kind][check] = number
    return counts


def _warn(result: Result) -> None:
    """Say on standard error what makes the run itself doubtful."""
    if result.manifest["ended"] != "finished":
        print(f"warning: the run ended at its {result.manifest['ended']}", file=sys.stderr)
    escaped = result.manifest["escaped"]
    if escaped["intents"]:
        many = f"in {escaped['intents']} intents; the first: {escaped['first']}"
        print(f"warning: an exception left the code under test {many}", file=sys.stderr)
    for error in result.manifest["errors"]:
        print(f"warning: {error}", file=sys.stderr)
    for check, number in violation_counts(result)["simulator"].items():
        print(f"warning: the simulator broke its own check {check}, {number} times", file=sys.stderr)


def _exit_code(result: Result) -> int:
    counts = violation_counts(result)
    found = sum(counts["safety"].values()) + sum(counts["simulator"].values())
    if found:
        print(f"failed: {found} violations of safety", file=sys.stderr)
    return 1 if found else 0
