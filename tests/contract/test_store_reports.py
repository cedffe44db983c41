"""Written reports on both databases: kept once, listed, found again, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from syncd.errors import NotFound, StorageError
from syncd.pipeline.shelf_ports import ReportMark, ReportOrder
from syncd.storage import SqlStore
from syncd.storage.report_tables import kept_report
from tests.support.miniature import NOW
from tests.unit.storage.opened import KINDS, emptied, opened

ORDER = ReportOrder("pilots", "alltag", "de", "md")
MARK = ReportMark(7, "d" * 64, NOW, "stand-1")
AT: dict[str, Any] = {"release": 7, "release_digest": "d" * 64}


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def store(database: SqlStore) -> SqlStore:
    return emptied(database)


def test_a_report_is_found_by_order_release_and_state_of_the_log(store: SqlStore) -> None:
    first = store.keep_report(ORDER, MARK, b"first", now=NOW)
    second = store.keep_report(ORDER, replace(MARK, stand="stand-2"), b"second", now=NOW)
    assert store.latest_report(ORDER, **AT) == b"second"
    assert store.latest_report(ORDER, stand="stand-1", **AT) == b"first"
    assert store.latest_report(ORDER, stand="stand-3", **AT) is None
    assert store.latest_report(replace(ORDER, names=True), **AT) is None
    assert store.latest_report(ORDER, release=7, release_digest="e" * 64) is None
    assert [one.report_id for one in store.kept_reports("pilots")] == [second, first]
    assert [one.report_id for one in store.kept_reports(before=second)] == [first]
    assert store.kept_reports("06") == store.kept_reports(names=True) == ()


def test_equal_bytes_are_kept_once_and_learn_their_period(store: SqlStore) -> None:
    number = store.keep_report(ORDER, MARK, b"same", now=NOW)
    assert store.keep_report(ORDER, replace(MARK, stand="later"), b"same", now=NOW) == number
    october = replace(MARK, period="2026-10")
    assert store.keep_report(ORDER, october, b"same", now=NOW + timedelta(days=1)) == number
    other = store.keep_report(ORDER, replace(MARK, period="2026-11"), b"same", now=NOW)
    assert other != number
    assert store.kept_periods(ORDER) == {"2026-10", "2026-11"}
    found, body = store.kept_report(number)
    assert (found.order, found.mark, found.written_at, found.size, body) == (ORDER, october, NOW, 4, b"same")


def test_what_is_not_there_or_damaged_is_said(store: SqlStore) -> None:
    with pytest.raises(NotFound, match="no report number 99"):
        store.kept_report(99)
    number = store.keep_report(ORDER, MARK, b"whole", now=NOW)
    with store._database.writer.begin() as connection:
        connection.execute(update(kept_report).values(digest="0" * 64))
    with pytest.raises(StorageError, match="not what was written"):
        store.kept_report(number)
