"""The alarm for silence: a thread of its own, on true time and without the database.

Whatever dies – the schedule, the event loop, the database – this still tells that a source has not been heard
of (promise G7, cases C10, P13). This module must not know how sources are run or stored.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import structlog

from syncd.pipeline.views import SourceView
from syncd.rules.silence import heard_at, is_too_long, silence_alarms

_log = structlog.get_logger(__name__)
LOOK_EVERY_S = 1.0
BLOCKED_S = 5.0


class SilenceWatch:
    """Knows when each enabled source was last heard of; ``show`` hears which fell silent or spoke again."""

    def __init__(
        self,
        show: Callable[[str, bool], None] = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; :meth:`start` begins to watch. ``clock`` is true time in seconds."""
        self._show = show
        self._clock = clock
        self._began = self._beaten = self._cycled = clock()
        self._lock = threading.Lock()
        self._heard: dict[str, float] = {}
        self._stamps: dict[str, datetime | None] = {}
        self._views: dict[str, SourceView] = {}
        self._silent: frozenset[str] = frozenset()
        self._blocked = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="silence-watch", daemon=True)

    @property
    def silent(self) -> tuple[str, ...]:
        """The sources that are silent at present, sorted."""
        return tuple(sorted(self._silent))

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def beat(self) -> None:
        """Take a sign of life of the event loop."""
        self._beaten = self._clock()

    def know(self, sources: Iterable[SourceView]) -> None:
        """Take what the database says: which sources there are, and what other processes heard of them."""
        now, wall = self._clock(), datetime.now(UTC)
        with self._lock:
            self._views = {source.source_id: source for source in sources if source.enabled}
            for source_id, source in self._views.items():
                last = source.last_good_at
                if source_id not in self._heard:
                    # A stamp from the future has no age; the alarm then waits from now on.
                    age = max(timedelta(0), wall - heard_at(last, source.first_run_at, wall))
                    self._heard[source_id] = now - age.total_seconds()
                elif last != self._stamps.get(source_id):
                    self._heard[source_id] = now
                self._stamps[source_id] = last

    def heard(self, source_id: str) -> None:
        """Note that a source spoke just now."""
        with self._lock:
            self._heard[source_id] = self._clock()

    def cycled(self) -> None:
        """Note that something heard has gone the whole way: fetched, read, judged, stored, published."""
        self._cycled = self._clock()

    def chain_age_s(self) -> float:
        """Return the seconds since something last went the whole way, or since the start."""
        return self._clock() - self._cycled

    def look(self) -> None:
        """Look once and raise what is to be raised."""
        now = self._clock()
        self._look_at_loop(now - self._beaten)
        with self._lock:
            views = dict(self._views)
            ages = {source_id: now - self._heard[source_id] for source_id in views}
        # What was missed while nobody ran is caught up first; only then is silence the portal's.
        up_s = now - self._began
        silent = {
            source_id
            for source_id, view in views.items()
            if is_too_long(timedelta(seconds=ages[source_id]), timedelta(seconds=view.interval_seconds))
            and up_s > view.interval_seconds
        }
        alarms, everything = silence_alarms(self._silent, silent, len(views))
        if everything:
            _log.error(
                "all_sources_silent",
                sources=len(silent),
                fix="Check this machine's network and name servers first. The last good data stays.",
            )
        for source_id in alarms:
            view = views[source_id]
            _log.error(
                "source_silent",
                source=source_id,
                age_seconds=int(ages[source_id]),
                interval_seconds=view.interval_seconds,
                reason=view.reason or "it never answered",
                fix="Look at the last runs: syncd runs. The last good data stays published.",
            )
        for source_id in sorted(self._silent - silent):
            _log.info("source_recovered", source=source_id)
        for source_id in self._silent ^ silent:
            self._show(source_id, source_id in silent)
        self._silent = frozenset(silent)

    def _look_at_loop(self, late_s: float) -> None:
        blocked = late_s > BLOCKED_S
        if blocked and not self._blocked:
            fix = "If it does not recover by itself, restart the service and report what ran at the time."
            _log.error("loop_blocked", seconds=round(late_s, 1), fix=fix)
        if self._blocked and not blocked:
            _log.info("loop_recovered")
        self._blocked = blocked

    def _watch(self) -> None:
        asleep = self._clock()
        while not self._stop.wait(LOOK_EVERY_S):
            now = self._clock()
            if now - asleep > LOOK_EVERY_S + BLOCKED_S:
                # This thread waits for nobody, so the whole process was: what it missed is caught up first.
                _log.warning("process_suspended", seconds=round(now - asleep))
                self._began = self._beaten = now
            asleep = now
            try:
                self.look()
            except Exception:  # noqa: BLE001 - logged with its trace; the next look comes
                _log.exception("tick_failed", tick="silence-watch")
