"""A release that turns the report over is held: the last one stays, an operator or time lets it pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from syncd.bootstrap.hold_file import HoldFile
from syncd.pipeline.hold import Held, ReleaseGate
from syncd.rules.upheaval import UpheavalLimits
from syncd.storage import open_store
from syncd.web.api_releases import release_document
from tests.support.miniature import NOW, Miniature, bund_claims, grossstadt_claims, stand_up

LIMITS = UpheavalLimits(share=0.25, cells=3)


@pytest.fixture
def miniature(tmp_path: Path) -> Iterator[Miniature]:
    store = open_store(f"sqlite:///{tmp_path / 'hold.sqlite3'}")
    yield stand_up(store, tmp_path)
    store.close()


def gate() -> ReleaseGate:
    return ReleaseGate(limits=LIMITS)


def number(miniature: Miniature) -> int:
    current = miniature.store.current_release()
    assert current is not None
    return current.number


@pytest.mark.fault("S18")
def test_a_report_that_turns_over_is_held_and_the_last_one_stays(miniature: Miniature) -> None:
    miniature.say("bund", ())
    with capture_logs() as logs:
        assert miniature.publish(gate()) is None
    assert number(miniature) == 1
    (alarm,) = [line for line in logs if line["event"] == "release_held"]
    assert alarm["log_level"] == "error"
    assert any("from covered to" in shift for shift in alarm["shifts"])
    assert miniature.store.dirty_keys(NOW.date())[1], "nothing of it is forgotten"


@pytest.mark.fault("S18")
def test_without_the_guard_it_would_be_published(miniature: Miniature) -> None:
    miniature.say("bund", ())
    assert miniature.publish(ReleaseGate(limits=UpheavalLimits(cells=10**9))) is not None


@pytest.mark.fault("S18")
def test_the_way_back_from_nothing_to_everything_is_held_too(miniature: Miniature) -> None:
    miniature.say("bund", ())
    assert miniature.publish(gate(), accept="the Bund has withdrawn everything") is not None
    miniature.say("bund", bund_claims())
    assert miniature.publish(gate()) is None
    assert number(miniature) == 2


@pytest.mark.fault("S18")
def test_an_operator_lets_it_pass_with_a_reason_that_is_kept(miniature: Miniature) -> None:
    miniature.say("bund", ())
    shared = gate()
    assert miniature.publish(shared) is None
    with capture_logs() as logs:
        release = miniature.publish(shared, accept="announced by letter")
    assert release is not None
    mark = miniature.store.release(release.number).inputs["upheaval"]
    assert (mark["why"], mark["reason"], mark["by"]) == ("accepted", "announced by letter", "tester")
    assert [line["log_level"] for line in logs if line["event"] == "release_marked"] == ["warning"]
    assert shared.book.load() is None
    shown = release_document(miniature.ask().view(release=release.number))
    assert shown.upheaval == mark["shifts"]
    assert release_document(miniature.ask().view(release=1)).upheaval == []


@pytest.mark.fault("S18")
def test_data_that_turns_back_ends_the_hold_by_itself(miniature: Miniature) -> None:
    shared = gate()
    miniature.say("bund", ())
    assert miniature.publish(shared) is None
    miniature.say("bund", bund_claims())
    assert miniature.publish(shared) is None, "nothing is different any more"
    assert shared.book.load() is None
    assert number(miniature) == 1


@pytest.mark.fault("S18")
def test_a_hold_does_not_keep_everybody_waiting_for_ever(miniature: Miniature) -> None:
    shared = gate()
    miniature.say("bund", ())
    assert miniature.publish(shared) is None
    miniature.clock.now += timedelta(hours=23)
    miniature.say("grossstadt", grossstadt_claims()[:2])
    assert miniature.publish(shared) is None
    miniature.clock.now += timedelta(hours=2)
    release = miniature.publish(shared)
    assert release is not None
    assert release.inputs["upheaval"]["why"] == "held_long_enough"


def test_while_nothing_changes_a_held_release_is_not_built_again(miniature: Miniature) -> None:
    shared = gate()
    miniature.say("bund", ())
    with capture_logs() as logs:
        for _ in range(3):
            assert miniature.publish(shared) is None
    assert len([line for line in logs if line["event"] == "release_held"]) == 1


def test_a_change_of_the_configuration_explains_an_upheaval(miniature: Miniature) -> None:
    miniature.say("bund", ())
    sources = dict(miniature.registry.sources)
    sources["bund"] = replace(sources["bund"], precedence=7)
    miniature.registry = replace(miniature.registry, sources=sources)
    release = miniature.publish(gate())
    assert release is not None
    assert release.inputs["upheaval"]["why"] == "configuration_changed"


def test_a_source_that_falls_silent_makes_cells_unknown_without_a_hold(miniature: Miniature) -> None:
    miniature.clock.now += timedelta(days=400)
    release = miniature.publish(gate())
    assert release is not None
    assert "upheaval" not in release.inputs


def test_a_small_change_is_published_at_once(miniature: Miniature) -> None:
    miniature.say("grossstadt", grossstadt_claims()[:2])
    release = miniature.publish(gate())
    assert release is not None
    assert "upheaval" not in release.inputs


def test_the_hold_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "held.json"
    held = Held(NOW, 7, ("06: 40 of 40 cells from covered to gap",))
    HoldFile(path).save(held)
    assert HoldFile(path).load() == held
    HoldFile(path).save(None)
    assert HoldFile(path).load() is None
    path.write_text("{ not a hold")
    assert HoldFile(path).load() is None, "a broken note must not stop a release for ever"
