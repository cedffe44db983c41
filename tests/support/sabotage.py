"""A daemon with a defect that comes out on SIGUSR1: ``python -m tests.support.sabotage DEFECT run …``.

Until the signal it is the daemon as it is shipped. The defects are those no test can cause from outside:
parts of it that have died, hang or are in each other's way.
"""

from __future__ import annotations

import asyncio
import functools
import resource
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import syncd.daemon
from syncd.cli.main import main
from syncd.daemon import Daemon

ENDLESS_S = 3_600.0


def schedule_dead(daemon: Daemon) -> None:
    """APScheduler has ended, and so has the watch that would put another in its place."""
    _watch_dead(daemon)
    daemon.scheduler._scheduler.shutdown(wait=False)


def _watch_dead(daemon: Daemon) -> None:
    for tick in daemon.scheduler._ticks:
        tick.cancel()


def schedule_paused(daemon: Daemon) -> None:
    _watch_dead(daemon)
    daemon.scheduler._scheduler.pause()


def schedule_forgot(daemon: Daemon) -> None:
    """Neither the scheduler nor the watch knows of any source."""
    daemon.scheduler._scheduler.remove_all_jobs()
    daemon.scheduler._due.clear()
    daemon.scheduler._plan.clear()


def schedule_far_off(daemon: Daemon) -> None:
    """All starts have moved to next year, for the watch too."""
    for source_id in daemon.scheduler._due:
        daemon.scheduler._due[source_id] += 8_760 * ENDLESS_S
    daemon.scheduler._arrange()


def loop_asleep(_daemon: Daemon) -> None:
    """A lock that nobody opens (libfaketime would end a plain sleep)."""
    threading.Event().wait(ENDLESS_S)


def loop_busy(_daemon: Daemon) -> NoReturn:
    while True:
        pass


def loop_flooded(_daemon: Daemon) -> None:
    """A callback that calls itself and blocks half a second each time."""
    loop = asyncio.get_running_loop()

    def again() -> None:
        time.sleep(0.5)
        loop.call_soon(again)
        loop.call_soon(again)

    again()


def threads_taken(_daemon: Daemon) -> None:
    """No thread is left for the database."""
    pool = ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(pool)
    pool.submit(time.sleep, ENDLESS_S)


def runs_hang(daemon: Daemon) -> None:
    async def hang(*_: object, **__: object) -> None:
        await asyncio.sleep(ENDLESS_S)

    type(daemon.app).sync = hang  # type: ignore[assignment, method-assign]


def runs_crash(daemon: Daemon) -> None:
    async def crash(*_: object, **__: object) -> None:
        message = "as bad as it gets"
        raise LookupError(message)

    type(daemon.app).sync = crash  # type: ignore[assignment, method-assign]


def no_work_folder(daemon: Daemon) -> None:
    """The folder for runs has become a file."""
    folder = daemon.app.ingest.workroot
    shutil.rmtree(folder)
    folder.write_bytes(b"")


def no_parser(_daemon: Daemon) -> None:
    """The program that workers are started with is gone."""
    sys.executable = "/nonexistent/python"


def no_descriptors(_daemon: Daemon) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (8, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


DEFECTS: dict[str, Callable[[Daemon], None]] = {
    name: value
    for name, value in list(globals().items())
    if getattr(value, "__module__", "") == __name__ and not name.startswith("_")
}


async def wait_and(defect: Callable[[Daemon], None], daemon: Daemon, _stop: asyncio.Event) -> None:
    """Let the defect come out when the signal comes."""
    signalled = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, signalled.set)
    await signalled.wait()
    defect(daemon)
    await asyncio.sleep(ENDLESS_S)


if __name__ == "__main__":
    companion = functools.partial(wait_and, DEFECTS[sys.argv.pop(1)])
    syncd.daemon.run_daemon = functools.partial(syncd.daemon.run_daemon, companion=companion)
    sys.exit(main())
