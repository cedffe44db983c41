"""What reads damaged documents in :mod:`bench.fuzz`: each format's good documents and the way they go.

The way is that of the parse worker: parser, rules, encoding, with a ledger in memory for those that need one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

from bench import _profile_readers

if TYPE_CHECKING:
    from syncd.sdk.parsing import ComposingParser, ParseContext, Parser, Slice

Reader = tuple[bytes, Callable[[bytes], str]]


def _json_readers() -> list[Reader]:
    import orjson

    from connectors.dldb import parse as dldb
    from connectors.dldb.portal import SERVICES, synthetic_portal
    from connectors.pvog_suchdienst import parse as suchdienst

    detail = {
        "id": "S1.LB.1",
        "name": "Muster beantragen",
        "leikakeys": ["99001001000000"],
        "ars": ["064140000000"],
        "description": "<p>Ein &amp; Muster</p>",
        "organisations": [{"id": "9", "title": "Bürgeramt"}],
        "onlineServiceLinks": [{"id": "1", "title": "Antrag", "uri": "https://a.example/x"}],
        "forms": [{"title": "Formular", "uri": "https://a.example/x.pdf"}],
        "typing": [{"code": "2/3"}],
        "validFrom": "2026-01-01",
        "validTo": "2999-12-31",
        "languageCode": "de",
    }
    lookups = {
        "kind": "services",
        "authorities": '{"900":"Amt"}',
        "locations": '{"names":{"800":"Ort"},"links":{"2":[["800","https://a.example"]]}}',
    }
    return [
        (synthetic_portal().answers[SERVICES].body, _chain(dldb, lookups, {"area": "064140000000"})),
        (orjson.dumps(detail), _chain(suchdienst, {"kind": "detail", "ars": "064140000000"}, {})),
    ]


def _csv_readers() -> list[Reader]:
    from connectors.link_list import parse as link_list
    from connectors.link_list.portal import synthetic_portal as list_portal
    from connectors.pvog_suchdienst import parse as suchdienst
    from connectors.pvog_suchdienst.portal import synthetic_portal as suchdienst_portal

    (table,) = list_portal().answers.values()
    (catalogue,) = suchdienst_portal().answers.values()
    return [
        (table.body, _chain(link_list, {}, {"default_area": "064140000000"})),
        (catalogue.body, _chain(suchdienst, {"kind": "csv", "ars": "064140000000"}, {})),
        (table.body, _chain(link_list, {}, {"encoding": "cp1252", "delimiter": ";", "final_newline": False})),
    ]


def _xml_readers() -> list[Reader]:
    from syncd.sdk.errors import SourceFormatError
    from syncd.sdk.xml import read_records

    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<r xmlns="urn:x" xmlns:y="urn:y"><kopf>1</kopf>'
        '<e id="1"><name lang="de">Bürgeramt &amp; mehr</name><y:liste><teil>a</teil><teil>b</teil></y:liste>'
        "<![CDATA[<b>]]></e><!-- Bemerkung --><?pi x?><e id='2'>Text<e/></e></r>"
    )

    def read(document: bytes) -> str:
        try:
            records = list(read_records(BytesIO(document), roots=("r",), records=("e",)))
        except SourceFormatError:
            return "refused"
        return "faulty record" if any(record.fault for record in records) else "read"

    return [(body.encode(), read), (body.replace("UTF-8", "ISO-8859-15").encode("iso-8859-15"), read)]


def _xzufi_readers() -> list[Reader]:
    from connectors.xzufi_index import parse
    from connectors.xzufi_index.portal import FIRST, SECOND, synthetic_portal

    answers = synthetic_portal().answers
    more = (
        '<x:loesche klasse="Zustaendigkeit"><x:id schemeAgencyID="S1">9</x:id></x:loesche>'
        '<x:schreibe><x:onlinedienst><x:id schemeAgencyID="S1">5</x:id><x:link languageCode="de"><x:link>'
        "https://a.example</x:link></x:link></x:onlinedienst></x:schreibe></x:transfer>"
    )
    return [
        (answers[FIRST].body.replace(b"</x:transfer>", more.encode()), _composing_chain(parse, {})),
        (answers[SECOND].body, _composing_chain(parse, {})),
    ]


def _pvog_readers() -> list[Reader]:
    from connectors.pvog_bereitstelldienst import parse
    from connectors.pvog_bereitstelldienst.portal import synthetic_portal

    return [
        (answer.body, _composing_chain(parse, {"objects_field": "xzufiObjekte"}))
        for answer in synthetic_portal().answers.values()
    ]


def _infodienste_readers() -> list[Reader]:
    import orjson

    from connectors.infodienste import parse
    from connectors.infodienste.portal import DETAIL, LAND_ID, ONLINE, SERVICES, TOWN_ID, UNITS
    from connectors.infodienste.portal import synthetic_portal as portal

    places = {
        "area": "064140000000",
        "places": orjson.dumps({TOWN_ID: "064140000000"}).decode(),
        "above": orjson.dumps({LAND_ID: "06"}).decode(),
    }
    options = {"language": "de", "hidden": ["Typisierung"]}
    kinds = {SERVICES: "services", ONLINE: "online", UNITS: "units", DETAIL: "detail"}
    return [
        (
            portal().answers[path].body,
            _composing_chain(parse, options, {**places, "kind": kind, "id": "900"}),
        )
        for path, kind in kinds.items()
    ]


def _infodienste_xml_readers() -> list[Reader]:
    import orjson

    def element(name: str, value: object) -> str:
        if isinstance(value, list):
            return "".join(element(name, one) for one in value)
        if isinstance(value, dict):
            return f"<{name}>{''.join(element(key, one) for key, one in value.items())}</{name}>"
        return f"<{name}>{str(value).replace('<', '&lt;')}</{name}>"

    return [(element("r", orjson.loads(body)).encode(), read) for body, read in _infodienste_readers()]


def _open_pvog_readers() -> list[Reader]:
    import csv

    import orjson

    from connectors.open_pvog import parse
    from connectors.open_pvog.portal import REGION
    from connectors.open_pvog.portal import synthetic_portal as portal

    (table,) = portal().answers.values()
    rows = list(csv.DictReader(table.body.decode().splitlines()))
    page = orjson.dumps({"content": rows, "page": {"totalPages": 1, "totalElements": len(rows)}})
    return [
        (table.body, _composing_chain(parse, {}, {"kind": "csv", "ars": REGION})),
        (page, _composing_chain(parse, {}, {"kind": "page", "ars": REGION})),
    ]


def _open_pvog_table_readers() -> list[Reader]:
    return _open_pvog_readers()[:1]


def _open_pvog_page_readers() -> list[Reader]:
    return _open_pvog_readers()[1:]


def _fim_portal_readers() -> list[Reader]:
    from connectors.fim_portal import parse
    from connectors.fim_portal.portal import PROFILES, TEXTS
    from connectors.fim_portal.portal import synthetic_portal as portal

    answers = portal().answers
    return [
        (answers[PROFILES].body, _composing_chain(parse, {}, {"kind": "profiles"})),
        (answers[TEXTS].body, _composing_chain(parse, {}, {"kind": "texts"})),
    ]


def _composing_chain(
    parser: ComposingParser, options: Mapping[str, object], document: Mapping[str, str] | None = None
) -> Callable[[bytes], str]:
    """Return the way of a document through ledger, parser, rules and encoding."""
    from pathlib import Path

    from syncd.sdk.ledger import Ledger
    from syncd.sdk.parsing import ParseContext

    judge = _judge()

    def read(body: bytes) -> str:
        from syncd.sdk.errors import SourceFormatError

        context = ParseContext(options=options, document=document or {})
        with Ledger(Path(":memory:")) as ledger:
            try:
                parser.collect(BytesIO(body), context, ledger)
            except SourceFormatError:
                return "refused"
            outcomes = [judge(parser, piece, context) for piece in parser.compose(ledger, context)]
        return "record set aside" if "record set aside" in outcomes else "read"

    return read


def _chain(
    parser: Parser, document: Mapping[str, str], options: Mapping[str, object]
) -> Callable[[bytes], str]:
    """Return the way of a document through parser, rules and encoding, as the parse worker goes it."""
    from syncd.sdk.errors import SourceFormatError
    from syncd.sdk.parsing import ParseContext

    judge = _judge()

    def read(body: bytes) -> str:
        context = ParseContext(options=options, document=document)
        outcome = "read"
        try:
            for piece in parser.cut(BytesIO(body), context):
                if judge(parser, piece, context) != "read":
                    outcome = "record set aside"
        except SourceFormatError:
            return "refused"
        return outcome

    return read


def _judge() -> Callable[[Parser | ComposingParser, Slice, ParseContext], str]:
    """Return what parses, normalises and encodes one piece."""
    from syncd.model.area import AreaKey
    from syncd.model.record import Scope
    from syncd.pipeline.codec import encode_claims
    from syncd.rules.areas import AreaIndex
    from syncd.rules.normalise import normalise
    from syncd.sdk.parsing import RecordRejected

    scope = Scope((AreaKey("00"),))
    areas = AreaIndex(frozenset({"00", "06", "06414", "064140000000"}))

    def judge(parser: Parser | ComposingParser, piece: Slice, context: ParseContext) -> str:
        try:
            record = parser.parse(piece, context)
        except RecordRejected:
            return "record set aside"
        result = normalise(record, source_id="s", scope=scope, areas=areas)
        if result.quarantined:
            return "record set aside"
        try:
            encode_claims(result.claims).decode()
        except (TypeError, UnicodeError):
            return "record set aside"
        return "read"

    return judge


def _chain_of_profiles(options: Mapping[str, object]) -> Callable[[bytes], str]:
    from connectors.generic import parse

    return _composing_chain(parse, options)


READERS: dict[str, Callable[[], list[Reader]]] = {
    "json": _json_readers,
    "csv": _csv_readers,
    "xml": _xml_readers,
    "xzufi": _xzufi_readers,
    "pvog_block": _pvog_readers,
    "infodienste": _infodienste_readers,
    "infodienste_xml": _infodienste_xml_readers,
    "open_pvog_csv": _open_pvog_table_readers,
    "open_pvog_json": _open_pvog_page_readers,
    "fim_portal": _fim_portal_readers,
    **{
        name: partial(_profile_readers.readers, name, _chain_of_profiles) for name in _profile_readers.FORMATS
    },
}
