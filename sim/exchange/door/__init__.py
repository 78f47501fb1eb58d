"""Be the exchange's one front: ``(method, path, params) -> (status, body)`` in Binance's own shapes.

One small function per route, grouped by file; :mod:`.routes` is the table.  Shapes: binance-facts 10.
"""

from sim.exchange.door.batch import BATCH_PATH, item_truths
from sim.exchange.door.door import Door
from sim.exchange.door.routes import ROUTES

__all__ = ["BATCH_PATH", "ROUTES", "Door", "item_truths"]
