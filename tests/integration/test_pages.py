"""The pages: what they say, how they lead on, that they work with a keyboard, a phone and hostile data."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from syncd.model.evidence import Channel, ChannelKind
from syncd.model.run import RunOutcome
from syncd.storage import open_store
from tests.support import miniature as mini
from tests.support.miniature import many_services, stand_up
from tests.support.served import Served, ask, served

SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
PAGES = [
    "/",
    "/?lang=en",
    "/gaps",
    "/gaps?state=unknown&status=unknown",
    f"/gap?id=alltag/gemeinde/{mini.TO_PRINT}/{mini.GROSSSTADT}",
    "/service",
    f"/service?service={mini.OWN_FORM}",
    "/explain",
    "/explain?service=Hund&area=Großstadt",
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with (
        open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as store,
        served(stand_up(store, tmp_path)) as s,
    ):
        yield s


class Outline(HTMLParser):
    """What a screen reader would find: headings, tables, links, labels."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def get(server: Served, path: str, status: int = 200) -> Outline:
    response = ask(server.url + path, accept="text/html")
    assert response.status == status, response.text
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    return Outline(response.text)


def test_the_overview_says_what_is_where_and_how_old(server: Served) -> None:
    page = get(server, "/")
    assert page.all("html")[0]["lang"] == "de"
    for words in (
        "26.11.2026, 13:00 Uhr",
        "Großstadt (Pilot)",
        "in 2 Gemeinden",
        "eigene Aufgaben als Kreis",
        "vor 5 Minuten",
        "vor 10 Tagen",
        "zu alt, zählt nicht mehr",
        "noch nie gelaufen",
        "Das Portal antwortet nicht so, wie es ein arbeitendes Portal täte.",
        "Der nächste Lauf versucht es wieder, der letzte gute Stand bleibt veröffentlicht.",
        "kein amtlicher Reifegrad",
        "Oktober 2019",
        "Statistisches Bundesamt (Destatis)",
        "Unbekannt heißt nicht: fehlt",
    ):
        assert words in page.text, words


def test_figures_lead_to_the_cells_behind_them(server: Served) -> None:
    page = get(server, "/")
    links = [str(a["href"]) for a in page.all("a") if str(a["href"]).startswith("/gaps?")]
    for link in links:
        assert get(server, link).all("h1")
    missing = next(link for link in links if "state=missing" in link and mini.GROSSSTADT in link)
    assert "Mustergewerbe anzeigen" in get(server, missing).text
    unknown = next(link for link in links if "state=unknown" in link and "area=06431" in link)
    cells = get(server, unknown)
    assert "unbekannt" in cells.text
    assert "Mustersperrmüll anmelden" in cells.text


def test_english_pages(server: Served) -> None:
    page = get(server, "/?lang=en")
    assert page.all("html")[0]["lang"] == "en"
    assert "Unknown does not mean missing" in page.text
    assert "did not answer within 5 s" in page.text
    inner = [str(a["href"]) for a in page.all("a") if str(a["href"]).startswith(("/gaps", "/explain", "/?"))]
    assert all("lang=en" in link for link in inner)
    assert "/" in [a["href"] for a in page.all("a")]  # back to German


def test_gaps_page_by_page(server: Served) -> None:
    page = get(server, "/gaps?limit=1")
    seen = []
    while True:
        seen += re.findall(r"Muster\w+ \w+", page.text.partition("Offen seit")[2].partition("Hinweise")[0])
        following = [str(a["href"]) for a in page.all("a") if a.get("rel") == "next"]
        if not following:
            break
        assert "release=1" in following[0]
        page = get(server, following[0])
    assert seen == [
        "Musterhund anmelden",
        "Musterparken beantragen",
        "Mustergewerbe anzeigen",
        "Musterfahrzeug zulassen",
    ]


def test_a_form_sends_empty_fields(server: Served) -> None:
    page = get(server, "/gaps?lang=de&area=&obligation=&state=missing")
    assert "Mustergewerbe anzeigen" in page.text
    assert "Musterhund" not in page.text


def test_nothing_found_is_said(server: Served) -> None:
    assert "Unbekannte Zellen sind keine Lücken" in get(server, "/gaps?area=09").text


