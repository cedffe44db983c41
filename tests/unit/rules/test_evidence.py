"""Which rung a link reaches, by table; most addresses are real, from the Wiesbaden facts of October 2026."""

import pytest

from syncd.model.evidence import Channel, ChannelKind, Evidence, GradedChannel, LinkState
from syncd.rules import words
from syncd.rules.evidence import ADDRESS_RULES, best, grade

TABLE = [
    ("https://portal-civ.ekom21.de/civ.public/start.html?oe=00.00.WI.StA&mode=cc", Evidence.ONLINE_SERVICE),
    ("https://dtms.wiesbaden.de/DTMSTerminWeb/", Evidence.APPOINTMENT),
    ("https://anny.eu/b/de-formal/einbuergerung20250120se3302/services?view=list", Evidence.APPOINTMENT),
    ("https://www.wiesbaden.de/vv/medien/formulare/50/Hauptantrag-SGBXII-2023-09.pdf", Evidence.PDF_FORM),
    ("https://www.wiesbaden.de/formular.PDF?download=1", Evidence.PDF_FORM),
    ("https://verwaltungsportal.hessen.de/finanzamtssuche", Evidence.CONTACT),
    ("https://www.bundesjustizamt.de/DE/Gewerbezentralregister_node.html", Evidence.DESCRIPTION),
    ("https://www.bafoeg-digital.de", Evidence.ONLINE_SERVICE),
    ("https://www.example.org/terminal/antrag", Evidence.ONLINE_SERVICE),
    ("https://www.example.org/antrag?next=/suche", Evidence.ONLINE_SERVICE),
    ("https://www.example.org/rathaus/kontakt/", Evidence.CONTACT),
]


@pytest.mark.parametrize(("url", "rung"), TABLE)
def test_address_decides_how_far_the_claim_is_believed(url: str, rung: Evidence) -> None:
    assert grade(Channel(ChannelKind.ONLINE_SERVICE, url)).evidence is rung


def test_address_never_raises_a_claim() -> None:
    graded = grade(Channel(ChannelKind.APPOINTMENT, "https://portal.example.org/antrag"))
    assert graded.evidence is Evidence.APPOINTMENT
    assert graded.rule == "claim.appointment"


def test_online_service_without_a_link_is_contact_at_best() -> None:
    assert grade(Channel(ChannelKind.ONLINE_SERVICE)).evidence is Evidence.CONTACT


def test_dead_links_do_not_count() -> None:
    dead = Channel(ChannelKind.ONLINE_SERVICE, "https://a.example.org/x", link_state=LinkState.DEAD)
    alive = Channel(ChannelKind.PDF, "https://a.example.org/x.pdf")
    assert best([grade(dead), grade(alive)]) is Evidence.PDF_FORM
    assert best([grade(dead)]) is Evidence.DESCRIPTION
    assert best([]) is Evidence.DESCRIPTION


def test_every_rule_has_words_in_both_languages() -> None:
    rules = {rule.rule_id for rule in ADDRESS_RULES}
    for kind in ChannelKind:
        rules.add(grade(Channel(kind, "https://a.example.org/antrag")).rule)
        rules.add(grade(Channel(kind)).rule)
    for rule in rules:
        assert set(words.GRADING[rule]) == {"de", "en"}


@pytest.mark.parametrize("url", ["https://[broken", "http://", "not a url"])
def test_a_broken_address_is_graded_by_the_claim_alone(url: str) -> None:
    assert isinstance(grade(Channel(ChannelKind.FORM, url)), GradedChannel)
