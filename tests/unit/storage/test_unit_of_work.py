"""The unit of work can be asked for, and it does not leak to where it is not."""

from __future__ import annotations

import asyncio

import pytest

from syncd.errors import InvariantViolated
from syncd.pipeline.unit_of_work import OPEN, assert_no_unit_of_work, unit_of_work


def test_network_inside_a_unit_of_work_is_a_bug() -> None:
    assert_no_unit_of_work("a request")
    with unit_of_work(), pytest.raises(InvariantViolated, match="a request was started while"):
        assert_no_unit_of_work("a request")
    assert_no_unit_of_work("a request")


def test_units_of_work_do_not_nest_and_close_after_an_error() -> None:
    with pytest.raises(InvariantViolated, match="a second unit of work"), unit_of_work(), unit_of_work():
        pytest.fail("must not be reached")
    assert not OPEN.get()


async def test_a_thread_s_unit_of_work_does_not_bind_the_event_loop() -> None:
    started, end = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def write() -> None:
        with unit_of_work():
            loop.call_soon_threadsafe(started.set)
            asyncio.run_coroutine_threadsafe(end.wait(), loop).result(10)

    writing = asyncio.create_task(asyncio.to_thread(write))
    await started.wait()
    assert_no_unit_of_work("a request")
    end.set()
    await writing
