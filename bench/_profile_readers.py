"""Documents of every format a profile can read, for :mod:`bench.fuzz`; all invented."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

FORMATS = (
    *("profile_json", "profile_ndjson", "profile_xml", "profile_csv", "profile_xlsx", "profile_jsonld"),
    "profile_html",
)
Chain = Callable[[Mapping[str, object]], Callable[[bytes], str]]
"""Makes the way of a document from a parser's options."""

AREA = "064140000000"
_BASE = {"base_url": "https://a.example"}
_OWN = {
    "profile_version": 1,
    "title": "Fuzz",
    "stream": [{"name": "s", "path": "x", "completeness": {"policy": "whole_document"}}],
    "select": {"key": ["id"], "ignore": ["@type"]},
    "map": {
        "native_id": "id",
        "areas": {"constant": AREA},
        "title": "name",
        "service_keys": {"path": ["keys"], "steps": [{"split": "[,;]"}, {"extract": "[0-9]+"}, {"pad": 14}]},
        "changed_at": {"path": ["at"], "steps": [{"date": ["iso", "german", "unix_ms"]}]},
        "channel": [{"kind": "form", "url": "url"}],
    },
    "delete": {"policy": "absence"},
}
_ITEMS = [
    {"id": f"{n}", "name": f"Müster {n}", "keys": "99001001001000,99001002001000", "at": "05.01.2026 10:00"}
    for n in range(3)
]


def readers(name: str, chain: Chain) -> list[tuple[bytes, Callable[[bytes], str]]]:
    """Return good documents of a format, each with what reads it."""
    return _READERS[name](chain)


def _options(profile: str = "", **settings: object) -> dict[str, Any]:
    from connectors.generic.settings import GenericSettings
    from connectors.generic.shelf import shipped

    if profile:
        # Without an area every record would be set aside, whatever the damage.
        table = shipped(profile).model_dump(by_alias=True)
        settings["definition"] = table | {"map": table["map"] | {"areas": {"constant": AREA}}}
    found: dict[str, Any] = json.loads(
        json.dumps(GenericSettings.model_validate({**_BASE, **settings}).parse_options())
    )
    return found


def _own(**decode: object) -> dict[str, Any]:
    return _options(definition={**_OWN, "decode": decode})


def _json(chain: Chain) -> list[tuple[bytes, Callable[[bytes], str]]]:
    services = [
        {
            "id": f"{n}",
            "name": f"Muster &amp; {n}",
            "leika": "99001001001000",
            "authorities": [{"id": "900", "name": "Amt"}],
            "onlineprocessing": {"link": f"https://a.example/{n}", "description": None},
            "forms": [{"name": "Blatt", "link": f"https://a.example/{n}.pdf"}],
            "hint": False,
            "public": True,
            "meta": {"lastupdate": "2026-01-05T10:00:00+01:00", "locale": "de"},
        }
        for n in range(3)
    ]
    envelope = {"created": "2026-01-05T10:00:00+01:00", "datacount": 3, "error": False, "data": services}
    entries = [{"name": "KURZTEXT", "value": "<p>Text</p>"}, {"name": "URL", "values": ["https://a.example"]}]
    raw = {"services": [{"id": "1", "name": "Muster", "leikaId": "1,2", "public": True, "fields": entries}]}
    return [
        (json.dumps(envelope).encode(), chain(_options(profile="dldb", parameters={"area": "064140000000"}))),
        (json.dumps(raw).encode(), chain(_options(profile="dated_json"))),
    ]


def _ndjson(chain: Chain) -> list[tuple[bytes, Callable[[bytes], str]]]:
    body = "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in _ITEMS)
    return [(body.encode(), chain(_own(format="ndjson")))]


def _xml(chain: Chain) -> list[tuple[bytes, Callable[[bytes], str]]]:
    from connectors.generic.portal import synthetic_catalogue

    options = _options(profile="samenwerkende_catalogi", parameters={"query": "all"})
    return [(answer.body, chain(options)) for answer in synthetic_catalogue().answers.values()]


