"""Pages that say where gaps stand: list, filters, downloads, one gap, a service, ways to reports."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from syncd.model.evidence import ChannelKind
from syncd.pipeline.gap_life import GapDecision, decide_gap
from syncd.pipeline.gap_past import Past
from syncd.pipeline.gaps import GapQuery, gaps
from syncd.pipeline.report_shelf import keep, order_of
from syncd.rules.gap_life import GapAnswer
from syncd.sdk.xlsx import sheet_rows
from syncd.storage import open_store
from tests.integration.test_pages import CONTRASTS, OVERFLOW, get
from tests.support import miniature as mini
from tests.support.grown import grow
from tests.support.miniature import stand_up
from tests.support.served import Served, ask, served

MISSING = f"alltag/gemeinde/{mini.NOT_LISTED}/{mini.GROSSSTADT}"
PRINTED = f"alltag/gemeinde/{mini.TO_PRINT}/{mini.GROSSSTADT}"
DEAD = f"alltag/gemeinde/{mini.DEAD_LINK}/{mini.GROSSSTADT}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with (
        open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as store,
        served(stand_up(store, tmp_path)) as s,
    ):
        decide(s, MISSING, GapAnswer.ACKNOWLEDGE, "liegt beim Amt 33")
        decide(s, MISSING, GapAnswer.ASSIGN, value="Frau Öz")
        decide(s, MISSING, GapAnswer.SET_DUE, value="2026-11-25")
        decide(s, PRINTED, GapAnswer.WAIVE, "Ausschreibung läuft", until=date(2027, 6, 30))
        yield s


def decide(server: Served, gap_id: str, answer: GapAnswer, reason: str = "weil", **more: Any) -> None:
    server.miniature.clock.forward(seconds=1)
    view = server.miniature.ask().view()
    decide_gap(view, GapDecision(gap_id, answer, reason, **more), decided_by="Anna Beispiel")


def page_of(gap_id: str, **more: str) -> str:
    return f"/gap?{urlencode({'id': gap_id, **more})}"


def services(server: Served, query: str) -> list[str]:
    page = get(server, f"/gaps?{query}")
    names = {"Mustergewerbe": MISSING, "Musterhund": PRINTED, "Musterparken": DEAD, "Musterfahrzeug": "kreis"}
    table = page.text.partition("Offen seit")[2].partition("Hinweise")[0]
    return [gap for name, gap in names.items() if name in table]


def test_the_list_says_where_each_gap_stands_and_hides_none(server: Served) -> None:
    page = get(server, "/gaps?area=Großstadt")
    for words in (
        "zur Kenntnis genommen",
        "überfällig",
        "fällig am 25.11.2026",
        "„liegt beim Amt 33“",
        "zugewiesen",
        "ausgenommen",
        "bis 30.06.2027",
        "offen",
        "Kommune",
        "seit heute",
        "Nur die Quelle schließt sie",
    ):
        assert words in page.text, words
    assert "Öz" not in page.text  # who it is, operators are told
    assert services(server, "area=Großstadt") == [MISSING, PRINTED, DEAD, "kreis"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=acknowledged", [MISSING]),
        ("status=acknowledged&status=waived", [MISSING, PRINTED]),
        ("overdue=true", [MISSING]),
        ("unassigned=true&obligation=alltag", [PRINTED, DEAD]),
        ("cause=dead_link", [DEAD]),
        ("responsible=it_provider", [DEAD]),
        ("responsible=municipality&status=open&cause=not_described", ["kreis"]),
        ("status=disputed", []),
    ],
)
def test_filters_need_no_script(server: Served, query: str, found: list[str]) -> None:
    assert services(server, query) == found


@pytest.mark.parametrize(
    ("query", "looked_at"),
    [
        (GapQuery(statuses=("acknowledged", "waived")), {mini.NOT_LISTED, mini.TO_PRINT}),
        (GapQuery(overdue=True), {mini.NOT_LISTED, mini.TO_PRINT}),
        (GapQuery(responsible=("it_provider",)), {mini.DEAD_LINK}),
    ],
)
def test_a_filter_looks_only_where_something_can_be_found(
    server: Served, monkeypatch: pytest.MonkeyPatch, query: GapQuery, looked_at: set[str]
) -> None:
    """Of all Germany's gaps few were ever spoken of; looking at each takes longer than a page may."""
    seen = set()
    plain = Past.standing

    def standing(past: Past, key: Any, *rest: Any) -> Any:
        seen.add(key.service_key)
        return plain(past, key, *rest)

    monkeypatch.setattr(Past, "standing", standing)
    assert list(gaps(server.miniature.ask().view(), query))
    assert seen == looked_at


