"""Metrics for Prometheus: names, labels and meaning in one place.

Labels are bounded: source ids come from the configuration, outcomes, routes and methods from our own code.
Nothing a portal sends ever becomes a label. This module must not know who serves the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPMethod

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from prometheus_client.openmetrics.exposition import generate_latest as generate_open

from syncd.model.entry import Release
from syncd.model.run import Run

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPEN_CONTENT_TYPE = CONTENT_TYPE_LATEST
_RUN_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600)
_HTTP_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_LAG_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)
_METHODS = frozenset(HTTPMethod)


class Metrics:
    """All metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        """Register every metric."""
        registry = self.registry = CollectorRegistry(auto_describe=True)
        # Open descriptors and their limit, memory, processor time: what runs out without a fault of ours.
        ProcessCollector(registry=registry)
        self._runs = Counter("syncd_runs", "Ended runs", ["source", "outcome"], registry=registry)
        self._run_seconds = Histogram(
            "syncd_run_seconds", "Duration of runs", ["source"], buckets=_RUN_BUCKETS, registry=registry
        )
        self._records = Gauge(
            "syncd_source_records", "Records of the last run", ["source"], registry=registry
        )
        self._last_good = Gauge(
            "syncd_source_last_good_timestamp_seconds",
            "When the source last spoke",
            ["source"],
            registry=registry,
        )
        self._silent = Gauge(
            "syncd_source_silent",
            "1 when nothing good came for twice the interval",
            ["source"],
            registry=registry,
        )
        self._skipped = Counter(
            "syncd_runs_skipped",
            "Runs not started because the last one still ran",
            ["source"],
            registry=registry,
        )
        self._late = Counter(
            "syncd_runs_late",
            "Runs the watch had to start because the schedule had not",
            ["source"],
            registry=registry,
        )
        self._chain_age = Gauge(
            "syncd_chain_age_seconds",
            "Time since anything last went from portal to published release",
            registry=registry,
        )
        self._release = Gauge("syncd_release_number", "Published release", registry=registry)
        self._published = Gauge(
            "syncd_release_timestamp_seconds", "When the release was published", registry=registry
        )
        self._held = Gauge(
            "syncd_release_held",
            "1 while the next release waits because it would turn the report over",
            registry=registry,
        )
        self._rebuild = Histogram(
            "syncd_rebuild_seconds", "Duration of rebuilds", buckets=_RUN_BUCKETS, registry=registry
        )
        self._rebuild_failures = Counter("syncd_rebuild_failures", "Rebuilds that failed", registry=registry)
        self._lag = Histogram(
            "syncd_loop_lag_seconds", "How late the event loop wakes", buckets=_LAG_BUCKETS, registry=registry
        )
        self._lost = Gauge("syncd_log_lines_lost", "Log lines that could not be written", registry=registry)
        self._refused = Gauge(
            "syncd_addresses_refused",
            "Times a portal led to an address that is not public",
            registry=registry,
        )
        self._certificate = Gauge(
            "syncd_client_certificate_end_timestamp_seconds",
            "When our own client certificate for the source ends",
            ["source"],
            registry=registry,
        )
        self._http = Counter(
            "syncd_http_requests", "Answered requests", ["method", "route", "status"], registry=registry
        )
        self._http_seconds = Histogram(
            "syncd_http_request_seconds",
            "Time to answer",
            ["route"],
            buckets=_HTTP_BUCKETS,
            registry=registry,
        )
        self._reloads = Counter(
            "syncd_config_reloads", "Reloads of the configuration", ["result"], registry=registry
        )

    def run_ended(self, run: Run) -> None:
        """Count a run that ended."""
        self._runs.labels(run.source_id, run.outcome.value).inc()
        if run.ended_at is not None:
            seconds = max(0.0, (run.ended_at - run.started_at).total_seconds())
            self._run_seconds.labels(run.source_id).observe(seconds)
            if run.outcome.is_good:
                self._last_good.labels(run.source_id).set(run.ended_at.timestamp())
                self._records.labels(run.source_id).set(run.counts.received)

    def run_skipped(self, source_id: str) -> None:
        """Count a run that was due while the one before still ran."""
        self._skipped.labels(source_id).inc()

    def run_late(self, source_id: str) -> None:
        """Count a run that the watch had to start."""
        self._late.labels(source_id).inc()

    def measure_chain_age(self, age_s: Callable[[], float]) -> None:
        """Read from here, whenever the page is asked for, when the whole chain last worked."""
        self._chain_age.set_function(age_s)

    def measure_canary_age(self, age_s: Callable[[], float]) -> None:
        """Read from here when the synthetic record last arrived; without one there is no such metric."""
        Gauge(
            "syncd_canary_age_seconds",
            "Time since the synthetic record last went from portal to release",
            registry=self.registry,
        ).set_function(age_s)

    def source_silent(self, source_id: str, silent: bool) -> None:  # noqa: FBT001 - a value, not a switch
        """Show whether a source is silent."""
        self._silent.labels(source_id).set(int(silent))

    def source_seen(self, source_id: str, *, last_good_at: datetime | None, silent: bool) -> None:
        """Show the age of a source: also before its first run in this process."""
        self._last_good.labels(source_id).set(last_good_at.timestamp() if last_good_at else 0)
        self._silent.labels(source_id).set(int(silent))

    def sources_configured(self, source_ids: Iterable[str]) -> None:
        """Forget the series of sources that are no longer configured."""
        known = set(source_ids)
        for metric in (
            self._runs,
            self._run_seconds,
            self._records,
            self._last_good,
            self._silent,
            self._skipped,
            self._late,
            self._certificate,
        ):
            for labels in {
                sample.labels["source"] for family in metric.collect() for sample in family.samples
            }:
                if labels not in known:
                    metric.remove_by_labels({"source": labels})

    def client_certificate_ends(self, source_id: str, ends_at: datetime) -> None:
        """Show until when our own certificate for a source holds."""
        self._certificate.labels(source_id).set(ends_at.timestamp())

    def release_published(self, release: Release) -> None:
        """Show the published release."""
        self._release.set(release.number)
        self._published.set(release.published_at.timestamp())

    def rebuild_ended(self, seconds: float, *, failed: bool = False) -> None:
        """Count a rebuild, whether it published something or not."""
        self._rebuild.observe(seconds)
        if failed:
            self._rebuild_failures.inc()

    def release_held(self, *, held: bool) -> None:
        """Show whether the next release is held."""
        self._held.set(int(held))

    def loop_lagged(self, seconds: float) -> None:
        """Note how much later than asked the event loop woke."""
        self._lag.observe(seconds)

    def count_lost_lines(self, count: Callable[[], int]) -> None:
        """Read the number of lost log lines from here whenever the page is asked for."""
        self._lost.set_function(count)

    def count_refused_addresses(self, count: Callable[[], int]) -> None:
        """Read the number of security alarms from here whenever the page is asked for."""
        self._refused.set_function(count)

    def http_answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer. ``route`` is the pattern of the route, never the path somebody asked for."""
        shown = method if method in _METHODS else "OTHER"
        self._http.labels(shown, route, str(status)).inc()
        self._http_seconds.labels(route).observe(seconds)

    def config_reloaded(self, *, accepted: bool) -> None:
        """Count a reload."""
        self._reloads.labels("accepted" if accepted else "refused").inc()

    def render(self, *, open_metrics: bool = False) -> bytes:
        """Return the page in the text format, or in OpenMetrics."""
        render = generate_open if open_metrics else generate_latest
        page: bytes = render(self.registry)
        return page
