"""What the planning commands say of the recorded answers: the list of Wiesbaden, and the Bund's portal.

Expected is what a person reads in ``config/recordings/wiesbaden-2026-10-04/links.csv.gz``: 64 services were
asked for, 46 found, 39 of them with a link; of these five lead to appointment tools, three to a search page,
two to pages of a content management system, one to a PDF, and two to the form of another act.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from syncd.cli.main import main
from tests.support.daemon import run_syncd, told

DEMANDED = ("--obligation", "everyday-64")
NOT_ONLINE = {
    "99008001012000": "appointment",  # Personalausweis
    "99036020001000": "appointment",  # Kfz-Zulassung
    "99036026017000": "appointment",  # Kfz-Abmeldung
    "99099002067000": "appointment",  # Einbürgerung
    "99108009012000": "appointment",  # Parkausweis
    "99102008002000": "contact",  # Einkommensteuer: Finanzamtssuche
    "99102010002000": "contact",  # Gewerbesteuer: Finanzamtssuche
    "99102019120000": "contact",  # steuerliche Erfassung: Finanzamtssuche
    "99107009017000": "pdf_form",  # Sozialhilfe
    "99052002109000": "description",  # Gewerbezentralregister
    "99114045017001": "description",  # Altersrente
}
WRONG_FORM = {"99085001012000", "99108049012005"}  # Reisepass: Verlust; Führerschein-Verlust: Umtausch


def test_what_is_not_online_in_wiesbaden_though_there_is_a_link(synced: Path) -> None:
    found = [
        one
        for one in told(synced, "media-breaks", "--area", "Wiesbaden", code=1)
        if one["source_id"] == "pvog-wiesbaden"
    ]
    broken = {one["service_key"]: one["evidence"] for one in found if one["finding"] == "media_break"}
    assert broken == NOT_ONLINE
    assert {one["service_key"] for one in found if one["finding"] == "other_act"} == WRONG_FORM
    assert len(found) == len(NOT_ONLINE) + len(WRONG_FORM)
    assert "Reifegrad" not in json.dumps(found, ensure_ascii=False)
    every = told(synced, "media-breaks", "--area", "064140000000", "--finding", "none")
    links = Counter(one["source_id"] for one in every if one["url"])
    assert links["pvog-wiesbaden"] + len(found) == 39


def test_procedures_in_use_in_wiesbaden(synced: Path) -> None:
    found = told(synced, "uniformity", "--area", "Wiesbaden")
    engines = {
        use["value"]
        for one in found
        for spread in one["spreads"]
        if spread["mark"] == "platform"
        for use in spread["uses"]
    }
    assert "civento" in engines
    assert not {one["service_key"] for one in found} & NOT_ONLINE.keys()
    # Only the city is known to be connected, so nobody deviates from anybody.
    assert all(spread["number"] == 1 for one in found for spread in one["spreads"])


def test_what_kassel_could_reuse(synced: Path) -> None:
    found = told(
        synced, "reuse", "066110000000", *DEMANDED, "--state", "unknown", "--service", "99059004012000",
        code=1,
    )  # fmt: skip
    (best,) = found[0]["solutions"]
    assert (best["engine"], best["host"], best["efa"]) == ("civento", "portal-civ-efa.ekom21.de", True)
    assert best["bodies"] == ["064140000000"]
    # Key 25, Land 15, size 10, online service 7, EfA 5.
    assert best["points"] == 62
    assert best["reasons"][0]["text"] == "derselbe Leistungsschlüssel"


def test_what_kassel_would_need_to_equal_wiesbaden(synced: Path) -> None:
    needed = told(synced, "blueprint", "066110000000", "Wiesbaden", *DEMANDED, code=1)
    # Nobody has told of Kassel but the Bund: what is unknown is to be found out and never said to be lacking.
    assert all((one["step"] == "find_out") == bool(one["place"]["unknown"]) for one in needed)
    assert sum(one["step"] == "find_out" for one in needed) > 20
    assert "adopt" not in {one["step"] for one in needed}
    assert not {one["service_key"] for one in needed} & NOT_ONLINE.keys()
    assert told(synced, "blueprint", "Wiesbaden", "Wiesbaden", *DEMANDED) == []


def test_priorities_of_the_pilots_print_the_formula(synced: Path) -> None:
    found = told(synced, "priorities", "pilots", *DEMANDED, code=1)
    assert found["formula"].startswith("Priorität = Menschen ohne die Leistung ×")
    services = {one["service_key"] for one in found["items"]}
    assert (
        found["cases"]
        == f"Fallzahlen unbekannt: {len(services)} von {len(services)} Leistungen haben Gewicht 1."
    )
    order = [one["priority"] for one in found["items"]]
    assert order == sorted(order, reverse=True)
    for one in found["items"]:
        assert one["priority"] == pytest.approx(one["people"] * one["weight"] * one["readiness"])
    assert NOT_ONLINE.keys() <= services


def test_one_release_is_no_roll_out(synced: Path) -> None:
    curves = told(synced, "adoption", "99059004012000", *DEMANDED, "--area", "Hessen")
    assert {one["stall"] for one in curves} == {"unknown"}
    assert {forecast["code"] for one in curves for forecast in one["forecasts"]} == {"too_much_unknown"}


def test_tables_say_the_formula_beside_the_result(synced: Path) -> None:
    done = run_syncd("priorities", "Wiesbaden", *DEMANDED, "--lang", "en", "--config", str(synced))
    assert done.returncode == 1
    assert done.stdout.startswith("priority\tobligation\tline\tkey")
    assert "× readiness of the solution" in done.stderr
    done = run_syncd("priorities", "Nirgendwo", "--config", str(synced))
    assert done.returncode == 2


def test_what_heuchelheim_would_need_is_not_known_and_said_so(
    synced: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody speaks for either yet: "nothing is needed" alone would sound like good news."""
    asked = ("blueprint", "Heuchelheim", "Hattersheim", *DEMANDED, "--lang", "de", "--config", str(synced))
    assert main(list(asked)) == 0
    said = capsys.readouterr().err
    assert "nichts ist nötig, soweit bekannt" in said
    assert "Bei 76 von 83 geschuldeten Leistungen ist in einem der beiden Orte etwas unbekannt" in said
