"""Parts of the user's work together with ours, in any combination, each given what it asks for by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InputError

Bot = Callable[..., Any]

SOUND = """
import logging
class Trader:
    def __init__(self, client, policy_store=None, logger: logging.Logger = None, size_limit=1.0):
        self.client, self.limit = client, size_limit
        print(type(policy_store).__name__, logger.name, size_limit)
    async def prepare(self, symbols):
        await self.client.futures_exchange_info()
    async def submit_order(self, *, symbol, side, quantity, sl_price, tp_price, **rest):
        print(sorted(rest))
        entry, leave = ("BUY", "SELL") if side == "buy" else ("SELL", "BUY")
        await self.client.futures_create_order(symbol=symbol, side=entry, type="MARKET", quantity=quantity)
        for kind, price in (("STOP_MARKET", sl_price), ("TAKE_PROFIT_MARKET", tp_price)):
            await self.client.futures_create_order(
                symbol=symbol, side=leave, type=kind, stopPrice=f"{price:.1f}", closePosition="true")
        return {"status": "open", "quantity": quantity, "protected": True}
    async def close_position(self, symbol, side, quantity):
        leave = "SELL" if side == "buy" else "BUY"
        await self.client.futures_create_order(
            symbol=symbol, side=leave, type="MARKET", quantity=quantity, reduceOnly="true")
        await self.client.futures_cancel_all_open_orders(symbol=symbol)
        await self.client.futures_cancel_all_open_orders(symbol=symbol, conditional=True)
        return True
"""


@pytest.mark.parametrize("client", ["raw", "python-binance"])
def test_an_executor_class_is_made_and_called_with_what_it_asks_for(bot: Bot, client: str) -> None:
    """Client, policy and logger come by name, ``**rest`` is what our own executor is called with."""
    ran = bot(SOUND, flow=None, executor="bot:Trader", client=client, arguments={"size_limit": 2.5})
    assert ran.lines[0] == "PolicyStore code 2.5"
    assert "planned_price" in ran.lines[1]
    assert ran.ends in (["closed"], ["closed by the venue"])
    assert ran.violations <= {"I12"}


def test_a_ccxt_flow_trades_with_the_library_itself(bot: Bot) -> None:
    """ccxt's own class reads markets, places an order and its reply is read as belief."""
    ran = bot(
        """
        async def trade(client, intent):
            print(type(client).__name__)
            market = intent.symbol.removesuffix("USDT") + "/USDT:USDT"
            return await client.create_order(market, "market", intent.side, intent.quantity)
        """,
        client="ccxt",
    )
    assert ran.lines == ["binanceusdm"]
    assert ran.calls[0] == "POST /fapi/v1/order"
    assert ran.ends == ["closed"]


def test_a_bare_submit_function_sends_orders(bot: Bot) -> None:
    """With ``client = "submit"`` the flow is given one function that sends an order and returns the reply."""
    ran = bot(
        """
        def trade(submit, intent):
            return submit(symbol=intent.symbol, side=intent.entry_side, type="MARKET", quantity=intent.quantity)
        """,
        client="submit",
    )
    assert ran.calls[0] == "POST /fapi/v1/order"


def test_an_adapter_of_the_users_stands_between(bot: Bot) -> None:
    """A class named as client is made on our client, and flow and parts are given it."""
    ran = bot(
        """
        class Adapter:
            def __init__(self, client):
                self._client = client
            async def buy_or_sell(self, order):
                return await self._client.futures_create_order(**order)
        async def trade(adapter, intent):
            order = dict(symbol=intent.symbol, side=intent.entry_side, type="MARKET", quantity=intent.quantity)
            return bool(await adapter.buy_or_sell(order))
        """,
        client="bot:Adapter",
    )
    assert ran.ends == ["closed"]


