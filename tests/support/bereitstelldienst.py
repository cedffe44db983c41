"""A simulator of the PVOG Bereitstelldienst on loopback: a log of changes, asked for by index, behind OAuth2.

It behaves as its one documented consumer saw it, with its bad habits as moods. All objects are synthetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson

from tests.support.loopback import served_in_thread
from tests.support.xzufi import message

CLIENT, SECRET = "synthetic-client", "synthetic secret"
TOKEN_PATH = "/auth/realms/pvog/protocol/openid-connect/token"
PATHS = {
    "v2": "/bereitstelldienst/api/v2/verwaltungsobjekte",
    "v3": "/bereitstelldienst/api/v3/verwaltungsobjekte/xzufi-2-3-1",
}
NAMES = {
    "objects": "xzufiObjekte",
    "complete": "vollstaendig",
    "index": "naechsterIndex",
    "url": "naechsteAnfrageUrl",
}


@dataclass
class Service:
    """The portal: ``log`` holds every change there ever was, a block is ``block`` of them.

    ``mood`` is one of: ``good``, ``itself`` (the next address is this one), ``foreign`` (on another host),
    ``broken`` (500), ``cut`` (XML that ends early inside good JSON), ``unsaid`` (no ``vollstaendig``),
    ``back`` (the index shrinks), ``nameless`` (no ``xzufiObjekte``), ``page`` (HTML), ``turned`` (a circle),
    ``endless`` (never the last).
    It takes effect from index ``moody_at`` on.
    """

    version: str = "v3"
    block: int = 4
    log: list[str] = field(default_factory=list)
    mood: str = "good"
    moody_at: int = 0
    names: dict[str, str] = field(default_factory=lambda: dict(NAMES))
    empty_as: str | None = "message"
    """How a block without changes looks: ``message`` (a root without objects), ``""`` or null."""
    uses_of_token: int = 1_000
    """Requests after which a token is refused although it has not ended."""
    pauses: set[int] = field(default_factory=set)
    """Indexes at which an empty block comes first, whose next index is one further."""
    requests: list[tuple[int, str]] = field(default_factory=list)
    """Index and restriction of every block that was asked for with a good token."""
    tokens: int = 0
    base_url: str = ""
    _uses: int = 0

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer at the token endpoint."""
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
        if form != wanted:
            return 401, {"error": "invalid_client"}
        self.tokens += 1
        self._uses = 0
        return 200, {"access_token": f"token-{self.tokens}", "token_type": "Bearer", "expires_in": 300}

    def answer(self, path: str, token: str | None) -> tuple[int, str, bytes]:
        """Answer a request for a block with status, content type and body."""
        parts = urlsplit(path)
        if parts.path != PATHS[self.version]:
            return 404, "text/plain", b"no such resource"
        if token != f"token-{self.tokens}" or self._uses >= self.uses_of_token:
            return 401, "application/json", b'{"error": "invalid_token"}'
        self._uses += 1
        query = parse_qs(parts.query)
        index, ars = int(query["index"][0]), query["ars"][0]
        self.requests.append((index, ars))
        mood = self.mood if index >= self.moody_at else "good"
        match mood:
            case "broken":
                return 500, "text/plain", b"Internal Server Error"
            case "page":
                return 200, "text/html", b"<!DOCTYPE html><html>Wartung</html>"
        return 200, "application/json;charset=UTF-8", self._block(index, ars, mood)

    def _block(self, index: int, ars: str, mood: str) -> bytes:
        objects = self.log[index : index + self.block]
        following = min(index + self.block, len(self.log)) if index <= len(self.log) else index
        if index in self.pauses:
            objects, following = [], index + 1
        complete = following >= len(self.log)
        xml: str | None = message(*objects, version="2_3_1").decode()
        if not objects and self.empty_as != "message":
            xml = self.empty_as
        if mood == "cut" and xml:
            xml = xml[: len(xml) * 2 // 3]
        following, complete = _led_astray(mood, index, following, complete=complete)
        address = f"{self.base_url}{PATHS[self.version]}"
        if mood == "foreign":
            address = address.replace("127.0.0.1", "localhost")
        body: dict[str, Any] = {
            self.names["objects"]: xml,
            self.names["complete"]: complete,
            self.names["index"]: following,
            self.names["url"]: f"{address}?{urlencode({'index': following, 'ars': ars})}",
        }
        if mood == "unsaid":
            del body[self.names["complete"]]
        if mood == "nameless":
            del body[self.names["objects"]]
        return orjson.dumps(body)


def _led_astray(mood: str, index: int, following: int, *, complete: bool) -> tuple[int, bool]:
    """Return the next index and whether this is the last block, as a mood tells them."""
    match mood:
        case "itself":
            return index, False
        case "turned":
            return 0, False
        case "endless":
            return index + 1, False
        case "back":
            return max(index - 1, 0), complete
    return following, complete


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Serve on a free port of 127.0.0.1 while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            scheme, _, token = self.headers.get("Authorization", "").partition(" ")
            self._send(*service.answer(self.path, token if scheme == "Bearer" else None))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            status, answer = (404, {}) if self.path != TOKEN_PATH else service.token(form)
            self._send(status, "application/json", orjson.dumps(answer))

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with served_in_thread(Handler) as address:
        service.base_url = address
        yield service


def credentials(service: Service) -> dict[str, str]:
    """Return the table of client credentials; the secrets are in the environment of :func:`secrets`."""
    return {
        "token_url": f"{service.base_url}{TOKEN_PATH}",
        "client_id": "env:PVOG_CLIENT_ID",
        "client_secret": "env:PVOG_CLIENT_SECRET",
    }


def secrets() -> dict[str, str]:
    """Return the environment the credentials refer to."""
    return {"PVOG_CLIENT_ID": CLIENT, "PVOG_CLIENT_SECRET": SECRET}
