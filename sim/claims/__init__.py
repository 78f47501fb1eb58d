"""Show where the seed document's claims hold: maps over two causes each, measured and from arithmetic."""

from sim.claims.figures import figures_of
from sim.claims.maps import MAPS, RULES, ClaimMap
from sim.claims.publishing import publish_claims
from sim.claims.runs import collect, read_runs

__all__ = ["MAPS", "RULES", "ClaimMap", "collect", "figures_of", "publish_claims", "read_runs"]
