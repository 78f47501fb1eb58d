"""Read faults that somebody arms while the venue is being served: the tables of a scenario, as JSON or as TOML."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Final

from pydantic import Field, ValidationError

from sim.errors import InputError, unknown_name
from sim.faults import KINDS, Fault, FaultSpec
from sim.market import at_us
from sim.scenario.explain import findings, not_finite
from sim.scenario.files import parse_toml
from sim.scenario.market_spec import Strict
from sim.scenario.mismatch import NOTHING, dotted, raise_together
from sim.scenario.overrides import plain_times

BODY: Final = "the body"
_SHAPE: Final = 'one fault, a list of them, or {"faults": [...]} as JSON, or [[faults]] tables as TOML'


class _Armed(Strict):
    """Hold faults as a scenario's file does."""

    faults: list[Fault] = Field(min_length=1)


class Stage:
    """State what a fault is armed against: the tapes' symbols, and the time from ``now_us`` to ``end_us``."""

    def __init__(self, symbols: Collection[str], epoch_us: int, now_us: int, end_us: int) -> None:
        self.symbols = symbols
        self.epoch_us = epoch_us
        self.now_us = now_us
        self.end_us = end_us


def read_faults(text: str, taken: Collection[str], stage: Stage) -> list[FaultSpec]:
    """Return the faults that ``text`` states; ``taken`` are the names that are armed already.

    Raises :class:`InputError` for one unusable value and :class:`~sim.scenario.mismatch.InputErrors` for several, in
    the words that a scenario's file would get.
    """
    data = plain_times(_parsed(text))
    found = list(not_finite(data))
    try:
        armed = _Armed.model_validate(data)
    except ValidationError as refusal:
        told = {finding.path for finding in found}
        found += [finding for finding in findings(refusal, _Armed) if finding.path not in told]
        raise_together([finding.error(dotted) for finding in found])
    if found:
        raise_together([finding.error(dotted) for finding in found])
    names = set(taken)
    for index, fault in enumerate(armed.faults):
        where = f"faults[{index}]"
        if fault.name in names:
            # A name is a stream of chance: two faults of one name would always fire together.
            raise InputError(f"{where}.name", fault.name, "a name that no armed fault has")
        names.add(fault.name)
        _refuse_what_cannot_happen(where, fault, stage)
    return list(armed.faults)


def _parsed(text: str) -> Any:
    if not text.strip():
        raise InputError(BODY, NOTHING, _SHAPE)
    if text.lstrip()[0] == "{" or not text.lstrip().startswith("[["):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            if text.lstrip()[0] in "{[":
                raise InputError(BODY, text, f"{_SHAPE} ({error})") from None
            data = parse_toml(text, BODY)
    else:
        data = parse_toml(text, BODY)
    if isinstance(data, list):
        return {"faults": data}
    if isinstance(data, dict) and "faults" not in data:
        return {"faults": [data]}
    if not isinstance(data, dict):
        raise InputError(BODY, data, _SHAPE)
    return data


def _refuse_what_cannot_happen(where: str, fault: FaultSpec, stage: Stage) -> None:
    if not fault.on_wire:
        # The hooks of the venue's state are set when it is built, and a client's process is not ours.
        kinds = ", ".join(kind for kind, spec in KINDS.items() if spec.on_wire)
        told = (
            f"a kind that strikes requests ({kinds}); what concerns the venue's state stands in the scenario"
        )
        raise InputError(f"{where}.kind", getattr(fault, "kind", ""), told)
    symbol = fault.match.symbol
    if symbol is not None and symbol not in stage.symbols:
        raise unknown_name(f"{where}.match.symbol", symbol, "a symbol of the tapes", stage.symbols)
    windows = [] if fault.how.window is None else [("window", fault.how.window)]
    windows += [(f"windows[{index}]", window) for index, window in enumerate(fault.how.windows or ())]
    for place, window in windows:
        begins_us = at_us(window.at, stage.epoch_us)
        if begins_us >= stage.end_us:
            lasts = f"a time on the tape, which lasts {stage.end_us / 1e6:g} s"
            raise InputError(f"{where}.how.{place}.at", window.at, lasts)
        if begins_us + round(window.for_s * 1e6) <= stage.now_us:
            now = f"a window that is not over: it is {stage.now_us / 1e6:.6f} s"
            raise InputError(f"{where}.how.{place}.at", window.at, now)
