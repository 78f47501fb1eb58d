# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Where to set the slippage limit?
#
# The guard refuses an entry when the market has left the planned price by more than a limit.  A refusal saves what
# a bad
# fill would have cost, and misses what the trade would have earned.  Both are known here: the bracket of a refused
# intent
# is played on to its end on the same prices.

# %%
import pandas as pd
from IPython.display import Image, Markdown, display

import sim
from sim.report.pictures import slippage_pictures
from sim.tune.edge import Edge

LIMITS = (0.0002, 0.0005, 0.001, 0.005)


def at(limit):
    return sim.run(
        "drop_after_entry",
        policy="safe-market",
        seed=3,
        intents=60,
        set=[f"execution.max_slippage_pct={limit}", "workload.decision_delay_s=8"],
    )


results = {limit: at(limit) for limit in LIMITS}
rows = [
    "refused_share",
    "refusal_saved_per_1000_quote",
    "refusal_missed_per_1000_quote",
    "slippage_fill_p95_bps",
]
pd.DataFrame({limit: pd.Series(result.headline).reindex(rows) for limit, result in results.items()})

# %% [markdown]
# Eight seconds pass here between decision and order, as in a bot that thinks, so that there is something to refuse.
# *Saved* are the losses that refused intents would have made, *missed* their gains, both per 1,000 intents.
#
# ## The check is not the fill
#
# The guard judges the price it sees; what is paid is the price on arrival.

# %%
for picture in slippage_pictures(results[0.001])[:2]:
    display(Image(picture.png), Markdown(picture.caption))

# %% [markdown]
# ## Why no search may choose this limit from such intents
#
# These intents toss a coin for their side.  They have no edge, every trade costs fees on average, and so money
# alone
# would drive the limit to zero: the best trade is none.  `sim tune` therefore refuses `execution.max_slippage_pct`
# unless the scenario replays signals that earn their fees, or an edge is declared with its half-life
# (`--edge-bps 12 --half-life-s 20`).

# %%
edge = Edge(bps=12.0, half_life_s=20.0)
fees_bps = 10.0
pd.Series(
    {
        f"{delay_s} s": edge.bps * 2 ** (-delay_s / edge.half_life_s) - fees_bps
        for delay_s in (0, 1, 2, 5, 10)
    },
    name="largest limit that still pays, bps",
).to_frame()

# %% [markdown]
# With a declared edge the best limit is what is left of the edge when the order arrives, less the fees of the round
# trip.
# A negative number says: too late to trade at all.
