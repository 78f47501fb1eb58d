"""Let a simulated run write the log that production code would have written, line for line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sim.calibrate.logs.declared import Heard, document_line
from sim.calibrate.logs.flows import Flows
from sim.calibrate.logs.reader import Counts, read_lines
from sim.calibrate.logs.tally import Tally
from sim.exchange.attribution import CURRENT_INTENT
from sim.experiment.prepare import Market, prepare
from sim.scenario import LoadedPolicy, LoadedScenario
from sim.world import World


class _Lines(logging.Handler):
    """Keep lines as a production handler forms them; times are the run's own, since its clock is fenced."""

    def __init__(self, *, with_intent: bool) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self._with_intent = with_intent

    def emit(self, record: logging.LogRecord) -> None:
        moment = datetime.fromtimestamp(record.created, UTC)
        slot = CURRENT_INTENT.get()
        intent = f"intent={slot.number} " if self._with_intent and slot is not None else ""
        time = moment.strftime("%Y-%m-%d %H:%M:%S,") + f"{moment.microsecond // 1000:03d}"
        self.lines.append(f"{time} {record.levelname} {record.name}: {intent}{record.getMessage()}")


def simulated_log(
    loaded: LoadedScenario,
    policy: LoadedPolicy,
    market: Market,
    *,
    seed: int,
    intents: int | None = None,
    with_intent: bool = True,
) -> list[str]:
    """Run ``loaded`` once and return the lines its code under test logs, in order of time.

    ``with_intent`` writes each line's intent before it, without which interleaved flows of one symbol have to be told
    apart by their attempts.  Raises what :func:`sim.experiment.run.run_scenario` raises.
    """
    ready = prepare(loaded, market, seed, intents)
    handler = _Lines(with_intent=with_intent)
    logger = logging.Logger("code under test", logging.INFO)
    logger.addHandler(handler)
    World(
        loaded.scenario, policy.store, seed, ready.paths, ready.filters, ready.plans, logger=logger,
        volumes=ready.volumes,
    ).run()  # fmt: skip
    return handler.lines


def tally_of_lines(lines: list[str]) -> Tally:
    """Return the tally of lines in the document's words."""
    tally = Tally()
    for _ in tally.listen(Flows().events(heard_of(lines))):
        pass
    return tally


def heard_of(lines: list[str]) -> Iterator[Heard]:
    """Yield what lines in the document's words tell."""
    return read_lines(lines, document_line(ZoneInfo("UTC")), Counts())
