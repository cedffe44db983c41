"""Metrics: bounded labels, truthful ages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncd.model.entry import Release
from syncd.model.run import Run, RunCounts, RunOutcome
from syncd.observability.metrics import Metrics

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def run(source: str, outcome: RunOutcome) -> Run:
    return Run(1, source, NOW, outcome, NOW + timedelta(seconds=3), RunCounts(received=42))


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    found: float | None = metrics.registry.get_sample_value(name, labels)
    return found


def test_a_failed_run_does_not_renew_the_age() -> None:
    metrics = Metrics()
    metrics.run_ended(run("town", RunOutcome.ACCEPTED))
    metrics.run_ended(run("town", RunOutcome.FAILED))
    assert value(metrics, "syncd_runs_total", source="town", outcome="failed") == 1
    assert value(metrics, "syncd_source_last_good_timestamp_seconds", source="town") == NOW.timestamp() + 3
    assert value(metrics, "syncd_source_records", source="town") == 42


@pytest.mark.fault("P9")
def test_series_of_removed_sources_are_forgotten() -> None:
    metrics = Metrics()
    for source in ("town", "gone"):
        metrics.run_ended(run(source, RunOutcome.ACCEPTED))
        metrics.source_seen(source, last_good_at=None, silent=True)
        metrics.run_skipped(source)
    metrics.sources_configured(["town"])
    page = metrics.render().decode()
    assert 'source="town"' in page
    assert 'source="gone"' not in page


@pytest.mark.fault("P9")
def test_labels_are_bounded_whatever_is_asked_for() -> None:
    metrics = Metrics()
    for number in range(500):
        metrics.http_answered(f"M{number}", "/api/v1/areas/{code}", 404, 0.01)
    assert (
        value(
            metrics, "syncd_http_requests_total", method="OTHER", route="/api/v1/areas/{code}", status="404"
        )
        == 500
    )
    assert len(metrics.render().splitlines()) < 200


def test_release_and_lost_lines() -> None:
    metrics = Metrics()
    metrics.release_published(Release(7, "d", NOW, {}, {}))
    metrics.count_lost_lines(lambda: 3)
    assert value(metrics, "syncd_release_number") == 7
    assert value(metrics, "syncd_log_lines_lost") == 3
    assert b"# EOF" in metrics.render(open_metrics=True)
