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
# # How often to try again, and how long to wait?
#
# More attempts save orders that met an honest failure, and double those whose answer was lost.  Longer waits spare
# the
# venue, and leave a position without its stop meanwhile.  Which of it weighs more depends on the weather, so this
# notebook tries a grid of values in two kinds of it, each cell on the same seeds: same intents, prices, latencies
# and
# faults.  Whatever differs is the policy's doing.

# %%
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

import sim
from sim.sweep import Asked, sweep

asked = Asked(
    scenarios=("honest_internal_error", "double_trap"),
    policies=("d7",),
    grid=("execution.max_order_retries=1,2,5", "execution.retry_backoff_base_sec=0.1,0.5"),
    seeds=3,
    intents=12,
)
Markdown(f"`{asked.command}`")

# %% [markdown]
# That command makes the same sweep in a terminal.  Here the folder is thrown away; there it is kept, and a stopped
# sweep
# goes on where it was.

# %%
with tempfile.TemporaryDirectory() as folder:
    summary = sweep(asked, Path(folder), jobs=1)
cells = pd.DataFrame([{"scenario": cell.scenario, **cell.point, **vars(cell)} for cell in summary.cells])
attempts, wait = (name for name in summary.cells[0].point)
cells.pivot_table(index=["scenario", attempts], columns=wait, values="traded_pct")

# %% [markdown]
# Where every failure is honest (*honest_internal_error*: the order was not placed), one attempt more is one trade
# more.
#
# ## What the same attempts cost where an answer is lost

# %%
cells.pivot_table(index=["scenario", attempts], columns=wait, values="doubled", aggfunc="sum")

# %% [markdown]
# In *double_trap* half of the errors come from orders that live.  Who sends again without looking first holds two
# positions.  No number of attempts is right for both: `d7` cannot tell them apart.
#
# ## Look first, then resend
#
# The default policy gives every order a client id and asks for it before anything is sent again.

# %%
comparison = sim.compare("double_trap", ["d7", "never-resend", "safe"], seeds=[1, 2], intents=15)
comparison.table.loc[
    ["recovered_share", "not_filled_share", "doubled_share", "naked_mean_s", "violations_safety"]
]

# %% [markdown]
# Read the interval before the difference; "conditional on this tape" means that one day was replayed, whatever the
# number
# of seeds.

# %%
comparison.differences[["policy", "against", "metric", "unit", "n", "mean_difference", "low", "high"]]

# %% [markdown]
# ## How sure is sure enough?
#
# `sim power double_trap --policies d7,safe --effect 0.5` tells how many seeds a difference of half a quote per
# intent
# needs; `sim tune` searches many keys at once and judges its choice on days and seeds the search never saw.