def test_explanations_in_words(server: Served) -> None:
    page = get(server, f"/explain?service={mini.TO_PRINT}&area=Großstadt")
    assert "Musterhund anmelden in Großstadt" in page.text
    assert "Medienbruch" in page.text
    assert "laut Serviceportal Großstadt, Datensatz G2" in page.text
    assert {
        "href": "https://portal.example/grossstadt/hund.pdf",
        "rel": "noopener noreferrer nofollow",
    } in page.all("a")
    unknown = get(server, f"/explain?service={mini.NOBODY_SPEAKS}&area={mini.RIEDSTADT}")
    assert "noch nie erfolgreich gelesen" in unknown.text


def test_a_name_that_means_one_service_is_enough(server: Served) -> None:
    assert "Musterhund anmelden in Auheim" in get(server, "/explain?service=hund&area=auheim").text


def test_names_that_mean_several_become_a_question(server: Served) -> None:
    page = get(server, "/explain?service=Muster&area=Auheim", 404)
    assert "Gemeint sein könnte" in page.text
    choice = next(str(a["href"]) for a in page.all("a") if f"service={mini.TO_PRINT}" in str(a["href"]))
    assert "Musterhund anmelden in Auheim" in get(server, choice).text
    areas = get(server, f"/explain?service={mini.TO_PRINT}&area=berg", 404)
    assert "Oberberg (064325001001)" in areas.text
    assert "Gemeint sein könnte" in get(server, "/gaps?area=berg", 404).text
    assert "nicht bekannt" in get(server, "/gaps?area=Atlantis", 404).text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nirgends", 404, "Diese Seite gibt es nicht."),
        ("/gaps?limit=0", 400, "Die Adresse enthält eine ungültige Angabe."),
        ("/gaps?cursor=AAAA", 400, "Am Anfang der Liste neu beginnen."),
        ("/gaps?release=99", 404, "Das Gesuchte gibt es nicht."),
        ("/nirgends?lang=en", 404, "There is no such page."),
    ],
)
def test_errors_are_pages_for_people(server: Served, path: str, status: int, words: str) -> None:
    page = get(server, path, status)
    assert words in page.text
    assert re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", page.text)


def test_errors_are_problems_for_programs(server: Served) -> None:
    response = ask(f"{server.url}/nirgends")
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", PAGES)
def test_pages_can_be_read_by_a_screen_reader(server: Served, path: str) -> None:
    page = get(server, path)
    headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(headings))
    assert len(page.all("main")) == 1
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(th.get("scope") for th in page.all("th"))
    assert page.all("a")[0]["href"] == "#content"
    labelled = {label["for"] for label in page.all("label") if "for" in label}
    fields = [f for f in page.all("input") if f.get("type") not in {"hidden", "checkbox"}] + page.all(
        "select"
    )
    assert {field["id"] for field in fields} <= labelled
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert all("style" not in attributes for _, attributes in page.tags)
    assert not page.all("script")


@pytest.mark.fault("A7")
def test_texts_of_portals_do_nothing(server: Served) -> None:
    hostile = mini.claim(
        "grossstadt",
        "<b>G7</b>",
        mini.NOT_LISTED,
        mini.GROSSSTADT,
        mini.channel(ChannelKind.FORM, f"x?{SCRIPT}"),
        Channel(ChannelKind.PAGE, "javascript:alert(1)", label=SCRIPT),
        title=SCRIPT,
    )
    server.miniature.say("grossstadt", [*mini.grossstadt_claims(), hostile])
    server.miniature.end_run("bund", RunOutcome.FAILED, code="unheard_of", reason=SCRIPT, fix=SCRIPT)
    server.miniature.publish()
    for path in ("/", "/?lang=en", f"/explain?service={mini.NOT_LISTED}&area=Großstadt"):
        page = get(server, path)
        assert not page.all("script")
        assert all("onerror" not in image for image in page.all("img"))
        assert all(not str(a["href"]).startswith("javascript") for a in page.all("a"))
    assert SCRIPT.partition(">")[0] in get(server, "/").text


def test_a_code_without_german_words_shows_the_english_ones_marked(server: Served) -> None:
    server.miniature.end_run("bund", RunOutcome.FAILED, code="unheard_of", reason="Something new happened.")
    page = get(server, "/")
    assert "Something new happened." in page.text
    assert any(a.get("lang") == "en" for a in page.all("span"))


