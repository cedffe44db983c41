"""The whole daemon with a wall clock that is set while it runs: steps, summer time, suspension (bar B10).

Each scenario has a daemon and a list of its own; they run side by side, because waiting costs nothing. What
is measured is what the portal sees, in true time; what was published is read from the database afterwards.
"""

from __future__ import annotations

import contextlib
import re
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Self

import pytest
from aiohttp import web

from syncd.model.run import RunOutcome
from syncd.pipeline.entry_codec import decode_entry
from syncd.storage import open_store
from tests.acceptance import test_crashes
from tests.support.daemon import PATIENCE_S, DaemonProcess, LoopThread
from tests.support.faketime import FaketimeUnavailableError, WallClock

INTERVAL_S = 6.0
STAY_S = 2.2 * INTERVAL_S
"""So long a clock stays as it was set: at least two starts fall into it."""
ROWS = 20
SAME = 3
"""So many answers in a row are the same."""
HOUR, DAY, DECADE = timedelta(hours=1), timedelta(days=1), timedelta(days=3653)
RIGHT = timedelta(0)
CONTROL = "left alone"
Step = timedelta | datetime | str


def shortly_before(*moment: int) -> datetime:
    """Return five seconds before a moment, so that it comes while the clock goes on."""
    return datetime(*moment, tzinfo=UTC) - timedelta(seconds=5)  # type: ignore[arg-type, misc]


STEPS: dict[str, tuple[Step, ...]] = {
    CONTROL: (),
    "an hour back": (-HOUR,),
    "a day back": (-DAY,),
    "ten years back": (-DECADE,),
    "an hour ahead and right again": (HOUR, RIGHT),
    "ten years ahead and right again": (DECADE, RIGHT),
    "ten years ahead, then ten years back": (DECADE, -DECADE),
    "four minutes to and fro": (timedelta(minutes=4), RIGHT, timedelta(minutes=-4)),
}
DATES: dict[str, tuple[Step, ...]] = {
    CONTROL: (),
    "summer time begins": (shortly_before(2027, 3, 28, 1),),
    "summer time ends": (shortly_before(2027, 10, 31, 1),),
    "a leap day comes and goes": (shortly_before(2028, 2, 29), shortly_before(2028, 3, 1)),
    "a year of 53 weeks ends": (shortly_before(2027, 1, 1),),
    "suspended for eight hours": ("suspended",),
    "restarted ten years ahead, then put right": (DECADE, "restarted", RIGHT),
    "put right while it was down": (DECADE, "restarted with the right time"),
}


