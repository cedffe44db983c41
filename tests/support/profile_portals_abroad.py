"""Simulators of portals of other countries for the shipped profiles."""

from __future__ import annotations

import json
from typing import Any

from syncd.sdk.loopback import Reply, Request
from tests.support.profile_portal import REGION, Portal, as_json


class Sru(Portal):
    """Gives fewer records than asked for; may answer with an empty page before the total is reached."""

    profile = "samenwerkende_catalogi"

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        start = int(query["startRecord"])
        numbers = list(range(start, min(start + 2, self.number + 1)))
        if self.mood == "empty page" and start > 2:
            numbers = []
        records = "".join(self._product(n) for n in numbers)
        doctype = "<!DOCTYPE x>" if self.mood == "doctype" else ""
        body = (
            f'<?xml version="1.0"?>{doctype}<searchRetrieveResponse xmlns="http://www.loc.gov/zing/srw/">'
            f"<numberOfRecords>{self.number}</numberOfRecords><records>{records}</records>"
            "</searchRetrieveResponse>"
        )
        return Reply(body.encode(), "application/xml")

    def _product(self, n: int) -> str:
        identity = f"<scmeta><productID>{n}</productID><onlineAanvragen>digid</onlineAanvragen></scmeta>"
        if self.mood == "no numbers":
            identity = ""
        return (
            '<record><recordData><p:scproduct xmlns:p="urn:p" p:owms-version="4"><meta><owmskern>'
            f"<identifier>https://synthetic.invalid/{n}</identifier><title><![CDATA[Muster & {n}]]></title>"
            f'<spatial scheme="x">{REGION}</spatial><modified>2026-07-01</modified></owmskern>{identity}'
            "</meta></p:scproduct></recordData></record>"
        )


class Ldes(Portal):
    """Append-only log: later pages and later members may be older versions; archived ones stay in it."""

    profile = "ldes"

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        if request.headers.get("x-api-key") != "geheim":
            return as_json({}, status=401)
        page = int(query["pageNumber"])
        members = [self._member(n, 1) for n in range(1, self.number + 1)]
        second = [self._member(1, 3), self._member(1, 2), self._member(2, 2, archived=True)]
        links = [{"@type": "tree:GreaterThanOrEqualToRelation", "tree:node": "?limit=25&pageNumber=1"}]
        if self.mood == "loop" and page:
            links = [{"@type": "tree:GreaterThanOrEqualToRelation", "tree:node": "?limit=25&pageNumber=1"}]
        elif page:
            links = [{"@type": "tree:LessThanRelation", "tree:node": "?limit=25&pageNumber=0"}]
        if self.mood == "foreign" and not page:
            links[0]["tree:node"] = "http://127.0.0.2:9/steal"
        body = {
            "@context": ["https://synthetic.invalid/context.jsonld"],
            "tree:member": second if page else members,
            "tree:view": {"tree:relation": links},
        }
        return Reply(json.dumps(body).encode(), "application/ld+json")

    def _member(self, n: int, version: int, *, archived: bool = False) -> dict[str, Any]:
        return {
            "@id": f"https://synthetic.invalid/{n}/{version}",
            "@type": "PublicService",
            "dcterms:isVersionOf": {"@id": f"https://synthetic.invalid/{n}"},
            "prov:generatedAtTime": f"2026-01-0{version}T12:00:00+01:00",
            "dcterms:title": [
                {"@value": f"Sample {n}", "@language": "en"},
                {"@value": f"Muster {n} v{version}", "@language": "nl"},
            ],
            "dcterms:spatial": REGION,
            "isArchived": archived,
        }


class Oruk(Portal):
    """Counts pages from 1; may announce more than it gives, or change its total on the way."""

    profile = "open_referral_uk"

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        page, size = int(query["page"]), 2 if self.mood == "small pages" else int(query["per_page"])
        numbers = list(range(1, self.number + 1))[(page - 1) * size : page * size]
        contents = [
            {
                "id": f"s-{n}",
                "name": f"Muster {n}",
                "url": f"https://synthetic.invalid/{n}",
                "status": "inactive" if n == self.number else "active",
            }
            for n in numbers
        ]
        total = self.number + (3 if self.mood == "lying total" else 0)
        return as_json(
            {"total_items": total, "page_number": page, "empty": not contents, "contents": contents}
        )


class GovUk(Portal):
    """A spreadsheet somebody exported: other delimiters, a lost quotation mark, a column gone."""

    profile = "link_list_govuk"

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        header = [
            "Authority Name",
            "GSS",
            "Description",
            "LGSL",
            "LGIL",
            "URL",
            "Title",
            "Supported by GOV.UK",
        ]
        rows = [
            [
                *("Großstadt", REGION, f"Muster {n}: Interaction {way}", f"{100 + n}", f"{way}"),
                *(f"https://synthetic.invalid/{n}/{way}", "", "true"),
            ]
            for n in range(1, self.number + 1)
            for way in range(2)
        ]
        if self.mood == "no URL column":
            header[5] = "Anything"
        if self.mood == "lost quotation mark":
            rows[0][2] = '"' + rows[0][2]
        if self.mood == "words for keys":
            rows[0][3] = rows[1][3] = "unknown"
        delimiter = ";" if self.mood == "semicolons" else ","
        text = "".join(f"{delimiter.join(row)}\r\n" for row in [header, *rows])
        if self.mood == "cut":
            text = text[:-5]
        return Reply(text.encode(), "text/csv; charset=utf-8")
