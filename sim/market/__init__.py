"""Load market data and answer what the price was: the one room that knows where prices come from.

``load_bars`` and ``load_trades`` read and check files; ``load_path`` builds a :class:`PricePath` from them.
Importing this package loads numpy and pydantic, not pandas or pyarrow.
"""

from sim.market.bars import Bars, Trades
from sim.market.files import embedded_names
from sim.market.inside import BRIDGE, Inside
from sim.market.kline_path import KlinePath
from sim.market.line_path import LinePath
from sim.market.load_path import Filling, choose_inside, load_path, path_over
from sim.market.loader import load_bars, load_market, load_trades
from sim.market.mark import MarkSource, MarkSpec
from sim.market.moment import At, at_us
from sim.market.path import PricePath
from sim.market.problems import Problems
from sim.market.search import Trail
from sim.market.shapes import (
    NestedShapes,
    Recording,
    ShapeLibrary,
    build_shapes,
    shipped_inside,
    shipped_shapes,
)
from sim.market.shocks import Basis, Crash, Drift, Freeze, Gap, Halt, Shock, Whipsaw, Wick
from sim.market.trade_path import TradePath

__all__ = [
    "BRIDGE",
    "At",
    "Bars",
    "Basis",
    "Crash",
    "Drift",
    "Filling",
    "Freeze",
    "Gap",
    "Halt",
    "Inside",
    "KlinePath",
    "LinePath",
    "MarkSource",
    "MarkSpec",
    "NestedShapes",
    "PricePath",
    "Problems",
    "Recording",
    "ShapeLibrary",
    "Shock",
    "TradePath",
    "Trades",
    "Trail",
    "Whipsaw",
    "Wick",
    "at_us",
    "build_shapes",
    "choose_inside",
    "embedded_names",
    "load_bars",
    "load_market",
    "load_path",
    "load_trades",
    "path_over",
    "shipped_inside",
    "shipped_shapes",
]