def test_tables_are_those_of_the_list(server: Served) -> None:
    page = get(server, "/gaps?area=Großstadt&service=Muster&status=acknowledged&lang=de", 404)
    assert "Gemeint sein könnte" in page.text
    assert any("status=acknowledged" in str(a["href"]) for a in page.all("a"))  # choices keep the filters
    page = get(server, f"/gaps?area=Großstadt&service={mini.NOT_LISTED}&status=acknowledged&line=gemeinde")
    assert page.text.count("Einschränkung aufheben") == 2
    links = {form: str(a["href"]) for a in page.all("a") for form in ("csv", "xlsx") if f".{form}?" in str(a)}
    rows = list(
        csv.DictReader(io.StringIO(ask(server.url + links["csv"]).text.lstrip("\ufeff")), delimiter=";")
    )
    assert [(row["Kennung"], row["Status"]) for row in rows] == [(MISSING, "zur Kenntnis genommen")]
    with urlopen(server.url + links["xlsx"], timeout=20) as answer:  # noqa: S310 - loopback
        assert 'filename="gaps-1.xlsx"' in answer.headers["Content-Disposition"]
        sheet = [cells for _, cells in sheet_rows(io.BytesIO(answer.read()), None)]
    assert [cells[0] for cells in sheet[1:]] == [MISSING]
    assert "Frau Öz" not in str(sheet)


def test_one_gap_with_all_about_it(server: Served) -> None:
    page = get(server, page_of(MISSING))
    for words in (
        "Lücke: Mustergewerbe anzeigen in Großstadt",
        "ja; wem, erfahren Sachbearbeitende",
        "25.11.2026 überfällig",
        "Ergebnis: fehlt",
        "Andernorts läuft nichts",
        "liegt beim Amt 33",
        "fällig am 25.11.2026",
        f"syncd gap {MISSING} acknowledge",
        f"POST /v1/gaps/{MISSING.replace('/', '%2F')}/judgements",
        MISSING,
    ):
        assert words in page.text, words
    assert "Öz" not in page.text
    assert "Anna" not in page.text
    english = get(server, page_of(PRINTED, lang="en"))
    assert "waived until 2027-06-30" in english.text
    assert "until 30 Jun 2027" in english.text
    links = [str(a["href"]) for a in english.all("a")]
    for link in links:
        if link.startswith(("/gaps", "/service", "/explain", "/v1/gaps/")):
            assert ask(server.url + link).status == 200, link


def test_solutions_that_could_be_reused_are_named(server: Served) -> None:
    claim = mini.claim(
        "kreis-aue",
        "A9",
        mini.DEAD_LINK,
        mini.AUHEIM,
        mini.channel(ChannelKind.ONLINE_SERVICE, "parken"),
    )
    server.miniature.say("kreis-aue", [*mini.aue_claims(), claim])
    server.miniature.publish()
    page = get(server, page_of(DEAD))
    assert "derselbe Leistungsschlüssel" in page.text
    assert "portal.example" in page.text


def test_a_gap_that_is_closed_or_none_is_said(server: Served) -> None:
    closed = get(server, page_of(f"alltag/gemeinde/{mini.OWN_FORM}/{mini.GROSSSTADT}"))
    assert "Hier fehlt nichts mehr" in closed.text
    assert "syncd gap" not in closed.text
    assert "keine Kennung einer Lücke" in get(server, page_of("unfug"), 404).text
    assert "Niemand schuldet" in get(server, page_of(f"alltag/gemeinde/{mini.NOT_OWED}/09"), 404).text


def test_a_decision_shows_at_once_on_pages_that_were_kept(server: Served) -> None:
    assert "bestritten" not in get(server, page_of(DEAD)).text
    decide(server, DEAD, GapAnswer.DISPUTE, "geht doch")
    assert "bestritten" in get(server, page_of(DEAD)).text
    assert services(server, "status=disputed") == [DEAD]


