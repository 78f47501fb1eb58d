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
# # What would break your own executor?
#
# Your executor stays as it is, in its own file, written against python-binance.  This notebook writes a small one
# into a
# temporary folder, runs it through an ordinary day with lost replies, and then lets `sim hunt` look for the fewest
# failures that make it break a rule.

# %%
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import Markdown, display

from sim.code import CodeSpec, factory_of
from sim.experiment import run_scenario
from sim.hunt import Bracket, hunt
from sim.scenario import load_policy_named, load_scenario

EXECUTOR = """
import logging

log = logging.getLogger(__name__)


class Trader:
    def __init__(self, client):
        self.client = client

    async def submit_order(self, symbol, side, quantity, sl_price, tp_price):
        enter, leave = ("BUY", "SELL") if side == "buy" else ("SELL", "BUY")
        for attempt in range(3):
            try:
                order = await self.client.futures_create_order(
                    symbol=symbol, side=enter, type="MARKET", quantity=quantity)
                break
            except Exception as error:
                log.warning("attempt %d: %r", attempt + 1, error)
        else:
            return False
        await self.client.futures_create_order(
            symbol=symbol, side=leave, type="STOP_MARKET", stopPrice=f"{sl_price:.1f}", closePosition=True)
        return True
"""
home = tempfile.TemporaryDirectory()
Path(home.name, "trader.py").write_text(EXECUTOR)
code = factory_of(CodeSpec(app_dir=home.name, executor="trader:Trader", client="raw"), Path(home.name))

# %% [markdown]
# Constructor and method are given what they ask for, by name.  `client="raw"` is the exchange's client without a
# library;
# `"python-binance"` and `"ccxt"` are the libraries themselves.

# %%
result = run_scenario("lossy_network", "d7", seed=1, intents=60, executor_factory=code)
result.violations.groupby(["kind", "check"]).size().rename("found").to_frame()

# %%
result.violations[result.violations["kind"] == "safety"][["intent", "check", "truth", "belief"]].head(6)

# %% [markdown]
# ## The fewest failures
#
# A hunt takes one intent and gives each of its calls each of eight outcomes, one at a time first.  What breaks a
# rule is
# shrunk and told.

# %%
bracket = Bracket(load_scenario("quickstart"), load_policy_named("d7"), executor_factory=code)
found = hunt(bracket, depth=1, crashes=False)
pd.DataFrame(
    [
        {
            "rule": one.cause.check,
            "events": " · ".join(event.told for event in one.script),
            "at stake": one.stake,
        }
        for one in found.findings
    ]
)

# %%
for one in found.findings[:3]:
    display(Markdown(f"**{one.cause.check}** {one.words}"))

# %%
home.cleanup()

# %% [markdown]
# On the command line: `sim hunt quickstart --app-dir mybot --code executor=trader:Trader`.  It saves each finding
# as a
# scenario that fails until the defect is mended, to be committed beside your tests.
