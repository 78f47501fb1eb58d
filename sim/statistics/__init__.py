"""Say how sure a number is when what repeats is the day and the seed, never the intent (pure).

Intents of one burst or one crash are not independent; intervals on pooled intents would be far too narrow (metrics:
"Intervals").  Everything here takes arrays, one element per intent, and labels ``dates`` and ``seeds``.
"""

from sim.statistics.interval import CONDITIONAL, ENOUGH_DATES, Interval, note_of
from sim.statistics.many import Superior, holm, spa
from sim.statistics.means import mean, p_value, paired_mean, paired_ratio, ratio
from sim.statistics.power import (
    Required,
    careful_deviation,
    cluster_deviation,
    intraclass,
    required_clusters,
    smallest_effect,
    variance_ratio,
)
from sim.statistics.proportions import Proportion, proportion, proportion_of_sums, zero_event_bound
from sim.statistics.rates import Combined, Rate, combined_rate
from sim.statistics.signs import DateSign, sign_table
from sim.statistics.tails import cvar, paired_cvar, quantile
from sim.statistics.times import Curve, kaplan_meier, kaplan_meier_quantile, waiting_curve
from sim.statistics.until import Look, UntilWidth

__all__ = [
    "CONDITIONAL",
    "ENOUGH_DATES",
    "Combined",
    "Curve",
    "DateSign",
    "Interval",
    "Look",
    "Proportion",
    "Rate",
    "Required",
    "Superior",
    "UntilWidth",
    "careful_deviation",
    "cluster_deviation",
    "combined_rate",
    "cvar",
    "holm",
    "intraclass",
    "kaplan_meier",
    "kaplan_meier_quantile",
    "mean",
    "note_of",
    "p_value",
    "paired_cvar",
    "paired_mean",
    "paired_ratio",
    "proportion",
    "proportion_of_sums",
    "quantile",
    "ratio",
    "required_clusters",
    "sign_table",
    "smallest_effect",
    "spa",
    "variance_ratio",
    "waiting_curve",
    "zero_event_bound",
]
