"""The yardstick report over the miniature: every verdict, page by page, and in the API."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.open_pvog.connector import SPEC
from syncd.cli import main
from syncd.model import facts
from syncd.model.area import AreaKey
from syncd.model.evidence import Channel, ChannelKind, LinkState
from syncd.model.record import Claim, RecordKind, Scope
from syncd.pipeline.yardstick import Compared, Place, YardstickQuery, compared, yardsticks
from syncd.rules.yardstick import Verdict
from syncd.sdk.loopback import loopback_portal
from syncd.settings.shipped import shipped_directory
from syncd.storage import open_store
from syncd.web import api_yardstick
from tests.support.miniature import (
    AUHEIM,
    DEAD_LINK,
    GROSSSTADT,
    KREIS_AUE,
    NOBODY_SPEAKS,
    NOT_LISTED,
    NOT_OWED,
    OF_THE_KREIS,
    ONLINE_EVERYWHERE,
    OWN_FORM,
    RIEDSTADT,
    TO_PRINT,
    Clock,
    Miniature,
    claim,
    make_registry,
    stand_up,
)
from tests.support.open_pvog import DataHub, row
from tests.support.served import ask, served
from tests.support.synced import Synced

GOLDEN = Path(__file__).parent.parent / "fixtures" / "golden" / "yardstick.json"
YARDSTICK = "open-pvog"
NEW_KEY = "99999001001000"
SOMEWHERE = "in mind. einer Kommune verfügbar"
LAND_WIDE = "landesweit flächendeckend"


def cell(key: str, area: str, *, offer: bool = False, **said: Any) -> Claim:
    """Return what the yardstick says of one cell; as an offer only where asked for."""
    state = said.pop("link", LinkState.OK)
    channels = (
        ()
        if state is None
        else (Channel(ChannelKind.ONLINE_SERVICE, "https://x.example", None, None, state),)
    )
    stated = {facts.COVERAGE_CLASS: SOMEWHERE, facts.ACTIVE: "ja", **said}
    return claim(
        YARDSTICK,
        f"{key}/{area.ljust(12, '0')}",
        key,
        area if offer else "00",
        *channels,
        kind=RecordKind.OFFER if offer else RecordKind.CATALOGUE,
        facts=tuple(sorted((stated if offer else {**stated, facts.AREA: area.ljust(12, "0")}).items())),
    )


def their_claims() -> list[Claim]:
    return [
        cell(OWN_FORM, GROSSSTADT),
        cell(TO_PRINT, GROSSSTADT),
        cell(DEAD_LINK, GROSSSTADT),
        cell(NOT_LISTED, GROSSSTADT, stated_on="2026-11-20"),
        cell(NOBODY_SPEAKS, GROSSSTADT, link=LinkState.DEAD),
        cell(ONLINE_EVERYWHERE, "00", coverage_class="bundesweit flächendeckend"),
        cell(ONLINE_EVERYWHERE, GROSSSTADT, active="nein", link=None),
        cell(OWN_FORM, "06", coverage_class=LAND_WIDE),
        cell(OWN_FORM, AUHEIM, offer=True),
        cell(OF_THE_KREIS, KREIS_AUE),
        cell(NOT_OWED, RIEDSTADT),
        cell(
            TO_PRINT,
            RIEDSTADT,
            coverage_class="nicht in Auswertung berücksichtigt",
            not_counted_because="kein Antrag",
        ),
        cell(NEW_KEY, GROSSSTADT),
        cell(TO_PRINT, "079999999999"),
    ]


@pytest.fixture
def miniature(tmp_path: Path) -> Iterator[Miniature]:
    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite3'}") as store:
        work = tmp_path / "work"
        work.mkdir()
        built = stand_up(store, work)
        plan = dataclasses.replace(
            built.registry.sources["bund"],
            source_id=YARDSTICK,
            title="Synthetischer Data Hub",
            options={"regions": ["000000000000"], "below": True},
            scope=Scope((AreaKey("00"),)),
            is_yardstick=True,
        )
        sources = {**built.registry.sources, YARDSTICK: plan}
        built.registry = dataclasses.replace(built.registry, sources=sources)
        built.say(YARDSTICK, their_claims())
        # A second own offer, which the yardstick does not list.
        form = Channel(ChannelKind.FORM, "https://portal.example/auheim/wohnsitz", link_state=LinkState.OK)
        built.say("riedstadt", [claim("riedstadt", "R1", OWN_FORM, RIEDSTADT, form)])
        built.publish()
        yield built


def report(miniature: Miniature, **query: Any) -> list[Compared]:
    return list(compared(miniature.ask().view(), YardstickQuery(**query)))


def by_cell(cells: list[Compared]) -> dict[tuple[str, str], tuple[str, str]]:
    return {(one.service_key, one.area_code): (one.verdict, one.rule) for one in cells}


def test_every_cell_has_its_verdict_and_reason(miniature: Miniature) -> None:
    assert by_cell(report(miniature)) == {
        (OWN_FORM, GROSSSTADT): ("same", "both_online"),
        (TO_PRINT, GROSSSTADT): ("theirs_only", "media_break"),
        (DEAD_LINK, GROSSSTADT): ("theirs_only", "dead_link"),
        (NOT_LISTED, GROSSSTADT): ("theirs_only", "not_described"),
        (NOBODY_SPEAKS, GROSSSTADT): ("unknown_here", "no_source_here"),
        (ONLINE_EVERYWHERE, "00"): ("same", "both_online"),
        (ONLINE_EVERYWHERE, GROSSSTADT): ("ours_only", "inactive_there"),
        (OWN_FORM, "06"): ("unknown_here", "no_source_here"),
        (OWN_FORM, AUHEIM): ("same", "their_word_only"),
        (OF_THE_KREIS, KREIS_AUE): ("unknown_here", "stale_here"),
        (NOT_OWED, RIEDSTADT): ("theirs_only", "not_offered_here"),
        (TO_PRINT, RIEDSTADT): ("not_counted", "not_counted_there"),
        (NEW_KEY, GROSSSTADT): ("not_in_register", "service_unknown_here"),
        (TO_PRINT, ""): ("not_in_register", "area_unknown_here"),
        (OWN_FORM, RIEDSTADT): ("ours_only", "not_listed_there"),
    }


def test_the_report_is_the_golden_one(miniature: Miniature) -> None:
    """Every figure, source and date; remove the file to have it written anew."""
    shown = [dataclasses.asdict(one) | {"place": list(one.place)} for one in report(miniature)]
    text = orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode() + "\n"
    if not GOLDEN.exists():
        GOLDEN.write_text(text, encoding="utf-8")
        pytest.fail(f"{GOLDEN.name} was missing and has been written; look at it and commit it")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_same_inputs_in_any_order_give_the_same_report(miniature: Miniature) -> None:
    before = report(miniature)
    miniature.say(YARDSTICK, their_claims()[::-1])
    assert report(miniature) == before


def test_going_on_after_any_cell_gives_the_rest(miniature: Miniature) -> None:
    view = miniature.ask().view()
    cells = list(compared(view, YardstickQuery()))
    assert len(cells) == 15
    for number, one in enumerate(cells, 1):
        assert list(compared(view, YardstickQuery(), after=one.place)) == cells[number:]


def test_one_area_and_one_service(miniature: Miniature) -> None:
    view = miniature.ask().view()
    inside = report(miniature, area=view.area("Kreis Aue"))
    assert {one.area_code for one in inside} == {KREIS_AUE, AUHEIM}
    everything = {one.place: one for one in report(miniature)}
    assert all(everything[one.place] == one for one in inside)
    only = report(miniature, service_key=OWN_FORM)
    assert {one.service_key for one in only} == {OWN_FORM}
    assert only == [one for one in everything.values() if one.service_key == OWN_FORM]


def test_what_the_yardstick_was_not_asked_for_is_no_difference(miniature: Miniature) -> None:
    sources = miniature.registry.sources
    plan = dataclasses.replace(sources[YARDSTICK], options={"regions": [GROSSSTADT], "below": True})
    miniature.registry = dataclasses.replace(miniature.registry, sources={**sources, YARDSTICK: plan})
    assert (OWN_FORM, RIEDSTADT) not in by_cell(report(miniature))


def test_without_a_yardstick_there_is_nothing_to_compare(miniature: Miniature) -> None:
    sources = {k: v for k, v in miniature.registry.sources.items() if k != YARDSTICK}
    miniature.registry = dataclasses.replace(miniature.registry, sources=sources)
    view = miniature.ask().view()
    assert not yardsticks(view)
    assert not list(compared(view, YardstickQuery()))


# --- in the API ------------------------------------------------------------------------------------------


def test_pages_of_the_api_lead_to_every_difference(
    miniature: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [one for one in report(miniature) if one.verdict is not Verdict.SAME.value]
    for per_request in (2, 2_000):
        monkeypatch.setattr(api_yardstick, "CELLS_PER_PAGE", per_request)
        with served(miniature) as server:
            found, address = [], "/v1/yardstick?limit=3"
            while address:
                body = orjson.loads(ask(server.url + address).text)
                assert len(body["items"]) <= min(3, per_request)
                found += body["items"]
                address = body["next"]
        assert [(one["service_key"], one["area_code"], one["rule"]) for one in found] == [
            (one.service_key, one.area_code, one.rule) for one in expected if one.verdict != "same"
        ]


def test_the_api_answers_in_words_and_refuses_what_it_does_not_know(miniature: Miniature) -> None:
    with served(miniature) as server:
        german = orjson.loads(ask(f"{server.url}/v1/yardstick?verdict=not_counted&lang=de").text)["items"]
        assert [one["reason"] for one in german] == ["Dort ist die Leistung aus der Auswertung genommen."]
        assert german[0]["not_counted_because"] == "kein Antrag"
        assert ask(f"{server.url}/v1/yardstick?verdict=unheard").status == 400
        assert ask(f"{server.url}/v1/yardstick?area=Nirgendwo").status == 404
        assert ask(f"{server.url}/v1/yardstick?service=123").status == 404
        assert ask(f"{server.url}/v1/yardstick?cursor=AAAA").status == 400
        same = orjson.loads(ask(f"{server.url}/v1/yardstick?verdict=same&service={OWN_FORM}").text)["items"]
        assert [one["rule"] for one in same] == ["both_online", "their_word_only"]


def test_before_the_first_release_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite3'}") as store:
        empty = Miniature(store, tmp_path, make_registry(), Clock())
        with served(empty) as server:
            reply = ask(f"{server.url}/v1/yardstick")
    assert (reply.status, orjson.loads(reply.text)["code"]) == (503, "no_release")


# --- from the portal -------------------------------------------------------------------------------------


async def test_from_the_data_hub_to_the_report(tmp_path: Path) -> None:
    hub = DataHub(
        [
            row(OWN_FORM, GROSSSTADT),
            row(TO_PRINT, GROSSSTADT, art_flaechendeckung="nicht in Auswertung berücksichtigt"),
            row(NOT_LISTED, GROSSSTADT, aktiv="nein"),
            row(NEW_KEY, GROSSSTADT),
        ]
    )
    synced = Synced(SPEC, tmp_path, {"regions": [GROSSSTADT], "offers": False}, hub)
    await synced.sync()
    view = await synced.publish()
    cells = {one.service_key: one for one in compared(view, YardstickQuery())}
    assert {key: one.verdict for key, one in cells.items()} == {
        OWN_FORM: "unknown_here",
        TO_PRINT: "not_counted",
        NOT_LISTED: "unknown_here",
        NEW_KEY: "not_in_register",
    }
    assert {one.stated_on for one in cells.values()} == {"2026-11-20"}
    assert {one.their_read_at for one in cells.values()} == {synced.clock.now}
    assert cells[NOT_LISTED].they_say == "inactive"
    assert not list(view.store.entries(view.release.number))
    assert Place(0, "portal", f"{OWN_FORM}/{GROSSSTADT}", OWN_FORM, GROSSSTADT) == cells[OWN_FORM].place


# --- on the command line ---------------------------------------------------------------------------------


@contextmanager
def on_loopback(hub: DataHub) -> Iterator[str]:
    """Serve a data hub from a thread of its own: commands run their own event loops."""
    started, stop = threading.Event(), asyncio.Event()
    found: list[Any] = []

    async def serve() -> None:
        async with loopback_portal(hub) as portal:
            found.extend((asyncio.get_running_loop(), portal.base_url))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(10)
    try:
        yield found[1]
    finally:
        found[0].call_soon_threadsafe(stop.set)
        thread.join(10)


def configured(folder: Path, base_url: str) -> Path:
    """Return a copy of the shipped configuration whose only source is the data hub."""
    config = folder / "config"
    shutil.copytree(shipped_directory(), config, ignore=shutil.ignore_patterns("recordings"))
    for path in (config / "sources").glob("*.toml"):
        path.unlink()
    (config / "sources" / "hub.toml").write_text(
        f"""
