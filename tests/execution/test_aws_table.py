"""Our back-off and jitter inside the model of the AWS Architecture Blog give the blog's figures (policies 2).

The model (aws-samples/aws-arch-backoff-simulator): clients want to raise the version of one row.  Each reads it,
writes back, and is refused when another was faster; after its n-th refusal it waits and begins anew.  Every way over
the network takes N(10, 2) ms.  Base 5 ms, cap 2000 ms, 400 trials; the n-th wait is planned as base x 2^n.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

import pytest

from sim.chance import Stream, spread
from sim.execution.backoff import backoff_s
from sim.execution.policy_keys import Jitter
from sim.execution.schedules import jittered_s

Law = Literal["exponential", "decorrelated", "equal", "full", "none"]

BASE_S: Final = 0.005
CAP_S: Final = 2.0
ONE_WAY_S: Final = (0.010, 0.002)
TRIALS: Final = 400

JITTER_OF: Final[dict[Law, Jitter]] = {
    "exponential": "none",
    "decorrelated": "decorrelated",
    "equal": "equal",
    "full": "full",
}

# clients, law: time in ms and its 95 % half-width, calls and theirs.
TABLE: Final[dict[tuple[int, Law], tuple[float, float, float, float]]] = {
    (10, "exponential"): (3473, 130, 50.8, 0.4),
    (10, "decorrelated"): (439, 9, 37.6, 0.2),
    (10, "equal"): (722, 17, 42.6, 0.3),
    (10, "full"): (460, 10, 38.9, 0.2),
    (10, "none"): (380, 3, 50.9, 0.4),
    (50, "exponential"): (36457, 309, 624.7, 2.8),
    (50, "decorrelated"): (2225, 49, 374.1, 1.2),
    (50, "equal"): (4264, 57, 347.5, 0.6),
    (50, "full"): (2829, 52, 332.4, 0.5),
    (50, "none"): (1143, 5, 690.7, 1.8),
    (100, "exponential"): (63575, 339, 1860, 6),
    (100, "decorrelated"): (4586, 68, 1002, 2),
    (100, "equal"): (6629, 64, 812, 1),
    (100, "full"): (4935, 53, 796, 1),
    (100, "none"): (2025, 4, 2419, 3),
}


class Interval(NamedTuple):
    """Hold a mean and its 95 % half-width."""

    mean: float
    half: float

    def overlaps(self, mean: float, half: float) -> bool:
        """Tell whether two intervals have a point in common."""
        return abs(self.mean - mean) <= self.half + half


def interval(values: list[float]) -> Interval:
    """Return the mean of independent values and the half-width of its interval."""
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return Interval(mean, 1.96 * math.sqrt(variance / len(values)))


def wait_s(law: Law, refusals: int, previous_s: float, share: float) -> float:
    """Return the wait our code plans after so many refusals."""
    if law == "none":
        return 0.0
    # The model's first refusal already doubles the base: ours counts one further.
    planned_s = backoff_s(refusals + 1, base_s=BASE_S, growth=2.0, cap_s=CAP_S)
    return jittered_s(JITTER_OF[law], planned_s, share, base_s=BASE_S, cap_s=CAP_S, previous_s=previous_s)


def trial(number: int, clients: int, law: Law) -> tuple[float, float]:
    """Run one trial; return the time of the last answer in ms, and how many writes were made."""
    mean_s, sd_s = ONE_WAY_S
    normal, uniform = Stream(1, f"{law}/{clients}/way").normal, Stream(1, f"{law}/{clients}/share").uniform
    version = calls = draws = 0
    ended_s = 0.0
    refusals, previous_s = [0] * clients, [0.0] * clients
    base = spread(0, number, 1)

    def way_s() -> float:
        nonlocal draws
        draws += 1
        return abs(mean_s + sd_s * normal(base + draws))

    # (when it reaches the server, client, version read; -1: it comes to read)
    queue = [(way_s(), client, -1) for client in range(clients)]
    heapq.heapify(queue)
    while queue:
        at_s, client, seen = heapq.heappop(queue)
        if seen < 0:
            heapq.heappush(queue, (at_s + way_s() + way_s(), client, version))
            continue
        calls += 1
        told_s = at_s + way_s()
        if seen == version:
            version += 1
            ended_s = max(ended_s, told_s)
            continue
        refusals[client] += 1
        draws += 1
        waits_s = wait_s(law, refusals[client], previous_s[client], uniform(base + draws))
        previous_s[client] = waits_s
        heapq.heappush(queue, (told_s + waits_s + way_s(), client, -1))
    return ended_s * 1e3, float(calls)


def measure(clients: int, law: Law, trials: int = TRIALS) -> tuple[Interval, Interval]:
    """Return the intervals of time (ms) and calls over ``trials`` trials."""
    results = [trial(number, clients, law) for number in range(trials)]
    return interval([time_ms for time_ms, _ in results]), interval([calls for _, calls in results])


def misses(cells: Iterable[tuple[int, Law]]) -> list[str]:
    """Return the cells of the table that our intervals do not reach."""
    found = []
    for clients, law in cells:
        time_ms, time_half, calls, calls_half = TABLE[clients, law]
        time, made = measure(clients, law)
        if not time.overlaps(time_ms, time_half):
            found.append(f"{clients} {law}: {time} ms, the table says {time_ms} +- {time_half}")
        if not made.overlaps(calls, calls_half):
            found.append(f"{clients} {law}: {made} calls, the table says {calls} +- {calls_half}")
    return found


def test_ten_clients_take_the_time_and_the_calls_of_the_table() -> None:
    """With ten clients every law's intervals reach those of the blog."""
    assert misses(cell for cell in TABLE if cell[0] == 10) == []


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_the_whole_table() -> None:
    """With 10, 50 and 100 clients every law's intervals reach those of the blog."""
    assert misses(TABLE) == []
