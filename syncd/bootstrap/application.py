"""One configuration at work on one database: what the daemon and the commands share.

A run started by hand goes the same way as a scheduled one. This module must not know who asks.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog

from syncd import USER_AGENT
from syncd.bootstrap.decisions import decisions_folder, import_decisions
from syncd.bootstrap.hold_file import HOLD_FILE, HoldFile
from syncd.bootstrap.places import PlacedWorker, Suspects
from syncd.bootstrap.probes import open_prober
from syncd.bootstrap.sessions import Sessions
from syncd.bootstrap.state_folder import StateFolder
from syncd.errors import ConfigError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.staging import SubprocessParseWorker
from syncd.fetching.waits import Waits
from syncd.model.entry import Release
from syncd.model.run import Run, RunOutcome, SourceState
from syncd.observability.metrics import Metrics
from syncd.pipeline.ask import Ask
from syncd.pipeline.check import CheckReport
from syncd.pipeline.hold import Held, ReleaseGate
from syncd.pipeline.ingest import Ingest
from syncd.pipeline.probing import Prober
from syncd.pipeline.rebuild import Rebuilder
from syncd.pipeline.registry import Registry
from syncd.pipeline.upkeep import Upkeep
from syncd.rules.backoff import name_is_gone
from syncd.scheduling.timing import LONGEST_RUN, Timing
from syncd.settings.config import Config
from syncd.storage import SqlStore, open_store
from syncd.storage.builder import InProcessBuilder, ProcessBuilder

_log = structlog.get_logger(__name__)
_REBUILD_WAIT_S = 600.0
WAITS_FILE = "waits.json"


def utc_now() -> datetime:
    """Return the present instant; the only clock handed to the use cases."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Application:
    """The use cases, wired. Made by :func:`build_application`."""

    config: Config
    folder: StateFolder
    store: SqlStore
    ask: Ask
    ingest: Ingest
    rebuilder: Rebuilder
    prober: Prober
    sessions: Sessions
    metrics: Metrics
    upkeep: Upkeep
    _day: date

    async def sync(self, source_id: str, *, trigger: str = "schedule", accept_loss: str = "") -> Run:
        """Bring one source up to date; see :meth:`Ingest.sync`.

        Raises StorageError ``source_busy`` when another process is at it.
        """
        self.config.source(source_id)
        with self.folder.source(source_id):
            state = await asyncio.to_thread(self.store.source_state, source_id)
            self.sessions.suspects.judge(state)
            run = await self.ingest.sync(source_id, trigger=trigger, accept_loss=accept_loss)
        _ask_for_a_person(run, state)
        self.metrics.run_ended(run)
        await self._look_at_certificate(source_id)
        return run

    async def decide(self, run_id: int, *, accept: bool, reason: str) -> Run:
        """Accept or reject what a run refused; see :meth:`Ingest.decide`."""
        refused, *_ = await asyncio.to_thread(self.store.run, run_id)
        with self.folder.source(refused.source_id):
            return await self.ingest.decide(run_id, accept=accept, reason=reason)

    async def retire(self, source_id: str, *, reason: str) -> int:
        """Withdraw everything a source said; see :meth:`Ingest.retire`."""
        with self.folder.source(source_id):
            return await self.ingest.retire(source_id, reason=reason)

    async def rebuild(self, *, full: bool = False, accept: str = "") -> Release | None:
        """Publish a new release if anything changed; returns it, or None. See :meth:`Rebuilder.rebuild`."""
        await self.refresh_day()
        started = time.monotonic()
        failed = True
        try:
            async with self._alone():
                release = await self.rebuilder.rebuild(full=full, accept=accept)
            failed = False
        finally:
            held = await asyncio.to_thread(self.held)
            self.metrics.release_held(held=held is not None)
            self.metrics.rebuild_ended(time.monotonic() - started, failed=failed)
        if release is not None:
            self.metrics.release_published(release)
        return release

    def held(self) -> Held | None:
        """Return the hold on the next release, if there is one."""
        return self.rebuilder.gate.book.load()

    async def tidy(self) -> None:
        """Let go of history that is older than its retention; once a day, see :class:`Upkeep`."""
        await self.upkeep.run()

    async def check(self) -> CheckReport:
        """Recompute the published release and compare."""
        async with self._alone():
            return await self.rebuilder.check()

    async def timings(self) -> Sequence[Timing]:
        """Return what the schedule depends on, from the run table."""
        states = await asyncio.to_thread(self.store.source_states)
        return [
            replace(
                _timing(source.source_id, source.file.interval, states.get(source.source_id)),
                # Fetching has its own limit; as much again is for waiting, parsing and storing.
                longest=max(
                    LONGEST_RUN,
                    2 * source.file.limits.run_timeout + (source.file.limits.parse_timeout or timedelta()),
                ),
            )
            for source in self.config.enabled_sources
        ]

    async def use(self, config: Config) -> None:
        """Take a new configuration whole. Database, web, log, worker and data_dir keep their old values."""
        day = utc_now().date()
        # First what may be refused, then all at once: nobody sees half of two configurations.
        registry = await asyncio.to_thread(config.to_registry, day)
        self.config = self.sessions.config = config
        self._use_registry(registry, day)
        self.metrics.sources_configured(config.sources)

    async def refresh_day(self) -> None:
        """Take the registers in force today: at midnight an area may have ended."""
        if (today := utc_now().date()) != self._day:
            self._use_registry(await asyncio.to_thread(self.config.to_registry, today), today)

    async def _look_at_certificate(self, source_id: str) -> None:
        source = self.config.sources.get(source_id)
        if source is not None and (ours := source.client_certificate) is not None:
            # What is not usable has failed the run already.
            with suppress(ConfigError):
                _, ends_at = await asyncio.to_thread(ours.validity)
                self.metrics.client_certificate_ends(source_id, ends_at)

    def _use_registry(self, registry: Registry, day: date) -> None:
        self.ask.registry = self.ingest.registry = self.rebuilder.registry = registry
        self._day = day

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        lock = self.folder.rebuild(wait_s=_REBUILD_WAIT_S)
        await asyncio.to_thread(lock.__enter__)
        try:
            yield
        finally:
            lock.__exit__(None, None, None)


