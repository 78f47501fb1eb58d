"""``sim fit-slippage``: fit the model that takes entries down in size, and show its errors on held-out dates."""

from __future__ import annotations

import glob
import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.api.folders import as_input_error
from sim.api.progress import progress_bar
from sim.api.values import whole_number
from sim.cli.options import Json, Set
from sim.cli.output import print_table
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.calibrate import Fills, Judgement

_COLUMNS = ("line", "against", "model", "baseline", "gain", "95 % of the gain", "dates better", "won")


def fit_slippage(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="SCENARIO...", help="Whose tapes, fills and latency are used.")
    ],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the model (TOML).")] = None,
    recorded: Annotated[
        list[str] | None,
        typer.Option(
            "--recorded",
            metavar="FILE",
            help="Recorded trades or aggTrades (path, glob or shared:PATH) to judge it on too. May be repeated.",
        ),
    ] = None,
    overrides: Set = None,
    seed: Annotated[
        int,
        typer.Option(
            metavar="N", parser=whole_number("--seed", least=0), help="The seed of paths and sizes."
        ),
    ] = 1,
    per_date: Annotated[
        int,
        typer.Option(
            "--per-date",
            metavar="N",
            parser=whole_number("--per-date", least=30),
            help="Fills on each date of each symbol.",
        ),
    ] = 60,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no tables.")] = False,
) -> None:
    """Fit median and 90th percentile of an entry's slippage to hour, volatility and size; judge them on later dates.

    Entries of swept sizes are filled at drawn moments of the scenarios' tapes, by the scenarios' own fill rules and
    latency and without their faults.  Every date but the first three is predicted from those before it, beside three
    guesses that cost nothing.  The model is enabled only if it beats them all, on recorded prints too where some are
    given: simulated fills can only teach what the simulator charges.  An executor uses it where the policy sets
    execution.predicted_slippage_limit_pct.

    \b
    Examples:
      sim fit-slippage calm_baseline                 one date: fitted, nothing to judge
      sim fit-slippage calm_baseline --set market.klines=BTCUSDT-1m-2025-05.csv.gz --out model.toml
      sim fit-slippage my/may.toml --recorded "shared:ticks/um-*/*-trades-*.gz"
    """
    from sim.calibrate import (
        fit,
        is_enabled,
        joined,
        judge,
        judge_elsewhere,
        model_text,
        note_of,
        swept_fills,
    )
    from sim.scenario import load_scenario, split_overrides

    to_scenario, to_policy = split_overrides(overrides or [])
    if to_policy:
        raise InputError("--set", to_policy[0], "a key of the scenario: no policy reacts here")
    prints = _recorded(recorded or [])
    with progress_bar(not quiet) as advance:
        parts = [
            swept_fills(load_scenario(name, to_scenario), seed=seed, per_date=per_date) for name in scenarios
        ]
        fills = joined(parts)
        fitted = fit(fills)
        held_out = judge(fills, None if advance is None else lambda done, of: advance("dates", done, of))
        elsewhere = None if prints is None else judge_elsewhere(fitted, prints)
    if out is not None:
        words = ["sim", "fit-slippage", *scenarios, "--seed", str(seed), "--per-date", str(per_date)]
        words += [word for item in overrides or () for word in ("--set", item)]
        words += [word for item in recorded or () for word in ("--recorded", item)]
        with as_input_error("--out", out, "a file that can be written"):
            out.write_text(
                model_text(fitted, held_out, fills, shlex.join(words), elsewhere), encoding="utf-8"
            )
    enabled, note = is_enabled(held_out, elsewhere), note_of(held_out, elsewhere)
    if as_json:
        facts = {"enabled": enabled, "note": note, "fills": len(fills), "model": asdict(fitted)}
        facts |= {"held_out": asdict(held_out), "recorded": None if elsewhere is None else asdict(elsewhere)}
        print(json.dumps(facts, ensure_ascii=False, allow_nan=False))
        return
    if not quiet:
        from sim.report.printing import wrapped

        _print(fills, held_out, elsewhere)
        print("\n" + "\n".join(wrapped(f"enabled = {str(enabled).lower()}: {note}")))
    if out is not None:
        print(out)


def _recorded(references: list[str]) -> Fills | None:
    from sim.calibrate import joined, recorded_fills
    from sim.scenario.files import resolve

    files: list[str] = []
    for reference in references:
        found = sorted(glob.glob(resolve(reference, Path.cwd())))
        if not found:
            raise InputError("--recorded", reference, "files of trades or aggTrades that are there")
        files += found
    return joined([recorded_fills(Path(file)) for file in files]) if files else None


def _print(fills: Fills, held_out: Judgement, elsewhere: Judgement | None) -> None:
    from sim.report.printing import wrapped

    symbols = ", ".join(fills.typical_minute())
    print("\n".join(wrapped(f"{len(fills):,} simulated fills of {symbols}; errors in bps: absolute for the median, "
                            "pinball at 0.9 for q90")))  # fmt: skip
    _print_duels("held-out dates, simulated fills", held_out)
    if elsewhere is not None:
        _print_duels("recorded prints", elsewhere)


def _print_duels(title: str, judgement: Judgement) -> None:
    print(f"\n{title}: {judgement.fills:,} fills of {judgement.dates} dates")
    if not judgement.duels:
        print("too few dates to judge anything, so nothing is won")
        return
    print_table(_COLUMNS, [_row(duel) for duel in judgement.duels], right=_COLUMNS[2:7])


def _row(duel: Any) -> tuple[str, ...]:
    return (
        duel.line,
        duel.baseline,
        f"{duel.model_bps:.3f}",
        f"{duel.baseline_bps:.3f}",
        f"{duel.gain_bps:+.3f}",
        f"{duel.low_bps:+.3f} to {duel.high_bps:+.3f}",
        f"{duel.better} of {duel.dates}",
        "yes" if duel.won else "no",
    )
