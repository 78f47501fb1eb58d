"""Read requests that place orders or change settings, and refuse what the venue refuses (pure)."""

from sim.exchange.rules.batch import read_batch
from sim.exchange.rules.new_order import NewOrder, read_new_order
from sim.exchange.rules.settings import read_leverage, read_margin_type, read_position_mode

__all__ = [
    "NewOrder",
    "read_batch",
    "read_leverage",
    "read_margin_type",
    "read_new_order",
    "read_position_mode",
]