def test_a_method_or_a_function_can_be_the_executor(bot: Bot) -> None:
    """``module:Class.method`` makes the class and calls the method; a function that asks for a size is the executor."""
    source = """
    class Desk:
        def __init__(self, client): self.client = client
        async def open(self, symbol, side, qty):
            await self.client.futures_create_order(symbol=symbol, side=side.upper(), type="MARKET", quantity=qty)
            return qty
    async def enter(client, symbol, direction, amount):
        await client.futures_create_order(
            symbol=symbol, side="BUY" if direction > 0 else "SELL", type="MARKET", quantity=amount)
        return amount
    """
    assert bot(source, flow=None, executor="bot:Desk.open").ends == ["closed"]
    assert bot(source, flow=None, executor="bot:enter").ends == ["closed"]


PARTS = """
calls = []
class Guard:
    def __init__(self, policy_store): self.policy_store = policy_store
    async def validate_and_adjust_order(self, symbol, side, planned_entry_price, current_market_price, **rest):
        print("guard", symbol)
        class Verdict: is_valid = True; reason = "fine"
        return Verdict()
class Placer:
    def __init__(self, policy_store=None, safety_guard=None):
        print("placer with", type(safety_guard).__name__)
    async def place_order_with_safety(self, submit_func, order_params, symbol, side, sl_price=None, client=None,
                                      order_type="entry"):
        print("places", order_type)
        reply = await submit_func(**order_params)
        return {"success": True, "order_id": reply.get("orderId") or reply.get("algoId")}
class Limiter:
    async def acquire(self, weight):
        print("weight", weight)
class Policy:
    def get_policy(self, key):
        return 1 if key == "execution.max_order_retries" else None
async def protect(client, symbol, side, entry_price, quantity, sl_price, **rest):
    print("protects", symbol)
    leave = "SELL" if side == "buy" else "BUY"
    await client.futures_create_order(
        symbol=symbol, side=leave, type="STOP_MARKET", stopPrice=f"{sl_price:.1f}", closePosition="true")
    return True
"""


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({"guard": "bot:Guard"}, "guard BTCUSDT"),
        ({"placer": "bot:Placer"}, "places entry"),
        ({"guard": "bot:Guard", "placer": "bot:Placer"}, "placer with Guard"),
        ({"rate_limiter": "bot:Limiter"}, "weight 1"),
        ({"bracket": "bot:protect"}, "protects BTCUSDT"),
        ({"policy_store": "bot:Policy"}, None),
    ],
)
def test_our_executor_works_with_parts_of_the_users(
    bot: Bot, parts: dict[str, str], line: str | None
) -> None:
    """A guard, a placer, a limiter, a bracket or a policy of the user's is used by our executor, the rest is ours."""
    ran = bot(PARTS, flow=None, **parts)
    assert line is None or line in ran.lines
    assert ran.ends[0].startswith("closed")


def test_modules_that_are_not_installed_are_stubbed_by_name(bot: Bot) -> None:
    """What is imported from them and from below is inert: called, subclassed, caught, awaited, used as a decorator."""
    ran = bot(
        """
        import telegram
        from telegram.ext import Updater
        from telegram.error import TelegramError, NetworkError as Lost
        import vendor.metrics.prometheus as metrics
        class Mine(Updater):
            pass
        @metrics.timed
        async def trade(client, intent):
            await telegram.Bot("token").send_message("hello")
            with metrics.span("x"):
                for _ in telegram.updates: print("never")
            try:
                raise Lost("gone")
            except TelegramError:
                print("not this one")
            except Lost as error:
                print(error, bool(telegram.chat), len(telegram.chat))
        """,
        stubs=["telegram", "vendor.metrics"],
    )
    assert ran.lines == ["gone False 0"]


def test_what_is_missing_is_told_with_how_to_stub_it(bot: Bot) -> None:
    """An import that fails in the user's module names what is missing and the line that helps."""
    with pytest.raises(InputError, match=r'code\.flow: .*imports telegram.*stubs = \["telegram"\]'):
        bot("import telegram.ext\nasync def trade(client, intent): ...\n")