def _csv(chain: Chain) -> list[tuple[bytes, Callable[[bytes], str]]]:
    rows = ["Authority Name,GSS,Description,LGSL,LGIL,URL,Title,Supported by GOV.UK"]
    rows += [
        f'Amt,06414,"Dienst, {n}",{n},{way},https://a.example/{n},,true' for n in range(3) for way in "01"
    ]
    body = "".join(f"{row}\r\n" for row in rows).encode()
    return [(body, chain(_options(profile="link_list_govuk", parameters={"file": "x.csv"})))]


_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    '<c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>name</t></is></c>'
    '<c r="C1" t="s"><v>0</v></c></row><row r="2"><c r="A2"><v>9.9E13</v></c><c r="B2" t="s"><v>1</v></c>'
    '<c r="C2" s="1"><v>46027.5</v></c></row><row r="3"><c r="A3"><v>7</v></c><c r="B3" t="str"><v>b</v></c>'
    "</row></sheetData></worksheet>"
)
_PARTS = {
    "xl/workbook.xml": '<workbook xmlns:r="urn:r"><sheets><sheet name="a" r:id="i"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="i" Target="s.xml"/></Relationships>',
    "xl/sharedStrings.xml": "<sst><si><t>at</t></si><si><r><t>M</t></r><r><t>uster</t></r></si></sst>",
    "xl/styles.xml": '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
}


def _packed(sheet: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        parts = {name: body.encode() for name, body in _PARTS.items()}
        for name, part in {**parts, "xl/s.xml": sheet}.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), part)
    return packed.getvalue()


def _xlsx(chain: Chain) -> list[tuple[bytes, Callable[[bytes], str]]]:
    read = chain(_own(format="xlsx", columns={"id": ["id"], "name": ["name"], "at": ["at"]}))
    # The sheet is damaged before it is packed as well: behind its checksum few accidents would be read.
    return [(_SHEET.encode(), lambda sheet: read(_packed(sheet))), (_packed(_SHEET.encode()), read)]


def _node() -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@graph": [
            {
                "@type": ["GovernmentService", "Service"],
                "@id": "#1",
                "schema:name": {"@value": "Muster", "@language": "de"},
                "serviceOperator": {"@id": "#2"},
                "availableChannel": [{"@type": "ServiceChannel", "serviceUrl": "https://a.example"}],
            },
            {"@type": "Organization", "@id": "#2", "name": "Amt"},
        ],
    }


def _jsonld(chain: Chain) -> list[tuple[bytes, Callable[[bytes], str]]]:
    members = [
        {
            "@id": f"urn:{n}/{version}",
            "dcterms:isVersionOf": {"@id": f"urn:{n}"},
            "prov:generatedAtTime": f"2026-01-0{version}T12:00:00+01:00",
            "dcterms:title": [{"@value": f"Muster {n}", "@language": "nl"}],
            "isArchived": version > 1,
        }
        for n in range(2)
        for version in (2, 1)
    ]
    body = {"tree:member": members, "tree:view": {"tree:relation": []}}
    return [(json.dumps(body).encode(), chain(_options(profile="ldes", secret="env:NONE")))]  # noqa: S106 - a reference


def _html(chain: Chain) -> list[tuple[bytes, Callable[[bytes], str]]]:
    script = f'<script type="application/ld+json">{json.dumps(_node())}</script>'
    page = f"<!DOCTYPE html><html><head><!-- x -->{script}</head><body><p>Text</p></body></html>"
    return [(page.encode(), chain(_options(profile="schema_org", parameters={"index": "a"})))]


_READERS = {
    "profile_json": _json,
    "profile_ndjson": _ndjson,
    "profile_xml": _xml,
    "profile_csv": _csv,
    "profile_xlsx": _xlsx,
    "profile_jsonld": _jsonld,
    "profile_html": _html,
}
