"""Write a slippage model as the file production code loads: coefficients, errors, and whether it is enabled."""

from __future__ import annotations

import json
import math
from dataclasses import fields

from sim.calibrate.fills import Fills
from sim.calibrate.judge import Judgement
from sim.calibrate.slippage import Fitted
from sim.execution.slippage_model import FORMAT, Line


def model_text(
    fitted: Fitted, held_out: Judgement, fills: Fills, command: str, recorded: Judgement | None = None
) -> str:
    """Return the file's text; ``enabled`` is whether the lines won on held-out dates, and on recorded prints if given.

    Where nothing was held out the errors are those of no fill, 0, and the note says so.
    """
    judgements = {"held_out": held_out} | ({} if recorded is None else {"recorded": recorded})
    lines = [
        f"# Written by: {' '.join(command.split())}",
        "# Adverse slippage of an entry at market in bps, from the price read just before it leaves.  [held_out]: the",
        "# errors on dates after those fitted on.  Enabled only if both lines beat every baseline in the tables below.",
        "",
        f"format = {FORMAT}",
        f"enabled = {str(is_enabled(held_out, recorded)).lower()}",
        f"note = {json.dumps(note_of(held_out, recorded), ensure_ascii=False)}",
        f"size_exponent = {fitted.size_exponent}",
        "",
        "[typical_minute]   # quote currency traded in the median minute of the latest date",
        *(f"{json.dumps(symbol)} = {notional:.0f}.0" for symbol, notional in fills.typical_minute().items()),
        *_line("median", fitted.median),
        *_line("q90", fitted.q90),
        "",
        "[held_out]",
        f"dates = {held_out.dates}",
        f"fills = {held_out.fills}",
        f"median_mae_bps = {_number(held_out.error_bps('median'))}",
        f"q90_pinball_bps = {_number(held_out.error_bps('q90'))}",
    ]
    for name, judgement in judgements.items():
        for duel in judgement.duels:
            lines += [
                "",
                f"[baselines.{name}.{duel.line}.{json.dumps(duel.baseline)}]",
                f"model_error_bps = {_number(duel.model_bps)}",
                f"error_bps = {_number(duel.baseline_bps)}",
                f"gain_bps = {_number(duel.gain_bps)}",
                f"gain_95_bps = [{_number(duel.low_bps)}, {_number(duel.high_bps)}]",
                f"dates = {duel.dates}",
                f"dates_better = {duel.better}",
                f"won = {str(duel.won).lower()}",
            ]
    return "\n".join(lines) + "\n"


def is_enabled(held_out: Judgement, recorded: Judgement | None) -> bool:
    """Tell whether the lines won wherever they were judged."""
    return held_out.won and (recorded is None or recorded.won)


def note_of(held_out: Judgement, recorded: Judgement | None) -> str:
    """Say in a sentence what the test is worth."""
    parts = ["fills are simulated: a win says that the simulator's own law of costs was learnt, on this tape"]
    if held_out.note:
        parts.append(held_out.note)
    if recorded is not None:
        verdict = "won" if recorded.won else "not won"
        few = f"; {recorded.note}" if recorded.note else ""
        parts.append(f"on recorded prints {verdict} ({recorded.dates} dates{few})")
    return "; ".join(parts)


def _line(name: str, line: Line) -> list[str]:
    values = [f"{item.name} = {_number(getattr(line, item.name))}" for item in fields(line)]
    return ["", f"[{name}]", *values]


def _number(value: float) -> str:
    return f"{0.0 if math.isnan(value) else value:.6f}"