@asynccontextmanager
async def build_application(config: Config, *, serving: bool = False) -> AsyncIterator[Application]:
    """Wire everything and take it apart again.

    ``serving`` is for the daemon: rebuilding happens in a process of its own, so that the event loop and the
    API never wait for it. Creates the SQLite file and upgrades the schema. Work in threads is waited for
    before the database is closed: a T1 or T2 that has begun comes to its end.
    """
    folder = StateFolder(config.data_dir)
    folder.make()
    async with AsyncExitStack() as stack:
        work = stack.enter_context(folder.work("daemon" if serving else "command"))
        url = config.database_url
        store = await asyncio.to_thread(open_store, url)
        stack.callback(store.close)
        stack.push_async_callback(_threads_ended)
        await asyncio.to_thread(_merge_decisions, store, config)
        registry = await asyncio.to_thread(config.to_registry, day := utc_now().date())
        waits = await asyncio.to_thread(Waits, folder.root / WAITS_FILE)
        fetcher = await stack.enter_async_context(HttpFetcher(user_agent=USER_AGENT, waits=waits))
        builder = _builder(store, url, work, serving=serving, stack=stack)
        prober = await stack.enter_async_context(open_prober(config.file.probe, store, utc_now))
        suspects = Suspects()
        sessions = Sessions(config, fetcher, folder.raw, work, folder.ledgers, suspects)
        parser = SubprocessParseWorker(
            memory_limit_mb=config.file.worker.memory_mb,
            time_limit_s=config.file.worker.time_seconds,
        )
        worker = PlacedWorker(parser, suspects, config.file.daemon.parallel_runs)
        metrics = Metrics()
        metrics.count_refused_addresses(lambda: fetcher.alarm.count)
        metrics.sources_configured(config.sources)
        yield Application(
            config=config,
            folder=folder,
            store=store,
            ask=Ask(store, registry, utc_now),
            ingest=Ingest(
                store,
                worker,
                sessions,
                registry,
                utc_now,
                work,
                folder.quarantine,
                bodies=folder.raw,
                ledgers=folder.ledgers,
                operator=this_user(),
                # The configuration is replaced on reload, and a secret may rotate at any time.
                secrets=lambda: (*sessions.config.secrets(), *fetcher.tokens.values()),
            ),
            prober=prober,
            rebuilder=Rebuilder(
                store,
                builder,
                registry,
                utc_now,
                ReleaseGate(HoldFile(folder.root / HOLD_FILE), config.file.daemon.hold_release),
                operator=this_user(),
            ),
            sessions=sessions,
            metrics=metrics,
            # The configuration is replaced on reload.
            upkeep=Upkeep(store, lambda: sessions.config.file.retention.to_rule(), utc_now),  # noqa: PLW0108
            _day=day,
        )


def this_user() -> str:
    """Return who runs this program; containers may have users without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _merge_decisions(store: SqlStore, config: Config) -> None:
    """Take in judgements kept as files; a mistake in them must not keep the catalogue from being served."""
    try:
        carried = import_decisions(store, decisions_folder(config.directory))
    except ConfigError as error:
        _log.error(
            "decisions_unreadable",
            reason=error.message,
            fix="Correct the files, then 'syncd judge import'; what the database knows counts meanwhile.",
        )
        return
    if carried.new:
        _log.info("decisions_merged", new=carried.new, judgements=carried.judgements)


def _builder(
    store: SqlStore, url: str, work: Path, *, serving: bool, stack: AsyncExitStack
) -> InProcessBuilder | ProcessBuilder:
    if not serving:
        return InProcessBuilder(store, work)
    builder = ProcessBuilder(url, work)
    stack.callback(builder.close)
    return builder


async def _threads_ended() -> None:
    await asyncio.get_running_loop().shutdown_default_executor()


def _timing(source_id: str, interval: timedelta, state: SourceState | None) -> Timing:
    run = state.last_run if state else None
    if state is None or run is None or run.outcome in {RunOutcome.RUNNING, RunOutcome.INTERRUPTED}:
        # A source whose last run did not come to an end is due at once.
        return Timing(source_id, interval)
    # A refusal waits for an operator's decision; asking the portal more or less often changes nothing.
    failures = state.consecutive_failures if run.outcome is RunOutcome.FAILED else 0
    return Timing(source_id, interval, run.started_at, failures, run.code)


def _ask_for_a_person(run: Run, before: SourceState) -> None:
    if name_is_gone(run.code, before.last_good_at, run.started_at, before.consecutive_failures):
        _log.error(
            "source_gone",
            source=run.source_id,
            reason=run.reason,
            last_good_at=before.last_good_at.isoformat() if before.last_good_at else None,
            fix="Ask the portal's operator; correct 'base_url', or retire the source.",
        )
