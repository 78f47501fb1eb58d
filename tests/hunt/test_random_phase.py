"""Random scripts are keyed: the same hunt draws the same ones, within bounds, and what failed before comes first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from sim.hunt.bracket import Call
from sim.hunt.budget import Budget, Clock
from sim.hunt.findings import Ground
from sim.hunt.ledger import Ledger
from sim.hunt.random_phase import MOST_EVENTS, ROUND, RandomPhase
from sim.hunt.script import EVERY, Kill, Move, Script, Strike
from sim.hunt.seen import Asked, Broken, Seen

ORDER = "POST /fapi/v1/order"
CALLS = tuple(
    Asked(Call(call, role, 0), 0, 200, 0, "", False)
    for call, role in (("GET /fapi/v2/ticker/price", "none"), (ORDER, "entry"), (ORDER, "sl"))
)


def seen(*broken: Broken, end: str = "closed") -> Seen:
    """Return what a run came to."""
    return Seen(CALLS, 0, (), (), (), broken, (), end, 0.0, 0.0, 0.0, 0.0, None)


class Told:
    """Stand in for a runner: remember the scripts, and let those with a lost stop break a rule."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []

    def run_on(self, batches: Sequence[tuple[str, Sequence[Script]]]) -> list[list[Seen]]:
        """Return what each batch came to."""
        return [self.run(scripts) for _, scripts in batches]

    def run(self, scripts: Sequence[Script]) -> list[Seen]:
        """Return a fresh end for each tenth script, so that there is a corpus to change."""
        self.scripts += scripts
        broken = Broken("I03", "safety", 0, 1.0, "s", "bare", "covered")
        lost = Strike(ORDER, "sl", 0, "request lost")
        return [seen(broken) if lost in script else seen(end=f"end {len(script) % 3}") for script in scripts]


def hunted(rounds: int, folder: Path | None = None, seed: int = 1) -> tuple[list[Script], list[Any]]:
    """Return the scripts of so many rounds at two places, and what they yielded."""
    runner: Any = Told()
    grounds = {name: Ground(clean=seen(), notional=1000.0) for name in ("here", "there")}
    ledger = Ledger(folder, "question", "code")
    phase = RandomPhase(runner, Clock(Budget()), ledger, grounds, seed=seed, crashes=True)
    return runner.scripts, list(islice(phase.rounds(), rounds))


def test_the_same_seed_draws_the_same_scripts() -> None:
    """Another seed draws others."""
    assert hunted(4) == hunted(4)
    assert hunted(4, seed=2)[0] != hunted(4)[0]


def test_scripts_keep_within_bounds() -> None:
    """At most six events, one to a call, at most one crash; moves stand near the decision, and are not large."""
    scripts, _ = hunted(6)
    assert 3 * ROUND < len(scripts) <= 6 * ROUND
    assert any(isinstance(event, Move) for script in scripts for event in script)
    assert any(isinstance(event, Strike) and event.n == EVERY for script in scripts for event in script)
    for script in scripts:
        assert 1 <= len(script) <= MOST_EVENTS
        places = [event.place for event in script if isinstance(event, Strike)]
        assert len(set(places)) == len(places)
        assert sum(isinstance(event, Kill) for event in script) <= 1
        assert all(
            abs(event.pct) <= 1 and 0 <= event.after_s <= 30 for event in script if isinstance(event, Move)
        )


def test_what_failed_before_is_tried_first(tmp_path: Path) -> None:
    """Failing scripts are kept by place, whatever the code was."""
    _, yielded = hunted(2, tmp_path)
    kept = Ledger(tmp_path, "question", "other code").failing()
    assert kept == [(on, script) for on, failing in yielded for script, _ in failing]
    scripts, _ = hunted(1, tmp_path, seed=5)
    assert scripts == [script for on, script in kept if on == "here"]