id = "hub"
title = "Synthetischer Data Hub"
connector = "open_pvog"
interval = "24h"
stale_after = "7d"

[scope]
areas = ["064140000000"]
silence_means_absence = false

[limits]
allow_private = true

[settings]
base_url = "{base_url}"
regions = ["064140000000"]
offers = false
"""
    )
    return config


def test_from_a_source_file_to_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wiesbaden, passport = "064140000000", "99041006017000"
    hub = DataHub([row(passport, wiesbaden), row(NEW_KEY, wiesbaden, leika_name="Ganz neu")])
    with on_loopback(hub) as base_url:
        config = configured(tmp_path, base_url)
        common = ["--config", str(config), "--set", f"daemon.data_dir={tmp_path / 'state'}"]
        assert main(["sync", "hub", *common]) == 0
    capsys.readouterr()
    assert main(["yardstick", "--area", "Kassel, documenta-Stadt", *common]) == 0
    assert "nothing was compared" in capsys.readouterr().err
    assert main(["yardstick", "--lang", "de", *common]) == 0
    told = capsys.readouterr()
    assert "Ganz neu" in told.out
    assert "Der Leistungsschlüssel steht in keinem unserer Register" in told.out
    assert "2026-11-20" in told.out
    assert "nicht in unserem Register 1" in told.err
    assert main(["yardstick", "--json", "--verdict", "not_in_register", "--area", "Wiesbaden", *common]) == 0
    (only,) = orjson.loads(capsys.readouterr().out)
    assert (only["service_key"], only["area_code"], only["they_say"]) == (NEW_KEY, wiesbaden, "online")
    assert main(["yardstick", "--summary", *common]) == 0
    assert "service key is in none of our registers" in capsys.readouterr().out
    (config / "sources" / "hub.toml").unlink()
    assert main(["yardstick", *common]) == 2
    assert "no source is a yardstick" in capsys.readouterr().err
