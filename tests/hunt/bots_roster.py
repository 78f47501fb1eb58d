"""List the bots of ``bots/``: how each is called, in what each is wrong, and the one script that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sim.code import factory_for
from sim.experiment.prepare import Market, load_market_of
from sim.hunt import Bracket
from sim.hunt.script import Script, Strike
from sim.scenario import LoadedScenario, load_policy_named, load_scenario

FOLDER = Path(__file__).parent / "bots"
ORDER, ALGO_ORDER = "POST /fapi/v1/order", "POST /fapi/v1/algoOrder"


@dataclass(frozen=True, kw_only=True)
class Bot:
    """State one bot.

    ``part`` is what it is (a flow, an executor, a guard) and ``at`` where; ``client`` what it is written against.
    ``defect``: in what it is wrong ("" for sound).  ``shown_by``: the script that shows it, ``check`` the rule it
    breaks first, ``said`` what the words of the finding hold.
    """

    name: str
    part: str
    at: str
    client: str = "python-binance"
    policy: str = "legacy-sltp"
    defect: str = ""
    shown_by: Script = ()
    check: str = ""
    said: tuple[str, ...] = ()
    folder: Path = FOLDER

    def loaded(self) -> LoadedScenario:
        """Return the quickstart under the venue's newer rules, with this bot as its ``[code]``."""
        code = {self.part: self.at, "client": self.client, "app_dir": str(self.folder)}
        changes = [f"code.{key}={value!r}" for key, value in code.items()]
        return load_scenario("quickstart", ["rules='2025-12-09'", *changes])

    def bracket(self) -> Bracket:
        """Return the bracket it is hunted on: a short position."""
        loaded = self.loaded()
        return Bracket(
            loaded, load_policy_named(self.policy), intent=2, market=_market(), executor_factory=factory_for(loaded)
        )  # fmt: skip


@cache
def _market() -> Market:
    return load_market_of(load_scenario("quickstart"))


def entry(outcome: str) -> Script:
    """Return the script in which the entry meets ``outcome``."""
    return (Strike(ORDER, "entry", 0, outcome),)


def stop(outcome: str, n: int = 0) -> Script:
    """Return the script in which the ``n``-th stop (from 0) meets ``outcome``."""
    return (Strike(ALGO_ORDER, "sl", n, outcome),)


SOUND: tuple[Bot, ...] = (
    Bot(name="steady_flow", part="flow", at="steady_flow:trade"),
    Bot(name="captain", part="executor", at="captain:Captain", client="ccxt"),
    Bot(name="house_guard", part="guard", at="house_guard:HouseGuard", client="raw", policy="safe"),
)

DEFECTIVE: tuple[Bot, ...] = (
    Bot(
        name="gridline", part="flow", at="gridline:trade",
        defect="a price from JSON, a text, is formatted as a number while a stop is priced anew",
        shown_by=stop("market says no"), check="L02",
        said=("ValueError", "gridline.py", "in reprice", "Unknown format code 'f'"),
    ),
    Bot(
        name="ticktock", part="executor", at="ticktock:Ticktock",
        defect="a stop priced anew is sent as floats come out, off the tick",
        shown_by=stop("market says no"), check="I19", said=("-1111", "off the symbol's grid"),
    ),
    Bot(
        name="lookout", part="flow", at="lookout:trade",
        defect="an algo order is looked up at the ordinary endpoint after a time-out",
        shown_by=stop("reply lost"), check="I16",
        said=("stop order was carried out, and no answer came", "GET /fapi/v1/order with -2013", "still live"),
    ),
    Bot(
        name="fastfill", part="flow", at="fastfill:trade",
        defect="an exception without a code is taken for an order that was not sent",
        shown_by=entry("reply lost"), check="I01", said=("no answer came", "2 entries accepted"),
    ),
    Bot(
        name="lambda_stop", part="executor", at="lambda_stop:SecondWind",
        defect="the retry is a lambda that returns a coroutine, which counts as success",
        shown_by=stop("busy -1008"), check="L03", said=("coroutine never awaited: Desk.rest",),
    ),
    Bot(
        name="optimist", part="executor", at="optimist:Optimist",
        defect="an empty reply counts as a stop that rests",
        shown_by=stop("rules say no"), check="I03", said=("-1111", "without a stop for"),
    ),
    Bot(
        name="mirror", part="flow", at="mirror:trade",
        defect="the emergency exit is handed the exit's side for the position's",
        shown_by=stop("market says no"), check="I02", said=("close order with -2022", "the account holds -0.023"),
    ),
    Bot(
        name="chaser", part="flow", at="chaser:trade",
        defect="a stop that would trigger is chased without bound, ever further away",
        shown_by=stop("market says no"), check="I07", said=("-2021", "planned to lose 0.400%"),
    ),
    Bot(
        name="carbon", part="executor", at="carbon:CarbonCopy",
        defect="stop and target are made in one dict that both placements share",
        shown_by=stop("request lost"), check="I03", said=("second target order with -4116", "without a stop for"),
    ),
    Bot(
        name="vault", part="executor", at="vault:VaultBot",
        defect="the policy store's get_policy is async and is not awaited",
        shown_by=stop("busy -1008"), check="L02", said=("TypeError", "vault.py", "in rest_stop", "'coroutine'"),
    ),
    Bot(
        name="gapper", part="flow", at="gapper:trade",
        defect="the old stop is cancelled first, and a failed replacement is left for later",
        shown_by=stop("busy -1008", 1), check="I03", said=("second stop order was refused", "without a stop for"),
    ),
    Bot(
        name="loopback", part="executor", at="loopback:Loopback",
        defect="a close refused with -2022 is sent again and again, though nothing is held",
        shown_by=(Strike(ORDER, "flatten", 0, "reply lost"),), check="I02",
        said=("-2022", "the account holds +0", "close failed"),
    ),
    Bot(
        name="zero_entry", part="flow", at="zero_entry:trade",
        defect="the fill price is read from an acknowledgement, and a position at price 0 is skipped",
        shown_by=entry("reply lost"), check="I03", said=("entry order was carried out", "without a stop for"),
    ),
    Bot(
        name="fallback_target", part="flow", at="fallback_target:trade",
        defect="a refused target is replaced by a limit order that may open a position",
        shown_by=(Strike(ALGO_ORDER, "tp", 0, "market says no"),), check="I15",
        said=("target order was refused with -2021", "could open a position"),
    ),
    Bot(
        name="patient", part="executor", at="patient:Patient", client="ccxt",
        defect="every network error of an entry is retried, 503 included, without a client id",
        shown_by=entry("unknown 503"), check="I01", said=("Unknown error", "2 entries accepted"),
    ),
    Bot(
        name="quiet", part="executor", at="quiet:Quiet", client="ccxt",
        defect="a bare except hides that the stop failed",
        shown_by=stop("market says no"), check="I03", said=("-2021", "without a stop for"),
    ),
    Bot(
        name="brave", part="flow", at="brave:trade",
        defect="the emergency close is sent once, and nobody looks what became of it",
        shown_by=(*stop("market says no"), Strike(ORDER, "flatten", 0, "request lost")), check="I02",
        said=("-2021", "first close order never reached the venue", "the account holds -0.023"),
    ),
    Bot(
        name="late_fill", part="flow", at="late_fill:trade", client="ccxt",
        defect="an entry that is not there after a second is taken for one that never will be",
        shown_by=entry("late 12 s"), check="I02",
        said=("carried out 12 s later", "-2013", "the account holds -0.023"),
    ),
)  # fmt: skip
BOTS = SOUND + DEFECTIVE
