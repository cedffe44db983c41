"""Whatever dies, somebody hears of it: 28 ways to fall silent, of the whole daemon (bar B11).

Each case has a daemon and a portal of its own; they run side by side. After the first good run something
breaks, in the daemon (:mod:`tests.support.sabotage`), in its database, in its clock or at the portal; the
alarm has to be in the log in time, whatever state the rest is in.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import signal
import sqlite3
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web

from tests.acceptance import test_crashes
from tests.acceptance.test_clock import Lists, rewrite
from tests.support.daemon import SYNCD, DaemonProcess, until
from tests.support.faketime import FaketimeUnavailableError, WallClock
from tests.support.sabotage import DEFECTS

INTERVAL_S = 5.0
LATE_S = 60.0 / 900.0 * INTERVAL_S
"""The bar allows a minute beyond twice the interval, at intervals of a quarter of an hour; here in scale."""
LOOKS_S = 3.0
"""What is not in scale: the watch looks once a second, a thread writes its line, and this one reads it."""
PATIENCE_S = 60.0
SILENT = "source_silent"
CLOCKS = {"clock ten years back": -timedelta(days=3653), "clock ten years ahead": timedelta(days=3653)}
CONTROL = "left alone"
"""Nothing breaks; tells how late the machine is at present."""
INSIDE = (*DEFECTS,)
OUTSIDE = (
    "portal hangs",
    "portal resets",
    "portal cuts",
    "portal drips",
    "portal fails",
    "portal wants a login",
    "portal is empty",
    "database locked",
    "database overwritten",
    "clock ten years back, portal hangs",
    "clock ten years ahead, portal fails",
    "suspended, portal hangs",
    "schedule_dead, clock ten years back",
    "loop_asleep, clock ten years ahead",
)


class Portals(Lists):
    """Lists whose portal turns bad when a test says so, each in its own way."""

    def __init__(self) -> None:
        super().__init__()
        self.moods: dict[str, str] = {}

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        match self.moods.get(name):
            case "hangs":
                while name in self.moods:  # noqa: ASYNC110 - moods belong to another thread
                    await asyncio.sleep(0.2)
            case "fails":
                return web.Response(status=500)
            case "wants a login":
                return web.Response(text="<html>Bitte anmelden</html>", content_type="text/html")
            case "is empty":
                return web.Response(text="ars;service_key;service;url\n", content_type="text/csv")
            case "resets" | "cuts" | "drips" as mood:
                answer = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "text/csv"})
                if mood != "resets":
                    await answer.prepare(request)
                with contextlib.suppress(ConnectionError):
                    while mood == "drips" and name in self.moods:
                        await answer.write(b"a")
                        await asyncio.sleep(0.5)
                if request.transport is not None:
                    request.transport.abort()
                return answer
        return await super()._answer(request)


@dataclass
class Case:
    """One way to fall silent."""

    name: str
    folder: Path
    portals: Portals
    stack: contextlib.ExitStack
    daemon: DaemonProcess = field(init=False)
    clock: WallClock | None = None
    alarm_after_s: float = math.inf
    slowness_s: float = 0.0

    @property
    def path(self) -> str:
        return re.sub(r"\W+", "-", self.name)

    def happen(self, together: threading.Barrier, over: threading.Event) -> None:
        """Let it run, break it, wait for the alarm."""
        self.folder.mkdir()
        defect = self.name.partition(", ")[0]
        database = f"sqlite:///{self.folder / 'syncd.sqlite3'}"
        config = test_crashes.lay_out(self.folder, f"{self.portals.url}/{self.path}", database)
        rewrite(config / "sources" / "changing.toml", 'interval = "1s"', f'interval = "{INTERVAL_S:g}s"')
        program, environment = program_with(defect), dict[str, str]()
        if "clock" in self.name:
            self.clock = WallClock(self.folder / "clock")
            environment |= self.clock.environment
        with DaemonProcess(config, self.folder / "log", environment, program=program) as self.daemon:
            self.daemon.wait_for("run_accepted")
            together.wait(180)
            if self.name == CONTROL:
                began = time.monotonic()
                over.wait()
                times = [began, *(at for at in self.portals.asked[self.path] if at > began)]
                self.slowness_s = max(0.0, *(b - a - INTERVAL_S for a, b in pairwise(times)))
                assert self.slowness_s > INTERVAL_S or not self.daemon.events(SILENT)
                return
            for part in self.name.split(", "):
                self.breaks(part)
            self.alarm_after_s = self.alarm()

    def breaks(self, what: str) -> None:
        """Break one thing."""
        if what in DEFECTS:
            self.daemon.signal(signal.SIGUSR1)
        elif what.startswith("portal "):
            self.portals.moods[self.path] = what.removeprefix("portal ")
        elif what in CLOCKS:
            assert self.clock is not None
            self.clock.set(CLOCKS[what])
        elif what == "suspended":
            self.daemon.signal(signal.SIGSTOP)
            time.sleep(INTERVAL_S)
            self.daemon.signal(signal.SIGCONT)
        elif what == "database locked":
            connection = sqlite3.connect(self.folder / "syncd.sqlite3", check_same_thread=False, timeout=30)
            self.stack.callback(connection.close)
            connection.execute("BEGIN IMMEDIATE")
        elif what == "database overwritten":
            for file in self.folder.glob("syncd.sqlite3*"):
                file.write_bytes(b"\0" * 8_192)
        else:
            message = f"nothing breaks by '{what}'"
            raise ValueError(message)

    def alarm(self) -> float:
        """Return how long after the last good run, or after the break, the alarm was seen; in true time."""
        heard, since = 0, time.monotonic()

        def look() -> bool:
            nonlocal heard, since
            good = len(self.daemon.events("run_accepted")) + len(self.daemon.events("run_unchanged"))
            if good > heard:
                # One that was under way when it broke.
                heard, since = good, time.monotonic()
            assert self.daemon.process.poll() is None, self.daemon.log()[-2_000:]
            told = [e["event"] for e in self.daemon.events() if e["event"] in {SILENT, "source_recovered"}]
            return told[-1:] == [SILENT]

        until(look, f"an alarm: {self.name}", patience_s=PATIENCE_S)
        return time.monotonic() - since


def program_with(defect: str) -> tuple[str, ...]:
    """Return the program to start: the daemon itself, or the one with that defect."""
    sabotage = (sys.executable, "-m", "tests.support.sabotage", defect)
    return sabotage if defect in DEFECTS else tuple(SYNCD)


def happen_all(folder: Path, names: tuple[str, ...]) -> dict[str, float]:
    """Let all cases happen side by side; returns those whose alarm came late, with the seconds."""
    try:
        WallClock(folder / "probe")
    except FaketimeUnavailableError as unavailable:
        pytest.skip(str(unavailable))
    together, over = threading.Barrier(len(names) + 1), threading.Event()
    with (
        Portals() as portals,
        ThreadPoolExecutor(len(names) + 1) as threads,
        contextlib.ExitStack() as stack,
    ):
        stack.callback(together.abort)
        stack.callback(over.set)
        stack.callback(portals.moods.clear)
        control, *cases = [
            Case(name, folder / str(number), portals, stack) for number, name in enumerate((CONTROL, *names))
        ]
        quiet, *happened = [threads.submit(case.happen, together, over) for case in (control, *cases)]
        for one in happened:
            one.result()
        over.set()
        quiet.result()
    late = 2 * INTERVAL_S + LATE_S + LOOKS_S + control.slowness_s
    for case in cases:
        print(f"{case.name}: alarm after {case.alarm_after_s:.1f} s")  # noqa: T201 - the figure of the bar
    return {case.name: case.alarm_after_s for case in cases if case.alarm_after_s > late}


@pytest.mark.fault("C5", "C7", "C10", "P13")
@pytest.mark.timeout(300)
def test_whatever_breaks_inside_the_silence_is_told(tmp_path: Path) -> None:
    assert happen_all(tmp_path, INSIDE) == {}


@pytest.mark.fault("C1", "C2", "C4", "N10")
@pytest.mark.timeout(300)
def test_whatever_breaks_around_it_the_silence_is_told(tmp_path: Path) -> None:
    assert happen_all(tmp_path, OUTSIDE) == {}
