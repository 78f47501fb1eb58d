"""Mend each defective bot by the one change that its author would make."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.hunt.bots_roster import FOLDER, Bot

MENDS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "gridline": (('price = ticker["price"]', 'price = float(ticker["price"])'),),
    "ticktock": (
        ("moved = mark * (1 - desk.sign * sl_percent / 2)", "moved = desk.stop_price(mark, sl_percent / 2)"),
    ),
    "lookout": (("origClientOrderId=cid", "clientAlgoId=cid"),),
    "fastfill": (
        (
            'log.warning("attempt %d/%d: %r, not sent, trying again", n, tries, e)',
            "return await filled(desk, cid, {})",
        ),
    ),
    "lambda_stop": (("result = again()", "result = await again()"),),
    "optimist": (("if reply is None:", "if not reply:"),),
    "mirror": (("emergency_close(desk, exit_side, held)", "emergency_close(desk, side, held)"),),
    "chaser": (("            attempt += 1\n", "            return None\n"),),
    "carbon": (("order = self.EXIT", "order = dict(self.EXIT)"),),
    "vault": (("attempt >= self.policies.get_policy", "attempt >= await self.policies.get_policy"),),
    "gapper": (
        (
            'await desk.send(**desk.exit_order("STOP_MARKET", stop))',
            "if not await desk.protect(stop):\n            await desk.flatten(held)",
        ),
    ),
    "loopback": (
        (
            'log.error("%s: close attempt %d refused: %s", symbol, n, no)',
            'if no.code == -2022 and not await desk.position():\n                    return {"success": True}',
        ),
    ),
    "zero_entry": (
        (
            "            return None\n    log.info(",
            "            return None\n        order = await desk.find(origClientOrderId=cid)\n    log.info(",
        ),
    ),
    "fallback_target": (('timeInForce="GTC",', 'timeInForce="GTC", reduceOnly="true",'),),
    "patient": (("async def _enter(", "async def _enter_by_retrying("),),
    "brave": (
        (
            "        return 0.0\n    await asyncio.sleep(intent.hold_s)\n",
            "    else:\n        await asyncio.sleep(intent.hold_s)\n",
        ),
    ),
    "late_fill": (("patience_s=1.0", "patience_s=40.0"),),
    "quiet": (
        ("async def _rest(", "async def _rest_quietly("),
        ("async def _guard(", "async def _guard_quietly("),
    ),
}
"""By bot: texts of its file, each standing there once, and what they become."""


def mended(bot: Bot, folder: Path) -> Bot:
    """Write a copy of a bot without its defect below ``folder``, and return it."""
    there = shutil.copytree(FOLDER, folder / bot.name)
    file = there / f"{bot.name}.py"
    text = file.read_text()
    for wrong, right in MENDS[bot.name]:
        assert text.count(wrong) == 1, f"{bot.name}: {wrong!r} stands there {text.count(wrong)} times"
        text = text.replace(wrong, right)
    file.write_text(text)
    return replace(bot, folder=there, defect="", check="", said=())
