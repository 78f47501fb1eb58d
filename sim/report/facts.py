"""Say what a result rests on: data, declared shocks, assumptions and limits, in plain sentences (pure)."""

from __future__ import annotations

from typing import Any, Final

from sim.metrics import CONDITIONAL
from sim.report.printing import printed

_BRIDGE: Final = (
    "Prices inside a bar are a seeded bridge, good for sensitivity only: it shows about five times the true rate "
    "of moves of 10 bps within 8 s, and too little of the violence with which real stops are crossed (local "
    "volatility there is about 15 times the average in truth, 3 to 5 times in bridges)."
)
_SHAPES: Final = (
    "Prices inside a bar follow the shape of a real bar of like range, body, trade count and volume, mapped onto its "
    "open, high, low and close. How near such seconds come to real ones, by kind of question, stands in "
    "reports/fidelity; two symbols move together from bar to bar, not inside one."
)
_ALWAYS: Final = (
    "The tape never reacts to us: no order of ours moves a price or takes liquidity from anyone.",
    "The mark price is derived from the last price and a declared basis and published once a second; it has no "
    "path of its own.",
    "How often faults strike, and what becomes of an order whose fate is unknown, are the scenario's assumptions; "
    "the venue publishes no rates.",
    "Where a fill could be judged either way, the rule that hurts the strategy was taken.",
    "The ideal executor (I1) has the same intents, prices and latencies, no faults, refuses nothing, and its stop "
    "rests with the fill; I0 is the same at zero latency. Losses against them are never clipped.",
    "Positions still open at the end are marked at the last price less the cost of leaving.",
    "Intervals are at 95 %, over clusters (market episode × seed), never over intents: intents of one burst or "
    "crash are not independent.",
)
_ISOLATION: Final = {
    "intent": "Every intent trades in its own account on the shared prices, so intents neither net nor block "
    "each other.",
    "account": "All intents share one account, where they net and block each other: the run is the unit, and "
    "exposure belongs to the account.",
}


def data_facts(manifest: dict[str, Any], *, shocks_at_most: int = 1000) -> list[str]:
    """Return where the prices came from and what was laid over them; ``shocks_at_most`` are told one by one."""
    shocks = [str(shock) for shock in manifest["shocks"]]
    said = []
    for symbol, source in manifest["path_source"].items():
        text = str(source)
        for shock in shocks:
            text = text.replace(f"; {shock}", "")
        said.append(f"Prices of {symbol}: {text}.")
    told = shocks[:shocks_at_most]
    said += [f"Declared shock, laid over the tape by the scenario: {shock}." for shock in told]
    if len(shocks) > len(told):
        said.append(f"{len(shocks) - len(told)} more shocks are declared and laid over the tape.")
    if not shocks:
        said.append("No shock is laid over the tape.")
    ended_us = int(manifest["ended_us"])
    unmet = sum(int(begins_us) >= ended_us for begins_us, _ in manifest["shock_spans_us"])
    if unmet:
        which = (
            f"{unmet} of the {len(shocks)} declared shocks begin"
            if len(shocks) > 1
            else "The declared shock begins"
        )
        said.append(f"{which} after the end of this run: no intent met that.")
    said += [str(note).rstrip(".") + "." for note in manifest["data_notes"]]
    hours = printed(int(manifest["ended_us"]) / 3.6e9)
    said.append(f"The run covers {hours} hours of market under the venue's rules of {manifest['rules']}.")
    return said


def limit_facts(manifest: dict[str, Any], *, conditional: bool) -> list[str]:
    """Return the assumptions and limits every reader must know."""
    sources = " ".join(str(source) for source in manifest["path_source"].values())
    inside = [
        text for word, text in (("bridge inside", _BRIDGE), ("real shapes", _SHAPES)) if word in sources
    ]
    said = [_ALWAYS[0], *inside, *_ALWAYS[1:]]
    said.insert(1, _ISOLATION[str(manifest["isolation"])])
    if conditional:
        said.append(
            f"Fewer than ten independent dates: everything here is {CONDITIONAL}, and no interval is said to "
            "exclude zero."
        )
    return said
