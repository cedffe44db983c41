"""Addresses that name another act than the service: what is accused, and above all what is not."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from syncd.model.service import ServiceKey
from syncd.rules.other_act import names_other_act

PASSPORT, WALLET = "99085001012000", "99108049012005"
HOME, CAR, TRADE = "99115005104000", "99036020001000", "99050012104000"
RECORDINGS = Path(__file__).parents[3] / "config/recordings"


def address(process: str) -> str:
    return f"https://portal.example/formulare/{process}"


@pytest.mark.parametrize(
    ("key", "name", "url"),
    [
        # The two that stand in the list of Wiesbaden.
        (PASSPORT, "Reisepass Ausstellung", "https://onlineantrag.ekom21.de/olav/verlust?mbom=6414000"),
        (
            WALLET,
            "Führerschein, Ersatz nach Verlust",
            "https://portal-civ-efa.ekom21.de/civ-efa-fsa.public/start.html?cc_key=FuehrerscheinUmtausch",
        ),
        (PASSPORT, "reisepass", address("Verlust")),
        (PASSPORT, "reisepass", address("passverlust")),
        # What the key says is enough.
        (PASSPORT, "", address("verlustanzeige")),
        (CAR, "Fahrzeug zulassen", address("kfz-abmeldung")),
        (TRADE, "Gewerbe Anmeldung", address("GewerbeUmmeldung")),
        (TRADE, "Gewerbe anmelden", address("ab-ummeldung-gewerbe")),
        ("99010019001000", "Aufenthaltserlaubnis Erteilung", address("aufenthalt_verl%C3%A4ngern")),
        ("99010019001000", "Aufenthaltserlaubnis Erteilung", address("aufenthalt_verlängern")),
        ("99010019001000", "Aufenthaltserlaubnis Erteilung", address("aufenthalt-verlaengerung")),
        ("99999001104000", "Musikschule Anmeldung", address("musikschule-kuendigen")),
        ("local:portal:7", "Gewerbe anmelden", address("gewerbeabmeldung")),
    ],
)
def test_accused(key: str, name: str, url: str) -> None:
    assert names_other_act(url, ServiceKey(key), [name])


@pytest.mark.parametrize(
    ("key", "name", "url"),
    [
        (PASSPORT, "Reisepass Ausstellung", address("reisepass")),
        (PASSPORT, "Reisepass Ausstellung, auch nach Verlust", address("verlust")),
        (PASSPORT, "Reisepass: Ersatz bei Diebstahl", address("verlust")),
        (WALLET, "Führerschein nach Verlust", address("fuehrerschein-verlust")),
        (WALLET, "Führerschein umtauschen oder nach Verlust ersetzen", address("FuehrerscheinUmtausch")),
        ("99008001014002", "", address("verlust")),
        ("99008001036000", "Personalausweis", address("verlust")),
        ("99008001063000", "Personalausweis", address("verlust")),
        ("99036026070000", "kfz", address("abmeldung")),
        # The act stands in one of the names only.
        (TRADE, "Gewerbe abmelden", address("gewerbeabmeldung")),
        # One form for several acts.
        (TRADE, "Gewerbe anmelden", address("an-ab-ummeldung")),
        (TRADE, "Gewerbe anmelden", address("An-und_Abmeldung")),
        (TRADE, "Gewerbe anmelden", address("gewerbeanmeldungummeldung/gewerbe_anmelden_abmelden")),
        (TRADE, "Gewerbe anmelden", address("HundAnmeldenOderAbmelden")),
        ("99157001070000", "Abmelden von Unternehmen", address("ab-ummeldung-unternehmen")),
        ("99157001011000", "Änderungen im Unternehmen melden", address("ab-ummeldung-unternehmen")),
        ("99010019001000", "Aufenthaltserlaubnis", address("erteilung-verlaengerung")),
        # Who moves in registers; portals call it both.
        (HOME, "Wohnsitz Anmeldung", address("wohnsitz-ummeldung")),
        (HOME, "Wohnsitz Anmeldung", address("anmeldung")),
        # Whole groups are about every act, and a name without one says nothing.
        ("99085001000000", "Reisepass", address("verlust")),
        ("local:portal:7", "Reisepass", address("verlust")),
        ("local:portal:7", "Reisepass beantragen", address("verlust")),
        ("99085001999000", "", address("verlust")),
        # Other losses, and announcements.
        ("99102008002000", "Einkommensteuer Festsetzung", address("verlustvortrag")),
        ("99102008002000", "Einkommensteuer Festsetzung", address("gewinn_verlustrechnung")),
        ("99012001006000", "Bauvorhaben Genehmigung", address("vorankuendigung")),
        ("99012001006000", "Bauvorhaben Genehmigung", address("fachkundig")),
        # Only the process counts, not host, authority or session.
        (PASSPORT, "Reisepass", "https://verlust.example/reisepass"),
        (PASSPORT, "Reisepass", "https://portal.example/verlust/reisepass"),
        (PASSPORT, "Reisepass", "https://portal.example/reisepass?from=verlust"),
        (PASSPORT, "Reisepass", "verlust"),
        (PASSPORT, "Reisepass", "https://[verlust"),
    ],
)
def test_not_accused(key: str, name: str, url: str) -> None:
    assert not names_other_act(url, ServiceKey(key), [name])


def test_of_all_links_recorded_only_the_two_known_ones_are_accused() -> None:
    """A rule that accuses half of Germany would be worse than none; the recordings hold what portals said."""
    accused = set()
    with gzip.open(RECORDINGS / "wiesbaden-2026-10-04/links.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter=";"):
            if row["url"] and names_other_act(row["url"], ServiceKey(row["service_key"]), [row["service"]]):
                accused.add(row["service"])
    read = 0
    with gzip.open(RECORDINGS / "pvog-bund-2025-01-20/catalogue.csv.gz", "rt", encoding="utf-8") as file:
        for line in file:
            service_id, key, *names, _, _, _, url = line.rstrip("\n").split("|")
            if not url.startswith("http"):
                continue
            read += 1
            official = len(key) == 14 and key.isdigit()
            service_key = ServiceKey(key) if official else ServiceKey.local("bund", service_id)
            if names_other_act(url, service_key, names):
                accused.add(names[0])
    assert accused == {"reisepass", "fuehrerschein-verlust"}
    assert read > 300
