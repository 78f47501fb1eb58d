"""Load market data and answer what the price was: the one room that knows where prices come from.

``load_bars`` and ``load_trades`` read and check files; ``load_path`` builds a :class:`PricePath` from them.
Importing this package loads numpy and pydantic, not pandas or pyarrow.
"""

from sim.market.bars import Bars, Trades
from sim.market.files import embedded_names
from sim.market.kline_path import KlinePath
from sim.market.line_path import LinePath
from sim.market.load_path import load_path
from sim.market.loader import load_bars, load_market, load_trades
from sim.market.mark import MarkSpec
from sim.market.path import PricePath
from sim.market.problems import Problems
from sim.market.search import Trail
from sim.market.shock import Crash, Drift, Shock
from sim.market.trade_path import TradePath

__all__ = [
    "Bars",
    "Crash",
    "Drift",
    "KlinePath",
    "LinePath",
    "MarkSpec",
    "PricePath",
    "Problems",
    "Shock",
    "TradePath",
    "Trades",
    "Trail",
    "embedded_names",
    "load_bars",
    "load_market",
    "load_path",
    "load_trades",
]
