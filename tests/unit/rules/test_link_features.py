"""Each feature says what matched and weighs what its table says."""

from __future__ import annotations

import pytest

from syncd.model import facts
from syncd.model.evidence import Channel, ChannelKind
from syncd.model.linkage import Candidate, Described, LinkState
from syncd.model.record import Record
from syncd.model.service import Service, ServiceKey
from syncd.rules import link_features as f
from syncd.rules.candidates import ServiceIndex, decide
from syncd.rules.link_terms import describe


def service(key: str, name: str, **more: object) -> Service:
    return Service(ServiceKey(key), name, "test", **more)  # type: ignore[arg-type]


REGISTER = {
    s.key.value: s
    for s in (
        service("99102013104000", "Hundesteuer Anmeldung"),
        service("99102013070000", "Hundesteuer Abmeldung"),
        service("99107023000000", "Wohngeld", ozg_name="Wohngeld", situation="Bauen & Wohnen"),
        service(
            "99107023017000",
            "Wohngeld Bewilligung",
            ozg_name="Wohngeld",
            situation="Bauen & Wohnen",
            typing=("2/3",),
        ),
        service("99050039005000", "Finanzdienstleister nach § 32 Kreditwesengesetz Erlaubnis"),
        service("99059001104000", "Eheschließung Anmeldung"),
        service("99067004001000", "Jagdschein Erteilung für Ausländer"),
        service("99148017080000", "Förderdarlehen der KfW - Nr. 037 Gewährung"),
        service("99036008007001", "Kraftfahrzeug Zulassung aus Nicht-EU-Land"),
        service("99950001001000", "Almprämie Bewilligung"),
    )
}
INDEX = ServiceIndex.build(REGISTER)


def best(described: Described) -> Candidate:
    return INDEX.candidates(described)[0]


def found(described: Described, key: str, feature: str) -> tuple[int, str] | None:
    for candidate in INDEX.candidates(described, 50):
        if candidate.service_key == key:
            return next(((r.points, r.matched) for r in candidate.reasons if r.feature == feature), None)
    return None


def test_the_very_name_scores_everything() -> None:
    top = best(Described("Hundesteuer Anmeldung"))
    assert (top.service_key, top.score) == ("99102013104000", 1000)
    assert [r.feature for r in top.reasons] == [f.TITLE]


def test_scores_are_the_sum_of_their_reasons() -> None:
    for title in ("Hundesteuer für Jäger anmelden", "Wohngeld", "Jagdschein", "KfW Nr. 40"):
        for candidate in INDEX.candidates(Described(title)):
            assert candidate.score == max(0, min(1000, sum(r.points for r in candidate.reasons)))
            assert all(isinstance(r.points, int) for r in candidate.reasons)


@pytest.mark.parametrize(
    ("described", "key", "feature", "expected"),
    [
        (Described("Hundesteuer anmelden"), "99102013104000", f.ACT_SAME, (0, "register : register")),
        (
            Described("Hundesteuer anmelden"),
            "99102013070000",
            f.ACT_OPPOSITE,
            (f.POINTS[f.ACT_OPPOSITE], "register : deregister"),
        ),
        (Described("Wohngeld beantragen"), "99107023017000", f.ACT_SAME, (-10, "apply : grant")),
        (Described("Wohngeld beantragen"), "99107023000000", f.COARSE, (f.POINTS[f.COARSE], "apply : -")),
        (Described("Wohngeld"), "99107023017000", f.ACT_ONLY, (f.POINTS[f.ACT_ONLY], "- : grant")),
        (Described("Wohngeld ändern"), "99107023017000", f.ACT_DIFFERS, (-200, "change : grant")),
        (Described("Jagdschein Erteilung"), "99067004001000", f.ONLY_SERVICE, None),
        (Described("KfW Förderdarlehen Nr. 44 Gewährung"), "99148017080000", f.NUMBER, (-60, "037 44")),
        (Described("Kraftfahrzeug Zulassung aus EU-Land"), "99036008007001", f.NEGATION, (-120, "nicht")),
        (Described("Almprämie Bewilligung"), "99950001001000", f.LAND_SPECIFIC, (0, "99950001001000")),
        (
            Described("Erlaubnis für Finanzdienstleister", legal_grounds=("§ 32 KWG",)),
            "99050039005000",
            f.LEGAL,
            (60, "§ 32 kwg"),
        ),
        (
            Described("Finanzdienstleister Erlaubnis nach § 33 KWG"),
            "99050039005000",
            f.LEGAL_DIFFERS,
            (-120, "§ 32 kwg, § 33 kwg"),
        ),
        (
            Described("Wohngeld beantragen", key_fragments=("9910702301700",)),
            "99107023017000",
            f.KEY,
            (120, "9910702301700"),
        ),
        (
            Described("Wohngeld beantragen", key_fragments=("991070230",)),
            "99107023017000",
            f.KEY,
            (120, "991070230"),
        ),
        (
            Described("Wohngeld beantragen", key_fragments=("99.050.039.005",)),
            "99107023017000",
            f.KEY_DIFFERS,
            (-100, "99050039005"),
        ),
        (
            Described("Wohngeld", situation="Bauen & Wohnen"),
            "99107023017000",
            f.SITUATION,
            (10, "bau wohn"),
        ),
        (
            Described("Mietzuschuss Wohngeld", ozg_name="Wohngeld"),
            "99107023017000",
            f.BUNDLE,
            (20, "wohngeld"),
        ),
        (
            Described("Eheschließung", authority="Standesamt Wiesbaden"),
            "99059001104000",
            f.AUTHORITY,
            (20, "Standesamt Wiesbaden"),
        ),
        (
            Described("Eheschließung", authority="Finanzamt Wiesbaden"),
            "99059001104000",
            f.AUTHORITY_DIFFERS,
            (-30, "Finanzamt Wiesbaden"),
        ),
        (Described("Wohngeld", typing=("5",)), "99107023017000", f.TYPING, (-20, "2/3")),
    ],
)
def test_feature(described: Described, key: str, feature: str, expected: tuple[int, str] | None) -> None:
    got = found(described, key, feature)
    if expected is None and feature == f.ONLY_SERVICE:
        assert got is not None
        assert got[0] < 0
    else:
        assert got == expected


