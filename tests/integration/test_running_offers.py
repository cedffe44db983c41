"""What runs is read in few passes and only where it matters; that must not change what is found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.pipeline import running
from syncd.pipeline.ask import ReleaseView
from syncd.pipeline.running import Entries, codes_around
from syncd.pipeline.service_names import ServiceNames
from syncd.pipeline.uniformity import deviations, uniformities
from syncd.storage import open_store
from tests.support.grown import grow


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReleaseView]:
    folder = tmp_path_factory.mktemp("running")
    with open_store(f"sqlite:///{folder / 'syncd.sqlite'}") as store:
        yield grow(store, folder).ask().view()


def keys_of(view: ReleaseView) -> list[str]:
    return [row.service_key for row in view.store.partitions(view.release.number)]


@pytest.mark.parametrize("passed_over", [0, 1, 500])
def test_entries_come_in_any_order_of_services(
    view: ReleaseView, passed_over: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_PASSED_OVER", passed_over)
    number, keys = view.release.number, keys_of(view)
    for order in (keys, keys[::-1], keys[::2], [keys[0], keys[0], "9", keys[-1], keys[1]]):
        entries = Entries(view)
        for key in order:
            expected = [row for row in view.store.entries(number, service_key=key) if row.evidence >= 5]
            assert list(entries.of(key)) == expected, key


def test_entries_left_unread_are_no_harm(view: ReleaseView) -> None:
    keys = keys_of(view)
    entries = Entries(view)
    seen = [next(entries.of(key), None) for key in keys]
    assert seen == [next(iter(list(Entries(view).of(key))), None) for key in keys]


def test_what_holds_in_an_area_is_found_without_reading_the_rest(view: ReleaseView) -> None:
    for area in view.line.areas.values():
        whole = [(one.service_key, one.figures) for one in uniformities(view, area=area)]
        alone = list(uniformities(view, area=area, compared=False))
        assert [(one.service_key, one.figures) for one in alone] == whole
        assert not any(one.distances for one in alone)


def test_deviations_of_an_area_are_those_of_all_inside_it(view: ReleaseView) -> None:
    every = list(deviations(view))
    assert every
    for area in view.line.areas.values():
        inside = [one for one in every if area.key.level == 0 or one.area_code.startswith(area.code)]
        found = list(deviations(view, area=area))
        assert [one for one in found if one in inside] == inside


def test_areas_around_are_all_that_can_hold_inside(view: ReleaseView) -> None:
    for area in view.line.areas.values():
        codes = codes_around(view, [area])
        touching = {
            code
            for code in view.line.areas
            if area.key.covers(view.line.areas[code].key) or view.line.areas[code].key.covers(area.key)
        }
        assert codes is None or touching <= set(codes)


def test_names_are_read_ahead_and_in_any_order(view: ReleaseView) -> None:
    keys = keys_of(view)
    names = ServiceNames(view)
    for key in (*keys, *keys[::-1]):
        assert names[key] == view.service(key).name
    assert names["99999999999999"] == "99999999999999"
