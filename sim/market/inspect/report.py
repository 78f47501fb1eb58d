"""Inspect one set of files: what is odd, what the loader says, and the least it has to be told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sim.errors import InputError
from sim.market import loader
from sim.market.bars import interval_name
from sim.market.files import RawFile
from sim.market.grid import PriceGrid
from sim.market.inspect import bars, trades
from sim.market.inspect.findings import Finding, Limits, SetReport, Ticks
from sim.market.inspect.reading import ALL_TREATED, Reader, in_order
from sim.market.inspect.sets import FileSet, recordings
from sim.market.problems import REFUSE_ALL, Problems
from sim.market.tables import Columns, Kind

Load = Callable[[Problems], dict[str, Any]]
_DAY_US = 86_400_000_000
_PRICES: dict[Kind, tuple[str, ...]] = {"bars": ("open", "high", "low", "close"), "trades": ("price",)}


def inspect(
    files: FileSet, ticks_of: Callable[[str | None], Ticks | None], limits: Limits
) -> list[SetReport]:
    """Return what a set of files holds and how it loads: one report, or one for each recording in it.

    Files that a folder brought together are recordings of their own where a hole of more than a week lies between
    them.  ``ticks_of`` returns the ticks of a symbol (None when its name says none), or None where nobody knows
    them; ticks are then not looked at.  What cannot be read is reported; raises :class:`InputError` when nothing
    is there under the name that was given.
    """
    try:
        raw = files.read()
    except InputError as error:
        if files.paths is None:
            raise
        return [_unusable(files, len(files.paths), error)]
    reader = Reader()
    return [
        _report(part, part_files, reader, ticks_of, limits)
        for part, part_files in recordings(files, raw, reader)
    ]


def _unusable(files: FileSet, number: int, error: InputError) -> SetReport:
    return SetReport(reference=files.reference, files=number, loads="not at all", refusal=str(error))


def _report(
    files: FileSet,
    raw: list[RawFile],
    reader: Reader,
    ticks_of: Callable[[str | None], Ticks | None],
    limits: Limits,
) -> SetReport:
    try:
        return _inspected(files, raw, reader, ticks_of, limits)
    except InputError as error:
        return _unusable(files, len(raw), error)


def _inspected(
    files: FileSet,
    raw: list[RawFile],
    reader: Reader,
    ticks_of: Callable[[str | None], Ticks | None],
    limits: Limits,
) -> SetReport:
    kind = loader.one_kind(raw)
    symbol = next((file.symbol for file in raw if file.symbol), None)
    loader.one_symbol(raw, symbol or "UNKNOWN")
    ticks = ticks_of(symbol)
    mark = kind == "bars" and bars.is_mark(in_order(raw, kind, reader))
    load = _loading(raw, kind, reader, None if mark else ticks)
    # Refused under every treatment: nothing a scenario could say would help.
    details = load(ALL_TREATED)
    interval_us = details.get("interval_us")
    rows, findings = (
        trades.findings(raw, reader, ticks, limits)
        if interval_us is None
        else bars.findings(raw, reader, interval_us, ticks, limits)
    )
    needed = _least_policy(load)
    refusal = _refusal(load)
    first_us, last_us = int(rows["time"][0]), int(rows["time"][-1])
    usable = not needed and symbol is not None
    return SetReport(
        reference=files.reference,
        files=len(raw),
        loads="as it is" if usable else "with a policy",
        kind=_kind(raw, reader, mark, interval_us),
        symbol=symbol,
        interval_us=interval_us,
        first_us=first_us,
        end_us=last_us + (interval_us or 1_000),
        rows=sum(reader.plain(file)[1]["time"].size for file in raw),
        findings=tuple(findings),
        refusal=refusal or (None if symbol else _symbol_refusal(raw)),
        toml=None if usable else _toml(files, mark, symbol, needed),
        notes=_notes(files, reader, mark, symbol, ticks, findings),
    )


def _loading(raw: list[RawFile], kind: Kind, reader: Reader, ticks: Ticks | None) -> Load:
    """Return the function that loads the set, as far as a path's prices, under a policy."""
    parse = loader.parse_bars if kind == "bars" else loader.parse_trades

    def load(problems: Problems) -> dict[str, Any]:
        columns, details = parse(raw, problems, reader.plain)
        if ticks is not None:
            _require_ticks(columns, kind, ticks, snap=problems.off_tick == "snap")
        return details

    return load


