"""The log of judgements: appended to and read the same on both databases, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from syncd.errors import NotFound
from syncd.model.judgement import Judgement, JudgementKind, field_subject, record_node, service_node
from syncd.storage import SqlStore
from tests.unit.storage.opened import KINDS, emptied, opened

KEY, OTHER = "99001001012000", "99002001012000"
AT = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
LINK = Judgement(
    JudgementKind.LINK,
    record_node("kassel", "a/ä"),
    "same",
    "the form is the same",
    "Frau Müller",
    AT,
    object=service_node(KEY),
    service_key=KEY,
)
PIN = Judgement(
    JudgementKind.PIN,
    field_subject(KEY, "06611", "title"),
    "pin",
    "the portal has a typing error",
    "operator",
    AT + timedelta(minutes=1),
    value="Personalausweis",
    service_key=KEY,
    until=date(2027, 1, 31),
)


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def store(database: SqlStore) -> SqlStore:
    return emptied(database)


def test_what_was_judged_is_read_as_it_was_said(store: SqlStore) -> None:
    assert store.judge([LINK, PIN]) == (LINK, PIN)
    log = [one for _, one in store.judgements()]
    assert log == [LINK, PIN]
    assert [one.uid for one in log] == [LINK.uid, PIN.uid]
    assert store.judgement(PIN.uid) == PIN
    assert store.judgements_of([OTHER, KEY]) == {KEY: (LINK, PIN)}


def test_the_log_is_read_in_parts_and_by_kind(store: SqlStore) -> None:
    store.judge([LINK])
    store.judge([PIN])
    first, second = store.judgements()
    assert store.judgements(limit=1) == (first,)
    assert store.judgements(after=first[0]) == (second,)
    assert store.judgements(kinds=[JudgementKind.PIN]) == (second,)
    assert store.judgements(subject=PIN.subject) == (second,)


def test_a_repeated_judgement_is_kept_once_and_marks_nothing(store: SqlStore) -> None:
    store.judge([LINK], dirty=[KEY])
    mark, keys = store.dirty_keys(date(2026, 11, 22))
    assert keys == (KEY,)
    same_instant = replace(LINK, decided_at=AT.astimezone(UTC))
    assert store.judge([same_instant], dirty=[KEY, OTHER]) == ()
    assert store.dirty_keys(date(2026, 11, 22)) == (mark, (KEY,))
    assert len(store.judgements()) == 1


def test_an_unknown_judgement_is_said_to_be_unknown(store: SqlStore) -> None:
    with pytest.raises(NotFound, match="no judgement 'deadbeef'"):
        store.judgement("deadbeef")


def test_what_was_judged_last_and_of_which_services(store: SqlStore) -> None:
    assert store.last_judgement() == 0
    store.judge([LINK])
    first = store.last_judgement()
    store.judge([PIN, replace(PIN, service_key=OTHER)])
    assert store.last_judgement() == first + 2
    assert store.judged_services(JudgementKind.PIN) == (KEY, OTHER)
    assert store.judged_services(JudgementKind.GAP) == ()
