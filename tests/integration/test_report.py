"""Reports: a golden file checked by hand, what they keep, and what they compare with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from syncd.errors import NotFound
from syncd.exports.report_html import render_html
from syncd.exports.report_markdown import render_markdown
from syncd.model.evidence import ChannelKind
from syncd.model.report import Report, Table
from syncd.pipeline.gap_life import GapDecision, decide_gap
from syncd.pipeline.report import report
from syncd.pipeline.report_shelf import keep, kept, order_of
from syncd.rules.gap_life import GapAnswer
from syncd.storage import SqlStore, open_store
from tests.support.miniature import (
    DEAD_LINK,
    GROSSSTADT,
    NOT_LISTED,
    TO_PRINT,
    Miniature,
    channel,
    claim,
    grossstadt_claims,
    stand_up,
)
from tests.support.served import ask, served

GOLDEN = Path(__file__).parent.parent / "fixtures" / "golden"


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def miniature(store: SqlStore, tmp_path: Path) -> Miniature:
    return stand_up(store, tmp_path)


def written(miniature: Miniature, subject: str, language: str = "de") -> Report:
    return report(miniature.ask().view(), subject, language=language)


def tables(document: Report) -> dict[str, Table]:
    return {table.name: table for section in document.sections for table in section.tables}


@pytest.mark.parametrize("language", ["de", "en"])
def test_golden_report(miniature: Miniature, language: str) -> None:
    """The golden file was checked by hand; set GOLDEN=write to propose a new one for review."""
    path = GOLDEN / f"report-pilots-{language}.md"
    document = replace(written(miniature, "pilots", language), release_digest="0" * 64)
    digest = miniature.ask().view().release.digest
    found = render_markdown(document).replace(digest.encode(), b"0" * 64)
    if os.environ.get("GOLDEN") == "write":
        path.write_bytes(found)
    assert found == path.read_bytes()


def test_figures_of_a_report_add_up(miniature: Miniature) -> None:
    document = written(miniature, "00")
    facts = dict(document.facts)
    for table in (t for name, t in tables(document).items() if name.startswith("areas_")):
        for row in table.rows:
            assert row[2] == sum(int(str(value)) for value in row[3:9]), row
    assert int(facts["geschuldete Leistungen"]) == int(facts["online nutzbar"]) + int(facts["Lücken"]) + int(
        facts["unbekannt"]
    )


def test_areas_of_a_cohort_that_overlap_count_everybody_once(miniature: Miniature) -> None:
    """Auheim is named beside its Kreis."""
    assert dict(written(miniature, "pilots").facts)["Einwohner"] == "255.000"


def test_the_same_release_gives_the_same_report(miniature: Miniature) -> None:
    once = render_html(written(miniature, "pilots"))
    miniature.clock.forward(days=1)
    assert render_html(written(miniature, "pilots")) == once


def test_what_changed_since_the_release_before_is_named(miniature: Miniature) -> None:
    miniature.clock.forward(hours=1)
    more = claim("grossstadt", "G9", NOT_LISTED, GROSSSTADT, channel(ChannelKind.FORM, "gewerbe"))
    miniature.say("grossstadt", (*grossstadt_claims(), more))
    miniature.publish()
    changed = tables(written(miniature, GROSSSTADT))["changes"]
    assert [
        (row[0], row[1], getattr(row[2], "label", ""), getattr(row[3], "label", "")) for row in changed.rows
    ] == [("Mustergewerbe anzeigen", "Großstadt", "missing", "own")]


def test_what_changed_alike_is_one_line(miniature: Miniature) -> None:
    """A service that begins everywhere at once is one piece of news."""
    miniature.clock.forward(hours=1)
    everywhere = claim("bund", "B9", NOT_LISTED, "00", channel(ChannelKind.ONLINE_SERVICE, "gewerbe"))
    miniature.say("bund", (everywhere,))
    miniature.publish()
    changed = tables(written(miniature, "00"))["changes"]
    assert [
        (row[1], getattr(row[2], "label", "")) for row in changed.rows if row[0] == "Mustergewerbe anzeigen"
    ] == [
        ("Großstadt", "missing"),
        ("6 Stellen", "unknown"),
    ]


def test_causes_add_up_to_the_gaps(miniature: Miniature) -> None:
    document = written(miniature, "00")
    causes = tables(document)["causes"]
    assert sum(int(str(row[2])) for row in causes.rows) == int(dict(document.facts)["Lücken"])
    assert all(row[0] and row[1] and int(str(row[3])) <= int(str(row[2])) for row in causes.rows)


def test_a_report_without_gaps_names_no_kind_of_gap(miniature: Miniature) -> None:
    summary = written(miniature, "pilots").sections[0].paragraphs[0]
    assert ", davon " in summary
    assert " 0 " not in summary


def test_who_has_just_begun_to_look_sees_nothing_stand_still(miniature: Miniature) -> None:
    def said() -> str:
        return next(s for s in written(miniature, "pilots").sections if s.name == "rollout").paragraphs[0]

    assert said().startswith("Beobachtet wird erst seit dem 26.11.2026")
    miniature.clock.forward(days=57)
    miniature.say("grossstadt", grossstadt_claims()[:2])
    miniature.publish()
    assert said() == "Keine Verbreitung, die begonnen hatte, steht hier still."


def test_media_breaks_are_called_as_elsewhere_in_the_report(miniature: Miniature) -> None:
    document = written(miniature, "pilots")
    services = {
        row[0] for name, t in tables(document).items() if name.startswith("services_") for row in t.rows
    }
    sources = {row[0] for row in tables(document)["sources"].rows}
    rows = tables(document)["breaks"].rows
    assert rows
    assert {row[0] for row in rows} <= services
    assert {row[5] for row in rows} <= sources
    assert len({(row[0], row[1], row[4]) for row in rows}) == len(rows)


def test_the_first_release_has_nothing_to_be_compared_with(miniature: Miniature) -> None:
    section = next(s for s in written(miniature, GROSSSTADT).sections if s.name == "changes")
    assert section.paragraphs == ("Es gibt keinen früheren Stand zum Vergleich.",)


ASKED: dict[str, Any] = {"obligation_id": None, "since": None, "form": "md"}


def test_a_report_of_a_release_that_was_followed_stays_as_it_was(miniature: Miniature) -> None:
    view = miniature.ask().view()
    order = order_of(view, "pilots", language="de", **ASKED)
    assert kept(view, order) is None
    keep(view, order, b"as it was")
    assert kept(view, order) == b"as it was"
    assert kept(view, order_of(view, "pilots", language="en", **ASKED)) is None
    miniature.clock.forward(hours=1)
    miniature.say("grossstadt", grossstadt_claims()[:2])
    miniature.publish()
    miniature.clock.forward(days=40)
    decide(miniature, GapAnswer.ACKNOWLEDGE)
    assert kept(miniature.ask().view(release=1), order) == b"as it was"
    assert kept(miniature.ask().view(), order) is None


def test_a_report_of_the_current_release_is_written_anew_when_something_was_decided(
    miniature: Miniature,
) -> None:
    view = miniature.ask().view()
    order = order_of(view, "pilots", language="de", **ASKED)
    number = keep(view, order, b"before")
    decide(miniature, GapAnswer.ACKNOWLEDGE)
    assert kept(view, order) is None
    keep(view, order, b"after")
    assert kept(view, order) == b"after"
    assert view.store.kept_report(number)[1] == b"before"  # by its number for ever


def test_places_have_one_name_on_the_shelf(miniature: Miniature) -> None:
    view = miniature.ask().view()
    spellings = ("Großstadt", GROSSSTADT, "06411000")
    assert {order_of(view, one, language="de", **ASKED).subject for one in spellings} == {GROSSSTADT}


def decide(miniature: Miniature, answer: GapAnswer, key: str = NOT_LISTED, **more: Any) -> None:
    miniature.clock.forward(seconds=1)
    gap_id = f"alltag/gemeinde/{key}/{GROSSSTADT}"
    decide_gap(miniature.ask().view(), GapDecision(gap_id, answer, "weil", **more), decided_by="Anna")


def test_what_was_said_of_gaps_stands_beside_them_and_hides_none(miniature: Miniature) -> None:
    plain = written(miniature, GROSSSTADT)
    assert [column.title for column in tables(plain)["priorities"].columns][-1] == "passende Lösung"
    decide(miniature, GapAnswer.ACKNOWLEDGE)
    decide(miniature, GapAnswer.ASSIGN, value="Frau Öz")
    decide(miniature, GapAnswer.SET_DUE, value="2026-11-25")
    decide(miniature, GapAnswer.WAIVE, TO_PRINT, until=date(2027, 6, 30))
    told = written(miniature, GROSSSTADT)
    assert told.facts == plain.facts
    table = tables(told)["priorities"]
    assert [column.title for column in table.columns][-3:] == ["Status", "zugewiesen", "fällig am"]
    assert {row[1]: row[-3:] for row in table.rows} == {
        NOT_LISTED: ("zur Kenntnis genommen, 1 überfällig", "zugewiesen", "2026-11-25"),
        TO_PRINT: ("ausgenommen", "", None),
        DEAD_LINK: ("offen", "", None),
    }
    assert [row[:2] for row in tables(told)["statuses"].rows] == [
        ("offen", 1),
        ("zur Kenntnis genommen", 1),
        ("ausgenommen", 1),
        ("zugewiesen", 1),
        ("überfällig", 1),
    ]
    named = report(miniature.ask().view(), GROSSSTADT, language="de", names=True)
    assert "Frau Öz" in {row[-2] for row in tables(named)["priorities"].rows}


def test_an_unknown_obligation_is_named_with_those_there_are(miniature: Miniature) -> None:
    with pytest.raises(NotFound, match=r"no obligation 'pflicht' \(known: alltag, kreise\)"):
        report(miniature.ask().view(), "pilots", language="de", obligation_id="pflicht")


def test_the_api_gives_a_report_in_every_form(miniature: Miniature) -> None:
    with served(miniature) as site:
        address = f"{site.url}/v1/reports/pilots"
        answers = {
            form: ask(address, parameters={"format": form, "lang": "de"}) for form in ("json", "html", "md")
        }
        assert [answer.status for answer in answers.values()] == [200, 200, 200]
        assert json.loads(answers["json"].text)["title"] == "Lückenbericht: Pilotkommunen (synthetisch)"
        assert answers["md"].headers["Content-Type"] == "text/markdown; charset=utf-8"
        assert answers["md"].text.encode() == render_markdown(written(miniature, "pilots"))
        policy = answers["html"].headers["Content-Security-Policy"]
        assert "script-src" not in policy
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
        assert ask(f"{site.url}/v1/areas").headers["Content-Security-Policy"] != policy
        assert ask(f"{site.url}/v1/reports/nirgends").status == 404
        assert ask(address, parameters={"obligation": "pflicht"}).status == 404
        assert ask(address, parameters={"format": "pdf"}).status == 400


def test_the_api_sends_a_report_as_it_was_kept(miniature: Miniature) -> None:
    view = miniature.ask().view()
    order = order_of(view, "pilots", language="de", **ASKED)
    number = keep(view, order, b"as it was")
    named = keep(view, replace(order, names=True), b"Frau Meier")
    with served(miniature) as site:
        kept_one = ask(f"{site.url}/v1/reports/pilots", parameters={"format": "md", "lang": "de"})
        assert kept_one.text == "as it was"
        listed = json.loads(ask(f"{site.url}/v1/kept-reports", parameters={"subject": "pilots"}).text)[
            "items"
        ]
        assert [(one["report"], one["release"], one["format"], one["since"]) for one in listed] == [
            (number, 1, "md", None)
        ]
        again = ask(f"{site.url}/v1/kept-reports/{number}")
        assert (again.text, again.headers["Content-Type"]) == ("as it was", "text/markdown; charset=utf-8")
        assert "max-age" in again.headers["Cache-Control"]
        assert ask(f"{site.url}/v1/kept-reports/{named}").status == 404
        assert ask(f"{site.url}/v1/reports/pilots", parameters={"names": "true"}).status == 401


_WIDEST = "[...document.querySelectorAll('table')].map(one => [one.scrollWidth, one.tHead.innerText])"


def test_no_table_is_wider_than_a_page(miniature: Miniature, tmp_path: Path, browser_page: Any) -> None:
    """A browser prints everything as small as the widest table needs: 182 mm are left of A4."""
    path = tmp_path / "report.html"
    decide(miniature, GapAnswer.ACKNOWLEDGE)
    decide(miniature, GapAnswer.ASSIGN, value="Frau Öz")
    decide(miniature, GapAnswer.SET_DUE, value="2026-11-25")
    path.write_bytes(render_html(written(miniature, "pilots")))
    browser_page.set_viewport_size({"width": 688, "height": 1000})
    browser_page.emulate_media(media="print")
    browser_page.goto(path.as_uri())
    assert [one for one in browser_page.evaluate(_WIDEST) if one[0] > 688] == []