def _require_ticks(columns: Columns, kind: Kind, ticks: Ticks, *, snap: bool) -> None:
    grid = PriceGrid(ticks.tick, ticks.price_decimals)
    for name in _PRICES[kind]:
        grid.ticks_of(columns[name], name, snap=snap)


def _least_policy(load: Load) -> dict[str, str]:
    """Return the treatments without which the set is refused, each tried with all others in force."""
    if _accepts(load, REFUSE_ALL):
        return {}
    treatments: dict[str, str] = ALL_TREATED.model_dump()
    needed = {
        name: treatment
        for name, treatment in treatments.items()
        if not _accepts(load, ALL_TREATED.model_copy(update={name: "refuse"}))
    }
    # Should two treatments ever stand in for each other, both are better than none.
    return needed or treatments


def _accepts(load: Load, problems: Problems) -> bool:
    try:
        load(problems)
    except InputError:
        return False
    return True


def _refusal(load: Load) -> str | None:
    try:
        load(REFUSE_ALL)
    except InputError as error:
        return str(error)
    return None


def _symbol_refusal(raw: list[RawFile]) -> str | None:
    try:
        loader.one_symbol(raw, None)
    except InputError as error:
        return str(error)
    return None


def _kind(raw: list[RawFile], reader: Reader, mark: bool, interval_us: int | None) -> str:
    title = reader.plain(raw[0])[0].title.split(" (")[0]
    if interval_us is None:
        return title
    return f"{interval_name(interval_us)} {'mark or index price klines' if mark else title}"


def _toml(files: FileSet, mark: bool, symbol: str | None, needed: dict[str, str]) -> str:
    whose = ['symbol = "BTCUSDT"  # whose they are: the name does not say'] if symbol is None else []
    named = f"klines = {json.dumps(files.reference, ensure_ascii=False)}"
    if mark:
        lines = [*(["[market]", *whose, ""] if whose else []), "[market.mark]", named]
    else:
        lines = ["[market]", named, *whose]
    if needed:
        lines += ["", "[market.problems]", *(f'{name} = "{way}"' for name, way in needed.items())]
    return "\n".join(lines)


def _notes(
    files: FileSet,
    reader: Reader,
    mark: bool,
    symbol: str | None,
    ticks: Ticks | None,
    findings: list[Finding],
) -> tuple[str, ...]:
    notes = [
        f"columns beside the prices cannot be read, and no path needs them: {text}" for text in reader.unread
    ]
    if mark:
        notes.append(
            "volume is 0 throughout, as in mark price klines: they belong under [market.mark], and halts and "
            "ticks were not looked for"
        )
    elif ticks is None:
        whose = symbol or "a symbol the name does not say"
        notes.append(f"ticks were not looked at: none are built in for {whose}; --tick gives one")
    if symbol is not None and ticks is None:
        notes.append(f"a scenario also needs [market.filters.{symbol}] with its tick, step and min_notional")
    if any(finding.name == "duplicates" and "other values" in finding.text for finding in findings):
        notes.append('duplicates differ: look at them, and choose between "keep_first" and "keep_last"')
    longest_us = max(
        (place.length_us for found in findings if found.name == "gaps" for place in found.places), default=0
    )
    if longest_us > _DAY_US:
        notes.append(
            f'gaps = "flat" would hold the price still for {longest_us / _DAY_US:.0f} days; fetch what is missing, '
            "or name what lies before and after as tapes of two scenarios"
        )
    if not files.exact:
        notes.append("no glob matches exactly these files: move them to a folder of their own")
    return tuple(notes)
