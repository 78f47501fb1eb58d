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
# # What happened to our orders, and what would have helped?
#
# You had a bad night: orders timed out, a stop was refused, and in the morning the books did not fit what the bot
# believed.  This notebook replays an ordinary day with ordinary failures and looks at it the way you would look at
# yours.  Every number comes from one call, and the same call gives the same numbers again, to the byte.

# %%
from IPython.display import Image, Markdown, display

import sim
from sim.report.pictures import latency_pictures, protection_pictures, recovery_pictures, slippage_pictures

result = sim.run("quickstart", seed=7, intents=80)
display(result)

# %% [markdown]
# An **intent** is the wish to hold one protected position for a while.  The bot decided 80 of them.  For each one the
# simulator knows two things: what the bot *believed* (what its calls returned) and what was *true* (what the exchange
# did).  Where the two part, money is at risk.
#
# ## Did the bot recover?
#
# One row per kind of failure and kind of order.  *n* counts the intents whose **first** such order met the failure,
# so it is the same for every policy.  *Recovered* means: at the deadline there was one position of the right size with
# a live stop.  Closed again in time, or left without knowing, is counted apart and is no success.

# %%
result.recovery[
    ["fault", "role", "n", "recovered", "flattened_safely", "unknown", "naked", "rate", "low", "high"]
]

# %% [markdown]
# With so few failures on a single day the intervals are wide; the tables say "conditional on this tape" because no
# number of orders on one day replaces a second day.
#
# ## What did it pay?
#
# Positive slippage costs money.  *Check* is the price the guard saw, *fill* the price that was paid: the difference is
# what the market did while the order was on its way.

# %%
result.slippage[result.slippage["n"] > 0].drop(columns="note")


# %%
def show(pictures):
    for picture in pictures:
        display(Image(picture.png), Markdown(picture.caption))


show(recovery_pictures(result)[:1])

# %%
show(slippage_pictures(result)[:1])

# %% [markdown]
# ## How long was it without a stop?
#
# Time runs from the decision, not from the send.  What was never reached is not left out: the curves count it as
# still waiting.

# %%
result.latency.drop(columns="note")

# %%
show(latency_pictures(result)[:1] + protection_pictures(result))

# %% [markdown]
# ## Which rules were broken?
#
# The checks compare belief with truth after the fact.  *Safety* rows are about the bot; *simulator* rows would be about
# this program, and there must be none.

# %%
result.violations.groupby(["kind", "check"]).size().rename("found").to_frame()

# %%
result.violations[["intent", "check", "truth", "belief"]].head(8)

# %% [markdown]
# To read the story of one of these intents, request by request, write this run into a folder and ask for it:
# `sim run quickstart --seed 7 --intents 80`, then `sim show quickstart-d7-seed7 --intent` and its number.
#
# ## What would have helped?
#
# Two policies on the same weather: the same intents, prices, latencies and fault windows, so that whatever differs is
# the policy's doing.  The first one is the baseline.

# %%
comparison = sim.compare("quickstart", ["d7", "legacy-sltp"], seeds=[7], intents=80)
comparison.table.loc[
    ["recovered_share", "doubled_share", "naked_mean_s", "result_per_1000_quote", "violations_safety"]
]

# %% [markdown]
# Read the interval before the difference: if *low* and *high* stand on both sides of zero, this tape cannot tell the
# two policies apart.

# %%
comparison.differences[["policy", "against", "metric", "unit", "n", "mean_difference", "low", "high"]]

# %% [markdown]
# Try a value of your own: `sim.compare("quickstart", ["d7", "my-policy.toml"])`; the file holds the keys to change.
