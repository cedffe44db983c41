"""Simulators of German portals, and of what a German town may have, for the shipped profiles."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from syncd.sdk.loopback import Reply, Request
from tests.support.profile_portal import REGION, REGION_AGS, Portal, as_json


class ServiceBw(Portal):
    """Always claims one page; refuses an AGS with a leading zero; aborts a list in the mood ``cut``."""

    profile = "service_bw"

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        if request.headers.get("authorization") != "Bearer geheim":
            return as_json({}, status=401)
        if query.get("mandantId") != "17" or query.get("ags", "0").startswith("0"):
            return as_json({"message": "ags"}, status=400)
        if path == "/portal/leistungen":
            size = int(query["pageSize"])
            number = size if self.mood == "more than it tells" else self.number
            items = [{"id": n, "name": f"Muster {n}"} for n in range(1, number + 1)]
            return as_json({"items": items[:size], "currentPage": 0, "totalPages": 1})
        number = int(path.rpartition("/")[2])
        if self.mood == "vanished" and number == 1:
            return None
        if self.mood == "moved":
            return None
        return as_json(
            {
                "id": number,
                "name": f"Muster {number} in voller Länge",
                "leikaSchluessel": f"99001{number:03d}001000",
                "textbloecke": [
                    {"typ": "VOLLTEXT", "text": "<p>Lang</p>"},
                    {"typ": "KURZTEXT", "text": "<b>Ein &amp; Muster</b>"},
                ],
                "formulare": [
                    {"name": "Online", "url": f"https://synthetic.invalid/{number}", "typ": "ONLINEDIENST"},
                    {"name": "Blatt", "url": f"https://synthetic.invalid/{number}.pdf", "typ": "FORMULAR"},
                ],
                "prozesse": [],
                "organisationseinheiten": [{"id": 9, "name": "Musteramt"}],
            }
        )


class Bayern(Portal):
    """Writes texts as objects or plainly; an authority without forms answers null in the list's place."""

    profile = "bayernportal"

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        pair = base64.b64encode(b"amt:geheim").decode()
        if request.headers.get("authorization") != f"Basic {pair}":
            return as_json({"fehler": "Anmeldung"}, status=401)
        if path.startswith("/dienststellen/"):
            authority = path.split("/")[2]
            return self._of_authority(path) if authority == REGION_AGS else None
        if query.get("gemeindekennziffer") != REGION_AGS:
            return None
        if path == "/leistungsbeschreibungen":
            return as_json(
                {
                    "leistungsbeschreibung": [
                        {"id": n, "kurzbeschreibung": {"value": f"<p>Kurz {n}</p>"}}
                        for n in range(1, self.number + 1)
                    ]
                    + [{"id": 1, "kurzbeschreibung": {"value": "Regional ergänzt"}, "bezeichnung": {}}]
                }
            )
        return as_json(
            {
                "leistung": [
                    {
                        "id": n,
                        "bezeichnung": {"value": f"Muster {n}"} if n % 2 else f"Muster {n}",
                        "url": f"https://synthetic.invalid/{n}",
                        "letzteAenderung": "2026-01-05T10:00:00+01:00",
                    }
                    for n in range(1, self.number + 1)
                ]
            }
        )

    def _of_authority(self, path: str) -> Reply | None:
        if path.endswith("/formulare"):
            return as_json({"leistungMitFormularen": None})
        one = {
            "id": 7,
            "bezeichnung": {"value": "Antrag"},
            "url": {"value": "https://synthetic.invalid/antrag"},
        }
        groups: list[dict[str, Any]] = [
            {"leistungId": 1, "leistungBezeichnung": "Muster 1", "onlineverfahren": [one]},
            {"leistungId": 2, "leistungBezeichnung": "Muster 2", "onlineverfahren": {**one, "id": 8}},
        ]
        if self.mood == "stray":
            groups.append({"leistungId": 99, "onlineverfahren": []})
        return as_json({"leistungMitOnlineverfahren": groups})


class Munich(Portal):
    """An index of dated files, the last of which counts; 125 of 287 services are not public."""

    profile = "dated_json"
    files = ("20260101-020000-zms-export.json", "20260607-020000-zms-export.json")

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        if path == "/":
            links = "".join(f'<a href="/{name}">{name}</a><br>' for name in self.files)
            links = "" if self.mood == "empty index" else links
            return Reply(f'<html><body><a href="../">up</a>{links}</body></html>'.encode(), "text/html")
        if path != f"/{self.files[-1]}":
            return None
        services: list[dict[str, Any]] = [
            {
                "id": str(1_000 + n),
                "name": f"Muster {n}",
                "leikaId": "99001001001000, 99001002001000" if n == 1 else "",
                "public": n != self.number,
                "fields": [
                    {"name": "KURZTEXT", "type": "TEXT", "value": "<p>Ein &amp; Muster</p>"},
                    {"name": "TERMINVEREINBARUNG", "type": "BOOLEAN", "value": True},
                    {"name": "NEUES_FELD", "type": "TEXT", "value": "x"},
                    {
                        "name": "FORMULARE_INFORMATIONEN",
                        "values": [{"label": "Blatt", "uri": f"https://synthetic.invalid/{n}.pdf"}],
                    },
                ],
            }
            for n in range(1, self.number + 1)
        ]
        if self.mood == "placeholder":
            services[0]["fields"].append({"name": "URL", "value": "https://synthetic.invalid/{serviceId}"})
        return as_json({"services": services})


