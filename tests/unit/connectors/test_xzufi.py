"""The shared XZuFi reader: what objects mean together, whatever version, order and number they come in."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.sdk import xzufi
from syncd.sdk.ledger import Ledger
from syncd.sdk.parsing import ParseContext
from syncd.sdk.records import Channel, ChannelKind, RecordPart
from tests.support.composed import Composed, compose_all
from tests.support.xzufi import (
    AGENCY,
    authority,
    competence,
    delete,
    embedded,
    form,
    links,
    message,
    module,
    online_service,
    service,
    write,
)

SPECIALISATION = write(f'<x:spezialisierung><x:id schemeAgencyID="{AGENCY}">1</x:id></x:spezialisierung>')


def read(*objects: str, **more: Any) -> Composed:
    return compose_all(xzufi, [(message(*objects, **more), {})])


def issue_value(found: Composed, code: str) -> str:
    (value,) = [issue.value for issue in found.issues if issue.code == code]
    return value


class TestMeeting:
    def test_everybody_competent_is_a_part_with_areas_of_its_own(self) -> None:
        found = read(
            competence(1, 7, 99, "06411"),
            competence(2, 7, 99, "06412"),
            competence(3, 7, 98, "06411", role="03"),
            competence(4, 7, 55, ["06", "05"], kind="Onlinedienst"),
            competence(5, 7, 44, "06411", kind="Formular"),
            service(7),
            authority(99),
            authority(98, "Servicestelle"),
            online_service(55),
            form(44, "https://a.example/antrag.PDF"),
        )
        record = found.only()
        assert record.native_id == f"{AGENCY}/7"
        assert record.areas == ()
        assert set(record.parts) == {
            RecordPart(("06411", "06412"), "Musteramt", f"{AGENCY}/99"),
            RecordPart(
                ("06411",),
                channels=(Channel(ChannelKind.CONTACT, None, "Servicestelle", f"{AGENCY}/98"),),
            ),
            RecordPart(
                ("05", "06"),
                channels=(
                    Channel(
                        ChannelKind.ONLINE_SERVICE,
                        "https://antrag.example/55",
                        "Muster online",
                        f"{AGENCY}/55",
                    ),
                ),
            ),
            RecordPart(
                ("06411",),
                channels=(
                    Channel(
                        ChannelKind.PDF, "https://a.example/antrag.PDF", "Musterformular", f"{AGENCY}/44"
                    ),
                ),
            ),
        }
        assert found.codes == []
        assert not found.unknown

    @given(st.permutations(range(5)))
    def test_the_order_of_objects_means_nothing(self, order: list[int]) -> None:
        objects = [
            service(7),
            authority(99),
            online_service(55),
            competence(1, 7, 99),
            competence(2, 7, 55, kind="Onlinedienst"),
        ]
        assert read(*(objects[at] for at in order)).raw == read(*objects).raw

    def test_the_same_number_of_another_agency_or_class_is_another_object(self) -> None:
        found = read(
            service(7, "Eins", areas=["06"]),
            service(7, "Zwei", areas=["06"], agency="L100000"),
            service(7, "Drei", areas=["06"], agency="a/b"),
            authority(7),
            online_service(7),
        )
        assert {record.native_id: record.title for record in found.records} == {
            f"{AGENCY}/7": "Eins",
            "L100000/7": "Zwei",
            "a%2Fb/7": "Drei",
        }

    def test_competences_of_two_classes_may_have_the_same_number(self) -> None:
        found = read(
            service(7),
            authority(99),
            online_service(55),
            competence(1, 7, 99),
            competence(1, 7, 55, kind="Onlinedienst"),
            delete("Zustaendigkeit", 1, scheme="ZustaendigkeitOnlinedienst"),
        )
        assert [part.authority for part in found.only().parts] == ["Musteramt"]

    def test_a_delete_that_does_not_say_whose_competence_takes_every_one_of_that_number(self) -> None:
        found = read(
            service(7, areas=["06"]),
            authority(99),
            online_service(55),
            competence(1, 7, 99),
            competence(1, 7, 55, kind="Onlinedienst"),
            delete("Zustaendigkeit", 1),
        )
        assert (found.only().parts, found.only().areas) == ((), ("06",))

    def test_without_anybody_competent_the_description_is_valid_where_it_says(self) -> None:
        record = read(service(7, areas=["06412", "06411", "06411"])).only()
        assert record.areas == ("06411", "06412")
        assert record.parts == ()

    def test_without_any_area_there_is_no_record_but_a_finding(self) -> None:
        found = read(service(7), service(8), service(9, areas=["06"]))
        assert [record.native_id for record in found.records] == [f"{AGENCY}/9"]
        assert issue_value(found, "xzufi_service_without_area") == f"2, such as {AGENCY}/7, {AGENCY}/8"

    def test_a_competence_without_an_area_holds_where_the_description_does(self) -> None:
        found = read(service(7, areas=["06"]), authority(99), competence(1, 7, 99, []))
        assert found.only().parts == (RecordPart(("06",), "Musteramt", f"{AGENCY}/99"),)
        nowhere = read(service(7), authority(99), competence(1, 7, 99, []))
        assert nowhere.records == []
        assert nowhere.codes == ["xzufi_service_without_area"]

    def test_references_that_lead_nowhere_are_counted_and_claim_nothing_online(self) -> None:
        found = read(
            service(7),
            competence(1, 7, 99),
            competence(2, 7, 55, kind="Onlinedienst"),
            competence(3, 4711, 99),
            competence(4, 4711, 99, "06"),
        )
        assert found.only().parts == (RecordPart(("064110000000",), None, f"{AGENCY}/99"),)
        assert issue_value(found, "xzufi_dangling_reference").startswith("3, such as Onlinedienst")

    def test_an_unknown_role_is_neither_authority_nor_contact(self) -> None:
        found = read(service(7), authority(99), competence(1, 7, 99, role="02"))
        assert found.only().parts == (RecordPart(("064110000000",)),)
        assert found.codes == ["xzufi_unknown_role"]

    def test_the_class_of_the_owner_is_found_where_nothing_tells_it(self) -> None:
        for scheme in ("", "Zustaendigkeit"):
            found = read(
                service(7),
                online_service(55),
                competence(1, 7, 55, kind="x", scheme=scheme, role=""),
            )
            assert [c.kind for p in found.only().parts for c in p.channels] == [ChannelKind.ONLINE_SERVICE]


class TestEmbedded:
    def test_competences_inside_an_authority(self) -> None:
        found = read(
            service(7),
            service(8),
            authority(99, "Amt", embedded(7, "06411", "06412"), embedded(8, "06411", number=1, role="03")),
        )
        first, second = found.records
        assert first.parts == (RecordPart(("06411", "06412"), "Amt", f"{AGENCY}/99"),)
        assert [channel.kind for channel in second.parts[0].channels] == [ChannelKind.CONTACT]

    def test_an_authority_written_again_replaces_what_is_inside_it(self) -> None:
        found = read(
            service(7, areas=["05"]),
            service(8),
            authority(99, "Amt", embedded(7, "06411"), embedded(8, "06411", number=1)),
            authority(99, "Amt neu", embedded(8, "06412", number=1)),
        )
        assert [record.areas or record.parts[0].areas for record in found.records] == [("05",), ("06412",)]
        gone = read(service(7, areas=["05"]), authority(99, "Amt", embedded(7, "06411")), authority(99))
        assert gone.only().areas == ("05",)

    def test_a_deleted_authority_takes_them_along(self) -> None:
        found = read(
            service(7, areas=["05"]),
            authority(99, "Amt", embedded(7, "06411")),
            delete("Organisationseinheit", 99),
        )
        assert found.only().areas == ("05",)

    def test_thousands_inside_one_authority(self) -> None:
        inside = [embedded(7, *(f"06{number:03d}{at:07d}" for at in range(50))) for number in range(400)]
        found = read(service(7), authority(99, "Land", *inside))
        assert len(found.only().parts[0].areas) == 20_000


class TestDeletes:
    @pytest.mark.parametrize(
        ("kind", "thing"),
        [
            ("Leistung", service(1)),
            ("LeistungSpezialisierung", SPECIALISATION),
            ("Organisationseinheit", authority(1)),
            ("Onlinedienst", online_service(1)),
            ("Formular", form(1, "https://a.example")),
            ("Zustaendigkeit", competence(1, 7, 99)),
        ],
    )
    def test_every_class_is_deleted_by_its_own_name(self, kind: str, thing: str) -> None:
        found = read(service(7, areas=["06"]), thing, delete(kind, 1))
        assert found.codes == []
        assert found.only().native_id == f"{AGENCY}/7"
        assert not found.unknown

    def test_orphans_are_counted_in_one_finding(self, tmp_path: Path) -> None:
        with Ledger(tmp_path / "ledger") as ledger:
            for block in range(3):
                deletes = [delete("Zustaendigkeit", block * 1_000 + number) for number in range(1_000)]
                context = ParseContext()
                header = xzufi.collect(
                    io.BytesIO(message(*deletes, delete("Onlinedienst", 1))), context, ledger
                )
                assert header.deletes == 1_001
                assert context.issues == []
            context = ParseContext()
            assert list(xzufi.compose(ledger, context)) == []
            assert [(issue.code, issue.value) for issue in context.issues] == [
                ("xzufi_orphan_deletes", "3003")
            ]
            again = ParseContext()
            list(xzufi.compose(ledger, again))
            assert again.issues == []

    def test_a_class_nobody_knows(self) -> None:
        found = read(service(7, areas=["06"]), delete("Gebiet", 7), "<x:loesche/>")
        assert found.unknown == {"loesche/@klasse=Gebiet": 1, "loesche/@klasse=": 1}
        assert len(found.records) == 1

    def test_a_replay_changes_nothing(self) -> None:
        objects = (service(7), authority(99), competence(1, 7, 99), delete("Leistung", 8))
        assert read(*objects, *objects).raw == read(*objects).raw


class TestService:
    def test_versions_say_the_same_in_other_words(self) -> None:
        old = read(service(7, areas=["06"]), version="2_1_0")
        new = write(
            f'<x:leistung><x:id schemeAgencyID="{AGENCY}">7</x:id>'
            "<x:referenzLeistungsschluessel>urn:de:fim:leika:leistung:99002001001000"
            f"</x:referenzLeistungsschluessel>{module('03', 'Muster beantragen')}"
            "<x:gueltigkeitGebietID>06</x:gueltigkeitGebietID></x:leistung>"
        )
        assert read(new, version="2_3_1").records == old.records
        assert old.codes == []
        assert read(new, version="3_0_0").codes == ["xzufi_unknown_version"]

    def test_everything_that_is_mapped(self) -> None:
        record = read(
            service(
                7,
                None,
                module("02", "Musterleistung Erteilung"),
                module("03", "Muster &amp;lt;b&amp;gt; beantragen"),
                module("03", "Apply", "en"),
                module("06", "Volltext"),
                module("05", "&lt;p&gt;Ein &lt;b&gt;Muster&lt;/b&gt;&lt;br/&gt;kurz&lt;/p&gt;"),
                "<x:typisierung><code>1;2/3</code></x:typisierung>",
                "<x:typisierung><code>4b</code></x:typisierung>",
                "<x:vertrauensniveau><code>15</code></x:vertrauensniveau>",
                "<x:informationsbereichSDG><code>1020200</code></x:informationsbereichSDG>",
                "<x:informationsbereichSDG><code>0000000</code></x:informationsbereichSDG>",
                '<x:idSekundaer schemeAgencyID="L100108">4711</x:idSekundaer>',
                '<x:idSekundaer schemeAgencyID="B100019">12</x:idSekundaer>',
                "<x:idSekundaer>7</x:idSekundaer>",
                "<x:versionsinformation><x:geaendertDatumZeit>2025-09-01T10:00:00.123456789Z"
                "</x:geaendertDatumZeit><x:version>3</x:version></x:versionsinformation>",
                '<x:modulUrsprungsportal languageCode="en"><x:uri>https://a.example/en</x:uri>'
                '</x:modulUrsprungsportal><x:modulUrsprungsportal languageCode="de">'
                "<x:uri>https://a.example/7</x:uri></x:modulUrsprungsportal>",
                "<x:gueltigkeit><x:beginn>2026-03-01</x:beginn><x:ende>2026-06-30</x:ende></x:gueltigkeit>",
                "<x:gueltigkeit><x:beginn>2026-01-01</x:beginn><x:ende>2026-12-31</x:ende></x:gueltigkeit>",
                "<x:sprachversion><x:languageCode>de</x:languageCode></x:sprachversion>",
                areas=["06"],
                keys=["99002001001000", "01002001001000", "99002001001000"],
            )
        ).only()
        assert record.title == "Muster <b> beantragen"
        assert record.description == "Ein Muster kurz"
        assert record.service_keys == ("99002001001000", "01002001001000")
        assert record.typing == ("1", "2/3", "4b")
        assert record.language == "de"
        assert record.facts == {
            "trust_level": "15",
            "sdg": "1020200",
            "editorial_id": "B100019/12|L100108/4711",
        }
        assert record.changed_at == datetime(2025, 9, 1, 10, 0, 0, 123456, tzinfo=UTC)
        assert record.page_url == "https://a.example/7"
        assert (record.valid_from, record.valid_to) == (date(2026, 1, 1), date(2026, 12, 31))

    def test_an_open_period_opens_the_bound(self) -> None:
        periods = (
            "<x:gueltigkeit><x:beginn>2026-01-01</x:beginn></x:gueltigkeit>",
            "<x:gueltigkeit><x:beginn>2026-03-01</x:beginn><x:ende>bald</x:ende></x:gueltigkeit>",
        )
        found = read(service(7, "T", *periods, areas=["06"]), service(8, "T", periods[1], areas=["06"]))
        assert [(r.valid_from, r.valid_to) for r in found.records] == [
            (date(2026, 1, 1), None),
            (date(2026, 3, 1), None),
        ]
        assert found.codes == ["bad_date"]

    def test_a_description_in_another_language_only(self) -> None:
        record = read(
            service(7, None, module("02", "Apply", "en_GB"), module("05", "Kurz", "de"), areas=["06"])
        ).only()
        assert (record.title, record.language, record.description) == ("Apply", "en-GB", "Kurz")

    def test_without_a_title_it_is_set_aside(self) -> None:
        found = read(service(7, None, module("05", "Kurz"), areas=["06"]))
        assert [rejection.code for rejection in found.rejected] == ["record_without_title"]
        detail = '<x:verrichtungsdetail languageCode="de">für Muster</x:verrichtungsdetail>'
        detail = f"<x:struktur>{detail}</x:struktur>"
        assert read(service(7, None, detail, areas=["06"])).only().title == "für Muster"

    def test_forms_of_the_description_hold_where_an_authority_is_competent(self) -> None:
        link = "<x:uri>https://a.example/f</x:uri><x:titel>Antrag</x:titel>"
        link = f"<x:weiterfuehrenderLink>{link}</x:weiterfuehrenderLink>"
        forms = module("14", "Formulare", links=link)
        own = (Channel(ChannelKind.FORM, "https://a.example/f", "Antrag", None),)
        assert read(service(7, "T", forms, areas=["06"])).only().channels == own
        competent = read(service(7, "T", forms), authority(99), competence(1, 7, 99)).only()
        assert (competent.channels, competent.parts[0].channels) == ((), own)
        online = read(service(7, "T", forms), online_service(5), competence(1, 7, 5, kind="Onlinedienst"))
        assert RecordPart(("064110000000",), channels=own) in online.only().parts

    def test_links_of_the_preferred_language_once_each(self) -> None:
        inside = links({"en": "https://a.example/en"}) + links({"de": "https://a.example/de"}, "Antrag")
        inside += links({"de": "https://a.example/{id}"})
        trust = "<x:vertrauensniveau><code>30</code></x:vertrauensniveau>"
        found = read(
            service(7),
            online_service(5, "Dienst", inside, inside, trust),
            competence(1, 7, 5, kind="Onlinedienst"),
        )
        (part,) = found.only().parts
        assert [(c.url, c.label) for c in part.channels] == [("https://a.example/de", "Antrag")]
        assert found.only().facts == {"trust_level": "30"}
        assert found.codes == ["placeholder_link"]

    def test_an_online_service_without_a_usable_link_is_named_without_one(self) -> None:
        found = read(
            service(7), online_service(5, "Dienst", "<x:link/>"), competence(1, 7, 5, kind="Onlinedienst")
        )
        assert found.only().parts[0].channels == (
            Channel(ChannelKind.ONLINE_SERVICE, None, "Dienst", f"{AGENCY}/5"),
        )

    def test_markup_that_was_not_escaped_keeps_its_text(self) -> None:
        found = read(service(7, "Muster <b>fett</b>", areas=["06"]))
        assert found.only().title == "Muster fett"
        assert found.unknown == {}
