"""Turn a reference to market data into the best path its content allows."""

from __future__ import annotations

from sim.market.bars import Trades
from sim.market.kline_path import KlinePath
from sim.market.loader import load_market
from sim.market.mark import MARK_IS_LAST, MarkSpec
from sim.market.problems import REFUSE_ALL, Problems
from sim.market.shock import Crash, Drift
from sim.market.trade_path import TradePath


def load_path(
    reference: str,
    *,
    tick: float,
    seed: int,
    price_decimals: int,
    symbol: str | None = None,
    problems: Problems = REFUSE_ALL,
    mark: MarkSpec = MARK_IS_LAST,
    shocks: tuple[Drift | Crash, ...] = (),
    cache: bool = True,
) -> KlinePath | TradePath:
    """Load ``reference`` and build its path: recorded trades as they are, bars filled with seeded prints.

    Arguments and errors are those of :func:`load_bars`, :class:`KlinePath` and :class:`TradePath`; ``seed``
    plays no part in recorded trades.
    """
    data = load_market(reference, symbol=symbol, problems=problems, cache=cache)
    snap = problems.off_tick == "snap"
    if isinstance(data, Trades):
        return TradePath(
            data, tick=tick, price_decimals=price_decimals, mark=mark, shocks=shocks, snap_to_tick=snap
        )
    return KlinePath(
        data, tick=tick, seed=seed, price_decimals=price_decimals, mark=mark, shocks=shocks, snap_to_tick=snap
    )
