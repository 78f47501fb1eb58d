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
# # Anatomy of a bad night, from its log
#
# All you have is the bot's log.  This notebook reads one line by line, says what the venue did as far as the bot
# saw it,
# what no log can tell, and replays the night to ask what would have helped.  The log here was written by a
# simulated
# night, so that what is read can be held against what was true.

# %%
import tempfile
from pathlib import Path

import pandas as pd

from sim.calibrate.logs import Assumed, calibrate, line_of, publish, read_log, simulated_log
from sim.experiment.prepare import load_market_of
from sim.scenario import load_policy_named, load_scenario

home = tempfile.TemporaryDirectory()
folder = Path(home.name)
d7 = load_policy_named("d7")

# %%
night = load_scenario("double_trap")
lines = simulated_log(night, d7, load_market_of(night), seed=5, intents=120)
(folder / "night.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
lines[:8]

# %% [markdown]
# ## What became of every line
#
# Damaged and foreign lines are counted by reason, never guessed at.

# %%
log = read_log([folder / "night.log"], line_of(None, None, "UTC"))
pd.Series(
    {"lines": log.counts.lines, "read": log.counts.read, "of others": log.counts.other, **log.counts.refused}
)

# %% [markdown]
# ## What the venue did
#
# Rates are of what was sent; the interval counts stretches of time, not lines.  Outages are seen only when the bot
# happened
# to ask, so their length is known between bounds.

# %%
found = calibrate(log.tally)
columns = ["failure", "role", "count", "n", "rate", "low", "high"]
pd.DataFrame([{name: getattr(rate, name) for name in columns} for rate in found.rates])

# %%
list(found.unidentified)

# %% [markdown]
# ## What no log can tell
#
# Whether an order lives behind a failure of unknown outcome.  So the night is replayed at both ends: none of them
# was
# applied, and all of them.

# %%
ends = publish(
    log,
    found,
    folder,
    klines="",
    assumed=Assumed(sl_pct=0.004, tp_pct=0.008, hold_s=900.0),
    command="",
    policy=d7,
    intents=40,
)
pd.DataFrame(
    [
        {"P(applied)": end.applied, "over-filled": end.over_filled, "naked, s": end.naked_charged_s}
        for end in ends
    ]
)

# %%
home.cleanup()

# %% [markdown]
# A change of policy that wins at one end only is not a change to make.  `sim calibrate night.log` does all of this
# and writes
# the scenario; `sim backcast` tells whether it was a bad night or another venue, `sim compare-logs` whether a
# change helped.
