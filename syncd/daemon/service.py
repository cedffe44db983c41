"""The daemon: web first, then the schedule; rebuilds one at a time; reload and stop without loss.

Network is cut when it stops, but a T1 or T2 that has begun comes to its end, because nothing closes the
database before the threads are done. This module must not know how anything is stored or fetched.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from syncd import __version__
from syncd.bootstrap import Application, build_application
from syncd.bootstrap.report_keeper import ReportKeeper
from syncd.bootstrap.reports import gap_workbook, report_renderer
from syncd.bootstrap.state_folder import StateFolder
from syncd.daemon.canary import Canary
from syncd.daemon.notify import notify
from syncd.daemon.pulse import Pulse
from syncd.daemon.silence import SilenceWatch
from syncd.errors import ConfigError, StorageError, SyncdError
from syncd.model.run import Run
from syncd.observability.logs import Logging
from syncd.scheduling.scheduler import Scheduler
from syncd.settings.config import Config
from syncd.web import Server, WebDeps, build_app

_log = structlog.get_logger(__name__)
_LAST_MOMENT_S = 0.5
_RESTART_TABLES = ("database", "web", "log", "worker", "daemon")
"""Tables of ``syncd.toml`` that a reload cannot change."""


@dataclass(slots=True)
class Daemon:
    """One running daemon; made by :func:`run_daemon`. ``load`` reads the configuration anew."""

    app: Application
    load: Callable[[], Config]
    scheduler: Scheduler = field(init=False)
    pulse: Pulse = field(init=False)
    silence: SilenceWatch = field(init=False)
    canary: Canary = field(init=False)
    reports: ReportKeeper = field(init=False)
    url: str = ""
    """Address of API and pages; known once started."""
    _rebuild_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _good_runs: int = 0
    _unrecorded: set[str] = field(default_factory=set)
    """Sources whose last run could not be begun or ended, because the database was away."""
    _reloading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """Make the schedule."""
        metrics = self.app.metrics
        self.scheduler = Scheduler(
            self._run, self.app.timings, skipped=metrics.run_skipped, late=metrics.run_late
        )
        self.silence = SilenceWatch(metrics.source_silent)
        metrics.measure_chain_age(self.silence.chain_age_s)
        self.canary = Canary(self.app.folder.canary)
        self.reports = ReportKeeper(lambda: self.app.ask, lambda: self.app.config)
        if self.app.config.file.daemon.canary_interval:
            metrics.measure_canary_age(self.canary.age_s)
        self.pulse = Pulse(self._beaten, self._schedule_late_s)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve, keep time and rebuild while the block runs; stop without loss afterwards."""
        app = self.app
        daemon = app.config.file.daemon
        for source_id in await asyncio.to_thread(app.store.interrupt_open_runs, now=app.ingest.clock()):
            _log.warning(
                "run_interrupted", source=source_id, reason="the last daemon ended before this run did"
            )
        async with AsyncExitStack() as stack:
            self.url = await stack.enter_async_context(self._serving())
            tasks = [
                asyncio.create_task(self.pulse.beat(watchdog=daemon.watchdog), name="pulse"),
                asyncio.create_task(self._rebuild_when_wanted(), name="rebuild"),
            ]
            stack.push_async_callback(_end, tasks)
            stack.push_async_callback(self.scheduler.stop)
            self._rebuild_wanted.set()
            await self._show_release()
            await self._look_at_sources()
            self.silence.start()
            stack.callback(self.silence.stop)
            await self.scheduler.start()
            self.scheduler.every("check", daemon.check_interval, self._check)
            # Does nothing once the day's work is done.
            if daemon.canary_interval:
                self.scheduler.every("canary", daemon.canary_interval, self.canary.fly)
            self.scheduler.every("upkeep", daemon.check_interval, self.app.tidy)
            self.scheduler.every("reports", daemon.check_interval, self.reports.run)
            self.scheduler.every("probe", app.config.file.probe.interval, self._probe)
            _log.info("daemon_started", version=__version__, url=self.url, database=app.store.label)
            notify("READY=1")
            try:
                yield
            finally:
                notify("STOPPING=1")

    async def reload(self) -> bool:
        """Read the configuration and take it whole, or keep the old one; tells which."""
        async with self._reloading:
            notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1_000}")
            try:
                config = await asyncio.to_thread(self.load)
                changed = _needs_restart(self.app.config, config)
                await self.app.use(config)
                await self.scheduler.plan()
            except SyncdError as error:
                _log.error("config_refused", reason=error.message, fix=error.fix)
                self.app.metrics.config_reloaded(accepted=False)
                return False
            finally:
                notify("READY=1")
            self.app.metrics.config_reloaded(accepted=True)
            _log.info("config_reloaded", sources=len(config.sources), restart_needed=changed)
            self._rebuild_wanted.set()
            return True

    def ready(self) -> Mapping[str, object]:
        """Return what ``/health/ready`` shows besides the database; portals that are down do not matter."""
        return {
            "ok": self.pulse.healthy,
            "loop_lag_seconds": round(self.pulse.lag_s, 3),
            "schedule_overdue_seconds": round(self.scheduler.overdue_s(), 1),
            "running": list(self.scheduler.running()),
            "silent": list(self.silence.silent),
            "chain_age_seconds": round(self.silence.chain_age_s(), 1),
        }

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[str]:
        app, file = self.app, self.app.config.file
        deps = WebDeps(
            ask=lambda: app.ask,
            store=app.store,
            metrics_text=app.metrics.render,
            ready=self.ready,
            version=__version__,
            on_request=app.metrics.http_answered,
            # The configuration is replaced on reload.
            operators=lambda: app.config.operators().digests,
            decided=self._rebuild_wanted.set,
            render_report=report_renderer(app.config.directory),
            gap_workbook=gap_workbook,
            timezone=file.daemon.timezone,
        )
        async with Server(build_app(deps), host=file.web.host, port=file.web.port) as server:
            yield server.url

    async def _run(self, source_id: str) -> None:
        try:
            run: Run = await self.app.sync(source_id)
        except SyncdError as error:
            # Not an outcome of the run: it could not even be recorded.
            _log.error(
                "run_not_started", source=source_id, code=error.code, reason=error.message, fix=error.fix
            )
            if isinstance(error, StorageError) and error.code != "source_busy":
                self._unrecorded.add(source_id)
            return
        if run.outcome.is_good:
            self._good_runs += 1
            self.silence.heard(source_id)
            self._rebuild_wanted.set()

    async def _probe(self) -> None:
        """Look at links and ask for routes that are due, where the configuration wants it."""
        table = self.app.config.file.probe
        if not table.links and table.routing_url is None:
            return
        prober = self.app.prober
        before = prober.changed
        if found := await prober.round(table.batch, links=table.links):
            _log.info("probes_done", **found)
        if prober.changed > before:
            self._rebuild_wanted.set()

    async def _rebuild_when_wanted(self) -> None:
        app = self.app
        while True:
            await self._rebuild_wanted.wait()
            # Runs that end while this one is at work ask for one more, not for one each.
            self._rebuild_wanted.clear()
            heard, self._good_runs = self._good_runs, 0
            try:
                release = await app.rebuild()
            except SyncdError as error:
                _log.error("rebuild_failed", code=error.code, reason=error.message, fix=error.fix)
            except Exception:  # noqa: BLE001 - logged with its trace; the published release stays
                _log.exception("rebuild_crashed")
            else:
                # A held release has not reached anybody.
                if heard and await asyncio.to_thread(app.held) is None:
                    self.silence.cycled()
                if release is not None:
                    notify(f"STATUS=release {release.number}")

    async def _check(self) -> None:
        """Look at what only time changes: dates, the age of sources."""
        self._rebuild_wanted.set()
        await self._look_at_sources()
        # The database answers, so what it could not record has its turn now and not an interval later.
        self.scheduler.hasten(self._unrecorded)
        self._unrecorded.clear()

    async def _show_release(self) -> None:
        release = await asyncio.to_thread(self.app.store.current_release)
        if release is not None:
            self.app.metrics.release_published(release)

    async def _look_at_sources(self) -> None:
        sources = [source for source in await asyncio.to_thread(self.app.ask.sources) if source.configured]
        for source in sources:
            self.app.metrics.source_seen(
                source.source_id,
                last_good_at=source.last_good_at,
                silent=source.source_id in self.silence.silent,
            )
        self.silence.know(sources)

    def _beaten(self, lag_s: float) -> None:
        self.silence.beat()
        self.app.metrics.loop_lagged(lag_s)

    def _schedule_late_s(self) -> float:
        # A watch that has ended is as late as can be: the supervisor must hear nothing more from us.
        return float("inf") if self.scheduler.dead else self.scheduler.overdue_s()


