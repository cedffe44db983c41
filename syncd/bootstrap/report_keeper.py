"""Reports nobody asked for: of each calendar month or day the one of the release it ended with is kept.

So last month's report is there when somebody asks for it. It is that of the *last* release of its month,
because a report tells what the month came to; and because releases never change, it can be written any time
after, also by a daemon that was away. Writing goes on in a process of its own; what fails is logged, tried
again later, and concerns nothing else.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import structlog

from syncd.bootstrap.reports import report_renderer
from syncd.errors import NotFound, SyncdError
from syncd.pipeline.ask import Ask
from syncd.pipeline.report import report
from syncd.pipeline.report_shelf import keep, order_of
from syncd.rules.periods import ended_period
from syncd.storage import open_store
from syncd.storage.builder import settle_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.registry import Registry
    from syncd.pipeline.shelf_ports import ReportOrder
    from syncd.rules.periods import Period
    from syncd.settings.config import Config
    from syncd.settings.daemon_file import ReportsTable

AGAIN_S: Final = 6 * 3600.0
"""Pause after a failure: what is wrong with a report is rarely mended within minutes."""
_INSTANT: Final = timedelta(microseconds=1)
Work = tuple["ReportOrder", ...]
"""Orders that differ in their form only: the report is worked out once for all of them."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ReportKeeper:
    """Keeps what ``[reports]`` names; asked for often, does something once per period.

    ``ask`` and ``config`` return what is in force now: both are replaced on reload.
    """

    ask: Callable[[], Ask]
    config: Callable[[], Config]
    _done: tuple[str, ReportsTable] | None = field(default=None)
    _again_at: float = field(default=0.0)

    async def run(self) -> int:
        """Keep what the last period lacks; returns the number of reports kept. Never raises for a report."""
        config = self.config()
        wanted = config.file.reports
        if not wanted.keep:
            return 0
        ask = self.ask()
        period = ended_period(ask.clock(), ZoneInfo(config.file.daemon.timezone), wanted.every)
        if self._done == (period.name, wanted) or time.monotonic() < self._again_at:
            return 0
        try:
            kept, failed = await self._keep(config, ask, period)
        except SyncdError as error:
            kept, failed = 0, 1
            _failed(", ".join(wanted.keep), period.name, error)
        if failed:
            self._again_at = time.monotonic() + AGAIN_S
        else:
            self._done = (period.name, wanted)
        return kept

    async def _keep(self, config: Config, ask: Ask, period: Period) -> tuple[int, int]:
        """Return how many reports were kept and how many failed."""
        try:
            view = await asyncio.to_thread(ask.view, at=period.ended_at - _INSTANT)
        except NotFound:
            # Nothing had been published by then, or it is no longer kept.
            return 0, 0
        todo, failed = await asyncio.to_thread(_lacking, view, config.file.reports, period.name)
        if not todo:
            return 0, failed
        kept = 0
        for work in todo:
            try:
                bodies = await _written(config, ask.registry, view.release.number, work)
                for order, body in zip(work, bodies, strict=True):
                    await asyncio.to_thread(keep, view, order, body, period=period.name)
            except Exception as error:  # noqa: BLE001 - logged; one report must not keep others from being kept
                failed += 1
                _failed(work[0].subject, period.name, error)
            else:
                kept += len(work)
        if kept:
            _log.info("reports_kept", period=period.name, release=view.release.number, reports=kept)
        return kept, failed


def _lacking(view: ReleaseView, wanted: ReportsTable, period: str) -> tuple[list[Work], int]:
    """Return what is not kept of a period yet, and how many could not even be named."""
    todo, failed = [], 0
    for subject, obligation, language in product(
        wanted.keep, wanted.obligations or (None,), wanted.languages
    ):
        try:
            first = order_of(
                view, subject, obligation_id=obligation, language=language, since=None, form=wanted.formats[0]
            )
            orders = [replace(first, form=form) for form in wanted.formats]
            lacking = tuple(one for one in orders if period not in view.store.kept_periods(one))
        except NotFound as error:
            # An area that ended since, an obligation the release did not know.
            failed += 1
            _failed(subject, period, error)
            continue
        if lacking:
            todo.append(lacking)
    return todo, failed


def _failed(subject: str, period: str, error: Exception) -> None:
    _log.error(
        "report_not_kept",
        subject=subject,
        period=period,
        reason=f"{type(error).__name__}: {error}",
        fix=f"It is tried again in {AGAIN_S / 3600:g} h; by hand: syncd report {subject} --at DAY.",
    )


async def _written(config: Config, registry: Registry, release: int, work: Work) -> tuple[bytes, ...]:
    """Return the bytes of each order, written in a child process that ends with this call, whatever it does.

    Raises TimeoutError beyond ``worker.time_seconds``, BrokenProcessPool for a child that was killed, and
    what the report raises.
    """
    # spawn: a forked child would inherit locks and connections of the daemon's threads
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=settle_in)
    # Plans of sources carry connectors, which no report needs and no process can hand on.
    given = (config.database_url, replace(registry, sources={}), config.directory, release, work)
    try:
        async with asyncio.timeout(config.file.worker.time_seconds):
            return await asyncio.get_running_loop().run_in_executor(pool, _write, *given)
    finally:
        for process in list((pool._processes or {}).values()):  # noqa: SLF001 - nothing public
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)


def _write(url: str, registry: Registry, directory: Path, release: int, work: Work) -> tuple[bytes, ...]:
    """Write one report in every form asked for; in the child."""
    first, render = work[0], report_renderer(directory)
    with open_store(url, create=False) as store:
        view = Ask(store, registry, lambda: datetime.now(UTC)).view(release=release)
        document = report(view, first.subject, language=first.language, obligation_id=first.obligation_id)
    return tuple(render(document, order.form) for order in work)