# --- in a browser -----------------------------------------------------------------------------------------

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CONTRASTS = """() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const lum = ([r, g, b]) => { const f = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const bad = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const a = lum(parse(getComputedStyle(e).color)), b = lum(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) bad.push(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2));
  }
  return bad; }"""


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_pages_fit_phones_and_desks(server: Served, browser_page: Any, width: int) -> None:
    messages: list[str] = []
    browser_page.on("console", lambda message: messages.append(message.text))
    browser_page.on("pageerror", lambda error: messages.append(str(error)))
    browser_page.set_viewport_size({"width": width, "height": 800})
    for path in PAGES:
        browser_page.goto(server.url + path)
        assert browser_page.evaluate(OVERFLOW) == 0, path
        assert browser_page.evaluate(CONTRASTS) == [], path
    assert messages == []  # nothing the content security policy had to stop


@pytest.mark.fault("A7")
def test_hostile_texts_run_nowhere(server: Served, browser_page: Any) -> None:
    claim = mini.claim("bund", "X", mini.NOBODY_SPEAKS, "00", title=SCRIPT)
    server.miniature.say("bund", [*mini.bund_claims(), claim])
    server.miniature.end_run("bund", RunOutcome.REFUSED, code="unheard_of", reason=SCRIPT)
    server.miniature.publish()
    for path in ("/", f"/explain?service={mini.NOBODY_SPEAKS}&area=Auheim", f"/gaps?area={SCRIPT}"):
        browser_page.goto(server.url + path)
        assert "owned" not in browser_page.title()


def test_a_cell_is_reached_with_the_keyboard_alone(server: Served, browser_page: Any) -> None:
    browser_page.goto(server.url)
    browser_page.keyboard.press("Tab")
    assert browser_page.evaluate("document.activeElement.className") == "skip"
    browser_page.keyboard.press("Enter")
    assert browser_page.evaluate("document.activeElement.id") == "content"
    browser_page.focus("#service")
    browser_page.keyboard.type("hund")
    browser_page.keyboard.press("Tab")
    browser_page.keyboard.type("auheim")
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_url("**/explain?*")
    assert browser_page.text_content("h1") == "Musterhund anmelden in Auheim"
    assert browser_page.evaluate("document.querySelector('.badge').textContent") == "unbekannt"


def test_a_phone_shows_rows_as_cards_that_name_their_cells(server: Served, browser_page: Any) -> None:
    browser_page.set_viewport_size({"width": 390, "height": 800})
    browser_page.goto(server.url)
    label = browser_page.evaluate(
        "getComputedStyle(document.querySelector('.summary td.unknown'), '::before').content"
    )
    assert label == '"unbekannt"'
    table = browser_page.get_by_role("table").first
    assert table.get_by_role("columnheader").count() == 8
    assert table.get_by_role("rowheader").count() == 4


_LINES = """(figure) => { let most = 0;
  for (const cell of document.querySelectorAll('.summary td > *')) {
    cell.textContent = figure;
    const range = document.createRange(); range.selectNodeContents(cell);
    most = Math.max(most, new Set([...range.getClientRects()].map(one => Math.round(one.top))).size);
  }
  return most; }"""


@pytest.mark.parametrize("width", [320, 390])
def test_a_figure_is_never_broken_over_lines(server: Served, browser_page: Any, width: int) -> None:
    browser_page.set_viewport_size({"width": width, "height": 800})
    browser_page.goto(server.url)
    for figure in ("23", "11.917"):
        assert browser_page.evaluate(_LINES, figure) == 1, figure
    assert browser_page.evaluate(OVERFLOW) == 0


def test_unknown_does_not_look_like_missing(server: Served, browser_page: Any) -> None:
    browser_page.goto(f"{server.url}/gaps?state=missing&state=unknown")
    style = (
        "e => { const s = getComputedStyle(e); return [s.backgroundColor, s.borderStyle, s.backgroundImage] }"
    )
    missing = browser_page.eval_on_selector(".badge.missing", style)
    unknown = browser_page.eval_on_selector(".badge.unknown", style)
    assert missing[1:] == ["solid", "none"]
    assert unknown[1] == "dashed"
    assert unknown[2].startswith("repeating-linear-gradient")


def test_the_overview_stays_small_with_thousands_of_services(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as store:
        miniature = stand_up(store, tmp_path)
        many_services(miniature, 3000).publish()
        with served(miniature) as server:
            response = ask(server.url)
            assert len(response.text) < 40_000
            assert "3.005" in response.text  # German figures
