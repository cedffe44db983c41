"""What every door says of a source: silence, missing records, data whose source is no longer configured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from syncd.cli import look
from syncd.daemon.silence import SilenceWatch
from syncd.model.run import RunCounts, RunOutcome
from syncd.pipeline.ports import Verdict
from syncd.pipeline.views import SourceView
from syncd.rules.withdraw import Grace
from syncd.storage import SqlStore, open_store
from tests.support.miniature import Miniature, bund_claims, stand_up
from tests.support.served import ask as fetch
from tests.support.served import served


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def miniature(store: SqlStore, tmp_path: Path) -> Miniature:
    return stand_up(store, tmp_path)


def source(miniature: Miniature, source_id: str) -> SourceView:
    return next(s for s in miniature.ask().sources() if s.source_id == source_id)


def fail(miniature: Miniature, source_id: str) -> None:
    miniature.end_run(source_id, RunOutcome.FAILED, code="source_unavailable", reason="No answer.")


def lose_some(miniature: Miniature, source_id: str = "bund") -> int:
    """A complete listing without all records but one; nothing is withdrawn yet. Returns how many lack."""
    store, now = miniature.store, miniature.clock()
    run_id = store.open_run(source_id, trigger="schedule", now=now)
    snapshot = miniature._staged(source_id, bund_claims()[:1], reparse=False)
    delta = store.preview(snapshot, now=now, grace=Grace())
    store.apply_snapshot(
        run_id,
        snapshot,
        delta=delta,
        verdict=Verdict(RunOutcome.ACCEPTED, grace=Grace()),
        counts=RunCounts(received=1),
        issues=(),
        issue_counts={},
        now=now,
        documents=(),
        details={},
    )
    return delta.withdrawn


def unconfigure(miniature: Miniature, source_id: str) -> None:
    left = {name: plan for name, plan in miniature.registry.sources.items() if name != source_id}
    miniature.registry = replace(miniature.registry, sources=left)


@pytest.mark.fault("C10")
def test_a_source_that_never_spoke_is_silent_although_it_is_asked_all_the_time(miniature: Miniature) -> None:
    """Each failing run is young; the silence is as old as the first of them."""
    plan = miniature.registry.sources["riedstadt"]
    for _ in range(5):
        fail(miniature, "riedstadt")
        assert not source(miniature, "riedstadt").silent
        miniature.clock.forward(seconds=plan.interval.total_seconds() / 2)
    fail(miniature, "riedstadt")
    assert source(miniature, "riedstadt").silent


@pytest.mark.fault("C10")
def test_the_alarm_measures_a_source_that_never_spoke_from_its_first_run_too(miniature: Miniature) -> None:
    """Otherwise a daemon that restarts every day would never raise it."""
    plan = miniature.registry.sources["riedstadt"]
    miniature.clock.now = datetime.now(UTC) - 3 * plan.interval
    fail(miniature, "riedstadt")
    miniature.clock.now = datetime.now(UTC)
    true = [0.0]
    watch = SilenceWatch(clock=lambda: true[0])
    watch.know([source(miniature, "riedstadt")])
    # What was missed while nobody ran is caught up first.
    true[0] += plan.interval.total_seconds() + 1
    watch.beat()
    with capture_logs() as lines:
        watch.look()
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["source_silent"]


def test_missing_records_are_counted_at_every_door(
    miniature: Miniature, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = lose_some(miniature)
    assert missing > 0
    assert source(miniature, "bund").missing == missing
    with served(miniature) as server:
        listed = fetch(f"{server.url}/v1/sources", accept="application/json").text
        assert f'"missing":{missing}' in listed
        assert f"{missing} davon führt die Quelle zurzeit nicht" in fetch(f"{server.url}/").text
        assert f"{missing} of them are not listed at present" in fetch(f"{server.url}/?lang=en").text
    row = next(row for row in printed(miniature, capsys, monkeypatch) if row[0] == "bund")
    assert str(missing) in row


@pytest.mark.fault("S19")
def test_data_whose_source_is_no_longer_configured_is_shown_at_every_door(
    miniature: Miniature, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = source(miniature, "grossstadt").records
    unconfigure(miniature, "grossstadt")
    shown = source(miniature, "grossstadt")
    assert (shown.configured, shown.enabled, shown.silent, shown.records) == (False, False, False, held)
    assert "syncd sources retire grossstadt" in shown.fix
    with served(miniature) as server:
        listed = fetch(f"{server.url}/v1/sources", accept="application/json").text
        assert '"source_not_configured"' in listed
        one = fetch(f"{server.url}/v1/sources/grossstadt", accept="application/json")
        assert one.status == 200
        assert '"scope":null' in one.text
        assert '"configured":false' in one.text
        german, english = fetch(f"{server.url}/").text, fetch(f"{server.url}/?lang=en").text
    assert "nicht mehr eingerichtet" in german
    # What nobody runs is not late.
    enabled = sum(one.enabled for one in miniature.ask().sources())
    assert f" von {enabled}</dd>" in german
    assert "no longer configured" in english
    assert "syncd sources retire grossstadt" in re.sub(r"<[^>]+>", "", english)
    row = next(row for row in printed(miniature, capsys, monkeypatch) if row[0] == "grossstadt")
    assert "not configured" in " ".join(row)
    # A source that holds nothing is nothing to show.
    assert "riedstadt" in {s.source_id for s in miniature.ask().sources()}
    unconfigure(miniature, "riedstadt")
    assert "riedstadt" not in {s.source_id for s in miniature.ask().sources()}
    # What is not configured raises no alarm, however old.
    watch = SilenceWatch()
    watch.know(miniature.ask().sources())
    assert "grossstadt" not in watch._views


def printed(
    miniature: Miniature, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> list[list[str]]:
    """What ``syncd sources`` prints, row by row."""
    config = SimpleNamespace(file=SimpleNamespace(daemon=SimpleNamespace(timezone="UTC")))

    class Opened:
        def __enter__(self) -> tuple[Any, Any]:
            return config, miniature.ask()

        def __exit__(self, *_: object) -> None:
            return None

    monkeypatch.setattr(look, "asking", lambda _: Opened())
    capsys.readouterr()
    look.sources(SimpleNamespace(json=False, limit=None))  # type: ignore[arg-type]
    return [line.split() for line in capsys.readouterr().out.splitlines() if line]