Companion = Callable[["Daemon", asyncio.Event], Coroutine[Any, Any, None]]
"""Something that runs beside the daemon once it is up, and may set the event to end it."""


async def run_daemon(
    config: Config, load: Callable[[], Config], log: Logging, *, companion: Companion | None = None
) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. SIGHUP reloads. A second signal ends at once.

    Raises ConfigError when another daemon runs on the same state folder or the port is taken, and
    StorageError when the database cannot be opened.
    """
    folder = StateFolder(config.data_dir)
    folder.make()
    stop, tasks = asyncio.Event(), set[asyncio.Task[bool]]()
    with folder.daemon():
        async with build_application(config, serving=True) as app:
            app.metrics.count_lost_lines(lambda: log.lost.count)
            daemon = Daemon(app, load)
            loop = asyncio.get_running_loop()

            def reload() -> None:
                task = loop.create_task(daemon.reload())
                tasks.add(task)
                task.add_done_callback(tasks.discard)

            _on_stop_signals(loop, stop, config.file.daemon.shutdown_seconds)
            loop.add_signal_handler(signal.SIGHUP, reload)
            async with daemon.running(), _beside(companion, daemon, stop):
                await stop.wait()
                _log.info("daemon_stopping")
    _log.info("daemon_stopped")
    return 0


async def run_once(config: Config) -> list[Run]:
    """Bring every enabled source up to date once and publish; returns the runs, sorted by source."""
    folder = StateFolder(config.data_dir)
    folder.make()
    with folder.daemon():
        async with build_application(config) as app:
            await asyncio.to_thread(app.store.interrupt_open_runs, now=app.ingest.clock())
            runs = await asyncio.gather(
                *(app.sync(s.source_id, trigger="once") for s in config.enabled_sources)
            )
            await app.rebuild()
            await app.tidy()
            await ReportKeeper(lambda: app.ask, lambda: app.config).run()
            return sorted(runs, key=lambda run: run.source_id)


@asynccontextmanager
async def _beside(companion: Companion | None, daemon: Daemon, stop: asyncio.Event) -> AsyncIterator[None]:
    if companion is None:
        yield
        return
    task = asyncio.create_task(companion(daemon, stop), name="companion")
    # Whatever ends it early ends the daemon too: somebody started both as one.
    task.add_done_callback(lambda done: stop.set() if not done.cancelled() and done.exception() else None)
    try:
        yield
    finally:
        task.cancel()
        (failure,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(failure, Exception):
            _log.error("companion_failed", exc_info=failure)


def _on_stop_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event, shutdown_seconds: int) -> None:
    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()
        # A thread, not a task: it must come true even if the loop is what hangs. What is not committed by
        # then is rolled back by the database and done again after the next start.
        timer = threading.Timer(max(_LAST_MOMENT_S, shutdown_seconds - _LAST_MOMENT_S), _force_exit)
        timer.daemon = True
        timer.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)


def _force_exit() -> None:
    _log.warning("shutdown_forced", reason="something did not end in time; nothing half-done is stored")
    # The log is written by a thread; give it the moment it needs.
    time.sleep(_LAST_MOMENT_S / 2)
    os._exit(0)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _needs_restart(old: Config, new: Config) -> list[str]:
    before, after = old.file, new.file
    # Who may decide counts at once; only where we listen does not.
    after = after.model_copy(update={"web": after.web.model_copy(update={"operator": before.web.operator})})
    tables = [name for name in _RESTART_TABLES if getattr(before, name) != getattr(after, name)]
    with suppress(ConfigError):
        if old.database_url != new.database_url and "database" not in tables:
            tables.append("database")
    return tables
