"""Two lanes: nobody waits behind a suspect, and no place is ever lost."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from syncd.fetching.lanes import Lanes


async def hold(lanes: Lanes, release: asyncio.Event, *, suspect: bool = False) -> None:
    async with lanes.place(suspect=suspect):
        await release.wait()


async def a_few_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def free(lanes: Lanes) -> tuple[int, int]:
    return lanes._fast._value, lanes._slow._value


async def test_suspects_do_not_take_the_places_of_the_healthy() -> None:
    lanes, release = Lanes(fast=1, slow=1, patience_s=60), asyncio.Event()
    stuck = [asyncio.create_task(hold(lanes, release, suspect=True)) for _ in range(5)]
    await a_few_turns()
    async with asyncio.timeout(5), lanes.place(suspect=False):
        pass
    release.set()
    await asyncio.gather(*stuck)
    assert free(lanes) == (1, 1)


async def test_who_holds_a_fast_place_for_long_moves_over() -> None:
    lanes, release = Lanes(fast=1, slow=1, patience_s=0.02), asyncio.Event()
    stuck = asyncio.create_task(hold(lanes, release))
    await a_few_turns()
    async with asyncio.timeout(5), lanes.place(suspect=False):
        assert lanes._slow.locked()
    release.set()
    await stuck
    assert free(lanes) == (1, 1)


async def test_a_full_slow_lane_keeps_the_limit() -> None:
    lanes, release = Lanes(fast=1, slow=1, patience_s=0.01), asyncio.Event()
    stuck = [asyncio.create_task(hold(lanes, release)) for _ in range(3)]
    await asyncio.sleep(0.1)
    assert lanes._fast.locked()
    assert lanes._slow.locked()
    release.set()
    await asyncio.gather(*stuck)
    assert free(lanes) == (1, 1)


@given(works=st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.booleans()), max_size=12))
def test_no_place_is_lost_whatever_ends_when(works: list[tuple[bool, int, bool]]) -> None:
    async def work(lanes: Lanes, turns: int, *, suspect: bool) -> None:
        async with lanes.place(suspect=suspect):
            for _ in range(turns):
                await asyncio.sleep(0)

    async def scenario() -> bool:
        lanes = Lanes(fast=2, slow=1, patience_s=0)
        tasks = []
        for suspect, turns, cancelled in works:
            task = asyncio.create_task(work(lanes, turns, suspect=suspect))
            tasks.append(task)
            await asyncio.sleep(0)
            if cancelled:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await a_few_turns()
        return free(lanes) == (2, 1)

    assert asyncio.run(scenario())