class Spring(Portal):
    """413 when the export is too large; a filter the server does not know returns everybody's rows."""

    profile = "spring_page"

    def rows(self) -> list[dict[str, str]]:
        region = "095710001001" if self.mood == "wrong region" else REGION
        return [
            {
                "leika_key": f"99001{n:03d}001000",
                "leika_name": f"Muster {n}",
                "ars": region,
                "url": f"https://synthetic.invalid/{n}/{way}",
                "online_status": "ok" if way else "nicht ok",
                "aktiv": "ja",
                "art_flaechendeckung": "landesweit flächendeckend",
                "ozgid": "",
            }
            for n in range(1, self.number + 1)
            for way in range(2)
        ]

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        if path.endswith("/export"):
            if self.mood == "406 to CSV" and "text/csv" in request.headers.get("accept", ""):
                return as_json({}, status=406)
            if self.mood in {"too large", "lying total"}:
                return as_json({}, status=413)
            rows = self.rows()
            body = "\r\n".join([";".join(rows[0]), *(";".join(row.values()) for row in rows)]) + "\r\n"
            return Reply(b"\xef\xbb\xbf" + body.encode(), "application/octet-stream")
        page, size, rows = int(query["page"]), int(query["size"]), self.rows()
        if page and self.mood == "lying total":
            return None
        total = -(-len(rows) // size) + (self.mood == "lying total")
        page_body = {"content": rows[page * size : (page + 1) * size], "page": {"totalPages": total}}
        return as_json(page_body)


class OParl(Portal):
    """Follows the specification: modified_since also returns what was deleted."""

    profile = "oparl_list"

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.deleted: dict[int, str] = {}
        self.modified: dict[int, str] = {}

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        if path != "/services":
            return None
        since = query.get("modified_since", "")
        objects = [self._object(n) for n in range(1, self.number + 1)]
        if since:
            objects = [one for one in objects if one["modified"] >= since.removesuffix("Z")]
        else:
            objects = [one for one in objects if not one.get("deleted")]
        page = int(query.get("page", "1"))
        links = {"first": "/services"}
        if page * 2 < len(objects):
            links["next"] = f"/services?page={page + 1}" + (f"&modified_since={since}" if since else "")
        if self.mood == "no end":
            links["next"] = f"/services?page={page + 1}"
        if self.mood == "error inside":
            return as_json({"error": "database", "message": "kaputt"})
        return as_json({"data": objects[(page - 1) * 2 : page * 2], "pagination": {}, "links": links})

    def _object(self, n: int) -> dict[str, Any]:
        stamp = self.deleted.get(n) or self.modified.get(n) or f"2026-01-{n:02d}T12:00:00+00:00"
        if n in self.deleted:
            return {"id": f"https://synthetic.invalid/{n}", "deleted": True, "modified": stamp}
        return {
            "id": f"https://synthetic.invalid/{n}",
            "type": "https://synthetic.invalid/schema/service",
            "name": f"Muster {n}" + (" neu" if n in self.modified else ""),
            "url": f"https://synthetic.invalid/{n}/antrag",
            "modified": stamp,
        }


class SchemaOrg(Portal):
    """Pages of a town: some without linked data, some with broken ones beside the good."""

    profile = "schema_org"

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        if path == "/a-z":
            links = "".join(f"<a href='/leistungen/muster-{n}'>{n}</a>" for n in range(1, self.number + 1))
            return Reply(f"<html><body>{links}<a href='/impressum'>i</a></body></html>".encode(), "text/html")
        number = int(path.rpartition("-")[2])
        node = {
            "@context": "https://schema.org",
            "@graph": [
                {
                    "@type": "GovernmentService",
                    "@id": f"#service-{number}",
                    "name": f"Muster &amp; {number}",
                    "serviceOperator": {"@id": "#amt"},
                    "availableChannel": {
                        "@type": "ServiceChannel",
                        "serviceUrl": f"https://synthetic.invalid/{number}",
                        "name": "Online",
                    },
                },
                {"@type": "GovernmentOrganization", "@id": "#amt", "name": "Musteramt"},
            ],
        }
        script = f'<script type="application/ld+json">{json.dumps(node)}</script>'
        if self.mood == "one without" and number == 1:
            script = ""
        if self.mood == "broken beside":
            script += '<script type="application/ld+json">{"@type": </script>'
        page = f"<!DOCTYPE html><html><head><!-- <script> -->{script}</head><body>x</body></html>"
        return Reply((page[:-20] if self.mood == "cut" else page).encode(), "text/html; charset=utf-8")


class Dldb(Portal):
    """Validates by the hash inside the body; reports an error with status 200."""

    profile = "dldb"

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        if path == "/behoerden/json/":
            data: list[dict[str, Any]] = [{"id": "900", "name": "Musteramt"}]
        else:
            data = [
                {
                    "id": str(n),
                    "name": f"Muster {n}",
                    "leika": f"99001{n:03d}001000",
                    "authorities": [{"id": "900"}],
                    "onlineprocessing": {"link": f"https://synthetic.invalid/{n}", "description": None},
                    "hint": False,
                    "meta": {"lastupdate": "2026-01-05T10:00:00+01:00", "locale": "de"},
                }
                for n in range(1, self.number + 1)
            ]
        content = hashlib.sha256(f"{self.mood} {json.dumps(data)}".encode()).hexdigest()[:32]
        if request.headers.get("if-none-match") == content:
            return Reply(status=304)
        envelope: dict[str, Any] = {
            "created": "2026-01-05T10:00:00+01:00",
            "datacount": len(data) + (1 if self.mood == "off by one" else 0),
            "locale": "de",
            "hash": content,
            "error": self.mood == "error with 200",
            "message": "Datenbank" if self.mood == "error with 200" else "",
            "data": {str(n): one for n, one in enumerate(data)} if self.mood == "list with gaps" else data,
        }
        return as_json(envelope)
