"""Show reads what replicas know: writes whose lag is over, orders that were not lost, endpoints that remember.

Each order has a life of steps, one per moment at which it changed; each account one of snapshots, one per execution.
A step shows in a group of reads once its lag, and those of the steps before it, are over.  The newest step is the live
object itself.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sim.chance import mix
from sim.exchange.account import Account
from sim.exchange.fills import Fill
from sim.exchange.orders import Order
from sim.exchange.request import Request
from sim.exchange.venue import Venue
from sim.faults.algo_query_404 import AlgoQuery404
from sim.faults.how import Timing
from sim.faults.injector import FaultInjector
from sim.faults.live.armed import armed, fires, record, share
from sim.faults.read_lag import GROUPS, ReadLag, group_of

_ALL: Final[tuple[str, ...]] = GROUPS
_ALWAYS: Final = dict.fromkeys(_ALL, 0)
_SWEEP_EVERY: Final = 4096
"""How many accepted orders apart the lives of orders whose books are closed are dropped."""


class _Step(NamedTuple):
    """Hold an order or an account as it was from ``at_us`` on, and from when each group of reads shows it."""

    at_us: int
    shows_us: dict[str, int]
    image: Any


class _Life:
    """Hold what is known of one order: the request that placed it and its steps, oldest first."""

    __slots__ = ("request", "steps")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.steps: list[_Step] = []


class LiveReads:
    """Be a door's :class:`~sim.exchange.troubles.Reads`; hears of every change from the venue."""

    def __init__(self, venue: Venue, injector: FaultInjector) -> None:
        self._venue = venue
        self._env: Any = venue.loop.env
        self._injector = injector
        self._lags = armed(injector, "read_lag", ReadLag)
        self._forgetful = armed(injector, "algo_query_404", AlgoQuery404)
        self._forgotten: set[int] = set()
        self._lives: dict[int, _Life] = {}
        self._accounts: dict[int, list[_Step]] = {}
        self._accepted = 0

    @property
    def acts(self) -> bool:
        """Tell whether there is anything for it to do by itself."""
        return bool(self._lags or self._forgetful)

    def forget(self, order: Order) -> None:
        """Let no read find an order any more."""
        self._forgotten.add(order.number)

    # -- writes ---------------------------------------------------------------------------------------

    def accepted(self, order: Order, request: Request) -> None:
        """Begin the life of a new order."""
        if not self._lags:
            return
        self._accepted += 1
        if self._accepted % _SWEEP_EVERY == 0:
            self._sweep()
        account = order.account
        if account.number not in self._accounts:
            self._accounts[account.number] = [_Step(-1, _ALWAYS, _picture(account))]
        self._lives[order.number] = life = _Life(request)
        self._step(life, order)

    def changed(self, order: Order) -> None:
        """Note an order's new state; a child's is its conditional order's."""
        story = order.parent if order.parent is not None else order
        life = self._lives.get(story.number)
        if life is not None:
            self._step(life, story)

    def filled(self, order: Order) -> None:
        """Note what an execution made of the account, shown when the order's new state is."""
        story = order.parent if order.parent is not None else order
        steps = self._accounts.get(order.account.number)
        if steps is None:
            return
        life, now = self._lives.get(story.number), self._env._now
        shows_us = dict.fromkeys(_ALL, now)
        if life is not None and life.steps:
            last = life.steps[-1]
            # The state was noted before the execution was booked.
            life.steps[-1] = last._replace(image=copy.copy(story))
            shows_us = last.shows_us
        steps.append(_Step(now, _after(steps[-1].shows_us, shows_us), _picture(order.account)))
        while len(steps) > 1 and all(at_us <= now for at_us in steps[1].shows_us.values()):
            del steps[0]

    def _step(self, life: _Life, order: Order) -> None:
        now, steps = self._env._now, life.steps
        if steps and steps[-1].at_us == now:
            steps[-1] = steps[-1]._replace(image=copy.copy(order))
            return
        shows_us = dict.fromkeys(_ALL, now)
        for spec, timing in self._lags:
            lag_us = self._lag_us(spec, timing, life.request, len(steps), now)
            for group in spec.reads if lag_us else ():
                shows_us[group] = max(shows_us[group], now + lag_us)
        if steps:
            shows_us = _after(steps[-1].shows_us, shows_us)
        steps.append(_Step(now, shows_us, copy.copy(order)))

    def _lag_us(self, spec: ReadLag, timing: Timing, request: Request, change: int, now: int) -> int:
        key = request.key if change == 0 else mix(request.key, change)
        if change and (spec.how.script is not None or request.slot.settling or not timing.active(now)):
            return 0
        if change == 0 and not fires(spec, timing, request, now):
            return 0
        if change and not (spec.match.matches(request) and timing.uniform(key) < timing.rate):
            return 0
        lag_us = spec.lag_us(share(timing, key, "lag"), share(timing, key, "rare"))
        # A fault does not reach into the settle phase.
        lag_us = min(lag_us, timing.until_us - now)
        if change == 0:
            record(self._injector, spec.name, "read lag", request, now, "read")
        else:
            # Nobody asked for a change that came of itself.
            self._injector.record(
                spec.name, "read lag", None, request.slot.number, request.role, at_us=now, stage="read"
            )
        return lag_us

    def _sweep(self) -> None:
        known = self._venue.index.by_number
        self._lives = {number: life for number, life in self._lives.items() if number in known}
        open_accounts = {order.account.number for order in known.values()}
        self._accounts = {key: steps for key, steps in self._accounts.items() if key in open_accounts}
        self._forgotten &= known.keys()

    # -- reads ----------------------------------------------------------------------------------------

    def order(self, order: Order, request: Request) -> Order | None:
        """Return an order as ``request`` sees it, None where it does not."""
        if self._forgets(request) and order.algo:
            return None
        return self._seen(order, request)

    def resting(self, account: Account, symbol: str | None, request: Request) -> list[Order]:
        """Return the orders that ``request`` sees resting, oldest first."""
        seen = self.orders(self._venue.index.of_account(account), request)
        return [order for order in seen if order.is_open and symbol in (None, order.symbol)]

    def orders(self, orders: list[Order], request: Request) -> list[Order]:
        """Return those of ``orders`` that ``request`` sees, as it sees them."""
        forgets = self._forgets(request)
        seen = [self._seen(order, request) for order in orders if not (forgets and order.algo)]
        return [order for order in seen if order is not None]

    def fills(self, fills: Iterable[Fill], request: Request) -> list[Fill]:
        """Return those executions that ``request`` sees."""
        return [fill for fill in fills if self._shows(fill, request)]

    def account(self, request: Request) -> Account:
        """Return the account as ``request`` sees it."""
        account = request.slot.account
        steps = self._accounts.get(account.number)
        if steps is None or request.slot.settling:
            return account
        place = _latest(steps, group_of(request.call), self._env._now)
        shown = steps[place].image if place < len(steps) - 1 else account
        assert isinstance(shown, Account)
        return shown

    def _seen(self, order: Order, request: Request) -> Order | None:
        if order.number in self._forgotten:
            return None
        life = self._lives.get(order.number)
        if life is None or request.slot.settling:
            return order
        steps = life.steps
        place = _latest(steps, group_of(request.call), self._env._now)
        if place < 0:
            return None
        shown = steps[place].image if place < len(steps) - 1 else order
        assert isinstance(shown, Order)
        return shown

    def _shows(self, fill: Fill, request: Request) -> bool:
        story = fill.order.parent if fill.order.parent is not None else fill.order
        life = self._lives.get(story.number)
        if life is None or request.slot.settling:
            return True
        group, now = group_of(request.call), self._env._now
        return all(step.shows_us[group] <= now for step in life.steps if step.at_us <= fill.at_us)

    def _forgets(self, request: Request) -> bool:
        now = self._env._now
        forgets = False
        for spec, timing in self._forgetful:
            if fires(spec, timing, request, now):
                self._injector.record(spec.name, "algo look-up 404", request, at_us=now, stage="read")
                forgets = True
        return forgets


def _latest(steps: list[_Step], group: str, now_us: int) -> int:
    """Return the place of the newest step that a group of reads shows, -1 for none."""
    place = len(steps) - 1
    while place >= 0 and steps[place].shows_us[group] > now_us:
        place -= 1
    return place


def _after(before: dict[str, int], wanted: dict[str, int]) -> dict[str, int]:
    """Return when a step shows that must not overtake the one before it."""
    return {group: max(before[group], wanted[group]) for group in _ALL}


def _picture(account: Account) -> Account:
    picture = copy.copy(account)
    picture.positions = {key: copy.copy(position) for key, position in account.positions.items()}
    return picture
