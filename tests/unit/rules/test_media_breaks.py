"""Every channel with its finding: what is claimed, what its address shows, what a look found."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from syncd.model.area import AreaKey
from syncd.model.evidence import Channel, ChannelKind, Evidence, GradedChannel, LinkState
from syncd.model.linkage import LinkMethod
from syncd.model.probe import LinkVerdict, TargetKind
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from syncd.rules.field_rulings import FieldRuling, FieldRulings
from syncd.rules.media_breaks import Finding, finding_of, judged_channels
from syncd.rules.merge import REFUTED, Seen, merge
from syncd.rules.other_act import OTHER_ACT
from syncd.rules.plan_words import FINDINGS
from syncd.rules.precedence import Precedence

PORTAL = "https://portal.example/"
ONLINE, FORM, LINK = ChannelKind.ONLINE_SERVICE, ChannelKind.FORM, ChannelKind.UNKNOWN_LINK


def findings(*channels: Channel, seen: Seen | None = None) -> dict[str, tuple[Finding, str]]:
    """Merge one claim with these channels and return finding and rule by link."""
    claim = Claim(
        "portal", "1", ServiceKey("99036020001000"), AreaKey("064140000000"), "Zulassung", channels=channels
    )
    (entry,) = merge([claim], Precedence(), seen or Seen())
    return {
        (judged.graded.channel.url or ""): (judged.finding, judged.graded.rule)
        for judged in judged_channels(entry.channels)
    }


def look(path: str, target: TargetKind, rule: str, state: LinkState = LinkState.OK) -> Seen:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    url = PORTAL + path
    return Seen({url: LinkVerdict(url, state, target, rule, at, 200, seen=target, seen_by=rule)})


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        (ONLINE, "antrag", Finding.NONE),
        (FORM, "antrag", Finding.NONE),
        (ONLINE, "antrag.pdf", Finding.CONTRADICTED_BY_ADDRESS),
        (FORM, "terminvergabe", Finding.CONTRADICTED_BY_ADDRESS),
        (ONLINE, "kontakt.html", Finding.CONTRADICTED_BY_ADDRESS),
        # Honest channels contradict nothing; they are where the path ends.
        (ChannelKind.PDF, "antrag.pdf", Finding.MEDIA_BREAK),
        (ChannelKind.APPOINTMENT, "termin", Finding.MEDIA_BREAK),
        (LINK, "finanzamtssuche", Finding.MEDIA_BREAK),
        (LINK, "terminvergabe", Finding.MEDIA_BREAK),
        (LINK, "antrag", Finding.NONE),
        (LINK, "renten/online-services_node.html", Finding.MEDIA_BREAK),
        # The service is the registration of a car, not its end.
        (LINK, "kfz/abmeldung", Finding.OTHER_ACT),
        (ONLINE, "olav/Verlust?mbom=1", Finding.OTHER_ACT),
        (ONLINE, "olav/anmeldung", Finding.NONE),
        # A page about the service claims no path at all.
        (ChannelKind.PAGE, "leistung", Finding.NONE),
    ],
)
def test_what_an_address_shows(kind: ChannelKind, path: str, expected: Finding) -> None:
    assert findings(Channel(kind, PORTAL + path))[PORTAL + path][0] is expected


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        (TargetKind.PDF, "probe.print_type"),
        (TargetKind.APPOINTMENT, "probe.appointment_page"),
        (TargetKind.HOME, "probe.start_page"),
        # Where redirects end decides the same rule as an address does; it is still the look that found it.
        (TargetKind.SEARCH, "address.search_page"),
    ],
)
def test_a_look_that_contradicts_is_a_finding_of_its_own(target: TargetKind, rule: str) -> None:
    found = findings(Channel(ONLINE, f"{PORTAL}antrag"), seen=look("antrag", target, rule))
    assert found == {f"{PORTAL}antrag": (Finding.CONTRADICTED_BY_PROBE, rule)}


def test_a_look_that_agrees_contradicts_nothing() -> None:
    seen = look("antrag", TargetKind.ONLINE_SERVICE, "probe.engine")
    assert findings(Channel(ONLINE, f"{PORTAL}antrag"), seen=seen)[f"{PORTAL}antrag"][0] is Finding.NONE


def test_dead_links_and_links_not_given() -> None:
    dead = look("antrag", TargetKind.GONE, "probe.status_gone", LinkState.DEAD)
    assert findings(Channel(ONLINE, f"{PORTAL}antrag"), seen=dead)[f"{PORTAL}antrag"][0] is Finding.DEAD_LINK
    assert findings(Channel(ONLINE))[""] == (Finding.NO_LINK, "claim.without_link")


def test_a_form_to_print_beside_an_online_service_breaks_nothing() -> None:
    found = findings(Channel(ONLINE, f"{PORTAL}antrag"), Channel(ChannelKind.PDF, f"{PORTAL}a.pdf"))
    assert {finding for finding, _ in found.values()} == {Finding.NONE}


def test_only_the_rung_the_offer_reaches_is_the_break() -> None:
    found = findings(
        Channel(ChannelKind.APPOINTMENT, f"{PORTAL}termin"), Channel(ChannelKind.PDF, f"{PORTAL}a.pdf")
    )
    assert found[f"{PORTAL}a.pdf"][0] is Finding.MEDIA_BREAK
    assert found[f"{PORTAL}termin"][0] is Finding.NONE


def test_words() -> None:
    assert FINDINGS.keys() == {one.value for one in Finding}
    # The grade is ours; the official word would claim what no source delivers.
    assert "reifegrad" not in repr(FINDINGS).lower()
    assert Evidence.PDF_FORM < Evidence.ONLINE_FORM


def test_what_an_operator_decided_is_said_to_be_theirs() -> None:
    refuted = GradedChannel(Channel(ONLINE, f"{PORTAL}antrag"), Evidence.DESCRIPTION, REFUTED)
    assert finding_of(refuted, Evidence.DESCRIPTION) is Finding.CONTRADICTED_BY_OPERATOR


@pytest.mark.parametrize("name", ["Führerschein Umtausch", "FÜHRERSCHEIN UMTAUSCH", "Umtausch, Verlust"])
def test_an_act_that_the_service_names_is_no_other_act(name: str) -> None:
    url = "https://a.example/civ.public/start.html?cc_key=FuehrerscheinUmtausch"
    claim = Claim(
        "portal", "1", ServiceKey("99108049012001"), AreaKey("06"), name, channels=(Channel(ONLINE, url),)
    )
    (entry,) = merge([claim], Precedence())
    assert [one.finding for one in judged_channels(entry.channels)] == [Finding.NONE]
    (entry,) = merge([claim], Precedence(), service_name="Führerschein Verlust")
    assert [one.finding for one in judged_channels(entry.channels)] == [Finding.NONE]


def test_a_form_for_another_act_proves_a_description_only() -> None:
    wrong = Channel(ONLINE, f"{PORTAL}olav/verlust")
    claim = Claim("portal", "1", ServiceKey("99085001012000"), AreaKey("06"), "Reisepass", channels=(wrong,))
    (entry,) = merge([claim], Precedence(), service_name="Reisepass Ausstellung")
    assert entry.evidence is Evidence.DESCRIPTION
    assert [graded.rule for graded, _ in entry.channels] == [OTHER_ACT]
    assert not entry.link_dead
    right = Channel(ONLINE, f"{PORTAL}pass/antrag")
    (entry,) = merge([dataclasses.replace(claim, channels=(wrong, right))], Precedence())
    assert entry.evidence is Evidence.ONLINE_SERVICE
    assert [one.finding for one in judged_channels(entry.channels)] == [Finding.NONE, Finding.OTHER_ACT]


def test_who_pins_the_title_says_what_the_service_is_about() -> None:
    """A wrong accusation ends with a pin: an operator knows what the form is for."""
    key = ServiceKey("99085001012000")
    link = Channel(ONLINE, f"{PORTAL}olav/verlust")
    claim = Claim("portal", "1", key, AreaKey("06"), "Reisepass", channels=(link,))
    ruling = FieldRuling("j1", "pin", "Reisepass nach Verlust")
    (entry,) = merge([claim], Precedence(), rulings=FieldRulings({("06", "title"): ruling}))
    assert entry.evidence is Evidence.ONLINE_SERVICE


def test_what_a_parent_offers_is_no_contradiction() -> None:
    claim = Claim(
        "portal",
        "1",
        ServiceKey("99085001012001"),
        AreaKey("06"),
        "Reisepass",
        channels=(Channel(ONLINE, f"{PORTAL}pass"),),
        linked_by=LinkMethod.HIERARCHY,
    )
    (entry,) = merge([claim], Precedence())
    assert [one.finding for one in judged_channels(entry.channels)] == [Finding.PARENT_KEY]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Abmelden von Unternehmen", Finding.NONE),
        ("Änderungen im Unternehmen melden", Finding.NONE),
        ("Unternehmen anmelden", Finding.OTHER_ACT),
    ],
)
def test_one_form_for_two_acts(title: str, expected: Finding) -> None:
    link = Channel(ONLINE, "https://portal.svlfg.de/svlfg-apps/antrag/lbg/ab-ummeldung-unternehmen")
    claim = Claim("portal", "1", ServiceKey("99108049012001"), AreaKey("00"), title, channels=(link,))
    (entry,) = merge([claim], Precedence())
    assert [one.finding for one in judged_channels(entry.channels)] == [expected]