def test_a_service_tells_its_spread_and_its_standstill(server: Served) -> None:
    miniature = server.miniature
    form = mini.channel(ChannelKind.FORM, "wohnsitz")
    towns = [mini.AUHEIM, "064310002002"]
    for number in range(1, 3):
        miniature.clock.forward(weeks=1)
        said = [
            mini.claim("kreis-aue", f"W{n}", mini.OWN_FORM, town, form)
            for n, town in enumerate(towns[:number])
        ]
        miniature.say("kreis-aue", [*mini.aue_claims(), *said])
        miniature.say("grossstadt", mini.grossstadt_claims())
        miniature.say("riedstadt", [])
        miniature.publish()
    moving = get(server, "/service?service=Musterwohnsitz&area=06")
    assert "Musterwohnsitz anmelden: Verbreitung" in moving.text
    assert "In Nordland" in moving.text
    assert "Das Ziel ist schon erreicht." in moving.text
    assert "Stillstand:" not in moving.text
    assert "Keine Verbreitung, die begonnen hatte, steht still." in get(server, "/service").text
    miniature.clock.forward(weeks=9)
    landing = get(server, "/service")
    assert "Musterwohnsitz anmelden je Gemeinde 10.12.2026 vor 9 Wochen" in landing.text
    assert f"/service?service={mini.OWN_FORM}" in [a["href"] for a in landing.all("a")]
    stalled = get(server, "/service?service=Musterwohnsitz")
    assert (
        "Stillstand: Es bleiben Lücken, und seit 10.12.2026 (9 Wochen) kam keine Stelle hinzu."
        in stalled.text
    )
    assert "Stalled: gaps remain" in get(server, "/service?service=Musterwohnsitz&lang=en").text
    assert "Gemeint sein könnte" in get(server, "/service?service=Muster", 404).text
    assert "Keine Verpflichtung" in get(server, f"/service?service={mini.NOT_OWED}").text


def test_a_service_is_foretold_with_an_interval(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as store, served(grow(store, tmp_path)) as site:
        then = urlencode({"at": (mini.NOW - timedelta(weeks=4)).isoformat()})
        page = get(site, f"/service?service={mini.OWN_FORM}&{then}")
    # 17,950 people are missing to 95 %, 10,000 came in eight weeks, the last of which end two weeks ago.
    expected = mini.NOW.date() + timedelta(weeks=15 - 2)
    assert f"95 % {expected:%d.%m.%Y}" in page.text
    assert re.search(rf"{expected:%d.%m.%Y} \d\d\.\d\d\.20\d\d bis (\d\d\.\d\d\.20\d\d|offen)", page.text)
    assert "Kein Stillstand." in page.text


def test_areas_and_cohorts_lead_to_their_reports_present_and_kept(server: Served) -> None:
    view = server.miniature.ask().view()
    order = order_of(view, "Großstadt", obligation_id=None, language="de", since=None, form="html")
    number = keep(view, order, b"<p>wie es war</p>", period="2026-11")
    keep(view, order_of(view, "pilots", obligation_id=None, language="de", since=None, form="md"), b"# so")
    assert "Frühere Berichte" not in get(server, "/gaps?area=Großstadt").text
    server.miniature.say("grossstadt", mini.grossstadt_claims()[:2])
    server.miniature.publish()
    forms: list[str] = []
    for path, subject in (("/gaps?area=Großstadt", mini.GROSSSTADT), ("/", "pilots")):
        page = get(server, path)
        forms = [str(a["href"]) for a in page.all("a") if f"/v1/reports/{subject}?" in str(a["href"])]
        assert [link.split("format=")[1].split("&")[0] for link in forms] == ["html", "xlsx", "md", "json"]
        assert all("lang=de" in link for link in forms)
        assert "Frühere Berichte" in page.text
    assert "2026-11: Stand 1 vom 26.11.2026" in get(server, "/gaps?area=Großstadt").text
    assert ask(f"{server.url}/v1/kept-reports/{number}").text == "<p>wie es war</p>"
    assert "Earlier reports" not in get(server, "/?lang=en").text  # none in that language
    assert ask(server.url + forms[2]).text.startswith("# Lückenbericht")


# --- in a browser -----------------------------------------------------------------------------------------


def test_a_person_filters_by_status_on_a_phone(server: Served, browser_page: Any) -> None:
    browser_page.set_viewport_size({"width": 390, "height": 800})
    browser_page.goto(f"{server.url}/gaps?area=Großstadt")
    browser_page.click("form summary")
    browser_page.check("input[name=status][value=waived]")
    browser_page.click("form button")
    browser_page.wait_for_url("**status=waived**")
    assert browser_page.locator(".gaps tbody tr").count() == 1
    assert browser_page.locator("form details").get_attribute("open") is not None
    assert browser_page.evaluate(OVERFLOW) == 0
    browser_page.click(".gaps tbody a")
    browser_page.wait_for_url("**/gap?**")
    assert "ausgenommen" in browser_page.text_content("dl.facts")
    assert browser_page.evaluate(CONTRASTS) == []


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_statuses_fit_and_can_be_read(server: Served, browser_page: Any, width: int) -> None:
    decide(server, DEAD, GapAnswer.DISPUTE, "x" * 300)
    browser_page.set_viewport_size({"width": width, "height": 800})
    for path in ("/gaps?status=waived&status=disputed&status=acknowledged", page_of(DEAD)):
        browser_page.goto(server.url + path)
        assert browser_page.evaluate(OVERFLOW) == 0, path
        assert browser_page.evaluate(CONTRASTS) == [], path