@pytest.mark.parametrize(
    ("source", "spec", "said"),
    [
        ("", {"flow": "bott:trade"}, r"code\.flow: given 'bott:trade', expected a module in .*did you mean 'bot'"),
        ("def trades(c, i): ...", {}, r"an attribute of module bot, which has trades \(did you mean 'trades'\?\)"),
        ("1 / 0", {}, r"code\.flow: .*ZeroDivisionError: division by zero at .*bot\.py:1"),
        ("def trade(:", {}, r"SyntaxError: .* at .*bot\.py:1"),
        ("def trade(client, intent, database): ...", {},
         r"database has none; on offer are .*client.*code\.arguments.*database ="),
        ("class T:\n    def __init__(self, client): ...\n    def go(self): ...", {"flow": None, "executor": "bot:T"},
         r'code\.executor: given T, expected a class with submit_order, or one of its methods as "module:T\.method"'),
        ("class T:\n    def __init__(self): raise ValueError('no key')\n    submit_order = 1",
         {"flow": None, "executor": "bot:T"},
         r"code: given executor = bot:T, .*it raised ValueError: no key \(.*bot\.py:2"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_in_one_line(
    bot: Bot, source: str, spec: dict[str, Any], said: str
) -> None:
    """Unknown names, modules that raise and parameters without a value are told before anything is traded."""
    with pytest.raises(InputError, match=said) as caught:
        bot(source, **spec)
    assert "\n" not in str(caught.value)


def test_a_library_of_a_dead_process_sends_nothing_more(tmp_path: Path) -> None:
    """What python-binance would still send from a ``finally`` of the dead does not reach the venue."""
    from sim.code import CodeSpec, factory_of
    from sim.experiment import run_scenario

    (tmp_path / "bot.py").write_text(
        "async def trade(client, intent):\n"
        "    try:\n"
        "        await client.futures_mark_price(symbol=intent.symbol)\n"
        "    finally:\n"
        "        await client.futures_cancel_all_open_orders(symbol=intent.symbol)\n",
        encoding="utf-8",
    )
    made = factory_of(CodeSpec(flow="bot:trade", client="python-binance"), tmp_path)
    crash = '[{name="dies", kind="crash", restart_s=5.0, how={script=[1]}}]'
    result = run_scenario(
        "quickstart", "safe", intents=1, overrides=[f"faults={crash}"], executor_factory=made
    )
    asked = result.frames["requests"].query("intent >= 0")
    assert list(asked["call"]) == ["GET /fapi/v1/premiumIndex"]


def test_a_process_that_comes_back_has_fresh_modules_and_recovers_where_it_can(
    bot: Bot, tmp_path: Path
) -> None:
    """After a crash the modules are executed anew, and ``recover`` is asked what is held."""
    from sim.code import CodeSpec, factory_of
    from sim.experiment import run_scenario

    (tmp_path / "bot.py").write_text(
        "seen = []\n"
        "class Bot:\n"
        "    def __init__(self, client, store): self.client, self.store = client, store\n"
        "    async def submit_order(self, symbol, side, quantity):\n"
        "        self.store[symbol] = repr(quantity if side == 'buy' else -quantity)\n"
        "        seen.append(symbol); print('seen', len(seen))\n"
        "        await self.client.futures_create_order(\n"
        "            symbol=symbol, side=side.upper(), type='MARKET', quantity=quantity)\n"
        "        await self.client.futures_position_information(symbol=symbol)\n"
        "        return quantity\n"
        "    async def recover(self, symbols):\n"
        "        print('recovers', len(seen))\n"
        "        return {symbol: float(size) for symbol, size in self.store.items()}\n",
        encoding="utf-8",
    )
    made = factory_of(CodeSpec(executor="bot:Bot"), tmp_path)
    crash = '[{name="dies", kind="crash", restart_s=5.0, how={script=[2]}}]'
    result = run_scenario(
        "quickstart", "safe", intents=1, overrides=[f"faults={crash}"], executor_factory=made
    )
    texts = list(result.frames["log"]["text"])
    assert texts == ["seen 1", "recovers 0"]
    assert list(result.frames["orders"]["role"]) == ["entry", "flatten"]