def test_a_synonym_stands_in_for_the_title() -> None:
    top = best(Described("Zuschuss zur Miete", synonyms=("Wohngeld Bewilligung",)))
    assert top.service_key == "99107023017000"
    assert top.reasons[0].feature == f.SYNONYM
    assert top.score == 1000 + f.POINTS[f.SYNONYM]


def test_one_keyword_of_many_proves_nothing() -> None:
    keywords = ("Miete", "Wohngeld Bewilligung", "Amt")
    top = best(Described("Umzug melden", synonyms=keywords))
    assert top.service_key == "99107023017000"
    assert f.KEYWORD in {r.feature for r in top.reasons}
    assert decide((top,)).state is LinkState.REVIEW
    named = best(Described("Wohngeld", synonyms=keywords))
    assert f.KEYWORD not in {r.feature for r in named.reasons}


def test_a_title_of_the_opposite_act_is_not_overruled_by_a_synonym() -> None:
    described = Described("Hund abmelden", synonyms=("Hundesteuer Anmeldung",))
    assert decide(INDEX.candidates(described)).state is not LinkState.LINKED


def test_description_and_address_count_for_what_the_title_lacks() -> None:
    title = "Jagdschein erteilen"
    bare = best(Described(title)).score
    told = best(Described(title, description="Auch für Ausländer.")).score
    linked = best(Described(title, urls=("https://a.example/jagdschein-auslaender",))).score
    repeated = best(Described(title, description="Jagdschein")).score
    assert bare < told
    assert bare < linked
    assert repeated == bare


def test_features_beside_the_title_are_limited_together() -> None:
    much = Described(
        "Wohngeld",
        key_fragments=("9910702301700",),
        situation="Bauen & Wohnen",
        ozg_name="Wohngeld",
        authority="Wohngeldstelle",
    )
    top = next(c for c in INDEX.candidates(much) if c.service_key == "99107023017000")
    beside = sum(r.points for r in top.reasons if r.feature in {f.KEY, f.SITUATION, f.BUNDLE, f.AUTHORITY})
    assert beside == f.BONUS_LIMIT == 150


def test_describe_takes_what_is_no_key() -> None:
    record = Record(
        "7",
        "Wohngeld",
        service_keys=("99107023017000, 9910702301700", "Wohngeld"),
        description="Text",
        authority="Amt",
        channels=(Channel(ChannelKind.PAGE, url="https://a.example/x"),),
        page_url="https://a.example/y",
        facts={facts.SYNONYMS: "Mietzuschuss|Lastenzuschuss", facts.SITUATION: "Wohnen"},
    )
    said = describe(record)
    assert said.key_fragments == ("9910702301700", "Wohngeld")
    assert said.synonyms == ("Mietzuschuss", "Lastenzuschuss")
    assert said.urls == ("https://a.example/x", "https://a.example/y")
    assert (said.title, said.situation, said.authority) == ("Wohngeld", "Wohnen", "Amt")
