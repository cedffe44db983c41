"""T2 and reading: a release is immutable, numbered, and readable for ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest

from syncd.errors import InvariantViolated, NotFound
from syncd.pipeline.ports import CoverageRow, PartitionResult, TotalsRow
from syncd.storage import SqlStore, release_digest
from tests.unit.storage.opened import KINDS, emptied, opened
from tests.unit.storage.samples import DAY, KEY_A, KEY_B, KEY_C, NOW, cells, coverage, draft, partition


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def store(database: SqlStore) -> SqlStore:
    return emptied(database)


def test_before_the_first_release_there_is_nothing(store: SqlStore) -> None:
    assert store.current_release() is None
    assert store.releases() == ()
    assert store.release_at(NOW) is None
    assert store.totals(0) == ()
    assert list(store.entries(0)) == []
    assert list(store.partitions(0)) == []
    assert list(store.coverage(0)) == []
    for unknown in (0, 1, -1, 2**40):
        with pytest.raises(NotFound):
            store.release(unknown)
    with pytest.raises(NotFound):
        list(store.entries(1))


def test_the_first_release(store: SqlStore) -> None:
    a = partition(KEY_A, {"06": "1", "07": "1"}, covered="1")
    b = partition(KEY_B, {})
    published = store.publish(draft(b, a))
    assert published is not None
    assert published == store.current_release() == store.release(1)
    assert published.number == 1
    assert published.published_at == NOW
    assert published.inputs == {"areas": "inputs 1"}
    assert published.counts == {"partitions": 2, "entries": 2, "added": 2, "changed": 0, "removed": 0}
    assert published.digest == release_digest([(KEY_A, a.digest), (KEY_B, b.digest)])
    assert cells(store, 1) == [(KEY_A, "06", "1"), (KEY_A, "07", "1")]
    row = store.partition(1, KEY_B)
    assert row is not None
    assert (row.digest, row.service, row.from_release, row.to_release) == (b.digest, b.service, 1, None)
    assert store.partition(1, KEY_C) is None


def test_a_catalogue_without_any_service_is_a_release_too(store: SqlStore) -> None:
    published = store.publish(draft())
    assert published is not None
    assert published.counts["partitions"] == 0
    assert store.publish(draft()) is None


def test_nothing_new_publishes_nothing(store: SqlStore) -> None:
    a = partition(KEY_A, {"06": "1"}, covered="1")
    first = store.publish(draft(a))
    assert store.publish(draft(a, at=NOW + DAY)) is None
    assert store.publish(draft(at=NOW + DAY, removed=[KEY_C])) is None
    assert store.current_release() == first


def test_new_inputs_alone_make_a_release_with_the_same_digest(store: SqlStore) -> None:
    a = partition(KEY_A, {"06": "1"})
    first = store.publish(draft(a))
    second = store.publish(draft(a, inputs="inputs 2"))
    assert first is not None
    assert second is not None
    assert (second.number, second.digest) == (2, first.digest)
    assert second.counts["added"] == 0
    assert store.changes(2, limit=10) == ()


def test_unchanged_entries_keep_their_beginning(store: SqlStore) -> None:
    store.publish(draft(partition(KEY_A, {"06": "1", "07": "1", "08": "1"}, covered="1")))
    published = store.publish(draft(partition(KEY_A, {"06": "1", "07": "2", "09": "1"}, covered="1")))
    assert published is not None
    assert published.counts == {"partitions": 1, "entries": 3, "added": 1, "changed": 1, "removed": 1}
    rows = {row.area_code: (row.from_release, row.to_release) for row in store.entries(2)}
    assert rows == {"06": (1, None), "07": (2, None), "09": (2, None)}
    rows = {row.area_code: (row.from_release, row.to_release) for row in store.entries(1)}
    assert rows == {"06": (1, None), "07": (1, 2), "08": (1, 2)}
    assert [row.from_release for row in store.coverage(2)] == [1]


def test_entries_that_ended_since_are_found(store: SqlStore) -> None:
    store.publish(draft(partition(KEY_A, {"06": "1", "07": "1", "08": "1"})))
    store.publish(draft(partition(KEY_A, {"06": "1", "07": "2"})))
    store.publish(draft(partition(KEY_A, {"07": "2"})))

    def ended(release: int, by: int, **more: object) -> list[str]:
        rows = store.entries(release, ended_by=by, **more)  # type: ignore[arg-type]
        return [row.area_code for row in rows]

    assert ended(1, 1) == []
    assert ended(1, 2) == ["07", "08"]
    assert ended(1, 3) == ["06", "07", "08"]
    assert ended(2, 3) == ["06"]
    assert ended(3, 3) == []
    assert ended(1, 3, service_key=KEY_B) == []
    assert ended(1, 3, after=(KEY_A, "06")) == ["07", "08"]


def test_partitions_not_named_stay(store: SqlStore) -> None:
    store.publish(draft(partition(KEY_A, {"06": "1"}), partition(KEY_B, {"06": "1"})))
    store.publish(draft(partition(KEY_B, {"06": "2"})))
    assert cells(store, 2) == [(KEY_A, "06", "1"), (KEY_B, "06", "2")]


def test_removed_partitions_end_with_all_they_hold(store: SqlStore) -> None:
    store.publish(draft(partition(KEY_A, {"06": "1"}, covered="1"), partition(KEY_B, {"06": "1"})))
    published = store.publish(draft(removed=[KEY_A, KEY_C]))
    assert published is not None
    assert published.counts == {"partitions": 1, "entries": 1, "added": 0, "changed": 0, "removed": 1}
    assert store.partition(2, KEY_A) is None
    assert cells(store, 2) == [(KEY_B, "06", "1")]
    assert list(store.coverage(2)) == []
    assert len(list(store.coverage(1))) == 1
    again = store.publish(draft(partition(KEY_A, {"06": "1"}, covered="1")))
    assert again is not None
    assert again.digest == store.release(1).digest
    assert cells(store, 3) == cells(store, 1)
    assert cells(store, 2) == [(KEY_B, "06", "1")]


def test_the_change_list_says_what_happened(store: SqlStore) -> None:
    store.publish(draft(partition(KEY_A, {"06": "1", "07": "1"}), partition(KEY_B, {"06": "1"})))
    store.publish(draft(partition(KEY_A, {"06": "2", "08": "1"}), removed=[KEY_B]))
    lines = store.changes(2, limit=10)
    assert [(line.kind, line.service_key, line.area_code) for line in lines] == [
        ("changed", KEY_A, "06"),
        ("removed", KEY_A, "07"),
        ("added", KEY_A, "08"),
        ("removed", KEY_B, "06"),
    ]
    assert lines[0].title == f"{KEY_A} in 06"
    assert store.changes(2, limit=2, offset=1) == lines[1:3]
    assert [line.kind for line in store.changes(1, limit=10)] == ["added"] * 3
    with pytest.raises(NotFound):
        store.changes(3, limit=10)


@pytest.mark.parametrize("payload", [b"[]", b"{}", b'{"title": 5}', b"no json", b"\xff"])
def test_a_payload_without_a_title_still_has_its_change(store: SqlStore, payload: bytes) -> None:
    odd = partition(KEY_A, {"06": "1"})
    odd = replace(odd, entries=(replace(odd.entries[0], payload=payload),))
    store.publish(draft(odd))
    assert [line.title for line in store.changes(1, limit=10)] == [""]


def test_coverage_is_replaced_only_when_it_differs(store: SqlStore) -> None:
    def with_rows(name: str, *rows: CoverageRow) -> PartitionResult:
        return replace(partition(KEY_A, {}, name=name), coverage=rows)

    row = coverage(KEY_A, "1")
    store.publish(draft(with_rows("a", row)))
    store.publish(draft(with_rows("b", replace(row, since=b"computed anew"))))
    kept = list(store.coverage(2))
    assert [(r.from_release, r.since) for r in kept] == [(1, row.since)]
    assert kept == list(store.current_coverage([KEY_A]))
    more_people = replace(row, counts={"own": [3, 1001], "missing": [1, 20]})
    store.publish(draft(with_rows("c", more_people)))
    assert [(r.from_release, r.counts) for r in store.coverage(3)] == [(3, more_people.counts)]
    store.publish(draft(with_rows("d", coverage(KEY_A, "2"), coverage(KEY_A, obligation_id="typed"))))
    assert [(r.obligation_id, r.digest) for r in store.coverage(4)] == [
        ("everyday", coverage(KEY_A, "2").digest),
        ("typed", row.digest),
    ]
    assert [r.to_release for r in store.coverage(3)] == [4]


def test_current_coverage_comes_in_the_order_of_the_keys(store: SqlStore) -> None:
    keys = [f"99{i:012}" for i in range(450)]
    store.publish(draft(*(partition(key, {}, covered="1") for key in keys)))
    assert [row.service_key for row in store.current_coverage(keys[::-1])] == keys[::-1]
    assert list(store.current_coverage([KEY_A])) == []


def test_coverage_filters_and_pages(store: SqlStore) -> None:
    def both(key: str) -> PartitionResult:
        rows = (coverage(key), coverage(key, obligation_id="typed"))
        return replace(partition(key, {}), coverage=rows)

    store.publish(draft(both(KEY_A), both(KEY_B)))
    store.publish(draft(both(KEY_C)))

    def found(release: int, **wanted: object) -> list[tuple[str, str]]:
        rows = store.coverage(release, **wanted)  # type: ignore[arg-type]
        return [(row.obligation_id, row.service_key) for row in rows]

    assert found(1) == [("everyday", KEY_A), ("everyday", KEY_B), ("typed", KEY_A), ("typed", KEY_B)]
    assert found(2, obligation_id="typed") == [("typed", KEY_A), ("typed", KEY_B), ("typed", KEY_C)]
    assert found(2, service_key=KEY_C, line="gemeinde") == [("everyday", KEY_C), ("typed", KEY_C)]
    assert found(2, line="kreis") == []
    assert found(2, after=("everyday", "gemeinde", KEY_B), limit=2) == [
        ("everyday", KEY_C),
        ("typed", KEY_A),
    ]


def test_totals_are_versioned(store: SqlStore) -> None:
    def totals(obligation_id: str, matrix: bytes) -> TotalsRow:
        return TotalsRow(obligation_id, "gemeinde", matrix)

    store.publish(draft(partition(KEY_A, {"06": "1"}), totals=[totals("b", b"1"), totals("a", b"1")]))
    store.publish(draft(partition(KEY_A, {"06": "2"}), totals=[totals("a", b"1"), totals("c", b"1")]))
    store.publish(draft(partition(KEY_A, {"06": "3"}), totals=[totals("a", b"2"), totals("c", b"1")]))
    assert store.totals(1) == (totals("a", b"1"), totals("b", b"1"))
    assert store.totals(2) == (totals("a", b"1"), totals("c", b"1"))
    assert store.totals(3) == (totals("a", b"2"), totals("c", b"1"))


def test_entries_filter_and_page_now_and_then(store: SqlStore) -> None:
    areas = {f"{i:012}": "1" for i in range(1, 1201)}
    store.publish(draft(partition(KEY_A, areas), partition(KEY_B, {"06": "1"})))
    changed = areas | {f"{i:012}": "2" for i in range(1, 1201, 2)}
    store.publish(draft(partition(KEY_A, changed)))
    for release, versions in ((1, areas), (2, changed)):
        everything = cells(store, release)
        assert everything == [(KEY_A, code, versions[code]) for code in sorted(areas)] + [(KEY_B, "06", "1")]
        assert cells(store, release, service_key=KEY_B) == everything[-1:]
        assert cells(store, release, after=(KEY_A, everything[4][1]), limit=3) == everything[5:8]
        assert cells(store, release, after=(KEY_A, everything[1199][1])) == everything[-1:]
        wanted = [everything[7][1], "06", everything[2][1], "nowhere"]
        assert cells(store, release, area_codes=wanted) == [everything[2], everything[7], everything[-1]]
        assert cells(store, release, area_codes=[]) == []
        assert cells(store, release, area_codes=[*areas, *map(str, range(50_000))]) == everything[:-1]


def test_partitions_are_found_by_key_and_name(store: SqlStore) -> None:
    store.publish(
        draft(
            partition(KEY_A, {}, name="Straßenreinigung"),
            partition(KEY_B, {}, name="100 %_Förderung"),
            partition("local:stadt:Nr 7", {}, name="Wohnsitz"),
        )
    )
    store.publish(draft(partition(KEY_A, {}, name="Umbenannt")))

    def found(release: int, contains: str, **more: object) -> list[str]:
        return [row.service_key for row in store.partitions(release, contains=contains, **more)]  # type: ignore[arg-type]

    assert found(2, "") == [KEY_A, KEY_B, "local:stadt:Nr 7"]
    assert found(1, "STRASSEN") == [KEY_A]
    assert found(2, "strassen") == []
    assert found(2, "FO\u0308RDERUNG") == [KEY_B]
    assert found(2, "%_") == [KEY_B]
    assert found(2, "LOCAL:stadt:nr") == ["local:stadt:Nr 7"]
    assert found(2, KEY_A[:7]) == [KEY_A, KEY_B]
    assert found(2, "", after=KEY_A, limit=1) == [KEY_B]
    for odd in ("\0", "\ud800", "x" * 200_000):
        assert found(2, odd) == []


def test_releases_are_found_by_number_and_instant(store: SqlStore) -> None:
    for number in (1, 2, 3):
        store.publish(draft(partition(KEY_A, {"06": str(number)}), at=NOW + number * DAY))
    assert [release.number for release in store.releases(limit=2)] == [3, 2]
    assert [release.number for release in store.releases(before=3)] == [2, 1]

    def number_at(at: object) -> int | None:
        found = store.release_at(at)  # type: ignore[arg-type]
        return found.number if found else None

    instant = NOW + 2 * DAY
    assert number_at(instant) == 2
    assert number_at(instant.astimezone(timezone(timedelta(hours=14)))) == 2
    assert number_at(instant - timedelta(microseconds=1)) == 1
    assert number_at(NOW) is None
    assert store.release(2).published_at.tzinfo is UTC


@pytest.mark.parametrize("apart", [0, 300])
def test_a_partition_that_comes_twice_is_a_bug_and_nothing_is_published(store: SqlStore, apart: int) -> None:
    between = [partition(f"99{i:012}", {}) for i in range(apart)]
    with pytest.raises(InvariantViolated, match="twice"):
        store.publish(draft(partition(KEY_A, {"06": "1"}), *between, partition(KEY_A, {"06": "2"})))
    assert store.current_release() is None
    doubled = partition(KEY_A, {"06": "1"})
    with pytest.raises(InvariantViolated, match="another service, or two"):
        store.publish(draft(replace(doubled, entries=doubled.entries * 2)))
    assert store.current_release() is None


@pytest.mark.fault("D1")
def test_a_rebuild_that_breaks_off_publishes_nothing(store: SqlStore) -> None:
    store.publish(draft(partition(KEY_A, {"06": "1"}, covered="1")))
    before = (cells(store, 1), list(store.coverage(1)))

    def cut_off() -> Iterator[PartitionResult]:
        for i in range(500):
            yield partition(f"99{i:012}", {"06": "1"}, covered="2")
        raise OSError(5, "Input/output error")

    with pytest.raises(Exception, match="Input/output error"):
        store.publish(replace(draft(), results=cut_off()))
    assert (cells(store, 1), list(store.coverage(1))) == before
    assert store.releases()[0].number == 1
    assert len(list(store.partitions(1))) == 1


@pytest.mark.fault("A16")
def test_a_reader_keeps_its_release_while_the_next_is_published(store: SqlStore) -> None:
    areas = {f"{i:012}": "1" for i in range(1, 3000)}
    store.publish(draft(partition(KEY_A, areas)))
    reading = store.entries(1)
    first = next(reading)
    store.publish(draft(partition(KEY_A, dict.fromkeys(areas, "2"))))
    rest = list(reading)
    assert len(rest) + 1 == len(areas)
    assert {first.from_release, *(row.from_release for row in rest)} == {1}


def test_digests_depend_on_content_only(store: SqlStore) -> None:
    a, b = partition(KEY_A, {"06": "1"}), partition(KEY_B, {"07": "1"})
    one = store.publish(draft(a, b))
    store.publish(draft(partition(KEY_A, {"06": "other"})))
    three = store.publish(draft(a, at=NOW + DAY))
    assert one is not None
    assert three is not None
    assert one.digest == three.digest
    assert release_digest([]) == release_digest(iter(()))
    assert release_digest([("a", b"1"), ("b", b"2")]) != release_digest([("a", b"2"), ("b", b"1")])
