"""Reports nobody asked for: one per period, of the release it ended with, in a process of their own."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from syncd.bootstrap import report_keeper
from syncd.bootstrap.report_keeper import ReportKeeper
from syncd.pipeline.ask import Ask
from syncd.settings.config import Config
from syncd.settings.daemon_file import DaemonFile
from syncd.settings.shipped import shipped_directory
from syncd.storage import SqlStore, open_store
from tests.support.miniature import GROSSSTADT, Miniature, grossstadt_claims, stand_up


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as opened:
        yield opened


@pytest.fixture
def miniature(store: SqlStore, tmp_path: Path) -> Miniature:
    return stand_up(store, tmp_path)


class Keeping:
    """A keeper on the miniature whose settings can be replaced, as on reload."""

    def __init__(self, miniature: Miniature, tmp_path: Path, **reports: Any) -> None:
        self.miniature, self.url = miniature, f"sqlite:///{tmp_path / 'syncd.sqlite'}"
        self.set(**reports)
        self.keeper = ReportKeeper(self._ask, lambda: self.config)

    def set(self, **reports: Any) -> None:
        file = DaemonFile.model_validate({"database": {"url": self.url}, "reports": reports})
        nothing: Any = None
        self.config = Config(shipped_directory(), file, {}, (), {}, (), nothing)

    def _ask(self) -> Ask:
        return self.miniature.ask()

    def kept(self) -> list[tuple[str, str, int, str]]:
        found = self.miniature.store.kept_reports()
        return sorted((k.order.subject, k.order.form, k.mark.release, k.mark.period) for k in found)


async def test_the_report_of_last_month_is_there_without_anybody_asking(
    miniature: Miniature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        pytest.fail("a report was worked out in the daemon's own process")

    monkeypatch.setattr(report_keeper, "report", forbidden)
    keeping = Keeping(miniature, tmp_path, keep=["pilots"], formats=["md", "json"])
    # In its first month there is no month that ended.
    assert await keeping.keeper.run() == 0
    miniature.clock.forward(days=1)
    miniature.say("grossstadt", grossstadt_claims()[:2])
    miniature.publish()
    miniature.clock.now = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)
    miniature.say("grossstadt", grossstadt_claims()[:1])
    miniature.publish()
    assert await keeping.keeper.run() == 2
    # Release 3 is of December; November ended with the second.
    assert keeping.kept() == [("pilots", form, 2, "2026-11") for form in ("json", "md")]
    newest = miniature.store.kept_reports("pilots")
    bodies = {k.order.form: miniature.store.kept_report(k.report_id)[1] for k in newest}
    assert bodies["md"].decode().startswith("# Lückenbericht: Pilotkommunen")
    assert await keeping.keeper.run() == 0
    # A daemon that starts anew asks the shelf, and a wider wish gets what it lacks.
    again = Keeping(miniature, tmp_path, keep=["pilots"], formats=["md", "json"])
    assert await again.keeper.run() == 0
    again.set(keep=["pilots", GROSSSTADT], formats=["md"], every="day", obligations=["alltag"])
    assert await again.keeper.run() == 2
    assert {("pilots", "md", 2, "2026-12-01"), (GROSSSTADT, "md", 2, "2026-12-01")} <= {*keeping.kept()}


def _killed(*_: object) -> tuple[bytes, ...]:
    os._exit(9)


async def test_what_fails_is_told_and_tried_again_later_and_keeps_nothing_else(
    miniature: Miniature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping = Keeping(miniature, tmp_path, keep=["Atlantis", "pilots"], formats=["md"])
    miniature.clock.forward(days=30)
    with structlog.testing.capture_logs() as logs:
        assert await keeping.keeper.run() == 1
        assert await keeping.keeper.run() == 0  # not at once again
    (alarm,) = (line for line in logs if line["log_level"] == "error")
    assert (alarm["event"], alarm["subject"], alarm["period"]) == ("report_not_kept", "Atlantis", "2026-11")
    assert "no area is called 'Atlantis'" in alarm["reason"]
    killed = Keeping(miniature, tmp_path, keep=[GROSSSTADT], formats=["md"])
    monkeypatch.setattr(report_keeper, "_write", _killed)
    with structlog.testing.capture_logs() as logs:
        assert await killed.keeper.run() == 0
    assert "BrokenProcessPool" in logs[0]["reason"]


async def test_a_report_that_takes_too_long_is_given_up(miniature: Miniature, tmp_path: Path) -> None:
    keeping = Keeping(miniature, tmp_path, keep=["pilots"], formats=["md"])
    short = keeping.config.file.model_copy(
        update={"worker": keeping.config.file.worker.model_copy(update={"time_seconds": 0})}
    )
    keeping.config = dataclasses.replace(keeping.config, file=short)
    miniature.clock.forward(days=30)
    with structlog.testing.capture_logs() as logs:
        assert await keeping.keeper.run() == 0
    assert "TimeoutError" in logs[0]["reason"]


async def test_nothing_is_kept_where_nothing_is_named(miniature: Miniature, tmp_path: Path) -> None:
    keeping = Keeping(miniature, tmp_path)
    miniature.clock.forward(days=30)
    assert await keeping.keeper.run() == 0
    assert keeping.kept() == []
