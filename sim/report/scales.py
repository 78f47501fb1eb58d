"""Say what a headline number is called, what its unit is, and which way it gets better (pure).

A claimed number never counts as better: claims are not merits.  Of numbers that only describe (how intents ended,
how often the guard refused, how far stops were moved) neither way is better.
"""

from __future__ import annotations

from typing import Final, Literal

Better = Literal["lower", "higher", ""]

_UNITS: Final = (
    ("_per_1000_quote", "quote per 1,000 intents"),
    ("_mean_quote_s", "quote*s"),
    ("_share_of_entered", "share of entered"),
    ("_share_of_requests", "share of requests"),
    ("_share", "share"),
    ("_quote", "quote"),
    ("_bps", "bps"),
    ("_attempts", "attempts"),
    ("_r", "R"),
    ("_s", "s"),
)
_HIGHER: Final = ("recovered_share", "result_", "refusal_saved_", "retry_success_", "recovery_2021_")
_LOWER: Final = (
    "violations_", "unresolved_", "doubled_", "orphaned_", "entry_", "naked_", "never_protected_", "loss_",
    "refusal_missed_", "slippage_check_", "slippage_fill_", "requests_per_", "orders_sent_", "time_to_",
    "unattributed_",
)  # fmt: skip
_LOWER_DIFFERENCES: Final = (
    "loss", "naked", "adverse slippage", "over-filled", "unresolved", "requests",
)  # fmt: skip
_SHARES: Final = "share"


def better_of(metric: str) -> Better:
    """Return which way a headline number gets better; "" when it only describes or is only a claim."""
    if metric.endswith("_claimed"):
        return ""
    if metric.startswith(_HIGHER):
        return "higher"
    return "lower" if metric.startswith(_LOWER) else ""


def name_and_unit(metric: str) -> tuple[str, str]:
    """Return a headline number's name in words and its unit, both from its own name."""
    if metric.startswith("violations_"):
        return f"violations of {metric.removeprefix('violations_')}", "violations"
    name, source = metric.replace("cvar95", "CVaR95"), ""
    for ending in ("_claimed", "_true"):
        if name.endswith(ending):
            name, source = name.removesuffix(ending), ", " + ending[1:]
    for suffix, unit in _UNITS:
        if name.endswith(suffix):
            return name.removesuffix(suffix).replace("_", " ") + source, unit
    unit = "requests" if name.startswith(("requests_per", "orders_sent_per")) else "count"
    return name.replace("_", " ") + source, unit


def is_share(unit: str) -> bool:
    """Tell whether a headline unit is a share of something."""
    return unit.startswith(_SHARES)


def better_difference(metric: str) -> Better:
    """Return which way a paired difference gets better, by its metric."""
    if metric.startswith("result"):
        return "higher"
    return "lower" if metric.startswith(_LOWER_DIFFERENCES) else ""
