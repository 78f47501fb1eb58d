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
# # What does a path inside a bar know about the seconds?
#
# A one-minute bar says where the price opened, how far it went and where it closed, not how it got there.  A stop
# placed a second too late meets exactly what the bar does not say.  `sim fidelity` fills bars made from real seconds
# and holds each way of filling them against those seconds.  This notebook draws from the tables it saved.

# %%
from pathlib import Path

import pandas as pd
from IPython.display import Image, Markdown, display

import sim
from sim.fidelity.level import MINUTES, SECONDS
from sim.fidelity.pictures import chosen, crossing_pictures, extremes_pictures, forest_picture, moves_picture
from sim.fidelity.printing import label_of, sources_in

folder = Path(sim.__file__).parent.parent / "reports" / "fidelity"
table = pd.read_parquet(folder / "fidelity.parquet")
signs = pd.read_parquet(folder / "signs.parquet")
profiles = pd.read_parquet(folder / "profiles.parquet")
pd.read_parquet(folder / "tapes.parquet")


# %%
def show(*pictures):
    for picture in pictures:
        display(Image(picture.png), Markdown(picture.caption))


def ratios(rows):
    """Put sources side by side; a dash is what too few episodes show."""
    keys = ["measure", "x", "x_unit", "t_s", "real", "events_real", "episodes_with_events"]
    rows = rows.assign(source=rows["source"].map(label_of))
    wide = rows.set_index([*keys, "source"])["ratio"].unstack()
    return dashed(wide.reindex(columns=[label_of(name) for name in sources_in(table)]))


def dashed(frame):
    """Round, and write a dash where nothing was measured."""
    return frame.round(2).astype(object).where(frame.notna(), "–")


# %% [markdown]
# ## Moves
#
# How often is the price further than *x* away after *t*?  One is the truth.  A path that shows twice the real rate of
# sudden moves refuses twice as much and stops out for nothing; one that shows half of it is too kind.

# %%
show(moves_picture(table, SECONDS, "calm", "bps"), moves_picture(table, SECONDS, "calm", "ranges"))

# %%
ratios(chosen(table, SECONDS, "calm", "moves"))

# %% [markdown]
# ## When extremes come, and what surrounds them

# %%
show(*extremes_pictures(profiles, SECONDS, "calm"))

# %% [markdown]
# ## Where a stop is crossed
#
# A stop fires where the price moves, and moves come in bursts: the seconds around a crossing are many times wilder
# than others.  What a stop pays beyond its price is decided there.

# %%
show(*crossing_pictures(table, profiles, SECONDS, "calm"))

# %% [markdown]
# ## What the production code meets
#
# The same bot, intents and latencies on the real seconds and on each source.

# %%
runs = chosen(table, SECONDS, "calm", "runs")
show(forest_picture("runs", runs, "calm dates"))
ratios(runs)

# %% [markdown]
# ## One level up, in a crash
#
# Real minutes inside five-minute bars, on the worst days of February 2025 and May 2021.

# %%
show(moves_picture(table, MINUTES, "violent", "bps"), *crossing_pictures(table, profiles, MINUTES, "violent"))

# %% [markdown]
# ## How sure is this?
#
# The seconds come from few dates, so the sign on each date says more than an interval over all of them.

# %%
half = signs[(signs["measure"] == "moves beyond x in t") & (signs["x"] == 0.5) & (signs["t_s"] == 1.0)]
dashed(half.pivot(index="date", columns="source", values="ratio"))

# %%
counts = table.groupby(["level", "group", "status"])["measure"].count().rename("rows")
counts.to_frame()

# %% [markdown]
# On seconds of your own: `sim fidelity PATH …`, with one-second bars or trades as Binance publishes them.
