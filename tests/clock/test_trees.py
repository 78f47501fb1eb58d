"""Random trees of sleeps: the virtual loop against a model of what asyncio promises."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.clock import VirtualLoop, run_virtual

# A leaf sleeps for so many µs; a node runs its children at once ("gather") or one after another ("then").
Tree = Any
leaves = st.integers(min_value=1, max_value=50)
kinds = st.sampled_from(["gather", "then"])
trees = st.recursive(leaves, lambda tree: st.tuples(kinds, st.lists(tree, max_size=4)), max_leaves=25)
# Different totals everywhere: a stock loop promises no order between equal due times.
chains = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30)),
    unique_by=lambda pair: pair[0] * 31 + pair[1],
    max_size=8,
)


async def walk(tree: Tree, log: list[tuple[int, int]], path: tuple[int, ...] = ()) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    if isinstance(tree, int):
        await asyncio.sleep(tree / 1e6)
        log.append((loop.now_us, tree))
    elif tree[0] == "gather":
        await asyncio.gather(*(walk(child, log) for child in tree[1]))
    else:
        for child in tree[1]:
            await walk(child, log)


def ends(tree: Tree, begin_us: int) -> tuple[int, list[tuple[int, int]]]:
    """Return when the tree is over and the (time, length) of every sleep: max over gather, sum over then."""
    if isinstance(tree, int):
        return begin_us + tree, [(begin_us + tree, tree)]
    end_us, told = begin_us, []
    for child in tree[1]:
        child_end, child_told = ends(child, begin_us if tree[0] == "gather" else end_us)
        end_us = max(end_us, child_end)
        told += child_told
    return end_us, told


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(trees)
def test_sleeps_end_when_arithmetic_says(tree: Tree) -> None:
    """Time is the maximum over what runs at once and the sum over what runs in turn, to the microsecond."""
    log: list[tuple[int, int]] = []
    loop = VirtualLoop()
    run_virtual(walk(tree, log), loop=loop)
    end_us, told = ends(tree, 0)
    assert loop.now_us == end_us
    assert sorted(log) == sorted(told)
    assert [at_us for at_us, _ in log] == sorted(at_us for at_us, _ in told)


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(trees)
def test_a_tree_runs_the_same_way_twice(tree: Tree) -> None:
    """Ties are broken by order of creation, so the log of a tree is always the same."""
    first: list[tuple[int, int]] = []
    second: list[tuple[int, int]] = []
    run_virtual(walk(tree, first))
    run_virtual(walk(tree, second))
    assert first == second


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(pairs=chains)
def test_both_loops_complete_in_the_same_order(stock_loop: Any, pairs: list[tuple[int, int]]) -> None:
    """Chains of two sleeps of different total lengths end in the same order on a stock loop."""

    async def chain(first: int, second: int, log: list[tuple[int, int]]) -> None:
        await asyncio.sleep(first * 31e-3)
        await asyncio.sleep(second * 1e-3)
        log.append((first, second))

    def run(factory: Any) -> list[tuple[int, int]]:
        log: list[tuple[int, int]] = []

        async def main() -> None:
            await asyncio.gather(*(chain(first, second, log) for first, second in pairs))

        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(main())
        return log

    assert run(VirtualLoop) == run(stock_loop)