class Lists:
    """One list per scenario; knows in true time when each was asked for."""

    def __init__(self) -> None:
        self.asked: dict[str, list[float]] = defaultdict(list)
        self._thread = LoopThread()
        self._runner: web.AppRunner

    def __enter__(self) -> Self:
        self.url: str = self._thread.call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.call(self._runner.cleanup())
        self._thread.close()

    async def _start(self) -> str:
        app = web.Application()
        app.router.add_get("/{name}/list.csv", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = self.asked[request.match_info["name"]]
        asked.append(time.monotonic())
        rows = [
            f"064140000000;9900{row:04d}001000;Leistung {row} v{version(len(asked))};https://www.example.org/"
            for row in range(ROWS)
        ]
        return web.Response(
            text="\n".join(["ars;service_key;service;url", *rows, ""]), content_type="text/csv"
        )


def version(answer: int) -> int:
    """Return which version of the list an answer shows; answers count from 1."""
    return 1 + (answer - 1) // SAME


@dataclass
class Story:
    """One daemon through one scenario."""

    name: str
    folder: Path
    steps: tuple[Step, ...]
    lists: Lists
    breaks: list[tuple[float, float]] = field(default_factory=list)
    """True time in which the daemon could not do anything: from, to."""
    began: float = 0.0
    ended: float = 0.0
    clock: WallClock = field(init=False)
    daemon: DaemonProcess = field(init=False)

    @property
    def path(self) -> str:
        return re.sub(r"\W+", "-", self.name)

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'syncd.sqlite3'}"

    def tell(self, together: threading.Barrier) -> None:
        """Live through it; the clocks of all are set together, once all daemons are up."""
        self.folder.mkdir()
        self.clock = WallClock(self.folder / "clock")
        config = test_crashes.lay_out(self.folder, f"{self.lists.url}/{self.path}", self.database)
        rewrite(config / "sources" / "changing.toml", 'interval = "1s"', f'interval = "{INTERVAL_S:g}s"')
        # A forced stop sleeps, and libfaketime ends sleeps.
        calm = 'check_interval = "5s"\nshutdown_seconds = 60'
        rewrite(config / "syncd.toml", 'check_interval = "1s"', calm)
        environment = {**self.clock.environment, "TZ": "Europe/Berlin"}
        with DaemonProcess(config, self.folder / "log", environment) as self.daemon:
            self.daemon.wait_for("daemon_started")
            self.daemon.wait_for("run_unchanged")
            together.wait(120)
            self.began = time.monotonic()
            for step in self.steps:
                self._take(step)
                time.sleep(STAY_S)
            time.sleep(STAY_S)
            self.ended = time.monotonic()
            assert self.daemon.get("/health/ready")[0] == 200
            assert self.daemon.stop(within_s=PATIENCE_S) == 0

    def _take(self, step: Step) -> None:
        if isinstance(step, timedelta):
            self.clock.set(step)
        elif isinstance(step, datetime):
            self.clock.set_to(step)
        else:
            since = time.monotonic()
            if step == "suspended":
                self.daemon.signal(signal.SIGSTOP)
                time.sleep(STAY_S)
                self.clock.set(8 * HOUR)
                self.daemon.signal(signal.SIGCONT)
            else:
                assert self.daemon.stop(within_s=PATIENCE_S) == 0
                if step == "restarted with the right time":
                    self.clock.set(RIGHT)
                self.daemon.start()
                self.daemon.wait_for("daemon_started")
            self.breaks.append((since, time.monotonic()))

    # --- what came of it -----------------------------------------------------------------------------------

    def stretches(self) -> Iterator[list[float]]:
        """Answers in true time, apart by what interrupted the daemon; each stretch with its two ends."""
        edges = [self.began, *(edge for one in self.breaks for edge in one), self.ended]
        for since, until_ in zip(edges[::2], edges[1::2], strict=True):
            yield [since, *(at for at in self.lists.asked[self.path] if since <= at <= until_), until_]

    @property
    def longest_silence(self) -> float:
        return max(b - a for stretch in self.stretches() for a, b in pairwise(stretch))

    def judge(self, slowness: float) -> Iterator[str]:
        """Name what is wrong; ``slowness`` is how late the machine makes a daemon whose clock is right."""
        if self.longest_silence > 2 * INTERVAL_S + slowness:
            yield f"silent for {self.longest_silence:.1f} s"
        for stretch in self.stretches():
            starts = stretch[1:-1]
            # The first after a break may follow at once; one that the machine delayed shortens the next gap.
            gaps = [b - a for a, b in pairwise(starts[bool(self.breaks) :])]
            close = [gap for gap in gaps if gap < INTERVAL_S / 2 - slowness]
            if close or len(starts) > (stretch[-1] - stretch[0]) / INTERVAL_S + 2:
                yield f"a storm of {len(starts)} starts, gaps {close}"
        log = self.daemon.log()
        if "Traceback" in log or ("schedule_revived" in log and slowness < INTERVAL_S / 2):
            yield "a traceback, or a schedule that had to be revived"
        leaps = [step for step in self.steps if not isinstance(step, timedelta) or abs(step) >= HOUR]
        if leaps and "restarted" not in self.name and "clock_stepped" not in log:
            yield "no alarm for the clock"
        yield from self._judge_database()

    def _judge_database(self) -> Iterator[str]:
        asked = len(self.lists.asked[self.path])
        with open_store(self.database, create=False) as store:
            outcomes = [run.outcome for run in store.runs(limit=10_000)]
            good = sum(outcome.is_good for outcome in outcomes)
            # A run that the stop cut off in the middle is ended by the next start.
            open_runs = outcomes.count(RunOutcome.RUNNING)
            if open_runs > 1 or open_runs + good + outcomes.count(RunOutcome.INTERRUPTED) < len(outcomes):
                yield f"bad runs: {outcomes}"
            if not asked - 1 - len(self.breaks) <= good <= asked:
                yield f"{asked} answers and {good} good runs: some were purged or counted twice"
            if store.source_state(test_crashes.SOURCE).records != ROWS:
                yield "records are gone"
            releases = store.releases(limit=10_000)
            if [release.number for release in releases] != list(range(len(releases), 0, -1)):
                yield "releases are gone"
            # The age of a source is an input: when it turns stale, that is worth a release.
            contents = [(release.digest, release.inputs["digest"]) for release in releases]
            if any(a == b for a, b in pairwise(contents)):
                yield "the same was published twice"
            rows = list(store.entries(releases[0].number))
            titles = {(decode_entry(row.payload).value("title") or "").rpartition(" v")[2] for row in rows}
            if len(rows) != ROWS or titles - {str(version(n)) for n in range(asked - 2, asked + 1)}:
                yield f"the newest release has {len(rows)} entries of version {titles}; {asked} answers"


def rewrite(file: Path, old: str, new: str) -> None:
    """Change one thing in a file."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def tell_all(folder: Path, scenarios: Mapping[str, tuple[Step, ...]]) -> dict[str, list[str]]:
    """Tell all stories side by side; returns what was wrong, by scenario."""
    try:
        WallClock(folder / "probe")
    except FaketimeUnavailableError as unavailable:
        pytest.skip(str(unavailable))
    together = threading.Barrier(len(scenarios))
    with Lists() as lists, ThreadPoolExecutor(len(scenarios)) as threads, contextlib.ExitStack() as stack:
        stack.callback(together.abort)
        stories = {
            name: Story(name, folder / str(number), steps, lists)
            for number, (name, steps) in enumerate(scenarios.items())
        }
        for told in [threads.submit(story.tell, together) for story in stories.values()]:
            told.result()
    slowness = max(0.0, stories[CONTROL].longest_silence - INTERVAL_S)
    for name, story in stories.items():
        print(f"{name}: longest silence {story.longest_silence:.1f} s")  # noqa: T201 - the figure of the bar
    found = {name: list(story.judge(slowness)) for name, story in stories.items()}
    return {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.fault("C1", "C2")
@pytest.mark.timeout(300)
def test_a_clock_that_steps_silences_and_doubles_nothing(tmp_path: Path) -> None:
    assert tell_all(tmp_path, STEPS) == {}


@pytest.mark.fault("C3", "C4", "C8")
@pytest.mark.timeout(300)
def test_no_date_suspension_or_restart_silences_and_doubles_anything(tmp_path: Path) -> None:
    assert tell_all(tmp_path, DATES) == {}
