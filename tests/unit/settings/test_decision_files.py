"""Decisions under version control: stable bytes, round trips, and clear words for what is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.bootstrap.decisions import export_decisions, import_decisions
from syncd.errors import ConfigError
from syncd.model.judgement import Judgement, JudgementKind, record_node, service_node
from syncd.settings.decision_files import decision_files, read_decisions
from syncd.storage import open_store

AT = datetime(2026, 11, 22, 9, 30, tzinfo=timezone(timedelta(hours=1)))
KEY = "99001001012000"
ONE = Judgement(
    JudgementKind.LINK,
    record_node("kassel", "ä/1"),
    "same",
    "gleicher Name",
    "Frau Müller",
    AT,
    object=service_node(KEY),
    service_key=KEY,
)
UNDO = Judgement(JudgementKind.UNDO, ONE.uid, "undo", "doch nicht", "B", AT + timedelta(1), service_key=KEY)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)
JUDGEMENTS = st.builds(
    Judgement,
    kind=st.sampled_from([JudgementKind.PIN, JudgementKind.GAP, JudgementKind.CONFLICT]),
    subject=TEXT,
    answer=TEXT,
    reason=TEXT,
    decided_by=TEXT,
    decided_at=st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)),  # noqa: DTZ001
    object=st.just("") | TEXT,
    value=st.just("") | TEXT,
    service_key=st.sampled_from(["", KEY]),
    until=st.none() | st.dates(min_value=date(2000, 1, 1)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(JUDGEMENTS, max_size=6), st.randoms())
def test_what_is_written_is_read_and_the_order_of_the_log_does_not_matter(
    log: list[Judgement], chance: object
) -> None:
    files = decision_files(log)
    shuffled = list(log)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decision_files(shuffled) == files
    read = read_decisions(files)
    assert {j.uid for j in read} == {j.uid for j in log}
    assert decision_files(read) == files


def test_a_line_is_readable_and_a_new_judgement_is_one_new_line() -> None:
    before, after = decision_files([ONE]), decision_files([ONE, UNDO])
    assert after["link.ndjson"] == before["link.ndjson"]
    assert before["link.ndjson"].count(b"\n") == 1
    assert "Frau Müller".encode() in before["link.ndjson"]
    assert after["undo.ndjson"].count(b"\n") == 1


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("links.ndjson", b"", "no file of decisions"),
        ("link.ndjson", b"\xff", "link.ndjson:1: is not UTF-8"),
        ("link.ndjson", b"\n{}", "link.ndjson:2: subject: is required"),
        ("link.ndjson", b"{", "link.ndjson:1"),
        ("link.ndjson", b'{"subjekt": "x"}', "did you mean 'subject'"),
        (
            "pin.ndjson",
            b'{"subject":"a","answer":"pin","reason":"r","decided_by":"b","decided_at":"2026-01-01"}',
            "decided_at",
        ),
        (
            "link.ndjson",
            decision_files([ONE])["link.ndjson"].replace(b"gleicher", b"anderer"),
            "does not fit",
        ),
        ("link.ndjson", decision_files([ONE])["link.ndjson"].replace(b'"same"', b'"ja"'), "same, different"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_fix(name: str, body: bytes, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_decisions({name: body})
    assert told in str(error.value)
    assert "→" in str(error.value)


def test_importing_again_changes_nothing_and_exports_meet(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    with (
        open_store(f"sqlite:///{tmp_path}/one.sqlite") as one,
        open_store(f"sqlite:///{tmp_path}/two.sqlite") as two,
    ):
        assert import_decisions(one, mine).judgements == 0
        one.judge([ONE])
        export_decisions(one, mine)
        assert (import_decisions(two, mine).new, import_decisions(two, mine).new) == (1, 0)
        assert two.dirty_keys(AT.date())[1] == (KEY,)
        two.judge([UNDO])
        export_decisions(two, theirs)
        assert import_decisions(one, theirs).new == 1
        export_decisions(one, mine)
    assert {p.name: p.read_bytes() for p in mine.iterdir()} == {
        p.name: p.read_bytes() for p in theirs.iterdir()
    }


def test_nothing_is_merged_of_files_with_a_mistake(tmp_path: Path) -> None:
    for name, body in decision_files([ONE]).items():
        (tmp_path / name).write_bytes(body)
    (tmp_path / "pin.ndjson").write_bytes(b"{}")
    with open_store(f"sqlite:///{tmp_path}/one.sqlite") as store:
        with pytest.raises(ConfigError, match=r"pin\.ndjson:1"):
            import_decisions(store, tmp_path)
        assert store.judgements() == ()
