"""Decide what becomes of user stream events under the faults of kind ``user_stream``."""

from __future__ import annotations

from typing import Final

from sim.chance import mix
from sim.faults.how import Timing
from sim.faults.injector import FaultInjector
from sim.faults.live.armed import armed, share, span_us
from sim.faults.user_stream import UserStreamFault

Fates = tuple[tuple[int, bool], ...]

_REPLAYED_WITHIN_S: Final = 5.0
"""How long a replay takes after a dead stream has come back (assumption)."""
_REPLAYED_TWICE: Final = 0.25
"""Share of replayed events that come twice (assumption)."""


class LiveUserStreams:
    """Be the :class:`~sim.exchange.troubles.UserStreamTroubles` of a run."""

    def __init__(self, injector: FaultInjector) -> None:
        self._injector = injector
        self._faults = armed(injector, "user_stream", UserStreamFault)

    @property
    def acts(self) -> bool:
        """Tell whether there is anything for it to do."""
        return bool(self._faults)

    def fates(self, account: int, intent: int, number: int, now_us: int) -> Fates:
        """Return (extra delay in µs, in order or not) for each time an event arrives; drawn for (account, number)."""
        key = mix(account, number)
        fates: Fates = ((0, True),)
        for spec, timing in self._faults:
            if timing.active(now_us) and timing.uniform(key) < timing.rate:
                self._injector.record(
                    spec.name, f"stream {spec.mode}", None, intent, at_us=now_us, stage="read"
                )
                fates = _changed(spec, timing, key, fates, now_us)
        return fates


def _changed(spec: UserStreamFault, timing: Timing, key: int, fates: Fates, now_us: int) -> Fates:
    if spec.mode == "drop":
        return ()
    if spec.mode == "dead":
        stretch = timing.stretch(now_us)
        if not spec.replay or stretch is None:
            return ()
        return tuple(_replayed(timing, key, stretch[1] - now_us, len(fates)))
    delay_us = span_us(timing, key, spec.min_s or 0.0, spec.max_s or 0.0)
    if spec.mode == "duplicate":
        return fates + tuple((extra_us + delay_us, False) for extra_us, _ in fates)
    in_order = spec.mode == "delay"
    return tuple((extra_us + delay_us, in_order and kept) for extra_us, kept in fates)


def _replayed(timing: Timing, key: int, until_end_us: int, times: int) -> list[tuple[int, bool]]:
    twice = share(timing, key, "twice") < _REPLAYED_TWICE
    return [
        (until_end_us + span_us(timing, key, 0.0, _REPLAYED_WITHIN_S, f"replay {n}"), False)
        for n in range(times + twice if times else 0)
    ]
