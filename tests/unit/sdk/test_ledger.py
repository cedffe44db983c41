"""The ledger: what comes in is what comes out, in whatever order and over however many runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.errors import SourceFormatError
from syncd.sdk.ledger import Ledger, position_of

SERVICE = ("Leistung", "1")


def put(ledger: Ledger, number: str, area: str = "06", service: str = "1", owner: str = "a") -> None:
    ledger.put_competence(
        number, service=("Leistung", service), owner=("Organisationseinheit", owner), area=area
    )


def said(ledger: Ledger, service: str = "1") -> list[tuple[str, tuple[str, ...]]]:
    return [(c.owner_id, c.areas) for c in ledger.competences(("Leistung", service))]


def test_a_new_ledger_has_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with pytest.raises(ZeroDivisionError), Ledger(path) as ledger:  # noqa: PT012
        put(ledger, "1")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with Ledger(path) as ledger:
        put(ledger, "1")
        ledger.position = "p1"
    assert position_of(path) == "p1"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_beginning_anew_keeps_the_old_one_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with Ledger(path) as ledger:
        put(ledger, "1")
        ledger.position = "p1"
    with pytest.raises(ZeroDivisionError), Ledger(path) as ledger:  # noqa: PT012
        put(ledger, "2")
        ledger.clear()
        put(ledger, "3")
        raise ZeroDivisionError
    with Ledger(path) as ledger:
        assert ledger.position == "p1"
        assert ledger.count_competences() == 1
        ledger.clear()
        assert ledger.position == ""
        put(ledger, "3", area="09", owner="b")
        ledger.position = "p2"
    with Ledger(path) as ledger:
        assert (said(ledger), ledger.position) == ([("b", ("09",))], "p2")


def test_a_change_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with Ledger(path) as ledger:
        put(ledger, "1")
    with pytest.raises(ZeroDivisionError), Ledger(path) as ledger:  # noqa: PT012
        put(ledger, "1", area="09")
        ledger.put("Leistung", "1", b"{}")
        raise ZeroDivisionError
    with Ledger(path) as ledger:
        assert said(ledger) == [("a", ("06",))]
        assert ledger.get(*SERVICE) is None


@pytest.mark.fault("F18")
def test_what_is_no_ledger_is_refused_and_has_no_position(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"something else " * 400)
    assert position_of(path) == ""
    with pytest.raises(SourceFormatError) as caught:
        Ledger(path)
    assert caught.value.code == "ledger_broken"


def test_thousands_of_objects_are_read_while_their_competences_are(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        for number in range(2_500):
            ledger.put("Leistung", f"{number:04}", b"{}")
            put(ledger, f"c{number}", service=f"{number:04}")
        put(ledger, "c7", area="09", service="0007")
        ledger.remove_competence("c8")
        found = {service: said(ledger, service) for service, _ in ledger.objects("Leistung")}
    assert len(found) == 2_500
    assert (found["0007"], found["0008"], found["2499"]) == ([("a", ("09",))], [], [("a", ("06",))])


numbers = st.sampled_from(["1", "2", "3", "4", "5"])
puts = st.tuples(st.just("put"), numbers, st.sampled_from(["06", "09"]), numbers, st.sampled_from("ab"))
steps = st.lists(st.one_of(puts, st.tuples(st.just("remove"), numbers)), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps, st.integers(0, 30))
def test_a_new_ledger_and_one_that_lives_on_say_the_same(
    tmp_path: Path, taken: list[tuple[str, ...]], break_at: int
) -> None:
    model: dict[str, tuple[str, ...]] = {}
    for step in taken:
        if step[0] == "put":
            model[step[1]] = step[2:]
        else:
            model.pop(step[1], None)
    wanted = sorted((service, owner, area) for area, service, owner in model.values())
    path = tmp_path / "ledger.sqlite3"
    path.unlink(missing_ok=True)
    for part in (taken[:break_at], taken[break_at:]):
        with Ledger(path) as ledger:
            for step in part:
                if step[0] == "put":
                    put(ledger, step[1], *step[2:])
                else:
                    ledger.remove_competence(step[1])
    with Ledger(path) as ledger:
        found = [
            (service, competence.owner_id, area)
            for service in "12345"
            for competence in ledger.competences(("Leistung", service))
            for area in competence.areas
        ]
        assert ledger.count_competences() == len(model)
    assert sorted(found) == sorted(set(wanted))
